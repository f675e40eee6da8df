//! The parts of the kernel that the model does without: each has the names its users need, and does as little as they notice.

use crate::machine;

/// Sizes.
pub mod config {
    pub const NCPU: usize = 3;
    pub const CACHE_LINE: usize = 8;
    pub const FRAME_CACHE: usize = 4;
    pub const FRAME_BATCH: usize = 2;
}

/// Messages, which nobody reads.
macro_rules! lifecycle {
    ($($arg:tt)*) => {
        let _ = format!($($arg)*);
    };
}
pub(crate) use {lifecycle, lifecycle as println};

/// What each CPU has of its own.
pub mod cpu {
    use super::{config::NCPU, machine};
    use crate::atomic::{AtomicBool, AtomicU32};

    pub use machine::{Guard, SpinLock};

    pub struct This;

    pub struct PerCpu {
        pub user_slot: AtomicU32,
        pub wakes: AtomicU32,
        pub idle: AtomicBool,
    }

    static CPUS: [PerCpu; NCPU] =
        [const { PerCpu { user_slot: AtomicU32::new(0), wakes: AtomicU32::new(0), idle: AtomicBool::new(false) } };
            NCPU];

    pub fn index() -> usize {
        machine::index()
    }

    pub fn get(index: usize) -> &'static PerCpu {
        &CPUS[index]
    }

    pub fn this() -> &'static PerCpu {
        get(index())
    }
}

/// Two CPUs or three, there from the beginning.
pub mod smp {
    use std::cell::Cell;

    std::thread_local! {
        /// Threads of the checker share one real thread.
        static COUNT: Cell<usize> = const { Cell::new(2) };
    }

    /// Says how many there are in this run.
    pub(crate) fn set_count(count: usize) {
        COUNT.set(count);
    }

    pub fn count() -> usize {
        COUNT.get()
    }

    pub fn is_online(_: usize) -> bool {
        true
    }

    pub fn others() -> impl Iterator<Item = usize> {
        (0..count()).filter(|&cpu| cpu != crate::machine::index())
    }

    pub fn apic_id(cpu: usize) -> u8 {
        u8::try_from(cpu).expect("a small number")
    }
}

/// The machine.
pub mod x86 {
    pub mod instr {
        pub(crate) use crate::machine::halt as sti_hlt_cli;
        pub(crate) use loom::thread::yield_now as pause;

        /// Nobody's patience ends.
        pub fn millis() -> u32 {
            0
        }

        pub fn read_cr3() -> u32 {
            0
        }
    }

    pub mod lapic {
        pub const KICK: u8 = 240;

        pub fn send_ipi(apic_id: u8, _: u8) {
            crate::machine::interrupt(usize::from(apic_id));
        }
    }
}

/// No audits, but in the tests of their own.
pub mod audit {
    pub fn halt(work: impl FnOnce()) {
        work();
    }
}

/// Timer ticks of CPUs that halt and want some: at once, or never.
pub mod trap {
    pub mod irq {
        use std::cell::Cell;

        use crate::{machine, sched};

        std::thread_local! {
            /// Threads of the checker share one real thread.
            static TICKING: Cell<bool> = const { Cell::new(false) };
        }

        /// Says whether there are ticks in this run.
        pub(crate) fn set_ticking(ticking: bool) {
            TICKING.set(ticking);
        }

        pub fn keep_ticking() {
            if TICKING.get() {
                machine::interrupt(machine::index());
            }
        }

        pub fn after_idle() {
            sched::hurry_all();
        }
    }
}

/// The end of everything: what a test does then.
pub mod finish {
    use std::cell::RefCell;
    use std::rc::Rc;

    std::thread_local! {
        /// Threads of the checker share one real thread.
        static HOOK: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    }

    /// Says what is to be done at this run's end of everything, or that there must be none.
    pub(crate) fn expect(hook: Option<Rc<dyn Fn()>>) {
        HOOK.set(hook);
    }

    pub fn nothing_runnable() {
        let hook = HOOK.with_borrow(Clone::clone);
        hook.expect("an env was overlooked")();
    }
}

/// What programs see of frames.
pub mod page {
    use crate::atomic::AtomicU32;

    pub use abi::PteFlags;

    #[derive(Debug)]
    #[repr(C)]
    pub struct PageInfo {
        pub link: AtomicU32,
        pub refs: AtomicU32,
    }
}

/// Memory: an env has one page at most.
pub mod mm {
    pub(crate) use crate::{entry, frame};

    pub mod page_table {
        pub use crate::entry::Entry;
    }

    /// Frames have no contents.
    pub mod phys {
        use super::frame::Frame;

        pub fn address_of<T>(_: &'static T) -> u32 {
            0
        }

        pub fn kernel_address(address: u32) -> usize {
            address as usize
        }

        pub fn zero(_: Frame) {}
    }

    pub mod space {
        use super::frame::PageRef;
        use super::page_table::Entry;
        use abi::{Error, PteFlags};

        #[derive(Debug, Default)]
        pub struct Space {
            page: Option<(u32, Entry)>,
            evicted: bool,
        }

        impl Space {
            pub const EMPTY: Space = Space { page: None, evicted: false };

            pub fn lookup(&self, va: u32) -> Option<Entry> {
                self.page.filter(|(at, _)| *at == va).map(|(_, entry)| entry)
            }

            pub fn map(&mut self, va: u32, page: PageRef, flags: PteFlags) -> Result<(), Error> {
                assert!(!self.evicted, "a page is mapped for an env whose memory is gone");
                let old = self.page.replace((va, Entry { frame: page.into_entry(), flags }));
                drop(old.map(|(_, entry)| PageRef::from_entry(entry.frame)));
                Ok(())
            }

            pub fn evict(&mut self) -> Space {
                std::mem::replace(self, Space { page: None, evicted: true })
            }

            pub fn tear_down(self) {
                drop(self.page.map(|(_, entry)| PageRef::from_entry(entry.frame)));
            }
        }
    }
}

/// System calls: what they answer.
pub mod syscall {
    use abi::Error;

    pub(crate) use crate::args;

    #[derive(Debug, PartialEq, Eq)]
    pub(crate) enum Reply {
        Same(u32),
        Other(u32),
    }

    #[derive(Debug, PartialEq, Eq)]
    pub(crate) struct Fail(pub(crate) Error);

    pub(crate) type Result<T> = core::result::Result<T, Fail>;

    impl From<Error> for Fail {
        fn from(error: Error) -> Fail {
            Fail(error)
        }
    }
}
