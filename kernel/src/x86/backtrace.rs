//! Walking the stack along the frame pointers.
//!
//! Every function keeps EBP as a frame pointer (`i686-target.json`), so `[ebp]` is the caller's EBP and
//! `[ebp + 4]` the address it goes on at. A null EBP ends the chain. The walk is for panics and reports: it
//! trusts nothing it reads, looks the address up in the page tables before it reads a word, and takes no lock.

use abi::layout::{KERNBASE, KSTKSIZE, ULIM};
use abi::page::{pdx, ptx};

use super::instr;

/// A function on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Its frame pointer.
    pub ebp: u32,
    /// Where its caller goes on: subtract 1 to be inside the call.
    pub return_address: u32,
}

impl Frame {
    /// Five words above the return address: the first arguments, if the function has any on the stack.
    pub fn arguments(&self) -> [u32; 5] {
        let first = self.ebp.wrapping_add(8);
        core::array::from_fn(|i| read(first.wrapping_add(4 * i as u32)).unwrap_or(0))
    }
}

/// The functions on the stack, the latest first.
#[derive(Clone, Debug)]
pub struct Frames {
    ebp: u32,
}

/// The stack of the caller, the caller first.
#[inline(always)]
pub fn here() -> Frames {
    from(instr::read_ebp())
}

/// The stack that `ebp` is a frame pointer of.
pub const fn from(ebp: u32) -> Frames {
    Frames { ebp }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let ebp = self.ebp;
        let caller = read(ebp)?;
        let return_address = read(ebp.wrapping_add(4))?;
        // Stacks grow down and are small: anything else is the end or nonsense.
        let ascends = caller > ebp && caller - ebp < KSTKSIZE;
        self.ebp = if ascends { caller } else { 0 };
        (return_address != 0).then_some(Frame { ebp, return_address })
    }
}

/// The word at a kernel address, if it is aligned and mapped.
fn read(va: u32) -> Option<u32> {
    if va < ULIM || !va.is_multiple_of(4) || !is_mapped(va) {
        return None;
    }
    let word = va as *const u32;
    // SAFETY: aligned and mapped. Another CPU may be writing it, hence volatile: whatever it gives is a word.
    Some(unsafe { word.read_volatile() })
}

fn is_mapped(va: u32) -> bool {
    const PRESENT: u32 = 0x1;
    const LARGE: u32 = 0x80;
    let directory = instr::read_cr3();
    let Some(pde) = entry(directory, pdx(va)).filter(|pde| pde & PRESENT != 0) else {
        return false;
    };
    pde & LARGE != 0 || entry(pde & !0xfff, ptx(va)).is_some_and(|pte| pte & PRESENT != 0)
}

/// Entry `index` of the page table or directory at physical address `table`.
fn entry(table: u32, index: usize) -> Option<u32> {
    let va = KERNBASE.checked_add(table)?;
    let word = (va as *const u32).wrapping_add(index);
    // SAFETY: below 256 MiB, so mapped; `index` is below 1024, so inside the page.
    Some(unsafe { word.read_volatile() })
}
