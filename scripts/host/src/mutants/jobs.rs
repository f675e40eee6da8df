//! Work of many pieces, some of them at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Result, bail};

use crate::interrupt;

/// What is inside, also if somebody panicked with it.
pub(super) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does `one` for each of `all`, `jobs` at a time: it is told which job it is (from 0), and which piece. What came of each;
/// none for those that Ctrl-C came before.
///
/// # Errors
/// The first of `one`, or when it panics.
pub(super) fn each<T: Sync, R: Send>(
    all: &[T],
    jobs: usize,
    one: impl Fn(usize, usize, &T) -> Result<R> + Sync,
) -> Result<Vec<Option<R>>> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = |job: usize| -> Result<()> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = all.get(index).filter(|_| !interrupt::seen()) else { return Ok(()) };
            let result = one(job, index, piece)?;
            lock(&results).insert(index, result);
        }
    };
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|job| scope.spawn(move || work(job))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a job panicked")))
    })?;
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((0..all.len()).map(|index| results.remove(&index)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_is_done_once_and_in_its_place() {
        let all: Vec<usize> = (0..100).collect();
        let done = each(&all, 3, |job, index, &piece| Ok((job < 3, index, piece))).unwrap();
        assert!(done.into_iter().enumerate().all(|(place, done)| done == Some((true, place, place))));
    }

    #[test]
    fn an_error_is_told() {
        let odd = |_, _, &piece: &u32| if piece == 7 { bail!("seven") } else { Ok(()) };
        assert_eq!(each(&[1, 7, 3], 2, odd).unwrap_err().to_string(), "seven");
    }
}
