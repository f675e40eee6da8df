//! Benchmark: round trips of all workers to one server.
//!
//! The interface gives an env one mailbox and one CPU: whatever the locks, the server's own speed is the limit.

#![no_std]
#![no_main]

use ulib::Args;
use user::bench::{self, Client, Reply};

ulib::entry!(main);

fn main(args: Args) {
    let server = Client::of_new_server(bench::workers(args), Reply::Echo);
    bench::run("server", args, || server, Client::round_trip);
}
