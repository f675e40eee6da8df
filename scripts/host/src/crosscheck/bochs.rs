//! One measurement on Bochs, by its debugger.
//!
//! Bochs knows nothing of marks. So in a copy of the program each mark of an operation becomes `lock incl` of a word in the
//! page that all workers share: as long, and one instruction, too. The debugger stops at the first mark that opens the
//! window, steps all CPUs through the warm-up and the window, and looks at the word after each.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSegment};
use regex::Regex;

use crate::interrupt;
use crate::iso;
use crate::kernel_build::Image;
use crate::programs::Program;

/// A word of the workers' page (`user/src/bench.rs`) that they do not use, on a line of its own.
const COUNTER: u32 = 0x1000_0040;

/// Watch-dog: booting takes seconds on an idle host.
const LIMIT: Duration = Duration::from_secs(900);

/// Bytes of a mark.
const MARK: u32 = 7;

const BIOS: [&str; 2] = ["/usr/share/bochs/BIOS-bochs-latest", "/usr/share/bochs/VGABIOS-lgpl-latest"];

/// Refuses a host without Bochs.
pub(super) fn look() -> Result<()> {
    let found = Command::new("bochs-bin").arg("--help").stdin(Stdio::null()).output().is_ok();
    if !found || BIOS.iter().any(|file| !Path::new(file).exists()) {
        bail!("Bochs is missing; on Debian: apt-get install bochs bochs-term bochsbios vgabios");
    }
    if !iso::possible() {
        bail!(
            "Bochs boots from a CD image, for which grub-mkrescue and xorriso are needed; scripts/setup crosscheck installs them"
        );
    }
    Ok(())
}

/// Operations in a window of so many ticks. Nothing after Ctrl-C.
pub(super) fn operations(
    image: &Image,
    program: &Program,
    cpus: u16,
    warm_up: u32,
    window: u32,
) -> Result<Option<u32>> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let at = |name: &str| folder.path().join(name);
    let file = program.module(&image.programs).path;
    let mut data = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let begins = count_operations(&mut data)?;
    fs::create_dir(at("program"))?;
    let copy = at("program").join(&program.name);
    fs::write(&copy, data)?;
    let counting = Program { file: Some(copy), ..program.clone() };
    iso::make(image, &["quiet", "poweroff"], &[counting], &at("cd"))?;
    fs::write(at("machine"), machine(cpus))?;
    fs::write(at("commands"), commands(cpus, begins, warm_up, window))?;
    // It insists on a terminal of 25 lines.
    let line = "stty rows 40 cols 120; exec bochs-bin -q -f machine -rc commands";
    let child = Command::new("script")
        .args(["-q", "-e", "-c", line, "/dev/null"])
        .current_dir(folder.path())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start `script`, which gives Bochs its terminal")?;
    if !ended(child)? {
        return Ok(None);
    }
    let said = fs::read_to_string(at("debugger")).unwrap_or_default();
    let serial = fs::read(at("serial")).unwrap_or_default();
    let name = &program.name;
    let counts = counts(&said).with_context(|| {
        format!("{name}, {cpus} CPUs, on Bochs; the guest wrote:\n{}", String::from_utf8_lossy(&serial))
    })?;
    Ok(Some(counts[1] - counts[0]))
}

/// Makes the marks of operations count. Gives the address of the mark that opens the window.
fn count_operations(program: &mut [u8]) -> Result<u32> {
    let mark = |number: u32| [&[0x0f, 0x1f, 0x80][..], &(abi::mark::BASE + number).to_le_bytes()].concat();
    let (operation, begin) = (mark(abi::mark::OP), mark(abi::mark::WINDOW_BEGIN));
    let counting = [&[0xf0, 0xff, 0x05][..], &COUNTER.to_le_bytes()].concat();
    let places = |data: &[u8], what: &[u8]| -> Vec<usize> {
        data.windows(what.len()).enumerate().filter(|(_, bytes)| *bytes == what).map(|(place, _)| place).collect()
    };
    let (operations, begins) = (places(program, &operation), places(program, &begin));
    let (false, &[begin]) = (operations.is_empty(), &begins[..]) else {
        bail!("the program has {} marks of operations and {} that open the window", operations.len(), begins.len());
    };
    for place in operations {
        program[place..place + counting.len()].copy_from_slice(&counting);
    }
    let file = object::File::parse(&*program)?;
    let address = file.segments().find_map(|segment| {
        let (offset, size) = segment.file_range();
        let into = (begin as u64).checked_sub(offset).filter(|into| *into < size)?;
        u32::try_from(segment.address() + into).ok()
    });
    address.context("the mark is in no segment")
}

/// The machine. The fewer instructions it believes to do in a second, the shorter the pauses of BIOS and GRUB; the kernel
/// gives up on a CPU only after ten seconds of that clock.
fn machine(cpus: u16) -> String {
    format!(
        "cpu: count={cpus}, ips=2000000, reset_on_triple_fault=0\n\
         memory: guest=128, host=128\n\
         romimage: file={}\nvgaromimage: file={}\n\
         ata0-master: type=cdrom, path=cd, status=inserted\nboot: cdrom\n\
         com1: enabled=1, mode=file, dev=serial\n\
         display_library: term\nclock: sync=none, time0=1\n\
         log: log\ndebugger_log: debugger\n\
         speaker: enabled=0\nsound: driver=dummy, waveout=none, wavein=none, midiout=none\n\
         plugin_ctrl: speaker=0, es1370=0, sb16=0\n\
         panic: action=fatal\nerror: action=report\ninfo: action=ignore\n",
        BIOS[0], BIOS[1]
    )
}

/// What the debugger is told. `c` runs five instructions of each CPU in turn, `s all` one; a single CPU is not "all". At the end
/// of the five it does not look for break-points, so the instruction after the mark has one, too.
fn commands(cpus: u16, begin: u32, warm_up: u32, window: u32) -> String {
    let next = begin + MARK;
    let look = format!("x /1wx {COUNTER:#x}\n");
    let step = if cpus == 1 { "s" } else { "s all" };
    format!("lb {begin:#x}\nlb {next:#x}\nc\nd 1\nd 2\n{step} {warm_up}\n{look}{step} {window}\n{look}q\n")
}

/// Waits for the end. False after Ctrl-C.
fn ended(mut child: Child) -> Result<bool> {
    let deadline = Instant::now() + LIMIT;
    while child.try_wait()?.is_none() {
        let interrupted = interrupt::seen();
        if interrupted || Instant::now() > deadline {
            // Without its terminal Bochs ends, too.
            child.kill()?;
            child.wait()?;
            if interrupted {
                return Ok(false);
            }
            bail!("Bochs did not end within {} s", LIMIT.as_secs());
        }
        sleep(Duration::from_millis(50));
    }
    Ok(!interrupt::seen())
}

/// The counter's two values.
fn counts(said: &str) -> Result<[u32; 2]> {
    let pattern = Regex::new(&format!(r"(?m)^0x0*{COUNTER:x} .*:\s+0x([0-9a-f]{{8}})"))?;
    let found = pattern.captures_iter(said).map(|found| u32::from_str_radix(&found[1], 16));
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    match found[..] {
        [before, after] if before <= after => Ok([before, after]),
        _ => bail!("the debugger did not read the counter twice: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_found_in_what_the_debugger_says() {
        let line = |value: &str| format!("[bochs]:\n0x0000000010000040 <bogus+       0>:\t0x{value}\n");
        let said = line("0000003f") + "s all 300\nNext at t=459683864\n" + &line("000001c0");
        assert_eq!(counts(&said).expect("two values"), [0x3f, 0x1c0]);
        assert!(counts(&line("0000003f")).is_err());
        assert!(counts(&(line("00000002") + &line("00000001"))).is_err());
    }

    #[test]
    fn a_file_without_marks_is_refused() {
        assert!(count_operations(&mut [0; 64]).expect_err("no marks").to_string().contains("0 marks of operations"));
    }
}
