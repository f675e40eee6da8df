//! A stack kept for later: of a CPU that waits, and in mode `full` of the first time an edge was seen.

use crate::Machine;
use crate::atomic::AtomicU32;
use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

/// How many return addresses are kept.
const DEPTH: usize = 12;

/// A stack, innermost first; 0 behind its end.
pub(crate) struct Stack([AtomicU32; DEPTH]);

impl Stack {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU32::new(0) }; DEPTH])
    }

    /// Keeps the stack of this CPU.
    pub(crate) fn save<M: Machine>(&self) {
        let mut addresses = [0; DEPTH];
        let len = M::backtrace(&mut addresses).min(DEPTH);
        self.keep(addresses[..len].iter().copied());
    }

    /// Keeps a stack.
    pub(crate) fn keep(&self, addresses: impl Iterator<Item = u32>) {
        let padded = addresses.chain(core::iter::repeat(0));
        self.0.iter().zip(padded).for_each(|(word, address)| word.store(address, Relaxed));
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0[0].load(Relaxed) == 0
    }

    /// Prints it, a line for each address.
    pub(crate) fn write<M: Machine>(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.0.iter().map(|word| word.load(Relaxed)).take_while(|&address| address != 0);
        write::<M>(f, "        ", addresses)
    }
}

/// Prints a stack from the first address on that is not the checker's own.
pub(crate) fn write<M: Machine>(
    f: &mut fmt::Formatter<'_>,
    margin: &str,
    addresses: impl Iterator<Item = u32>,
) -> fmt::Result {
    for address in addresses.skip_while(|&address| M::is_lock_code(address)) {
        M::symbol(address, format_args!("{margin}{address:08x} "), f)?;
    }
    Ok(())
}
