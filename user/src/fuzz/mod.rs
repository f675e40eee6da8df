//! The guest's half of the fuzzer: envs that make the calls that crate `fuzz` draws.
//!
//! [`episode`] is a few envs that take turns; [`crowd`] is many that do not. Both make their envs with [`family`].

pub mod crowd;
pub mod episode;
pub mod family;
mod memory;
pub mod upcall;

use ulib::Registers;

use crate::rng::Rng;

/// Makes a system call with these words and whatever else in the other registers. Returns EAX, or `None` if the kernel
/// changed a register that it must not change.
fn call(number: u32, words: [u32; 5], rng: &mut Rng) -> Option<u32> {
    let [edx, ecx, ebx, edi, esi] = words;
    let eflags = rng.word() & Registers::FLAGS;
    let before = Registers { esi, edi, ebp: rng.word(), ebx, edx, ecx, eax: number, eflags };
    let mut after = before;
    after.trap();
    (Registers { eax: number, ..after } == before).then_some(after.eax)
}
