//! What the monitor shows.

use abi::layout::{PGSIZE, UTEMP};
use abi::trap::T_BRKPT;
use abi::{EnvId, EnvStatus, Syscall};

use super::machine::{CPUS, machine};
use super::program::{spawn, start};
use crate::x86::ports;
use crate::{finish, monitor};

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

#[test]
fn at_a_breakpoint_the_program_s_memory_is_shown() {
    let _machine = machine();
    let mut program = start();
    program.alloc(UTEMP, 3);
    let mut shown = |command: String| {
        ports::take_output();
        ports::type_on_line(format!("{command}\ncontinue\n").as_bytes());
        program.trap(T_BRKPT);
        let output = ports::take_output();
        let lines = output.lines().filter_map(|line| line.split_once(" -> "));
        lines.map(|(va, _)| va.to_owned()).collect::<Vec<_>>()
    };
    let pages = [0, 1, 2].map(|page| format!("{:08x}", UTEMP + page * PGSIZE));
    assert_eq!(shown(format!("mappings {UTEMP:x}")), pages[..1]);
    assert_eq!(shown(format!("mappings {:x} {:x}", UTEMP + 5, UTEMP + PGSIZE)), pages[..2], "both ends included");
    assert_eq!(shown(format!("mappings 0 {:x}", UTEMP - 1)), [""; 0]);
    assert_eq!(shown(format!("mappings {UTEMP:#x} {:#x}", UTEMP + 9 * PGSIZE)), pages);
}

#[test]
fn cpus_are_shown_with_what_they_run() {
    let mut machine = machine();
    let env = machine.as_cpu(2, start);
    ports::take_output();
    ports::type_on_line(b"cpus\ncontinue\n");
    monitor::enter();
    let output = ports::take_output();
    let lines: Vec<_> = output.lines().filter(|line| line.starts_with("CPU ")).collect();
    assert_eq!((lines.len(), lines[1], lines[2]), (CPUS, "CPU 1: idle", format!("CPU 2: env {}", env.id).as_str()));
    machine.as_cpu(2, || drop(env));
}

#[test]
fn the_prompt_comes_back_when_a_program_can_not_be_started() {
    let _machine = machine();
    ports::take_output();
    ports::type_on_line(b"run\nrun nothing\nrun damaged\ncontinue\n");
    monitor::enter();
    let output = ports::take_output();
    assert_eq!(output.matches("K> ").count(), 4, "{output}");
    for answer in ["run NAME[:ARG...]", "nothing: no such program", "damaged: not an ELF file"] {
        assert!(output.contains(&format!("\n{answer}")), "{output}");
    }
}

#[test]
fn the_last_env_is_said_to_be_destroyed_when_there_is_none_left() {
    let _machine = machine();
    let said = || {
        ports::take_output();
        ports::type_on_line(b"continue\n");
        finish::nothing_runnable();
        let output = ports::take_output();
        let at_once = output.lines().take_while(|line| *line != "Welcome to the JOS kernel monitor!");
        at_once.map(str::to_owned).collect::<Vec<_>>()
    };
    let (destroyed, nothing) =
        ("Destroyed the only environment - nothing more to do!", "No runnable environments in the system!");
    assert_eq!(said(), [destroyed, nothing]);
    let blocked = start();
    blocked.leave();
    assert_eq!(said(), [nothing]);
}
