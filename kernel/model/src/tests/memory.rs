//! Memory: a frame is used by those who refer to it, and there is in it what was written before it was mapped.

use std::rc::Rc;

use abi::PteFlags;
use loom::cell::UnsafeCell;

use super::{explore_in, take_memory};
use crate::atomic::{AtomicU32, Order, Ordering};
use crate::machine::on_cpu;
use crate::mm::entry::Entry;
use crate::mm::frame::{self, Frame, PageRef};

/// Fails when a dropped reference is counted in no order, or in two steps.
#[test]
fn a_frame_is_handed_out_again_when_its_last_owner_is_through_with_it() {
    explore_in(Order::AsWritten, 3, || {
        frame::init(1, |_| true);
        let contents = Rc::new(UnsafeCell::new(()));
        let page = PageRef::alloc().expect("there is one");
        let (its_page, its_contents) = (PageRef::share(page.frame()), contents.clone());
        let other = on_cpu(1, move || {
            its_contents.with(|_| ());
            drop(its_page);
        });
        contents.with(|_| ());
        drop(page);
        if let Some(page) = PageRef::alloc() {
            // The next owner fills it.
            contents.with_mut(|_| ());
            drop(page);
        }
        other.join().expect("no CPU panics");
        assert_eq!(take_memory(), 1);
    });
}

/// Fails when `Entry::put` stores in no order.
#[test]
fn a_page_table_is_zeroed_before_it_is_found() {
    explore_in(Order::AsWritten, 2, || {
        let (above, table) = (Rc::new(AtomicU32::new(0)), Rc::new(UnsafeCell::new(())));
        let (its_above, its_table) = (above.clone(), table.clone());
        assert!(Entry::decode(above.load(Ordering::Relaxed)).is_none());
        let walker = on_cpu(1, move || {
            // A processor looks into the table that it has found, so its looks are in this order.
            if Entry::decode(its_above.load(Ordering::Acquire)).is_some() {
                its_table.with(|_| ());
            }
        });
        table.with_mut(|_| ());
        Entry::put(&above, Frame(1), PteFlags::P);
        walker.join().expect("no CPU panics");
    });
}
