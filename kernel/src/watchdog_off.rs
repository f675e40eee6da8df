//! No watch-dog: the same names as in `watchdog.rs`, and nothing behind them.

/// No wake-up gets lost on purpose.
#[inline]
pub fn is_deaf() -> bool {
    false
}

/// Nobody overlooks the end on purpose.
#[inline]
pub fn is_blind() -> bool {
    false
}

/// Halts until there is an interrupt.
#[inline]
pub fn halt(sti_hlt_cli: fn()) {
    sti_hlt_cli();
}

/// Nobody notes who sends to whom.
#[inline]
pub(crate) fn refused(_slot: usize, _target: usize) {}

/// Nobody has noted it.
#[inline]
pub(crate) fn sends_no_more(_slot: usize) {}

/// Nobody looks.
#[inline]
pub(crate) fn look_at_senders() {}
