//! Hostile: environments that try to destroy all others, and may only destroy their own children.
//!
//! First one by one: parent, sibling, grandchild, the dead. Then a crowd of them, on all CPUs at once,
//! which in the end are destroyed while they are at it.

#![no_std]
#![no_main]

use core::sync::atomic::Ordering;

use ulib::{
    Args, EnvId, EnvStatus, Error, SELF, WRITE, alive, cprintf, envs, record, sys_env_destroy,
    sys_env_set_pgfault_upcall, sys_env_set_status, sys_getenvid, sys_page_alloc, sys_page_map, sys_page_unmap,
    sys_yield, wait,
};
use user::hostile::{Board, child, expect, refused};

ulib::entry!(main);

const CROWD: u32 = 16;

/// Words of the board: a grandchild's id, "you may end", how many of the crowd have begun.
const GRANDCHILD: usize = 1;
const END: usize = 2;
const BEGUN: usize = 3;

fn main(_: Args) {
    let board = Board::shared();
    relatives(board);
    crowd(board);
    cprintf!("hostile_kill: ok\n");
}

fn relatives(board: Board) {
    let me = sys_getenvid();
    let sibling = child(|| wait_for(board, END));
    let parent = child(|| {
        let grandchild = child(|| {
            powerless(me);
            powerless(sibling);
            board.set(GRANDCHILD, sys_getenvid().0);
            wait_for(board, END);
        });
        powerless(me);
        powerless(sibling);
        wait_for(board, END);
        wait(grandchild);
    });
    wait_for(board, GRANDCHILD);
    let grandchild = EnvId(board.get(GRANDCHILD));
    powerless(grandchild);
    assert!(alive(sibling) && alive(parent) && alive(grandchild), "somebody died");
    board.set(END, 1);
    [sibling, parent, grandchild].into_iter().for_each(wait);
    [sibling, parent, grandchild].into_iter().for_each(powerless);
}

/// No call that needs a right to `id` may work.
fn powerless(id: EnvId) {
    const VA: u32 = 0x2000_0000;
    let bad = Error::BadEnv;
    refused("env_destroy", sys_env_destroy(id), bad);
    refused("page_alloc", sys_page_alloc(id, VA, WRITE), bad);
    refused("page_map to", sys_page_map(SELF, VA, id, VA, WRITE), bad);
    refused("page_map from", sys_page_map(id, VA, SELF, VA, WRITE), bad);
    refused("page_unmap", sys_page_unmap(id, VA), bad);
    refused("set_status", sys_env_set_status(id, EnvStatus::Runnable), bad);
    refused("set_pgfault_upcall", sys_env_set_pgfault_upcall(id, 0), bad);
}

fn crowd(board: Board) {
    let crowd: [EnvId; CROWD as usize] = core::array::from_fn(|_| child(|| destroy_everybody(board)));
    while board.get(BEGUN) < CROWD {
        sys_yield();
    }
    for id in crowd {
        assert!(alive(id), "{id} was destroyed by a sibling");
        expect("destroying a child", sys_env_destroy(id), Ok(()));
    }
    crowd.into_iter().for_each(wait);
}

/// For ever, every other env there is; then a child of its own.
fn destroy_everybody(board: Board) {
    let me = sys_getenvid();
    for round in 0_u32.. {
        for env in envs() {
            let id = EnvId(env.id.load(Ordering::Relaxed));
            if id != me && id != SELF {
                refused("destroying a stranger", sys_env_destroy(id), Error::BadEnv);
            }
        }
        // Not with a child half made when the end comes: nobody else could destroy that.
        if round == 0 {
            let own = child(|| {
                loop {
                    sys_yield();
                }
            });
            expect("whose child", record(own).parent_id.load(Ordering::Relaxed), me.0);
            expect("destroying a child", sys_env_destroy(own), Ok(()));
            wait(own);
            board.word(BEGUN).fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn wait_for(board: Board, word: usize) {
    while board.get(word) == 0 {
        sys_yield();
    }
}
