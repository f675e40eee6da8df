//! Tests that .bss is there, zero, and ends where it should.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{Args, cprintf};

ulib::entry!(main);

const WORDS: usize = 1024 * 1024;

static BIG_ARRAY: [AtomicU32; WORDS] = [const { AtomicU32::new(0) }; WORDS];

fn main(_: Args) {
    cprintf!("Making sure bss works right...\n");
    for (i, word) in BIG_ARRAY.iter().enumerate() {
        assert!(word.load(Ordering::Relaxed) == 0, "bigarray[{i}] isn't cleared!");
    }
    for (i, word) in (0..).zip(&BIG_ARRAY) {
        word.store(i, Ordering::Relaxed);
    }
    for (i, word) in (0..).zip(&BIG_ARRAY) {
        assert!(word.load(Ordering::Relaxed) == i, "bigarray[{i}] didn't hold its value!");
    }
    cprintf!("Yes, good.  Now doing a wild write off the end...\n");
    let wild = BIG_ARRAY.as_ptr().wrapping_add(WORDS + 1024).cast_mut().cast::<u32>();
    // SAFETY: a page beyond the end of the array, which the linker puts last but for a few words, so
    // nothing is mapped there: the write traps.
    unsafe { wild.write_volatile(0) };
    panic!("SHOULD HAVE TRAPPED!!!");
}
