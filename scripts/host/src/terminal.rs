//! The terminal's settings, put back when a guest has used it.
//!
//! QEMU switches the terminal to unbuffered input without echo, so that keys go to the guest one by one. It
//! restores it at its end, but not when it is killed.

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Remembers the settings and restores them when dropped. Does nothing without a terminal.
pub(crate) struct Terminal(Option<Termios>);

impl Terminal {
    pub(crate) fn remember() -> Self {
        Self(tcgetattr(std::io::stdin()).ok())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(settings) = &self.0 {
            // Fails only when the terminal has gone, and then there is nothing to restore.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, settings);
        }
    }
}
