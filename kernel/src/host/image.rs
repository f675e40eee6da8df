//! Where the kernel's image would lie.
//!
//! Its statics are the host's and lie anywhere; each gets an address in here, so that code that maps them has frames to
//! name. What is in those frames is never looked at.

use abi::layout::KERNBASE;

/// Physical addresses: 3 MiB from 1 MiB on.
const START: u32 = 0x10_0000;
const END: u32 = 0x40_0000;
/// The largest static that programs see is shorter than the rest of the image.
const SPREAD: usize = 0x20_0000;

/// Addresses of the kernel image, as the monitor's `kerninfo` shows them.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// Physical address of the first instruction.
    pub start: u32,
    /// The first instruction.
    pub entry: u32,
    /// End of the code.
    pub etext: u32,
    /// End of the initialised data.
    pub edata: u32,
    /// End of everything.
    pub end: u32,
}

/// The addresses of this kernel.
pub fn get() -> Image {
    let end = KERNBASE + END;
    Image { start: START, entry: KERNBASE + START, etext: end, edata: end, end }
}

/// The kernel address of what lies at `address` on the host: the same place in its page.
pub fn address(address: usize) -> u32 {
    KERNBASE + START + (address % SPREAD) as u32
}
