//! Ctrl-C and friends.
//!
//! A signal only sets a flag. Whoever waits for a guest looks at it a few times a second, ends the guest and
//! returns through its callers, so temporary folders go away and the terminal gets its settings back.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Starts to listen for SIGINT, SIGTERM and SIGHUP.
///
/// # Errors
/// When called twice.
pub fn listen() -> Result<()> {
    // Relaxed: a flag on its own, nothing is published with it.
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")
}

/// Whether such a signal has come.
pub fn seen() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
