//! Options of the command line that only kernels with debug assertions have: `KEY=VALUE`, read by those they are for.

/// How they begin.
pub(crate) const KEYS: &[&str] = &["audit=", "crash=", "delays=", "fail=", "storm=", "watchdog=", "window="];

/// What `storm=N` leaves of the timer's usual period: one N-th.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "on the host there is no timer to set"))]
pub(crate) fn tick(usual: u32) -> u32 {
    let times = crate::boot::values("storm=").last().and_then(|times| times.parse().ok());
    usual / times.unwrap_or(1_u32).clamp(1, usual)
}
