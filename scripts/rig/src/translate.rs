//! Looks at each instruction when QEMU translates it, and hangs up what has to be called when it is executed.

use std::ffi::{c_uint, c_void};

use crate::api::{self, Block};
use crate::cpu;
use crate::decode::{Kind, decode};
use crate::{events, memory, spin, window};

/// Kernel code is at and above this address (`abi::layout::KERNBASE`).
const KERNEL: u64 = 0xf000_0000;

/// What a callback is told of its instruction, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The instruction's address.
    pub(crate) address: u32,
    /// How many instructions of the block are left, this one included.
    pub(crate) left: u64,
    /// Whether it is atomic.
    pub(crate) atomic: bool,
    /// Whether it is the kernel's.
    pub(crate) kernel: bool,
    /// If it is a mark, which.
    pub(crate) mark: u8,
}

impl Place {
    fn word(self) -> u64 {
        u64::from(self.address) << 32
            | self.left << 16
            | u64::from(self.mark) << 8
            | u64::from(self.atomic) << 1
            | u64::from(self.kernel)
    }

    fn from_word(word: *mut c_void) -> Self {
        let word = word as u64;
        Self {
            address: (word >> 32) as u32,
            left: word >> 16 & 0xffff,
            mark: (word >> 8) as u8,
            atomic: word & 2 != 0,
            kernel: word & 1 != 0,
        }
    }
}

/// QEMU translates a block.
pub(crate) fn block(block: *mut Block) {
    let instructions = api::instructions(block);
    let count = instructions.len() as u64;
    for (index, instruction) in instructions.enumerate() {
        let address = api::address(instruction);
        let kernel = address >= KERNEL;
        if index == 0 {
            api::on_block(block, if kernel { kernel_block } else { user_block }, count);
        }
        let (bytes, size) = api::bytes(instruction);
        let kind = decode(&bytes, size);
        let place = Place {
            address: address as u32,
            left: count - index as u64,
            atomic: kind.atomic,
            kernel,
            mark: kind.mark.unwrap_or(0),
        };
        for (wanted, callback) in callbacks(kind, kernel) {
            if wanted {
                api::on_instruction(instruction, callback, place.word());
            }
        }
        if !kind.own_stack_only && kind.mark.is_none() {
            api::on_access(instruction, access, place.word());
        }
    }
}

fn callbacks(kind: Kind, kernel: bool) -> [(bool, api::Executed); 6] {
    [
        (kind.mark.is_some(), mark),
        (kind.pause, pause),
        (kind.polls, polls),
        (kind.atomic || (kind.stores && !kind.own_stack_only), writes),
        (kind.call && kernel, call),
        (kind.ret && kernel, ret),
    ]
}

extern "C" fn user_block(index: c_uint, count: *mut c_void) {
    let cpu = cpu::get(index as usize);
    if cpu.now.get() >= cpu.limit.get() {
        events::used_up(index as usize);
    }
    cpu.now.add(count as u64);
    cpu.account.user.add(count as u64);
}

extern "C" fn kernel_block(index: c_uint, count: *mut c_void) {
    let cpu = cpu::get(index as usize);
    if cpu.now.get() >= cpu.limit.get() {
        events::used_up(index as usize);
    }
    cpu.now.add(count as u64);
    cpu.account.kernel.add(count as u64);
}

extern "C" fn mark(index: c_uint, word: *mut c_void) {
    let place = Place::from_word(word);
    window::mark(index as usize, place.mark, cpu::get(index as usize).now.get() - place.left);
}

extern "C" fn pause(index: c_uint, word: *mut c_void) {
    let place = Place::from_word(word);
    spin::pause(index as usize, place.address, place.kernel, cpu::get(index as usize).now.get() - place.left);
}

extern "C" fn polls(index: c_uint, _: *mut c_void) {
    cpu::get(index as usize).waiting.polls();
}

extern "C" fn writes(index: c_uint, word: *mut c_void) {
    let place = Place::from_word(word);
    events::in_order(index as usize, place.address, place.atomic, cpu::get(index as usize).now.get() - place.left);
}

extern "C" fn call(index: c_uint, word: *mut c_void) {
    cpu::get(index as usize).stack.call(Place::from_word(word).address);
}

extern "C" fn ret(index: c_uint, _: *mut c_void) {
    cpu::get(index as usize).stack.ret();
}

extern "C" fn access(index: c_uint, kind: u32, address: u64, word: *mut c_void) {
    memory::accessed(index as usize, kind, address, Place::from_word(word));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_fits_into_a_word() {
        let place = Place { address: 0xf010_2030, left: 511, atomic: true, kernel: false, mark: 7 };
        assert_eq!(Place::from_word(place.word() as *mut c_void), place);
    }
}
