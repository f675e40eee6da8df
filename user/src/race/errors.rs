//! Calls that fail while another CPU wants what they hold.

use core::hint;
use core::sync::atomic::Ordering;

use ulib::{
    Error, Page, READ, SELF, Syscall, WRITE, ipc_recv, raw, record, sys_env_set_pgfault_upcall, sys_ipc_try_send,
    sys_page_map,
};

use super::stage::{FREE, Stage, VA, page_with, until};
use crate::hostile::{expect, refused};

/// Where a page in a message goes; and where none is.
const THERE: u32 = 0x2100_0000;
const NOWHERE: u32 = 0x2200_0000;

/// A message fails, for there is no page where it says, and another one is waiting to be delivered.
pub(super) fn send_without_a_page(mut stage: Stage) {
    let receiver = stage.prepared(
        |board| {
            board.set(FREE, ipc_recv(Some(Page::at(THERE))).unwrap().value);
            expect("the page sent", Page::at(THERE).read(0), 3);
        },
        |_, ()| (),
    );
    let sender = stage.prepared(
        |_| page_with(3),
        move |_, page| expect("a good message", sys_ipc_try_send(receiver, 4711, page.va(), WRITE), Ok(())),
    );
    while record(receiver).ipc_recving.load(Ordering::SeqCst) == 0 {
        hint::spin_loop();
    }
    stage.enough(1);
    stage.go();
    let answer = sys_ipc_try_send(receiver, 1, NOWHERE, WRITE);
    assert!(matches!(answer, Err(Error::Inval | Error::IpcNotRecv)), "{answer:?}");
    stage.end(&[sender, receiver]);
    expect("the message", stage.board.get(FREE), 4711);
}

/// A status that is none, for a child that wants its own life's lock.
pub(super) fn no_such_status(mut stage: Stage) {
    let child = stage.actor(|board| {
        expect("no handler", sys_env_set_pgfault_upcall(SELF, 0), Ok(()));
        until(board, FREE, 1);
    });
    stage.go();
    let answer = raw::syscall4(Syscall::EnvSetStatus as u32, child.0, 99, 0, 0);
    expect("a status that is none", answer, Error::Inval.to_eax());
    stage.board.set(FREE, 1);
    stage.end(&[child]);
}

/// A right that the child does not have is asked of it, and the child wants its own memory.
pub(super) fn no_such_right(mut stage: Stage) {
    let child = stage.prepared(
        |_| {
            let page = page_with(0);
            expect("fewer rights", page.map(SELF, page, READ), Ok(()));
        },
        |board, ()| {
            expect("a page", Page::at(THERE).alloc(WRITE), Ok(()));
            until(board, FREE, 1);
        },
    );
    stage.go();
    refused("writing what it may read", sys_page_map(child, VA, SELF, VA, WRITE), Error::Inval);
    stage.board.set(FREE, 1);
    stage.end(&[child]);
}
