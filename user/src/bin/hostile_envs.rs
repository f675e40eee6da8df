//! Hostile: takes all environments, and looks whether they come back. To be run alone.
//!
//! The ids must be new each time, positive, and in different slots.

#![no_std]
#![no_main]

use ulib::{Args, EnvId, Error, NENV, Page, SELF, WRITE, alive, cprintf, sys_env_destroy, sys_exofork};
use user::hostile::{expect, refused};

ulib::entry!(main);

fn main(_: Args) {
    // A page for the ids; there is no room on the stack.
    let ids = Page::at(0x1000_0000);
    ids.alloc(WRITE).unwrap();

    let all = take(ids);
    assert!(all > 0, "no env to be had");
    for i in 0..all {
        let id = EnvId(ids.read(i));
        expect("destroying", sys_env_destroy(id), Ok(()));
        refused("destroying again", sys_env_destroy(id), Error::BadEnv);
    }
    let gone = EnvId(ids.read(0));
    expect("envs the second time", take(ids), all);
    assert!(!alive(gone), "{gone} is taken for the next tenant of its slot");
    for i in 0..all {
        expect("destroying", sys_env_destroy(EnvId(ids.read(i))), Ok(()));
    }
    cprintf!("hostile_envs: ok\n");
}

/// Makes children until there are no slots left. Stores their ids and returns how many.
fn take(ids: Page) -> usize {
    let mut taken = [false; NENV];
    let mut count = 0;
    loop {
        match sys_exofork() {
            Ok(SELF) => panic!("a child runs"),
            Ok(id) => {
                let slot = &mut taken[id.slot()];
                assert!(!*slot && id.0.cast_signed() > 0, "{id} was handed out");
                *slot = true;
                ids.write(count, id.0);
                count += 1;
            }
            Err(error) => {
                expect("exhausting envs", error, Error::NoFreeEnv);
                return count;
            }
        }
    }
}
