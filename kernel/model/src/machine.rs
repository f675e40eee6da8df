//! CPUs, locks and interrupts of the model, under the names that the kernel's files use.
#![allow(unsafe_code, reason = "a lock hands out what it protects")]

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::ptr;
use std::rc::Rc;

use loom::sync::{Condvar, Mutex, MutexGuard};
use loom::thread;

use crate::atomic::thing;
use crate::{Rank, without};

loom::thread_local! {
    static CPU: Cell<usize> = Cell::new(0);
}

/// Starts a thread that plays CPU `index`.
pub(crate) fn on_cpu<R: 'static>(index: usize, part: impl FnOnce() -> R + 'static) -> thread::JoinHandle<R> {
    thread::spawn(move || {
        CPU.with(|cpu| cpu.set(index));
        part()
    })
}

/// The CPU that this thread plays.
pub(crate) fn index() -> usize {
    CPU.with(Cell::get)
}

/// The interrupt that waits for a CPU.
#[derive(Default)]
struct Pin {
    pending: Mutex<bool>,
    came: Condvar,
}

fn pin(cpu: usize) -> Rc<Pin> {
    static PLACES: [u8; 8] = [0; 8];
    thing(ptr::from_ref(&PLACES[cpu]).addr(), Pin::default)
}

/// Interrupts a CPU.
pub(crate) fn interrupt(cpu: usize) {
    let pin = pin(cpu);
    *pin.pending.lock().expect("nobody panics") = true;
    pin.came.notify_one();
}

/// Halts until an interrupt comes, or if one has come since the last time.
pub(crate) fn halt() {
    let pin = pin(index());
    let mut pending = pin.pending.lock().expect("nobody panics");
    while !*pending {
        pending = pin.came.wait(pending).expect("nobody panics");
    }
    *pending = false;
}

/// Waits for another CPU, and what the checker of the lock order is told meanwhile.
pub mod order {
    use super::thread;

    /// Where a CPU must hold no lock.
    #[derive(Clone, Copy, Debug)]
    pub enum Gate {
        /// On its way to `hlt`.
        Halt,
    }

    pub fn gate<M>(_: Gate) {}
    pub fn freed<M>(_: usize, _: usize) {}
    pub fn might_await<M>() {}
    pub fn entering_user<M>() {}
    pub fn left_user<M>() {}

    pub fn await_cpu<M>(_: usize, waiting: impl Fn() -> bool) {
        while waiting() {
            thread::yield_now();
        }
    }
}

/// What happens, for nobody to note.
pub mod trace {
    pub fn note(_: crate::event::Event) {}
}

/// The big lock, which the model is without.
pub mod big {
    use super::PhantomData;

    pub const IS_ON: bool = false;

    pub struct Guard<M>(pub PhantomData<M>);

    impl<M> Guard<M> {
        pub fn unlocked<R>(&mut self, work: impl FnOnce() -> R) -> R {
            work()
        }
    }
}

/// A lock of the checker's around data that stays from run to run.
#[derive(Debug)]
pub struct SpinLock<T> {
    value: UnsafeCell<T>,
    /// Their addresses are the names of this run's mutex, and of what tells the checker of critical sections.
    names: [u8; 2],
}

/// What each critical section of a lock writes when it begins and when it ends: the checker reports two sections that nothing
/// puts in an order, though they never meet.
type Section = loom::cell::UnsafeCell<()>;

// SAFETY: all threads of the checker run on one real thread, one at a time, and change only where they wait.
unsafe impl<T> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    pub const fn new(_: Rank, _: u16, value: T) -> Self {
        Self { value: UnsafeCell::new(value), names: [0; 2] }
    }

    #[track_caller]
    pub fn lock(&self) -> Guard<'_, T> {
        self.lock_as(without::lock(Location::caller(), false))
    }

    #[track_caller]
    fn lock_second(&self) -> Guard<'_, T> {
        self.lock_as(without::lock(Location::caller(), true))
    }

    fn lock_as(&self, left_out: bool) -> Guard<'_, T> {
        if left_out {
            // Others may come first here, as where the lock is taken.
            thread::yield_now();
            return self.guard(None);
        }
        let mutex = self.mutex();
        let held = mutex.lock().expect("nobody panics");
        self.guard(Some(Held::new(&mutex, held)))
    }

    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        let mutex = self.mutex();
        let held = mutex.try_lock().ok()?;
        Some(self.guard(Some(Held::new(&mutex, held))))
    }

    fn mutex(&self) -> Rc<Mutex<()>> {
        thing(ptr::from_ref(&self.names[0]).addr(), || Mutex::new(()))
    }

    /// Begins a critical section.
    fn guard(&self, held: Option<Held>) -> Guard<'_, T> {
        let section = thing(ptr::from_ref(&self.names[1]).addr(), || Section::new(()));
        section.with_mut(|_| ());
        Guard { lock: self, section, _held: held }
    }

    pub fn might_lock(&self) {}
}

/// The mutex of a lock, held.
struct Held {
    held: ManuallyDrop<MutexGuard<'static, ()>>,
    _mutex: Rc<Mutex<()>>,
}

impl Held {
    fn new(mutex: &Rc<Mutex<()>>, held: MutexGuard<'_, ()>) -> Self {
        // SAFETY: the mutex is kept beside it, and goes after what borrows it.
        let held = unsafe { std::mem::transmute::<MutexGuard<'_, ()>, MutexGuard<'static, ()>>(held) };
        Self { held: ManuallyDrop::new(held), _mutex: mutex.clone() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: once, here.
        unsafe { ManuallyDrop::drop(&mut self.held) }
    }
}

/// The right to use what a lock protects.
pub struct Guard<'a, T> {
    lock: &'a SpinLock<T>,
    section: Rc<Section>,
    /// Nothing for the lock that is left out.
    _held: Option<Held>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the mutex is held. Where it is left out, one real thread plays all of them, and the run is to fail.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the mutex is held. Where it is left out, one real thread plays all of them, and the run is to fail.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.section.with_mut(|_| ());
        }
    }
}

/// Two locks of one class.
pub struct Pair<'a, T> {
    first: Guard<'a, T>,
    second: Guard<'a, T>,
}

impl<T> Pair<'_, T> {
    pub fn first(&mut self) -> &mut T {
        &mut self.first
    }

    pub fn second(&mut self) -> &mut T {
        &mut self.second
    }
}

/// Takes two different locks, the one at the lower address first.
#[track_caller]
pub fn lock_pair<'a, T>(a: &'a SpinLock<T>, b: &'a SpinLock<T>) -> Pair<'a, T> {
    if ptr::from_ref(a).addr() < ptr::from_ref(b).addr() {
        let first = a.lock();
        Pair { first, second: b.lock_second() }
    } else {
        let second = b.lock();
        Pair { first: a.lock_second(), second }
    }
}
