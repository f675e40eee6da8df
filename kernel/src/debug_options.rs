//! Options of the command line that only kernels with debug assertions have: `KEY=VALUE`, read by those they are for.

/// How they begin.
pub(crate) const KEYS: &[&str] = &["audit=", "delays=", "fail=", "window="];
