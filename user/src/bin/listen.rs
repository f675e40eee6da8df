//! Reads what is typed, slowly, until a full stop comes, while others work: `listen:WORKERS`.
//!
//! Whoever types faster loses some of it, and nothing else happens.

#![no_std]
#![no_main]

use ulib::layout::UTEMP;
use ulib::{Args, EnvId, Page, SELF, WRITE, cprintf, sys_cgetc, sys_env_destroy, sys_yield};
use user::hostile::child;

ulib::entry!(main);

/// How often to let others run for each byte.
const YIELDS: u32 = 10;

fn main(args: Args) {
    let workers = args.number(1, 6);
    let mut children = [EnvId(0); 64];
    for id in children.iter_mut().take(workers as usize) {
        *id = child(|| {
            loop {
                let page = Page::at(UTEMP);
                page.alloc(WRITE).unwrap();
                page.map(SELF, page.plus(1), WRITE).unwrap();
                page.unmap().unwrap();
                page.plus(1).unmap().unwrap();
                sys_yield();
            }
        });
    }
    cprintf!("listen: begin\n");
    let mut bytes = 0;
    loop {
        match sys_cgetc() {
            b'.' => break,
            0 => {}
            _ => bytes += 1,
        }
        (0..YIELDS).for_each(|_| sys_yield());
    }
    for id in children.into_iter().take(workers as usize) {
        sys_env_destroy(id).unwrap();
    }
    cprintf!("listen: ok, {bytes} bytes\n");
}
