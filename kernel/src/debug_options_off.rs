//! No options of that kind: such a word names a program, which does not exist.

use crate::x86::frame::TrapFrame;

/// How they begin.
pub(crate) const KEYS: &[&str] = &[];

/// The timer's usual period.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "on the host there is no timer to set"))]
#[inline]
pub(crate) fn tick(usual: u32) -> u32 {
    usual
}

/// Nothing is sent.
#[inline]
pub(crate) fn at_tick() {}

/// Nobody counts.
#[inline]
pub(crate) fn nmi_came(_frame: Option<&TrapFrame>) {}

/// Nothing was sent.
#[inline]
pub(crate) fn report() {}
