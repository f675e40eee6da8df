//! Runs in which the test does something to the machine meanwhile: it looks at the CPUs, or types.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use jos::guest::{Event, Guest};
use jos::kernel_build::{self, Build, Image, Profile};
use jos::monitor::Monitor;
use jos::outcome::Ended;
use jos::programs;
use jos::qemu::Accel;
use jos::serial::Splitter;
use jos::session::Session;
use libtest_mimic::Trial;

/// What runs on which kernels. Watch-dog only: a busy host may take long.
const LIMIT: Duration = Duration::from_secs(300);
const KERNELS: [(Build, Profile); 2] = [(Build::Fine, Profile::Debug), (Build::Big, Profile::Release)];

/// A run, and what the test does meanwhile.
#[derive(Clone, Copy)]
struct Play {
    name: &'static str,
    program: &'static str,
    /// Options of debug kernels.
    words: &'static [&'static str],
    cpus: u16,
    act: fn(&mut Driven) -> Result<()>,
}

const PLAYS: &[Play] = &[
    Play { name: "silence_is_explained", program: "idle", words: &[], cpus: 2, act: explained },
    Play { name: "keyboard_storm", program: "listen", words: &[], cpus: 4, act: keyboard_storm },
    Play { name: "interrupts_have_one_way", program: "listen", words: &[], cpus: 4, act: local_apics },
    Play { name: "cpus_are_set_up_alike", program: "listen", words: &[], cpus: 4, act: registers },
];

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(build, profile): (Build, Profile), play: Play| {
        Trial::test(format!("{build}_{profile}::driven::{}_cpus{}", play.name, play.cpus), move || {
            let image = kernel_build::build(build, profile)?;
            // Options of debug kernels name programs in others.
            let words = if profile == Profile::Debug { play.words } else { &[] };
            let mut driven = Driven::boot(&image, play.program, words, play.cpus)?;
            (play.act)(&mut driven).map_err(|error| format!("{error:#}\n{}", driven.last_words()))?;
            Ok(())
        })
    };
    KERNELS.into_iter().flat_map(|kernel| PLAYS.iter().map(move |play| trial(kernel, *play))).collect()
}

/// A guest and what it has said.
struct Driven {
    guest: Guest,
    image: Image,
    splitter: Splitter,
    lines: Vec<String>,
    deadline: Instant,
}

impl Driven {
    fn boot(image: &Image, program: &str, words: &[&str], cpus: u16) -> Result<Self> {
        let options: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let program = programs::parse(program)?;
        let session = Session { image, program: &program, cpus, accel: Accel::Tcg, options: &options, limit: LIMIT };
        let guest = Guest::boot(&session.machine()?, Stdio::piped())?;
        let deadline = Instant::now() + LIMIT;
        Ok(Self { guest, image: image.clone(), splitter: Splitter::default(), lines: Vec::new(), deadline })
    }

    /// Takes what comes until `until`; says how the guest ended, if it has.
    fn take(&mut self, until: Instant) -> Result<Option<Ended>> {
        loop {
            match self.guest.next(Some(until.min(self.deadline))) {
                Event::Serial(at, bytes) => {
                    self.lines.extend(self.splitter.push(at, &bytes).into_iter().map(|line| line.text));
                    return Ok(None);
                }
                Event::Message(bytes) => self.lines.push(String::from_utf8_lossy(&bytes).into_owned()),
                Event::Ended => return Ok(Some(Ended::from_status(self.guest.finish()?))),
                Event::TimeUp if Instant::now() < self.deadline => return Ok(None),
                Event::TimeUp => bail!("no end\n{}", self.guest.whereabouts(&self.image.kernel)),
                Event::Interrupted => bail!("interrupted"),
            }
        }
    }

    /// Waits for a line that begins so.
    fn line(&mut self, start: &str) -> Result<()> {
        while !self.has(start) {
            if let Some(ended) = self.take(self.deadline)? {
                bail!("{ended:?} in place of {start:?}");
            }
        }
        Ok(())
    }

    fn has(&self, start: &str) -> bool {
        self.lines.iter().any(|line| line.starts_with(start))
    }

    /// What it said last. A kernel that ended unexpectedly has said why, and perhaps nobody has listened yet.
    fn last_words(&mut self) -> String {
        let soon = Instant::now() + Duration::from_secs(1);
        while Instant::now() < soon && matches!(self.take(soon), Ok(None)) {}
        self.lines[self.lines.len().saturating_sub(40)..].join("\n")
    }
}

/// One CPU has a program that goes on for ever, the other one nothing: the host tool can tell.
fn explained(driven: &mut Driven) -> Result<()> {
    driven.line("SMP: CPU 1 starting")?;
    loop {
        let text = driven.guest.whereabouts(&driven.image.kernel);
        if text.lines().any(|line| line.ends_with(": halted, idle"))
            && text.lines().any(|line| line.contains("user mode at 008") || line.contains("kernel at kernel/src/"))
        {
            return Ok(());
        }
        if Instant::now() > driven.deadline {
            bail!("{text}");
        }
    }
}

/// More is typed than anybody reads, on both keyboards: what does not fit is lost, and all else goes on to a good end.
fn keyboard_storm(driven: &mut Driven) -> Result<()> {
    driven.line("listen: begin")?;
    let mut monitor = driven.guest.monitor()?;
    for _ in 0..100 {
        driven.guest.type_in(&"and so on\n".repeat(102))?;
        monitor.ask("sendkey k 1")?;
    }
    while !driven.has("listen: ok, ") {
        driven.guest.type_in(".")?;
        if let Some(ended) = driven.take(Instant::now() + Duration::from_millis(100))? {
            bail!("{ended:?} before the end");
        }
    }
    let ended = loop {
        if let Some(ended) = driven.take(driven.deadline)? {
            break ended;
        }
    };
    if ended != Ended::Good || !driven.has("audit: ok, ") || driven.has("listen: ok, 0 ") {
        bail!("{ended:?} at the end");
    }
    Ok(())
}

/// QEMU's monitor, once four CPUs have started and one of them runs `listen`.
fn all_run(driven: &mut Driven) -> Result<Monitor> {
    for cpu in 1..4 {
        driven.line(&format!("SMP: CPU {cpu} starting"))?;
    }
    driven.line("listen: begin")?;
    driven.guest.monitor()
}

/// What each CPU's local APIC lets through, as QEMU shows it: the boot CPU takes what the 8259s bring and no other does, nor
/// what nobody handles; the timer, errors and spurious interrupts have the vectors that JOS gives them. (A wire that is open
/// on all CPUs does nothing in QEMU, where the first to ask has the interrupt; elsewhere the others get spurious ones.)
fn local_apics(driven: &mut Driven) -> Result<()> {
    const MASKED: u32 = 1 << 16;
    const EXTERNAL: u32 = 7 << 8;
    let mut monitor = all_run(driven)?;
    let mut has_ticked = false;
    for cpu in 0..4 {
        let shown = monitor.ask(&format!("info lapic {cpu}"))?;
        // Ten million periods are a tick, if each counts. On a CPU that never ran an env the timer is as it was.
        has_ticked |= shown.contains("DCR=0xb ");
        let value = |name: &str| {
            let mut lines = shown.lines().map(str::split_whitespace);
            let digits =
                lines.find_map(|mut words| words.next().filter(|word| *word == name).and_then(|_| words.next()));
            let digits = digits.and_then(|digits| digits.strip_prefix("0x")).unwrap_or_default();
            u32::from_str_radix(digits, 16).map_err(|_| anyhow!("no {name}: {shown}"))
        };
        let old_ones = if cpu == 0 { EXTERNAL } else { MASKED };
        for (name, bits, expected) in [
            ("LVT0", MASKED | EXTERNAL, old_ones),
            ("LVT1", MASKED, MASKED),
            ("LVTPC", MASKED, MASKED),
            ("LVTERR", MASKED | 0xff, 51),
            ("LVTT", 0xff, 32),
            ("SPIV", 0x1ff, 0x100 | 39),
        ] {
            if value(name)? & bits != expected {
                bail!("CPU {cpu}: {name} is {:#x}: {shown}", value(name)?);
            }
        }
        if !shown.contains("TPR 0x00") {
            bail!("CPU {cpu} holds interrupts back: {shown}");
        }
    }
    if !has_ticked {
        bail!("no CPU's timer divides by 1");
    }
    Ok(())
}

/// What each CPU's control registers and tables are, as QEMU shows them. Much of it nobody would miss for a while: a kernel that
/// can write to what is read-only, translations that are not global, an NMI that finds no stack.
fn registers(driven: &mut Driven) -> Result<()> {
    let mut monitor = all_run(driven)?;
    let shown = monitor.ask("info registers -a")?;
    let cpus: Vec<_> = shown.split("CPU#").skip(1).collect();
    if cpus.len() != 4 {
        bail!("{} CPUs: {shown}", cpus.len());
    }
    for (cpu, text) in cpus.into_iter().enumerate() {
        let task = format!("TR =00{:02x} ", 0x28 + 8 * cpu);
        // Whether the registers of the FPU are an env's is its own affair: TS, 8.
        let is_set_up = ["CR0=80050033", "CR0=8005003b"].iter().any(|cr0| text.contains(cr0));
        // Large and global pages, SSE; the tables whole; nothing for debuggers, and no long mode.
        let due = ["CR4=00000690", "00000067 00008", "00000827", "000007ff", "DR7=00000400", "EFER=0000000000000000"];
        let missing = due.into_iter().chain([task.as_str()]).find(|due| !text.contains(due));
        if let Some(missing) = missing.or((!is_set_up).then_some("CR0")) {
            bail!("CPU {cpu}: not {missing}: {text}");
        }
    }
    Ok(())
}
