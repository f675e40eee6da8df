//! The window in which is measured, what is counted in it, and the results.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::cpu::{self, Cpu, Number, State};
use crate::footprint;
use crate::host;
use crate::settings;
use crate::stack::SHOWN;
use crate::trace;
use crate::turn::{self, Turn, disorder};

/// Marks, as in `abi::mark`.
const WINDOW_BEGIN: u8 = 1;
const OP: u8 = 2;
const WINDOW_END: u8 = 3;
const OP_BEGIN: u8 = 64;

/// Not known yet.
const NEVER: u64 = u64::MAX;

static OPENS: Number = Number::new(NEVER);
static CLOSES: Number = Number::new(NEVER);
static OPS: AtomicU64 = AtomicU64::new(0);
/// When the first mark came: what lies before it is booting.
static BEGAN: Number = Number::new(0);

/// Where one CPU's time went, since it was switched on.
#[derive(Debug)]
pub(crate) struct Account {
    /// Instructions of programs.
    pub(crate) user: Number,
    /// Instructions of the kernel.
    pub(crate) kernel: Number,
    /// Ticks in loops that wait.
    pub(crate) spin: Number,
    /// The three when the window opened.
    before: [Number; 3],
    inside: AtomicBool,
}

impl Account {
    pub(crate) const fn new() -> Self {
        Self {
            user: Number::new(0),
            kernel: Number::new(0),
            spin: Number::new(0),
            before: [const { Number::new(0) }; 3],
            inside: AtomicBool::new(false),
        }
    }

    fn current(&self) -> [u64; 3] {
        [self.user.get(), self.kernel.get(), self.spin.get()]
    }

    /// Whether this CPU has run since the window opened.
    fn has_run_inside(&self) -> bool {
        self.inside.load(Ordering::Relaxed)
    }

    /// What has been added since the window opened.
    fn inside(&self) -> [u64; 3] {
        if !self.has_run_inside() {
            return [0; 3];
        }
        let (now, before) = (self.current(), self.before.each_ref().map(Number::get));
        std::array::from_fn(|i| now[i].saturating_sub(before[i]))
    }
}

/// CPU `index` executes a mark at `time`.
pub(crate) fn mark(index: usize, number: u8, time: u64) {
    let cpu = cpu::get(index);
    match number {
        WINDOW_BEGIN => open(index, time),
        OP if settings::get().footprints => footprint::ends(index),
        OP if time > OPENS.get() && time <= CLOSES.get() => {
            OPS.fetch_add(1, Ordering::Relaxed);
        }
        WINDOW_END => {
            CLOSES.lower(time);
            cpu.ends_turn_by(time);
        }
        kind if kind > OP_BEGIN => footprint::begins(index, kind - OP_BEGIN),
        _ => {}
    }
}

/// The work begins at `time`, if it has not yet: the window opens when it has warmed up.
pub(crate) fn open(index: usize, time: u64) {
    if has_begun() {
        return;
    }
    let settings = settings::get();
    // Until now some have run far ahead.
    let front = turn::lock().cpus().map(|(_, cpu)| cpu.now.get()).max().unwrap_or(time);
    BEGAN.set(front.max(time));
    let opens = BEGAN.get() + settings.warmup;
    CLOSES.set(opens.saturating_add(settings.window));
    OPENS.set(opens);
    cpu::get(index).ends_turn_by(0);
}

/// When the window opens or has opened.
pub(crate) fn opens() -> u64 {
    OPENS.get()
}

/// Whether there has been a first mark.
pub(crate) fn has_begun() -> bool {
    OPENS.get() != NEVER
}

/// Whether the window is open at `time`.
pub(crate) fn is_open(time: u64) -> bool {
    time >= OPENS.get()
}

/// The next time after `time` at which something opens or closes.
pub(crate) fn next_edge(time: u64) -> u64 {
    let opens = OPENS.get();
    if time < opens { opens } else { CLOSES.get() }
}

/// A CPU that stands at `time` is about to run: notes what it has done before the window.
pub(crate) fn crossed(cpu: &Cpu, time: u64) {
    let account = &cpu.account;
    if time >= OPENS.get() && !account.inside.swap(true, Ordering::Relaxed) {
        for (place, value) in account.before.iter().zip(account.current()) {
            place.set(value);
        }
        cpu.waiting.forget_sites();
    }
}

/// No CPU is behind `time`. When the window is over, writes the results and ends QEMU.
pub(crate) fn reached(turn: &Turn, time: u64) {
    if time < CLOSES.get() {
        return;
    }
    let text = if CLOSES.get() <= OPENS.get() {
        "error a worker ended before the window opened: it needs more to do\n".to_owned()
    } else {
        results(turn)
    };
    trace::write(OPENS.get(), CLOSES.get());
    let output = &settings::get().output;
    if let Err(error) = fs::write(output, text) {
        eprintln!("rig: cannot write {}: {error}", output.display());
        host::leave(1);
    }
    host::leave(0);
}

fn results(turn: &Turn) -> String {
    let closes = CLOSES.get();
    let ticks = closes - OPENS.get();
    let mut text = format!(
        "ops {}\nbegan {}\nticks {ticks}\nforced {}\nturns {}\nhistory {}\ndisorder {}\n",
        OPS.load(Ordering::Relaxed),
        BEGAN.get(),
        turn.forced,
        turn.turns,
        turn.history,
        disorder()
    );
    let mut sites: BTreeMap<(u32, [u32; SHOWN]), u64> = BTreeMap::new();
    for (_, cpu) in turn.cpus() {
        let [user, kernel, mut spin] = cpu.account.inside();
        if !cpu.account.has_run_inside() {
            // It has slept through the window: whatever it waited for was before.
            cpu.waiting.forget_sites();
        }
        if cpu.state() == State::Parked {
            let more = closes.saturating_sub(cpu.stands_at.get().max(OPENS.get()));
            spin += more;
            cpu.waiting.add_to_site(more);
        }
        // Each CPU ends at a block's end, a little behind the edge.
        let spin = spin.min(ticks);
        let kernel = kernel.min(ticks - spin);
        let user = user.min(ticks - spin - kernel);
        let idle = ticks - user - kernel - spin;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "cpu {user} {kernel} {spin} {idle}");
        for (place, callers, ticks) in cpu.waiting.sites() {
            *sites.entry((place, callers)).or_default() += ticks;
        }
    }
    for ((place, callers), ticks) in sites {
        let _ = write!(text, "site {ticks} {place}");
        for caller in callers.iter().filter(|&&caller| caller != 0) {
            let _ = write!(text, " {caller}");
        }
        text.push('\n');
    }
    footprint::tell(&mut text);
    text + "end\n"
}
