//! Atomic words as x86 has them, on top of the checker's.
//!
//! A word in a `static` outlives the checker's runs, so each run looks its words up by their addresses, and finds them as
//! they were at the beginning.
//!
//! The order of memory is x86's: an instruction with a lock prefix is a fence, whatever ordering the source asks for, and so
//! is a sequentially consistent store, which is an `xchg`; a sequentially consistent load is a plain one. The checker knows
//! fences, and takes sequentially consistent accesses for weaker than they are, so this is also what it can check.
//!
//! What is said in one direction only, by one word, is checked in the order that the source asks for instead, as a compiler
//! may take it, and other processors ([`Order::AsWritten`]).
//!
//! The access at the place that `JOS_RELAX` names is relaxed, and weaker than any instruction of x86: a change with a lock
//! prefix orders nothing around it, and a fence is not there. For `scripts/jos mutants --sweep orders`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::Location;
use std::rc::Rc;

pub use core::sync::atomic::Ordering;

use crate::without;

/// Which order a run keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// That of x86's instructions.
    OfX86,
    /// That of the source. The checker takes what is sequentially consistent for weaker than it is.
    AsWritten,
}

std::thread_local! {
    /// Threads of the checker share one real thread.
    static ORDER: Cell<Order> = const { Cell::new(Order::OfX86) };
    static THINGS: RefCell<HashMap<usize, Rc<dyn Any>>> = RefCell::new(HashMap::new());
}

/// Forgets the last run's words. The first thing in each run.
pub(crate) fn begin(order: Order) {
    ORDER.set(order);
    THINGS.with_borrow_mut(HashMap::clear);
}

/// What this run has at `address`, made when it is first asked for.
pub(crate) fn thing<T: 'static>(address: usize, make: impl FnOnce() -> T) -> Rc<T> {
    let known = THINGS.with_borrow(|things| things.get(&address).cloned());
    let thing = known.unwrap_or_else(|| {
        let new: Rc<dyn Any> = Rc::new(make());
        THINGS.with_borrow_mut(|things| things.insert(address, new.clone()));
        new
    });
    thing.downcast().expect("one thing has one type")
}

/// A fence, unless it is the one left out.
#[track_caller]
pub fn fence(order: Ordering) {
    if !without::order(Location::caller()) {
        loom::sync::atomic::fence(order);
    }
}

/// A change of a word by a locked instruction, which is a fence, whatever is `written`; unless it is the one relaxed.
/// `strongest` is what the checker knows for it.
#[track_caller]
fn locked<R>(written: Ordering, strongest: Ordering, access: impl FnOnce(Ordering) -> R) -> R {
    if without::order(Location::caller()) {
        return access(Ordering::Relaxed);
    }
    if ORDER.get() == Order::AsWritten {
        return access(if written == Ordering::SeqCst { strongest } else { written });
    }
    loom::sync::atomic::fence(Ordering::SeqCst);
    let result = access(strongest);
    loom::sync::atomic::fence(Ordering::SeqCst);
    result
}

macro_rules! word {
    ($name:ident, $of_the_checker:ident, $value:ty) => {
        /// A word.
        #[derive(Debug)]
        pub struct $name {
            first: $value,
        }

        impl $name {
            pub const fn new(first: $value) -> Self {
                Self { first }
            }

            fn word(&self) -> Rc<loom::sync::atomic::$of_the_checker> {
                let make = || loom::sync::atomic::$of_the_checker::new(self.first);
                thing(std::ptr::from_ref(self).addr(), make)
            }

            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let relaxed = order == Ordering::Relaxed || without::order(Location::caller());
                let plain = if relaxed { Ordering::Relaxed } else { Ordering::Acquire };
                self.word().load(plain)
            }

            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                match order {
                    Ordering::SeqCst => locked(order, Ordering::Release, |order| self.word().store(value, order)),
                    _ if without::order(Location::caller()) => self.word().store(value, Ordering::Relaxed),
                    order => self.word().store(value, order),
                }
            }

            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                locked(order, Ordering::AcqRel, |order| self.word().swap(value, order))
            }

            #[track_caller]
            pub fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                order: Ordering,
                failed: Ordering,
            ) -> Result<$value, $value> {
                locked(order, Ordering::AcqRel, |order| {
                    let failed = if order == Ordering::Relaxed { order } else { failed };
                    self.word().compare_exchange(old, new, order, failed)
                })
            }

            #[track_caller]
            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                locked(order, Ordering::AcqRel, |order| self.word().fetch_or(value, order))
            }

            #[track_caller]
            pub fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                locked(order, Ordering::AcqRel, |order| self.word().fetch_and(value, order))
            }
        }
    };
}

word!(AtomicU32, AtomicU32, u32);
word!(AtomicUsize, AtomicUsize, usize);
word!(AtomicBool, AtomicBool, bool);

/// A word that is an address.
#[derive(Debug)]
pub struct AtomicPtr<T> {
    first: *mut T,
}

impl<T: 'static> AtomicPtr<T> {
    pub const fn new(first: *mut T) -> Self {
        Self { first }
    }

    fn word(&self) -> Rc<loom::sync::atomic::AtomicPtr<T>> {
        thing(std::ptr::from_ref(self).addr(), || loom::sync::atomic::AtomicPtr::new(self.first))
    }

    #[track_caller]
    pub fn load(&self, order: Ordering) -> *mut T {
        self.word().load(if without::order(Location::caller()) { Ordering::Relaxed } else { order })
    }

    #[track_caller]
    pub fn store(&self, value: *mut T, order: Ordering) {
        self.word().store(value, if without::order(Location::caller()) { Ordering::Relaxed } else { order });
    }
}

impl AtomicU32 {
    #[track_caller]
    pub fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        locked(order, Ordering::AcqRel, |order| self.word().fetch_sub(value, order))
    }

    #[track_caller]
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        locked(order, Ordering::AcqRel, |order| self.word().fetch_add(value, order))
    }
}
