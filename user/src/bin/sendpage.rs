//! Sends a page to a child and back.

#![no_std]
#![no_main]

use ulib::{Args, EnvId, Page, SELF, WRITE, cprintf, fork, ipc_recv, ipc_send};

ulib::entry!(main);

const TO_CHILD: &str = "hello child environment! how are you?";
const TO_PARENT: &str = "hello parent environment! I'm good.";

fn main(_: Args) {
    let here = Page::at(0xa0_0000);
    let in_child = Page::at(0xb0_0000);

    let child = fork().unwrap();
    if child == SELF {
        let parent = receive(in_child, TO_CHILD, "child");
        in_child.write_bytes(TO_PARENT.as_bytes());
        ipc_send(parent, 0, Some((in_child, WRITE)));
        return;
    }

    here.alloc(WRITE).unwrap();
    here.write_bytes(TO_CHILD.as_bytes());
    ipc_send(child, 0, Some((here, WRITE)));
    receive(here, TO_PARENT, "parent");
}

/// Receives a page at `page` that should begin with `expected`. Returns who sent it.
fn receive(page: Page, expected: &str, who: &str) -> EnvId {
    let from = ipc_recv(Some(page)).unwrap().from;
    let mut bytes = [0; 64];
    let bytes = &mut bytes[..expected.len()];
    page.read_bytes(bytes);
    let text = str::from_utf8(bytes).unwrap_or("(not text)");
    cprintf!("{:x} got message: {text}\n", from.0);
    if text == expected {
        cprintf!("{who} received correct message\n");
    }
    from
}
