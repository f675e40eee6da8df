//! No options of that kind: such a word names a program, which does not exist.

/// How they begin.
pub(crate) const KEYS: &[&str] = &[];

/// The timer's usual period.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "on the host there is no timer to set"))]
#[inline]
pub(crate) fn tick(usual: u32) -> u32 {
    usual
}
