//! A crowd: deeds of many envs at once, and what may come of each whatever the others do meanwhile.

use abi::layout::{PGSIZE, USTACKTOP, UTEXT, UTOP};
use abi::{Error, Syscall};

use crate::edges;
use crate::rng::Rng;
use crate::step::{VARIANTS, vary};

/// Where a crowd shares its notes: one page.
pub const NOTES: u32 = 0x0100_0000;

/// The page below the exception stack. Nothing is put there, so that an exception stack that overflows is the end of its env
/// (`user/src/fuzz/upcall.rs` has the rest of that).
const GUARD: u32 = USTACKTOP;

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A system call with these arguments.
    Call(u32, [u32; 5]),
    /// Read a page of one's own, or write to it.
    Touch(u32, bool),
    /// Make a child that does deeds of its own.
    Spawn,
}

/// The kinds of deeds, as bits of a set: system calls by their numbers, then these.
pub const NO_CALL: u32 = 13;
/// See [`NO_CALL`].
pub const TOUCH: u32 = 14;
/// See [`NO_CALL`].
pub const SPAWN: u32 = 15;
/// How many kinds there are.
pub const KINDS: u32 = 16;

/// How often each kind is drawn.
const WEIGHTS: [(u32, u32); KINDS as usize] = [
    (Syscall::Cputs as u32, 2),
    (Syscall::Cgetc as u32, 1),
    (Syscall::Getenvid as u32, 4),
    (Syscall::EnvDestroy as u32, 2),
    (Syscall::PageAlloc as u32, 24),
    (Syscall::PageMap as u32, 36),
    (Syscall::PageUnmap as u32, 14),
    (Syscall::Exofork as u32, 3),
    (Syscall::EnvSetStatus as u32, 12),
    (Syscall::EnvSetPgfaultUpcall as u32, 2),
    (Syscall::Yield as u32, 4),
    (Syscall::IpcTrySend as u32, 18),
    (Syscall::IpcRecv as u32, 4),
    (NO_CALL, 2),
    (TOUCH, 24),
    (SPAWN, 2),
];

/// The ids that an env knows.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    /// Its own.
    pub me: u32,
    /// Its parent's.
    pub parent: u32,
    /// A child's, living or dead.
    pub child: u32,
    /// Anybody's.
    pub other: u32,
}

/// Draws a deed; one whose kind is not in `kinds` becomes the most harmless one.
pub fn deed(rng: &mut Rng, kinds: u32, ids: &Ids) -> Deed {
    let mut drawn = rng.below(WEIGHTS.iter().map(|(_, weight)| weight).sum());
    let fits = WEIGHTS.iter().find(|(_, weight)| {
        let found = drawn < *weight;
        drawn = drawn.wrapping_sub(*weight);
        found
    });
    let kind = fits.map_or(Syscall::Getenvid as u32, |(kind, _)| *kind);
    if kinds & 1 << kind == 0 {
        return Deed::Call(Syscall::Getenvid as u32, [0; 5]);
    }
    match kind {
        NO_CALL => Deed::Call(edges::no_call(rng), [rng.word(), rng.word(), rng.word(), rng.word(), rng.word()]),
        TOUCH => {
            let page = Some(edges::page(rng)).filter(|&va| mendable(va)).unwrap_or(PGSIZE);
            Deed::Touch(page, rng.below(2) == 0)
        }
        SPAWN => Deed::Spawn,
        number => Deed::Call(number, words(rng, number, ids)),
    }
}

fn words(rng: &mut Rng, number: u32, ids: &Ids) -> [u32; 5] {
    let mut words = [rng.word(), rng.word(), rng.word(), rng.word(), rng.word()];
    match Syscall::try_from(number) {
        Ok(Syscall::Cputs) => (words[0], words[1]) = edges::string(rng),
        Ok(Syscall::EnvDestroy) => words[0] = if rng.below(64) == 0 { 0 } else { not_self(rng, ids) },
        Ok(Syscall::PageAlloc) => {
            (words[0], words[1], words[2]) = (target(rng, ids), place(rng), edges::permissions(rng));
        }
        Ok(Syscall::PageMap) => {
            (words[0], words[1]) = (target(rng, ids), source(rng));
            (words[2], words[3], words[4]) = (target(rng, ids), place(rng), edges::permissions(rng));
        }
        Ok(Syscall::PageUnmap) => {
            words[0] = target(rng, ids);
            // Now and then a page of the program. It is never replaced: an env that executes another page in its place may get
            // to any code and stay there for ever.
            words[1] = if rng.below(256) == 0 { UTEXT + rng.below(8) * PGSIZE } else { place(rng) };
        }
        Ok(Syscall::EnvSetStatus) => {
            words[0] = if rng.below(64) == 0 { 0 } else { not_self(rng, ids) };
            words[1] = edges::status(rng);
        }
        Ok(Syscall::EnvSetPgfaultUpcall) => (words[0], words[1]) = (not_self(rng, ids), edges::no_upcall(rng)),
        Ok(Syscall::IpcTrySend) => {
            words[0] = if rng.below(2) == 0 { ids.other } else { target(rng, ids) };
            (words[2], words[3]) = (source(rng), edges::permissions(rng));
        }
        Ok(Syscall::IpcRecv) => words[0] = place(rng),
        _ => {}
    }
    words
}

fn target(rng: &mut Rng, ids: &Ids) -> u32 {
    match rng.below(8) {
        0..3 => 0,
        3 => ids.me,
        _ => not_self(rng, ids),
    }
}

fn not_self(rng: &mut Rng, ids: &Ids) -> u32 {
    match rng.below(16) {
        0..10 => ids.child,
        10..12 => ids.parent,
        12..14 => ids.other,
        14 => vary(ids.other, rng.below(VARIANTS)),
        _ => [u32::MAX, 0x8000_0000, 0x3ff, 1, 0x13ff][rng.below(5) as usize],
    }
}

/// The page where an env goes on that has lost its stack: there its return addresses are 0. Nothing is ever put there, so that it
/// dies at once and does not execute what it finds, a breakpoint perhaps, which ends the run in the monitor.
const NOWHERE: u32 = 0;

/// Where a page is taken from. Not from where the stacks or the notes are: an env that shares its stack with another is not
/// itself any more, and what it then says of the kernel's answers is worth nothing.
fn source(rng: &mut Rng) -> u32 {
    match rng.below(16) {
        0 => UTEXT + rng.below(8) * PGSIZE,
        1 => [UTOP, u32::MAX][rng.below(2) as usize],
        _ => Some(edges::address(rng)).filter(|&va| va != edges::XSTACK).unwrap_or(0),
    }
}

/// Where a page goes: now and then where an env's stack or notes are, which it does not survive.
fn place(rng: &mut Rng) -> u32 {
    match rng.below(256) {
        0 => [USTACKTOP - PGSIZE, NOTES][rng.below(2) as usize],
        _ => {
            Some(edges::address(rng)).filter(|&va| ![GUARD, NOWHERE].contains(&(va & !(PGSIZE - 1)))).unwrap_or(PGSIZE)
        }
    }
}

/// Whether an env may put a page at `va` when it is missed there.
pub fn mendable(va: u32) -> bool {
    edges::PAGES.contains(&va) && ![GUARD, NOWHERE, edges::XSTACK].contains(&va)
}

/// Whether a call by env `me` may end with `eax`, whatever others do.
pub fn allowed(number: u32, words: &[u32; 5], me: u32, eax: u32) -> bool {
    let Ok(call) = Syscall::try_from(number) else { return eax == Error::Inval.to_eax() };
    let one_of = |errors: &[Error]| errors.iter().any(|error| error.to_eax() == eax);
    match call {
        Syscall::Cputs | Syscall::Yield => eax == 0,
        Syscall::Cgetc => eax < 256,
        Syscall::Getenvid => eax == me,
        Syscall::EnvDestroy | Syscall::EnvSetPgfaultUpcall => eax == 0 || one_of(&[Error::BadEnv]),
        Syscall::PageAlloc => {
            let right = page_address(words[1]) && permissions(words[2]);
            one_of(&[Error::BadEnv])
                || if right { eax == 0 || one_of(&[Error::NoMem]) } else { one_of(&[Error::Inval]) }
        }
        Syscall::PageMap => {
            let right = page_address(words[1]) && page_address(words[3]) && permissions(words[4]);
            one_of(&[Error::BadEnv, Error::Inval]) || right && (eax == 0 || one_of(&[Error::NoMem]))
        }
        Syscall::PageUnmap => {
            one_of(&[Error::BadEnv]) || if page_address(words[1]) { eax == 0 } else { one_of(&[Error::Inval]) }
        }
        Syscall::Exofork => {
            let id = eax.cast_signed() > 0xfff && eax & 0xc00 == 0;
            id || one_of(&[Error::NoMem, Error::NoFreeEnv])
        }
        Syscall::EnvSetStatus => {
            one_of(&[Error::BadEnv]) || if matches!(words[1], 2 | 4) { eax == 0 } else { one_of(&[Error::Inval]) }
        }
        Syscall::IpcTrySend => {
            let page = words[2] < UTOP;
            let right = !page || page_address(words[2]) && permissions(words[3]);
            let sent = right && eax == 0;
            let refused = one_of(&[Error::BadEnv, Error::IpcNotRecv]);
            sent || refused || page && one_of(&[Error::Inval]) || page && right && one_of(&[Error::NoMem])
        }
        Syscall::IpcRecv => {
            let right = words[0] >= UTOP || page_address(words[0]);
            if right { eax == 0 } else { one_of(&[Error::Inval]) }
        }
    }
}

fn page_address(va: u32) -> bool {
    va < UTOP && va.is_multiple_of(PGSIZE)
}

fn permissions(bits: u32) -> bool {
    bits & 5 == 5 && bits & !0xe07 == 0
}
