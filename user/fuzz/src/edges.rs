//! Arguments near the edges of the interface: where mistakes are.

use abi::layout::{KERNBASE, PGSIZE, UENVS, ULIM, UPAGES, USTACKTOP, UTEMP, UTOP, UVPD, UVPT, UXSTACKTOP};

use crate::rng::Rng;

/// The exception stack.
pub const XSTACK: u32 = UXSTACKTOP - PGSIZE;

/// Pages that programs may map and that no program of the fuzzer lives in: the first and the last, both sides of borders
/// between page tables, neighbours, and the places that JOS has names for.
pub const PAGES: [u32; 18] = [
    0,
    PGSIZE,
    UTEMP - PGSIZE,
    UTEMP,
    0x007f_e000,
    0x0c00_0000,
    0x0fff_f000,
    0x1000_0000,
    0x1000_1000,
    0x103f_f000,
    0x1040_0000,
    0x7fff_f000,
    0x8000_0000,
    0xc000_0000,
    0xee80_0000,
    USTACKTOP - 2 * PGSIZE,
    USTACKTOP,
    XSTACK,
];

/// Addresses at which nobody may map anything.
pub const FORBIDDEN: [u32; 16] = [
    UTOP,
    UTOP + 1,
    UENVS + 31 * PGSIZE,
    UPAGES,
    UVPT,
    UVPD,
    UVPD + 4,
    ULIM - PGSIZE,
    ULIM,
    0xefff_f000,
    KERNBASE,
    0xf010_0000,
    0xffff_e000,
    0xffff_f000,
    0xffff_ffff,
    0xfff0_0000,
];

/// A page that may be mapped.
pub fn page(rng: &mut Rng) -> u32 {
    PAGES[rng.below(PAGES.len() as u32) as usize]
}

/// An address for a call about pages: mostly a page that may be mapped.
pub fn address(rng: &mut Rng) -> u32 {
    match rng.below(16) {
        0 => FORBIDDEN[rng.below(FORBIDDEN.len() as u32) as usize],
        1 => page(rng) + [1, 4, 0x7ff, 0xfff][rng.below(4) as usize],
        2 if rng.below(4) == 0 => rng.word() | 1,
        _ => page(rng),
    }
}

/// Permissions: mostly valid ones, of all kinds.
pub fn permissions(rng: &mut Rng) -> u32 {
    const AVAIL: u32 = 0xe00;
    match rng.below(16) {
        0..6 => 7,
        6..9 => 5,
        9..12 => 5 | rng.word() & (AVAIL | 2),
        12 => rng.word() & 0xfff,
        13 => 7 | 1 << rng.below(32),
        14 => [0, 1, 4, 6, 3, 2, u32::MAX, 0xe07][rng.below(8) as usize],
        _ => rng.word(),
    }
}

/// A number for `env_set_status`.
pub fn status(rng: &mut Rng) -> u32 {
    match rng.below(16) {
        0..11 => 2,
        11..13 => 4,
        13 => [0, 1, 3, 5][rng.below(4) as usize],
        14 => [u32::MAX, 0x8000_0002, 0x102, 0x1_0004][rng.below(4) as usize],
        _ => rng.word(),
    }
}

/// The number of a call that there is not.
pub fn no_call(rng: &mut Rng) -> u32 {
    match rng.below(4) {
        0 => 13 + rng.below(16),
        1 => [u32::MAX, 0x8000_0000, 0x100, 0x1_0002, 255, 0x7fff_ffff][rng.below(6) as usize],
        2 => 0xffff_fff0 + rng.below(16),
        _ => rng.word() | 0x10,
    }
}

/// A handler of page faults that is none: nothing that could be executed is ever mapped there.
pub fn no_upcall(rng: &mut Rng) -> u32 {
    [0, 0, 0xdead_beef, KERNBASE, u32::MAX, 0x3000_0001, ULIM, 0x2fff_f000][rng.below(8) as usize]
}

/// A string to print, as address and length: nothing that is there gets to the screen, since it begins with a NUL.
///
/// One in four is, or may be, deadly.
pub fn string(rng: &mut Rng) -> (u32, u32) {
    let inside = page(rng) + 8;
    match rng.below(16) {
        0..8 => (inside, [0, 1, 100, PGSIZE - 8][rng.below(4) as usize]),
        8..12 => [(UENVS + 68, 4), (UENVS + 68, 1), (UENVS + 31 * PGSIZE - 4, 4), (UENVS + 68, 30 * PGSIZE)]
            [rng.below(4) as usize],
        12 => (inside, [PGSIZE, 2 * PGSIZE, 0x0100_0000, u32::MAX][rng.below(4) as usize]),
        13 => (UENVS + 31 * PGSIZE - 4, 5),
        14 => [(ULIM - 1, 1), (ULIM, 0), (KERNBASE, 1), (u32::MAX, 1), (u32::MAX, u32::MAX), (ULIM - 1, u32::MAX)]
            [rng.below(6) as usize],
        _ => (0x3000_0000, [0, 1, u32::MAX][rng.below(3) as usize]),
    }
}
