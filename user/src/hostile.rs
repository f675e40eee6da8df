//! What the hostile programs share: checks that name what went wrong, and children to die in their place.
//!
//! A hostile program tries to break the kernel. It ends with one line, `NAME: ok`, or with a panic.

use core::fmt::Debug;
use core::sync::atomic::{AtomicU32, Ordering};

use ulib::layout::PGSIZE;
use ulib::{EnvId, Error, Page, PteFlags, SELF, WRITE, exit, fork, wait};

/// Panics unless `got` is `want`.
#[track_caller]
pub fn expect<T: PartialEq + Debug>(what: &str, got: T, want: T) {
    assert!(got == want, "{what}: {got:?} instead of {want:?}");
}

/// [`expect`] for a call that must fail with this error.
#[track_caller]
pub fn refused(what: &str, got: Result<(), Error>, want: Error) {
    expect(what, got, Err(want));
}

/// Where the board is.
const PLACE: u32 = 0x0100_0000;

/// Words that the program and its children share.
#[derive(Clone, Copy, Debug)]
pub struct Board(Page);

impl Board {
    /// For the program and all children to come.
    pub fn shared() -> Board {
        let page = Page::at(PLACE);
        page.alloc(WRITE | PteFlags::SHARE).unwrap();
        Board(page)
    }

    /// The one that the program or its parent has made, for code that is handed nothing.
    pub fn known() -> Board {
        Board(Page::at(PLACE))
    }

    /// Word `i` (0..1024).
    pub fn word(self, i: usize) -> &'static AtomicU32 {
        self.0.atomic(i)
    }

    /// Reads word `i`.
    pub fn get(self, i: usize) -> u32 {
        self.word(i).load(Ordering::SeqCst)
    }

    /// Writes word `i`.
    pub fn set(self, i: usize, value: u32) {
        self.word(i).store(value, Ordering::SeqCst);
    }

    /// Runs `act` in a child, waits for the child's end, and says whether `act` came to its own. Uses word 0.
    pub fn child_survives(self, act: impl FnOnce()) -> bool {
        self.set(0, 0);
        let child = child(|| {
            act();
            self.set(0, 1);
        });
        wait(child);
        self.get(0) == 1
    }

    /// Panics unless the kernel destroys a child that does `act`.
    #[track_caller]
    pub fn dies(self, what: &str, act: impl FnOnce()) {
        assert!(!self.child_survives(act), "{what}: the kernel let it pass");
    }
}

/// Forks a child that does `act` and exits.
pub fn child(act: impl FnOnce()) -> EnvId {
    match fork().unwrap() {
        SELF => {
            act();
            exit();
        }
        child => child,
    }
}

/// Allocates pages from `first` on until memory is exhausted. Returns how many.
pub fn exhaust(first: Page) -> u32 {
    let mut pages = 0;
    loop {
        match first.plus(pages).alloc(WRITE) {
            Ok(()) => pages += 1,
            Err(error) => {
                expect("allocating all frames", error, Error::NoMem);
                return pages;
            }
        }
    }
}

/// Unmaps that many pages from `first` on.
pub fn release(first: Page, pages: u32) {
    for n in 0..pages {
        first.plus(n).unmap().unwrap();
    }
}

/// Addresses at which no page can be mapped.
pub const BAD_VAS: [u32; 9] = [
    1,
    0x1000_0fff,
    ulib::layout::UTOP - 1,
    ulib::layout::UTOP,
    ulib::layout::UVPT,
    ulib::layout::ULIM,
    ulib::layout::KERNBASE,
    u32::MAX - PGSIZE + 1,
    u32::MAX,
];

/// Permissions that no page can have.
pub const BAD_PERMS: [u32; 9] = [
    0,
    PteFlags::P.bits(),
    PteFlags::U.bits(),
    PteFlags::U.bits() | PteFlags::W.bits(),
    WRITE.bits() | PteFlags::PWT.bits(),
    WRITE.bits() | PteFlags::PS.bits(),
    WRITE.bits() | PteFlags::G.bits(),
    WRITE.bits() | 0x1000,
    u32::MAX,
];
