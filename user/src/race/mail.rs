//! Messages.

use core::hint;
use core::sync::atomic::Ordering;

use ulib::layout::UTOP;
use ulib::{
    EnvId, EnvStatus, Error, Page, PteFlags, SELF, WRITE, ipc_recv, ipc_send, ipc_try_send, record, sys_env_destroy,
    sys_getenvid, sys_ipc_recv, sys_ipc_try_send, sys_page_map, sys_yield,
};

use super::stage::{FREE, Stage, VA, open_windows, page_with, until};
use crate::hostile::{Board, expect};

/// Where a page in a message goes.
const THERE: u32 = 0x2100_0000;

fn until_receiving(id: EnvId) {
    while record(id).ipc_recving.load(Ordering::SeqCst) == 0 {
        hint::spin_loop();
    }
}

/// Sends to an env that waits, or will at once. A refused sender would rest in the queue of its CPU until that one's next tick,
/// and it may be just the CPU that the window holds: both actors are on one when the host does not run the other.
fn send_when_it_waits(receiver: EnvId, value: u32) {
    until_receiving(receiver);
    expect("a message", ipc_try_send(receiver, value, None), Ok(()));
}

/// A receiver gets its message before it has left its CPU, and a third CPU has nothing to do.
pub(super) fn woken_on_its_cpu(mut stage: Stage) {
    let receiver = stage.actor(|board| {
        for round in 1..=3 {
            expect("a message", ipc_recv(None).unwrap().value, round);
            board.word(FREE).fetch_add(1, Ordering::SeqCst);
        }
    });
    stage.go();
    (1..=3).for_each(|round| send_when_it_waits(receiver, round));
    stage.end(&[receiver]);
    expect("messages taken", stage.board.get(FREE), 3);
}

/// A sender is refused, and before it can go to rest the receiver asks for messages.
pub(super) fn refused_while_asking(mut stage: Stage) {
    let receiver = stage.actor(|board| {
        board.set(FREE, ipc_recv(None).unwrap().value);
    });
    stage.go();
    ipc_send(receiver, 4711, None);
    stage.end(&[receiver]);
    expect("the message", stage.board.get(FREE), 4711);
}

/// A receiver has said that it waits, and is sent to before it goes to sleep.
pub(super) fn sent_to_before_it_sleeps(mut stage: Stage) {
    let receiver = stage.actor(|board| {
        // Not before: a tick on the way here would be taken for a step of the receiving.
        open_windows();
        board.set(FREE, ipc_recv(None).unwrap().value);
    });
    stage.begin();
    send_when_it_waits(receiver, 4711);
    // It has what it waited for.
    while stage.board.get(FREE) == 0 {
        let status = record(receiver).status.load(Ordering::SeqCst);
        assert!(status != EnvStatus::NotRunnable as u32, "the message is delivered, and its receiver sleeps");
    }
    stage.end(&[receiver]);
    expect("the message", stage.board.get(FREE), 4711);
}

/// What the receiver finds in its registers is what `ipc_recv` promises, though it was sent to meanwhile.
pub(super) fn registers_are_the_receivers(mut stage: Stage) {
    let receiver = stage.actor(|board| {
        // Any other value in EAX is an error here, or a panic in the library.
        expect("ipc_recv", sys_ipc_recv(UTOP), Ok(()));
        board.set(FREE, 1);
    });
    stage.go();
    send_when_it_waits(receiver, 0xdead_beef);
    stage.end(&[receiver]);
    expect("whether it came back", stage.board.get(FREE), 1);
}

/// A page is on its way to an env that is destroyed.
pub(super) fn page_for_the_dying(mut stage: Stage) {
    // With the page it stays until it is destroyed.
    let receiver = stage.prepared(|_| ipc_recv(Some(Page::at(THERE))), |board, _| until(board, FREE, 1));
    let sender = stage.prepared(
        |_| page_with(4711),
        move |_, page| {
            let answer = sys_ipc_try_send(receiver, 1, page.va(), WRITE);
            assert!(matches!(answer, Ok(()) | Err(Error::BadEnv | Error::IpcNotRecv)), "{answer:?}");
        },
    );
    until_receiving(receiver);
    stage.enough(1);
    stage.go();
    expect("destroying the receiver", sys_env_destroy(receiver), Ok(()));
    stage.end(&[receiver, sender]);
}

/// A page is sent from one to the other, and another one mapped the same way.
pub(super) fn same_way(stage: Stage) {
    two_spaces(stage, false);
}

/// A page is sent from one to the other, and another one mapped the other way.
pub(super) fn crossing(stage: Stage) {
    two_spaces(stage, true);
}

fn two_spaces(mut stage: Stage, crossing: bool) {
    let receiver = stage.prepared(
        |board| {
            page_with(2);
            let message = ipc_recv(Some(Page::at(THERE))).unwrap();
            expect("the page sent", Page::at(THERE).read(0), 3);
            board.set(FREE, message.value);
            until(board, FREE + 1, 1);
        },
        |_, ()| (),
    );
    let sender = stage.prepared(
        |_| page_with(3),
        move |board, page| {
            ipc_send(receiver, 4711, Some((page, WRITE)));
            until(board, FREE + 1, 1);
        },
    );
    until_receiving(receiver);
    stage.enough(1);
    stage.go();
    let (from, to) = if crossing { (receiver, sender) } else { (sender, receiver) };
    expect("mapping", sys_page_map(from, VA, to, THERE + 0x1000, WRITE), Ok(()));
    until(stage.board, FREE, 4711);
    expect("mapping here", sys_page_map(to, THERE + 0x1000, SELF, THERE, WRITE), Ok(()));
    expect("the page mapped", Page::at(THERE).read(0), if crossing { 2 } else { 3 });
    stage.board.set(FREE + 1, 1);
    stage.end(&[receiver, sender]);
}

/// Two envs send to each other, and neither receives. Both rest, and are asked again at ticks; when one is gone the other one
/// is told so.
pub(super) fn sent_to_each_other(mut stage: Stage) {
    let insist = |board: Board, to: usize| {
        loop {
            match sys_ipc_try_send(EnvId(board.get(to)), 0, UTOP, WRITE) {
                Err(Error::IpcNotRecv) => sys_yield(),
                answer => break answer,
            }
        }
    };
    let first = stage.actor(|board| expect("a message to the second", insist(board, FREE + 1), Err(Error::BadEnv)));
    let second = stage.actor(|board| expect("a message to the first", insist(board, FREE), Err(Error::BadEnv)));
    stage.board.set(FREE, first.0);
    stage.board.set(FREE + 1, second.0);
    stage.go();
    for id in [first, second, first, second] {
        let runs = || record(id).runs.load(Ordering::SeqCst);
        let before = runs();
        while runs() == before {
            hint::spin_loop();
        }
    }
    expect("destroying the first", sys_env_destroy(first), Ok(()));
    stage.end(&[first, second]);
}

/// Somebody reads the receiver's record while a message is delivered.
pub(super) fn record_is_whole(mut stage: Stage) {
    let receiver = stage.prepared(|_| ipc_recv(None), |_, _| ());
    let reader = stage.actor(move |board| {
        let record = record(receiver);
        while record.ipc_recving.load(Ordering::SeqCst) != 0 {
            hint::spin_loop();
        }
        expect("the value, when it has come", record.ipc_value.load(Ordering::SeqCst), 4711);
        let perm = PteFlags::from_bits_retain(record.ipc_perm.load(Ordering::SeqCst));
        expect("the permissions", perm, PteFlags::empty());
        board.set(FREE, record.ipc_from.load(Ordering::SeqCst));
        sys_yield();
    });
    until_receiving(receiver);
    stage.enough(1);
    stage.go();
    ipc_send(receiver, 4711, None);
    stage.end(&[receiver, reader]);
    expect("the sender", stage.board.get(FREE), sys_getenvid().0);
}

/// Each of three sends to the next one and only then would receive: they wait for ever.
pub(super) fn senders_in_a_circle(mut stage: Stage) {
    let parent = sys_getenvid();
    let last = stage.actor(move |_| ipc_send(parent, 3, None));
    let middle = stage.actor(move |_| ipc_send(last, 2, None));
    stage.go();
    ipc_send(middle, 1, None);
    stage.end(&[last, middle]);
}
