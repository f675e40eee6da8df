//! Benchmark: messages of all workers to one receiver, which answers nothing.
//!
//! The most crowded a mailbox can be: nobody waits for an answer before sending again.

#![no_std]
#![no_main]

use ulib::Args;
use user::bench::{self, Client, Reply};

ulib::entry!(main);

fn main(args: Args) {
    let sink = Client::of_new_server(bench::workers(args), Reply::None);
    bench::run("sink", args, || sink, Client::send);
}
