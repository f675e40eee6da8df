//! The machine that tests run on: booted once, for one test at a time.
//!
//! A test's thread is CPU 0, in the kernel (so with the big lock, in the build that has one). When a test is over, whatever
//! envs it left are destroyed, and then no frame and no slot may be missing and no lock report may have been made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use abi::{EnvId, EnvRecord, NENV};
use sync::sweep::{self, Which};
use sync::{Rank, big, order};

use super::files;
use crate::cpu::{self, This};
use crate::env::life::Tenancy;
use crate::env::{exit, table};
use crate::mm::frame::{self, PageRef};
use crate::mm::kernel_map;
use crate::x86::{gdt, jitter, lapic, ports, registers};
use crate::{audit, boot, console, memory, presence, print, smp, symbols, window};

/// The CPUs of the machine: more than one word of a mask has bits, and no whole number of words.
pub(super) const CPUS: usize = 40;

/// What the file called `hello` contains.
pub(super) const TEXT: &[u8] = b"\xeb\xfe what is executed";
pub(super) const DATA: &[u8] = b"what is in the file of the data";

const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a thread of this test has failed: then nobody waits for it.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Says so when its thread fails.
struct TellsOthers;

impl Drop for TellsOthers {
    fn drop(&mut self) {
        if thread::panicking() {
            FAILED.store(true, Ordering::SeqCst);
        }
    }
}

/// One test's turn on the machine.
pub(crate) struct Machine {
    /// Taken back for a moment by [`Machine::parallel`] and [`Machine::as_cpu`].
    big: Option<big::Guard<This>>,
    frames: usize,
    slots: usize,
    reports: u32,
    _turn: MutexGuard<'static, ()>,
}

/// Waits for this test's turn.
pub(crate) fn machine() -> Machine {
    static TURN: Mutex<()> = Mutex::new(());
    static BOOT: Once = Once::new();
    // A test that failed has left the mutex poisoned, and perhaps envs, which are no business of the next test.
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    leave_a_lock_out();
    FAILED.store(false, Ordering::SeqCst);
    gdt::become_cpu(0);
    let big = big::enter::<This>();
    BOOT.call_once(boot_up);
    ports::take_output();
    let (frames, slots, reports) = (frame::available(), table::available(), order::reports::<This>());
    Machine { big: Some(big), frames, slots, reports, _turn: turn }
}

/// For `scripts/jos mutants --sweep locks`: `FILE:LINE` of an acquisition to leave out, perhaps with `:RANK`, or with `:Second`
/// for the second of a pair.
fn leave_a_lock_out() {
    let Ok(place) = std::env::var("JOS_LEAVE_OUT") else { return };
    let parts: Vec<_> = place.split(':').collect();
    let which = match parts.get(2) {
        None => Which::All,
        Some(&"Second") => Which::Second,
        Some(name) => {
            let rank = Rank::ALL.into_iter().find(|rank| format!("{rank:?}") == *name);
            Which::Class(rank.expect("a class of locks"))
        }
    };
    sweep::leave_out(parts[0], parts[1].parse().expect("a line"), which);
}

/// What `kmain` does, but for what only the real machine has.
fn boot_up() {
    files::place_acpi(CPUS as u8);
    let program = files::program(TEXT, DATA);
    let modules = [("/boot/hello with words", &program[..]), ("damaged", &program[..60]), ("kernel.sym", b"no table")];
    files::place_boot_info("/boot/kernel log=error hello hello:one:two", &modules);
    boot::init(files::LOADER_MAGIC, files::BOOT_INFO);
    console::init();
    print::init_log(boot::options().log);
    symbols::init();
    memory::init();
    kernel_map::init();
    table::init();
    lapic::init(smp::discover());
    // Nobody uses them, and the self-tests want free frames in low memory.
    (0..8).chain([kernel_map::FAULT_STACK - 1, kernel_map::FAULT_STACK]).for_each(kernel_map::map_stack);
    crate::finish::open_the_books();
    crate::poison::init();
}

impl Machine {
    /// Plays `cpus` further CPUs at once, each on a thread: number 1 and up. Their threads take the big lock themselves,
    /// with [`in_kernel`].
    pub(crate) fn parallel(&mut self, cpus: usize, work: impl Fn(usize) + Sync) {
        self.big = None;
        thread::scope(|scope| {
            let play = |cpu| {
                let _tells_others = TellsOthers;
                gdt::become_cpu(cpu);
                work(cpu);
            };
            (1..=cpus).for_each(|cpu| {
                scope.spawn(move || play(cpu));
            });
        });
        self.big = Some(big::enter::<This>());
    }

    /// Plays CPU 0 and, on another thread, CPU 1. Both take the big lock themselves, with [`in_kernel`].
    pub(super) fn beside(&mut self, this: impl FnOnce(), other: impl FnOnce() + Send) {
        self.big = None;
        thread::scope(|scope| {
            scope.spawn(|| {
                let _tells_others = TellsOthers;
                gdt::become_cpu(1);
                other();
            });
            let _tells_others = TellsOthers;
            this();
        });
        self.big = Some(big::enter::<This>());
    }

    /// Lets CPUs but the boot CPU give way at any lock, until the test is over.
    pub(super) fn jitter(&self) {
        jitter::set(true);
    }

    /// Lets them also dawdle at any lock and point, as `delays=` does, which opens what is between two sections; slow.
    pub(super) fn dawdle(&self) {
        self.jitter();
        window::watch(1);
    }

    /// Says that the test is about a lock report: it is to be made once.
    pub(super) fn expect_a_report(&mut self) {
        self.reports += 1;
    }

    /// Plays CPU `cpu` for a while, instead of CPU 0.
    pub(super) fn as_cpu<R>(&mut self, cpu: usize, work: impl FnOnce() -> R) -> R {
        self.big = None;
        gdt::become_cpu(cpu);
        let result = in_kernel(work);
        gdt::become_cpu(0);
        self.big = Some(big::enter::<This>());
        result
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        jitter::set(false);
        window::rest();
        if sweep::times() > 0 {
            println!("left out: {} times", sweep::times());
        }
        (0..NENV).filter(|&slot| presence::on_cpu(slot).is_none()).for_each(|slot| {
            let life = table::env(slot).life.lock();
            if life.tenancy == Tenancy::Live {
                exit::destroy(life, EnvId::NONE);
            }
        });
        // A thread that plays a CPU ends where its test does.
        (0..=CPUS).for_each(|cpu| cpu::get(cpu).env.store(0, Ordering::Relaxed));
        kernel_map::load();
        if !thread::panicking() {
            assert!(audit::at_end(), "{}", ports::take_output());
            assert_eq!(frame::available(), self.frames, "frames, after and before the test");
            assert_eq!(table::available(), self.slots, "env slots, after and before the test");
            assert_eq!(order::reports::<This>(), self.reports, "lock reports: {}", ports::take_output());
        }
    }
}

/// Does something in the kernel, on a thread that plays a CPU.
///
/// # Panics
/// When another thread of the test has failed.
pub(super) fn in_kernel<R>(work: impl FnOnce() -> R) -> R {
    nobody_failed();
    let _big = big::enter::<This>();
    work()
}

/// Ends this thread if another one has failed, so that a test that fails is soon over. A thread that is ending already
/// tidies up.
fn nobody_failed() {
    assert!(thread::panicking() || !FAILED.load(Ordering::SeqCst), "another thread of this test has failed");
}

/// Tries again and again, letting other threads run, until there is an answer.
///
/// # Panics
/// When another thread of the test has failed; after half a minute: the thread that was waited for hangs.
pub(super) fn until<R>(mut attempt: impl FnMut() -> Option<R>) -> R {
    let start = Instant::now();
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        nobody_failed();
        jitter::give_back();
        assert!(start.elapsed() < PATIENCE, "nothing came of waiting");
        thread::yield_now();
    }
}

/// The words that programs see of an env.
pub(super) fn record(id: EnvId) -> &'static EnvRecord {
    table::record(id.slot())
}

/// Lets go of all free frames but `count`, until what it gives back is dropped.
pub(super) fn leave_frames(count: usize) -> Vec<PageRef> {
    let mut taken: Vec<_> = core::iter::from_fn(PageRef::alloc).collect();
    taken.truncate(taken.len() - count);
    taken
}

/// How many interrupts CPU `cpu` was ever sent.
pub(super) fn interrupts(cpu: usize) -> u32 {
    registers::of(cpu).interrupts.load(Ordering::SeqCst)
}

/// A small generator of numbers below what it is asked for.
pub(super) fn random(seed: u32) -> impl FnMut(usize) -> usize {
    let mut state = u64::from(seed);
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    }
}
