//! What the host has not, and the kernel can do without: stacks to walk, floating-point state, starting CPUs.

/// Starting CPUs. On the host they are threads, which tests start.
pub mod ap {
    /// Nothing: the thread that plays the CPU has a stack.
    pub fn expect(_apic_id: u8, _index: usize, _stack_top: u32) {}

    /// Nothing.
    pub fn start_all(_cr3: u32) {}

    /// Nothing.
    pub fn start_again(_apic_id: u8) {}
}

/// Back-traces, which are empty.
pub mod backtrace {
    /// A function on the stack.
    #[derive(Clone, Copy, Debug)]
    pub struct Frame {
        /// Its frame pointer.
        pub ebp: u32,
        /// Where its caller goes on.
        pub return_address: u32,
    }

    impl Frame {
        /// No arguments.
        pub fn arguments(&self) -> [u32; 5] {
            [0; 5]
        }
    }

    /// No functions.
    #[derive(Clone, Debug)]
    pub struct Frames;

    impl Iterator for Frames {
        type Item = Frame;

        fn next(&mut self) -> Option<Frame> {
            None
        }
    }

    /// The stack of the caller.
    pub fn here() -> Frames {
        Frames
    }

    /// The stack that `ebp` is a frame pointer of.
    pub fn from(_ebp: u32) -> Frames {
        Frames
    }
}

/// Floating-point registers that nothing computes with, since tests run no programs: a number stands for an env's.
pub mod fpu {
    use core::sync::atomic::{AtomicU32, Ordering};

    use abi::NENV;

    use crate::cpu;

    static AREAS: [AtomicU32; NENV] = [const { AtomicU32::new(0) }; NENV];

    /// What stands for the registers of the env in `slot`; 0 for those of a reset processor.
    pub fn area(slot: usize) -> &'static AtomicU32 {
        &AREAS[slot]
    }

    /// Nothing.
    pub fn init_cpu() {}

    /// A new env has those of a reset processor.
    pub fn reset(slot: usize) {
        area(slot).store(0, Ordering::Relaxed);
    }

    /// A child has its parent's, which has to be on this CPU.
    pub fn inherit(parent: usize, child: usize) {
        cpu::assert_runs(parent);
        area(child).store(area(parent).load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// As on a processor that has none.
    pub fn load(_slot: usize) -> bool {
        false
    }

    /// Nothing, but the env has to be on this CPU still.
    pub fn leave(slot: usize) {
        cpu::assert_runs(slot);
    }
}

/// No interrupt table: a trap is a call of `crate::trap::handle`.
pub mod idt {
    /// Nothing.
    pub fn init() {}

    /// Nothing.
    pub fn load() {}
}
