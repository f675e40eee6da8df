//! Where the kernel's own image lies: the symbols of `kernel.ld`.

use core::ptr::addr_of;

// The linker script defines all of them. Only their addresses are meant; nobody reads them.
unsafe extern "C" {
    static _start: u8;
    static entry: u8;
    static etext: u8;
    static edata: u8;
    static end: u8;
}

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

/// The kernel address of a static, as a word: what it is anyway, on this machine.
#[inline]
pub const fn address(address: usize) -> u32 {
    address as u32
}

/// The addresses of this kernel.
#[allow(clippy::fn_to_numeric_cast_any, reason = "addresses are what is wanted")]
pub fn get() -> Image {
    Image {
        start: addr_of!(_start) as u32,
        entry: addr_of!(entry) as u32,
        etext: addr_of!(etext) as u32,
        edata: addr_of!(edata) as u32,
        end: addr_of!(end) as u32,
    }
}
