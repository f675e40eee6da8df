//! What the monitor shows.

use abi::{EnvId, EnvStatus, Syscall};

use super::machine::machine;
use super::program::{spawn, start};
use crate::monitor;
use crate::x86::ports;

/// What the command `envs` says that an env does.
fn shown(id: EnvId) -> String {
    ports::take_output();
    ports::type_on_line(b"envs\ncontinue\n");
    monitor::enter();
    let output = ports::take_output();
    let line = output.lines().find(|line| line.starts_with(&format!("{id} "))).expect("a line for each env");
    line.split_whitespace().nth(2).expect("the third column").to_owned()
}

#[test]
fn envs_are_shown_with_what_they_do() {
    let _machine = machine();
    let mut running = start();
    let [waiting, ready] = [(); 2].map(|()| spawn(running.id));
    let frozen = running.call(Syscall::EnvSetStatus, &[waiting.0, EnvStatus::NotRunnable as u32]);
    assert_eq!(frozen, Ok(0));
    assert_eq!([running.id, waiting, ready].map(shown), ["running", "waiting", "ready"]);
    assert_eq!(running.call(Syscall::EnvDestroy, &[0]), Ok(0));
    assert_eq!(shown(running.id), "dying");
    running.leave();
}
