//! The registers of the env on this CPU, and user mode, which on the host is over at once.

use super::frame::TrapFrame;

/// The place of the trap frame.
#[derive(Debug, Default)]
pub struct UserFrame {
    frame: TrapFrame,
}

/// Goes on in `f`: a thread's stack is as good as any.
pub fn go_on_own_stack(f: extern "C" fn() -> !) -> ! {
    f()
}

/// This CPU's place.
pub fn take() -> UserFrame {
    UserFrame::default()
}

impl UserFrame {
    /// The registers.
    pub fn registers(&mut self) -> &mut TrapFrame {
        &mut self.frame
    }

    /// Nothing.
    pub fn loaded(&mut self, _id: u32) {}

    /// A program that does nothing but to be interrupted by the timer.
    pub fn enter(&mut self) {
        self.frame.trapno = abi::trap::IRQ_OFFSET;
    }
}
