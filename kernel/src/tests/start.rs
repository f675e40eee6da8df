//! Starting programs from files, and what they find.

use std::sync::atomic::Ordering;

use abi::layout::{PGSIZE, USTACKTOP};
use abi::page::PteFlags;
use abi::{EnvId, EnvStatus, Error, NENV, Syscall};

use super::machine::{DATA, TEXT, leave_frames, machine, record};
use super::program::{peek, run};
use crate::env::load::{self, NotStarted};
use crate::env::program::BadProgram;
use crate::env::table;
use crate::mm::frame;
use crate::x86::{fpu, ports};

#[test]
fn a_program_starts_as_jos_starts_it() {
    let _machine = machine();
    let id = load::start("hello").unwrap();
    assert_eq!(ports::take_output(), format!("[00000000] new env {id}\n"));
    assert_eq!(record(id).parent_id.load(Ordering::Relaxed), 0);
    let program = run(id);
    let frame = program.frame;
    assert_eq!((frame.eip, frame.esp, frame.eflags), (0x80_0020, USTACKTOP, 0x200));
    assert_eq!([frame.cs, frame.ds, frame.es, frame.ss], [0x1b, 0x23, 0x23, 0x23]);
    assert_eq!(frame.regs, abi::PushRegs::default());
    assert_eq!(program.peek::<{ TEXT.len() }>(0x80_0020), *TEXT);
    // What follows in the same page has not taken its place.
    assert_eq!(program.peek::<{ DATA.len() }>(0x80_0800), *DATA);
    // Data across a page boundary, then zeros up to the end of the last page.
    assert_eq!(program.peek::<{ DATA.len() }>(0x90_0ff0), *DATA);
    assert_eq!(program.peek::<0x3010>(0x90_0ff0)[DATA.len()..], [0; 0x3010 - DATA.len()]);
    // It ends with a page, and the next one is no part of it.
    assert_eq!((program.peek(0x90_3fff), peek::<1>(id, 0x90_4000)), ([0], None));
    assert_eq!((program.peek(USTACKTOP - PGSIZE), peek::<1>(id, USTACKTOP)), ([0; PGSIZE as usize], None));
    // Whatever the file says, everything is writable.
    let rights = table::env(id.slot()).space.lock().lookup(0x80_0000).unwrap().flags;
    assert_eq!(rights, PteFlags::P | PteFlags::U | PteFlags::W);
}

#[test]
fn a_new_env_has_no_registers_of_the_last_tenant() {
    let _machine = machine();
    let registers = |id: EnvId| fpu::area(id.slot()).load(Ordering::Relaxed);
    (0..NENV).for_each(|slot| fpu::area(slot).store(7, Ordering::Relaxed));
    let id = load::start("hello").unwrap();
    assert_eq!(registers(id), 0);
    let mut program = run(id);
    fpu::area(id.slot()).store(9, Ordering::Relaxed);
    let child = EnvId(program.call(Syscall::Exofork, &[]).unwrap());
    assert_eq!(registers(child), 9);
    (0..NENV).for_each(fpu::reset);
}

#[test]
fn arguments_lie_on_the_stack() {
    let _machine = machine();
    let id = load::start("hello:first:2").unwrap();
    let program = run(id);
    let word = |va| u32::from_le_bytes(program.peek(va));
    let esp = program.frame.esp;
    assert!(esp.is_multiple_of(4) && esp < USTACKTOP);
    let (argc, argv) = (word(esp), word(esp + 4));
    let text = |index: u32| {
        let start = word(argv + index * 4);
        let bytes = (start..).map(|va| program.peek::<1>(va)[0]).take_while(|byte| *byte != 0);
        String::from_utf8(bytes.collect()).unwrap()
    };
    assert_eq!((argc, [text(0), text(1), text(2)]), (3, ["hello", "first", "2"].map(String::from)));
    assert_eq!(word(argv + 12), 0);
    drop(program);
    // Eight words, its name among them, and no more.
    let most = format!("hello{}", ":x".repeat(7));
    let program = run(load::start(&most).unwrap());
    let word = |va| u32::from_le_bytes(program.peek(va));
    let (argc, argv) = (word(program.frame.esp), word(program.frame.esp + 4));
    assert_eq!((argc, program.peek(word(argv + 28)), word(argv + 32)), (8, *b"x\0", 0));
    assert_eq!(load::start(&(most + ":x")), Err(NotStarted::Arguments));
}

#[test]
fn what_can_not_be_started_leaves_nothing() {
    let _machine = machine();
    let before = frame::available();
    assert_eq!(load::start("hallo"), Err(NotStarted::NoSuchFile));
    assert_eq!(load::start(""), Err(NotStarted::NoSuchFile));
    assert_eq!(load::start("damaged"), Err(NotStarted::Bad(BadProgram::NotElf)));
    let many = "hello:".repeat(20);
    let long = format!("hello:{}", "x".repeat(5000));
    assert_eq!([load::start(&many), load::start(&long)], [Err(NotStarted::Arguments); 2]);
    assert_eq!((frame::available(), table::available()), (before, NENV));
    // A directory, 2 page tables, 6 pages: with less, it fails at each of them.
    for left in 0..9 {
        let hoard = leave_frames(left);
        assert_eq!(load::start("hello"), Err(NotStarted::Full(Error::NoMem)), "{left} frames");
        assert_eq!((frame::available(), table::available()), (left, NENV));
        drop(hoard);
    }
    let hoard = leave_frames(9);
    let id = load::start("hello").unwrap();
    assert_eq!(record(id).status.load(Ordering::Relaxed), EnvStatus::Runnable as u32);
    drop(hoard);
    while table::alloc(EnvId::NONE).is_ok() {}
    assert_eq!(load::start("hello"), Err(NotStarted::Full(Error::NoFreeEnv)));
}

#[test]
fn the_command_line_starts_its_programs_in_order() {
    let _machine = machine();
    load::boot_programs();
    let output = ports::take_output();
    let ids: Vec<_> = output.lines().filter_map(|line| line.strip_prefix("[00000000] new env ")).collect();
    assert_eq!(ids.len(), 2, "{output}");
    let id = |index: usize| EnvId(u32::from_str_radix(ids[index], 16).unwrap());
    let (first, second) = (id(0), id(1));
    assert_eq!((run(first).frame.esp, run(second).frame.esp < USTACKTOP), (USTACKTOP, true));
}

#[test]
fn without_a_name_on_the_command_line_every_program_starts() {
    let _machine = machine();
    load::start_all(core::iter::empty);
    let output = ports::take_output();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!((lines.len(), lines[1]), (2, "damaged: not an ELF file"), "{output}");
    assert!(lines[0].starts_with("[00000000] new env "), "{output}");
}
