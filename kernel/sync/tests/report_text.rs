//! What a report looks like: for people, for programs, and when two CPUs really hang.
#![cfg(any(feature = "order", feature = "full", all(debug_assertions, not(feature = "off"), not(feature = "stats"))))]

mod common;

use common::on_cpu;
use sync::order::{self, Gate};
use sync::{Rank, SpinLock};

#[test]
fn a_report_tells_the_whole_story() {
    machine!(This, OUTSIDE);
    let queue = SpinLock::<_, This>::new(Rank::RunQueue, 2, ());
    let env = SpinLock::<_, This>::new(Rank::EnvIpc, 7, ());
    let outer = line!() + 2;
    on_cpu::<This, _>(3, |_| {
        let _queue = queue.lock();
        drop(env.lock());
    });
    let text = OUTSIDE.take();
    let edge = |edge: &&sync::rank::Edge| edge.outer == Rank::EnvIpc && edge.inner == Rank::RunQueue;
    let declared = sync::rank::EDGES.iter().find(edge).unwrap().declared.line();
    let (a, b) = (format!("{}:{outer}", file!()), format!("{}:{}", file!(), outer + 1));
    let expected = format!(
        "\
lock report: a lock is wanted that comes before one that is held
  lock:   env ipc #7, at {b}
  held:   run queue #2, taken at {a} by CPU 3
  order:  env ipc comes before run queue:
    env ipc, then run queue: the receiver is queued in the step in which its message arrives \
(kernel/sync/src/rank.rs:{declared})
  danger: another CPU that keeps the order holds the wanted lock and waits for the held one: \
both wait for ever. One CPU alone can show the wrong order; it takes two to hang
  how CPUs come to wait for each other:
    CPU 3                                       another CPU
    takes run queue #2
                                                takes env ipc
    waits for env ipc #7
                                                waits for run queue
  the circle, as short as it can be:
    run queue -> env ipc: this report; outer taken at {a}, inner wanted at {b}
    env ipc -> run queue: declared at kernel/sync/src/rank.rs:{declared}; not done yet since the start
  all CPUs now:
  CPU 3 holds, first taken first:
    run queue #2, taken at {a}
  back-trace, innermost first:
    f0100123 kernel::function_at_f0100123
    f0104567 kernel::function_at_f0104567
  fix: release the held lock first, and check again afterwards what was read under it; or take the wanted one before it.
       a guard lives to the end of its block, and one made in the head of `match`, `if let`, `while let` or `for` to the \
end of the body
LOCKREPORT kind=inversion outer=run-queue#2 inner=env-ipc#7 outer_site={a} inner_site={b} cpu=3
"
    );
    assert_eq!(text, expected);
}

/// One lock that is never released breaks one rule after the other: only the first report tells the whole story.
#[test]
fn reports_about_a_lock_left_held_are_short() {
    machine!(This, OUTSIDE);
    let space = SpinLock::<_, This>::new(Rank::EnvVm, 4, ());
    let queue = SpinLock::<_, This>::new(Rank::RunQueue, 2, ());
    let life = SpinLock::<_, This>::new(Rank::EnvLife, 4, ());
    let is_long = |text: &str| text.contains("\n  danger: ") && text.contains("\n  fix: ");
    on_cpu::<This, _>(3, |_| {
        let left_held = space.lock();
        order::gate::<This>(Gate::UserReturn);
        let first = OUTSIDE.take();
        assert!(is_long(&first), "{first}");
        drop(life.lock());
        order::gate::<This>(Gate::Halt);
        let later = OUTSIDE.take();
        assert_eq!(later.matches("\n  cause:  ").count(), 2, "{later}");
        assert_eq!(later.matches("\nLOCKREPORT kind=").count(), 2, "{later}");
        assert!(
            !later.contains("danger:") && !later.contains("fix:") && later.contains("function_at_f0104567"),
            "{later}"
        );
        drop(left_held);
        // Another lock is another story.
        let held = queue.lock();
        drop(life.lock());
        assert!(is_long(&OUTSIDE.take()));
        drop(held);
    });
}
