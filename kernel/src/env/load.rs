//! Starting a program from a file: JOS's `env_create` and `load_icode`.
//!
//! Locks: vm of the new env while it is filled, then its life.

use core::fmt;

use abi::layout::{GD_UD, GD_UT, PGSIZE, USTACKTOP};
use abi::page::PteFlags;
use abi::{EnvId, Error};

use crate::boot::{self, File};
use crate::env::program::{BadProgram, Program, Segment};
use crate::env::{current, exit, table};
use crate::mm::frame::PageRef;
use crate::mm::phys;
use crate::mm::space::Space;
use crate::mm::user_mem;
use crate::x86::fpu;
use crate::x86::frame::TrapFrame;
use crate::{lifecycle, println, sched};

/// EFLAGS.IF: programs run with interrupts on, or nothing could take the CPU from them.
const FL_IF: u32 = 0x200;
const RPL_USER: u16 = 3;
const RIGHTS: PteFlags = PteFlags::P.union(PteFlags::U).union(PteFlags::W);
const MAX_ARGS: usize = 8;

/// Why a program did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// No file has that name.
    NoSuchFile,
    /// The file is no program.
    Bad(BadProgram),
    /// No env or no memory for it.
    Full(Error),
    /// Its arguments do not fit on its stack.
    Arguments,
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotStarted::NoSuchFile => f.write_str("no such program among the boot modules"),
            NotStarted::Bad(bad) => bad.fmt(f),
            NotStarted::Full(error) => error.fmt(f),
            NotStarted::Arguments => f.write_str("too many or too long arguments"),
        }
    }
}

/// Starts the programs that the command line names.
pub fn boot_programs() {
    start_all(boot::programs);
}

/// Starts the programs that are `named`; if none is, `primes`, or else every program handed over.
pub(crate) fn start_all<I: Iterator<Item = &'static str>>(named: impl Fn() -> I) {
    let start_or_complain = |word: &str| {
        if let Err(why) = start(word) {
            println!("{word}: {why}");
        }
    };
    if named().next().is_some() {
        named().for_each(start_or_complain);
    } else if let Some(primes) = boot::file("primes") {
        start_or_complain(primes.name);
    } else {
        let programs = boot::files().filter(|file| file.name != crate::symbols::FILE);
        programs.for_each(|file| start_or_complain(file.name));
    }
}

/// Starts `NAME[:ARG...]`.
///
/// # Errors
/// See [`NotStarted`]; then nothing is left of it.
pub fn start(word: &str) -> Result<EnvId, NotStarted> {
    let name = word.split(':').next().unwrap_or(word);
    let File { bytes, .. } = boot::file(name).ok_or(NotStarted::NoSuchFile)?;
    let program = Program::parse(bytes).map_err(NotStarted::Bad)?;
    let id = table::alloc(EnvId::NONE).map_err(NotStarted::Full)?;
    lifecycle!("[{}] new env {id}", EnvId::NONE);
    let filled = fill(&mut table::env(id.slot()).space.lock(), &program, word);
    let mut life = table::env(id.slot()).life.lock();
    match filled {
        Ok(esp) => {
            fpu::reset(id.slot());
            current::save_frame(table::record(id.slot()), &first_frame(program.entry, esp));
            life.frozen = false;
            sched::settle(&mut life);
            Ok(id)
        }
        Err(why) => {
            exit::destroy(life, EnvId::NONE);
            Err(why)
        }
    }
}

/// Loads the program and its stack; gives back the stack pointer.
fn fill(space: &mut Space, program: &Program, word: &str) -> Result<u32, NotStarted> {
    for segment in program.segments() {
        load(space, &segment.map_err(NotStarted::Bad)?).map_err(NotStarted::Full)?;
    }
    page_at(space, USTACKTOP - PGSIZE).map_err(NotStarted::Full)?;
    if word.contains(':') { push_arguments(space, word) } else { Ok(USTACKTOP) }
}

fn load(space: &mut Space, segment: &Segment) -> Result<(), Error> {
    let last = segment.va + (segment.memory_size - 1);
    for va in (segment.va & !(PGSIZE - 1)..=last).step_by(PGSIZE as usize) {
        page_at(space, va)?;
        // The part of the file that belongs in this page.
        let (page_start, page_end) = (va.max(segment.va), (va + (PGSIZE - 1)).min(last));
        let from = (page_start - segment.va) as usize;
        let to = segment.bytes.len().min((page_end - segment.va) as usize + 1);
        if let Some(entry) = space.lookup(va)
            && from < to
        {
            phys::write(entry.frame, (page_start % PGSIZE) as usize, &segment.bytes[from..to]);
        }
    }
    Ok(())
}

/// Makes sure a page is mapped at `va`: segments may share one.
fn page_at(space: &mut Space, va: u32) -> Result<(), Error> {
    if space.lookup(va).is_none() {
        space.map(va, PageRef::alloc_zeroed().ok_or(Error::NoMem)?, RIGHTS)?;
    }
    Ok(())
}

/// Puts `argc`, `argv` and the strings on the stack, where `_start` looks for them when ESP is not USTACKTOP.
fn push_arguments(space: &Space, word: &str) -> Result<u32, NotStarted> {
    // argc, argv, then what argv points to, ending with a null pointer.
    let mut words = [0; MAX_ARGS + 3];
    let mut esp = USTACKTOP;
    let mut argc = 0;
    for argument in word.split(':') {
        if argc == MAX_ARGS {
            return Err(NotStarted::Arguments);
        }
        // The terminating NUL is there: the page is zeros.
        esp -= argument.len() as u32 + 1;
        user_mem::write(space, esp, argument.as_bytes()).map_err(|_| NotStarted::Arguments)?;
        words[2 + argc] = esp;
        argc += 1;
    }
    let used = argc + 3;
    esp = (esp & !3) - 4 * used as u32;
    words[0] = argc as u32;
    words[1] = esp + 8;
    for (va, word) in (esp..).step_by(4).zip(&words[..used]) {
        user_mem::write(space, va, &word.to_le_bytes()).map_err(|_| NotStarted::Arguments)?;
    }
    Ok(esp)
}

fn first_frame(entry: u32, esp: u32) -> TrapFrame {
    let data = u32::from(GD_UD | RPL_USER);
    TrapFrame {
        eip: entry,
        esp,
        cs: u32::from(GD_UT | RPL_USER),
        ds: data,
        es: data,
        ss: data,
        eflags: FL_IF,
        ..TrapFrame::default()
    }
}
