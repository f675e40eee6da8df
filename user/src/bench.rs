//! The frame of every benchmark: workers, a barrier, and the two lines between which time is taken.
//!
//! A benchmark is started as `bench_NAME:CPUS:OPS`. CPUS workers get ready, wait for each other, do OPS
//! operations each (or OPS rounds of several), and end. The last one to get ready prints
//! `BENCH NAME begin cpus=CPUS ops=TOTAL`, the last one to be done the same with `end`.
//! The program itself is a worker, so no other env takes time.
//!
//! For an emulator that measures by itself each operation is marked, too (`ulib::mark`); it opens and closes a window in
//! the middle of the work, while all CPUs are busy.

use core::sync::atomic::{AtomicU32, Ordering};

use ulib::{
    Args, EnvId, Page, PteFlags, SELF, WRITE, cprintf, exit, fork, ipc_recv, ipc_send, mark, sys_env_destroy,
    sys_exofork, sys_yield,
};

/// Where all workers see one page.
const SHARED: u32 = 0x1000_0000;

/// How many workers there will be.
pub fn workers(args: Args) -> u32 {
    args.number(1, 1).max(1)
}

/// Runs a benchmark. `setup` makes a worker's state, before the barrier; `op` is one operation.
pub fn run<S>(name: &str, args: Args, setup: impl FnOnce() -> S, mut op: impl FnMut(&mut S)) {
    run_marked(name, args, 1, setup, |state| {
        op(state);
        mark::op();
    });
}

/// The same where each call of `ops` does `many` operations, and marks them itself.
pub fn run_marked<S>(name: &str, args: Args, many: u32, setup: impl FnOnce() -> S, mut ops: impl FnMut(&mut S)) {
    let cpus = workers(args);
    let rounds = args.number(2, 1000);
    let total = u64::from(cpus) * u64::from(rounds) * u64::from(many);

    let shared = Page::at(SHARED);
    shared.alloc(WRITE | PteFlags::SHARE).unwrap();
    let [ready, go, done] = [0, 1, 2].map(|i| shared.atomic(i));

    for _ in 1..cpus {
        if fork().unwrap() == SELF {
            break;
        }
    }

    let mut state = setup();
    if last(ready, cpus) {
        cprintf!("BENCH {name} begin cpus={cpus} ops={total}\n");
        go.store(1, Ordering::Release);
    }
    while go.load(Ordering::Acquire) == 0 {
        sys_yield();
    }

    mark::window_begin();
    for _ in 0..rounds {
        ops(&mut state);
    }
    mark::window_end();
    if last(done, cpus) {
        cprintf!("BENCH {name} end cpus={cpus} ops={total}\n");
    }
}

/// Counts the caller in. Whether all are there now.
fn last(counter: &AtomicU32, all: u32) -> bool {
    counter.fetch_add(1, Ordering::AcqRel) + 1 == all
}

/// A child of a worker that ends with it.
#[derive(Debug)]
pub struct Child(EnvId);

impl Child {
    /// A child that never runs: an address space to map into.
    pub fn idle() -> Child {
        let child = sys_exofork().unwrap();
        assert!(child != SELF, "an idle child runs");
        Child(child)
    }

    /// A child that sends back each word it is sent.
    pub fn echo() -> Child {
        match fork().unwrap() {
            SELF => loop {
                let message = ipc_recv(None).unwrap();
                ipc_send(message.from, message.value, None);
            },
            child => Child(child),
        }
    }

    /// Its id.
    pub fn id(&self) -> EnvId {
        self.0
    }

    /// Sends it a word and waits for that to come back.
    pub fn round_trip(&self) {
        ipc_send(self.0, 1, None);
        ipc_recv(None).unwrap();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        sys_env_destroy(self.0).unwrap();
    }
}

/// What a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The same word.
    Echo,
    /// Nothing.
    None,
}

/// The end of a client's business with its server.
const GOODBYE: u32 = 0;

/// One of many that talk to one server. Says good-bye when it is dropped.
#[derive(Debug)]
pub struct Client(EnvId);

impl Client {
    /// Starts the server of `clients` workers to come, which are to inherit this by `fork`. It ends when all of them
    /// have said good-bye.
    pub fn of_new_server(clients: u32, reply: Reply) -> Client {
        let server = fork().unwrap();
        if server != SELF {
            return Client(server);
        }
        let mut left = clients;
        while left > 0 {
            let message = ipc_recv(None).unwrap();
            if message.value == GOODBYE {
                left -= 1;
            } else if reply == Reply::Echo {
                ipc_send(message.from, message.value, None);
            }
        }
        exit();
    }

    /// Sends a word.
    pub fn send(&mut self) {
        ipc_send(self.0, 1, None);
    }

    /// Sends a word and waits for that to come back.
    pub fn round_trip(&mut self) {
        self.send();
        ipc_recv(None).unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        ipc_send(self.0, GOODBYE, None);
    }
}

/// Makes a child by `fork` (or `sfork`) that does `work` and ends. Waits until it is gone.
pub fn child_does(fork: fn() -> Result<EnvId, ulib::Error>, work: impl FnOnce()) {
    match fork().unwrap() {
        SELF => {
            work();
            exit();
        }
        child => ulib::wait(child),
    }
}
