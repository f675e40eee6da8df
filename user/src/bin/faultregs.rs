//! Tests that the page-fault upcall sees all registers and gives all of them back.
//!
//! `probe` fills every register, stores them in `BEFORE`, faults, and stores them in `AFTER`; the handler
//! sees them in its frame. All ten must agree each time.

#![no_std]
#![no_main]

use core::arch::naked_asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, Ordering};

use ulib::layout::UTEMP;
use ulib::{Args, Page, PushRegs, UTrapframe, WRITE, cprintf, set_pgfault_handler};

ulib::entry!(main);

/// The flags of arithmetic: OF, SF, ZF, AF, PF, CF.
const FL_ALL: u32 = 0x8d5;
/// RF: set in the frame of a fault, so not compared.
const FL_RF: u32 = 1 << 16;

/// General registers in `pusha` order (the place of `oesp` is unused), EIP, EFLAGS, ESP.
type Registers = [AtomicU32; 11];
const EIP: usize = 8;
const EFLAGS: usize = 9;
const ESP: usize = 10;

static BEFORE: Registers = [const { AtomicU32::new(0) }; 11];
static AFTER: Registers = [const { AtomicU32::new(0) }; 11];

fn main(_: Args) {
    set_pgfault_handler(handler).unwrap();
    probe();

    // Came back to the instruction that faulted?
    if Page::at(UTEMP).read(0) != 42 {
        cprintf!("EIP after page-fault MISMATCH\n");
    }
    set(&AFTER, EIP, get(&BEFORE, EIP));
    compare("after", &AFTER, "after page-fault");
}

fn handler(frame: &mut UTrapframe) {
    let UTrapframe { fault_va, eip, .. } = *frame;
    assert!(fault_va == UTEMP, "pgfault expected at UTEMP, got 0x{fault_va:08x} (eip {eip:08x})");

    let r = &frame.regs;
    let general = [r.edi, r.esi, r.ebp, 0, r.ebx, r.edx, r.ecx, r.eax];
    let during: Registers = [const { AtomicU32::new(0) }; 11];
    for (i, value) in general.into_iter().enumerate() {
        set(&during, i, value);
    }
    set(&during, EIP, eip);
    set(&during, EFLAGS, frame.eflags & !FL_RF);
    set(&during, ESP, frame.esp);
    compare("during", &during, "in UTrapframe");

    // Map UTEMP so that the write succeeds.
    Page::at(UTEMP).alloc(WRITE).unwrap_or_else(|e| panic!("sys_page_alloc: {e}"));
}

fn compare(name: &str, found: &Registers, place: &str) {
    const NAMES: [(&str, usize); 10] = [
        ("edi", 0),
        ("esi", 1),
        ("ebp", 2),
        ("ebx", 4),
        ("edx", 5),
        ("ecx", 6),
        ("eax", 7),
        ("eip", EIP),
        ("eflags", EFLAGS),
        ("esp", ESP),
    ];
    cprintf!("{:<6} {:<8} {:<8}\n", "", "before", name);
    let mut all = "OK";
    for (register, i) in NAMES {
        let (a, b) = (get(&BEFORE, i), get(found, i));
        let verdict = if a == b { "OK" } else { "MISMATCH" };
        if a != b {
            all = verdict;
        }
        cprintf!("{register:<6} {a:08x} {b:08x} {verdict}\n");
    }
    cprintf!("Registers {place} {all}\n");
}

fn get(registers: &Registers, i: usize) -> u32 {
    registers[i].load(Ordering::Relaxed)
}

fn set(registers: &Registers, i: usize, value: u32) {
    registers[i].store(value, Ordering::Relaxed);
}

/// Faults at `UTEMP` with known values in all registers.
#[unsafe(naked)]
extern "C" fn probe() {
    naked_asm!(
        // What the caller wants back.
        "push ebx",
        "push esi",
        "push edi",
        "push ebp",
        "mov edi, 0x10101010",
        "mov esi, 0x20202020",
        "mov ebp, 0x30303030",
        "mov ebx, 0x50505050",
        "mov edx, 0x60606060",
        "mov ecx, 0x70707070",
        // Light up eflags to catch more errors.
        "pushfd",
        "pop eax",
        "or eax, {all}",
        "push eax",
        "popfd",
        // Before.
        "mov [{before} + {eflags}], eax",
        "lea eax, [2f]",
        "mov [{before} + {eip}], eax",
        "mov eax, 0x80808080",
        "mov [{before} + {edi}], edi",
        "mov [{before} + {esi}], esi",
        "mov [{before} + {ebp}], ebp",
        "mov [{before} + {ebx}], ebx",
        "mov [{before} + {edx}], edx",
        "mov [{before} + {ecx}], ecx",
        "mov [{before} + {eax}], eax",
        "mov [{before} + {esp}], esp",
        // Fault.
        "2:",
        "mov dword ptr [{utemp}], 42",
        // After. Nothing up to here changes flags.
        "mov [{after} + {edi}], edi",
        "mov [{after} + {esi}], esi",
        "mov [{after} + {ebp}], ebp",
        "mov [{after} + {ebx}], ebx",
        "mov [{after} + {edx}], edx",
        "mov [{after} + {ecx}], ecx",
        "mov [{after} + {eax}], eax",
        "mov [{after} + {esp}], esp",
        // The stack again, in case it was that which came back wrong.
        "mov esp, [{before} + {esp}]",
        "pushfd",
        "pop eax",
        "mov [{after} + {eflags}], eax",
        "pop ebp",
        "pop edi",
        "pop esi",
        "pop ebx",
        "ret",
        before = sym BEFORE,
        after = sym AFTER,
        utemp = const UTEMP,
        all = const FL_ALL,
        edi = const offset_of!(PushRegs, edi),
        esi = const offset_of!(PushRegs, esi),
        ebp = const offset_of!(PushRegs, ebp),
        ebx = const offset_of!(PushRegs, ebx),
        edx = const offset_of!(PushRegs, edx),
        ecx = const offset_of!(PushRegs, ecx),
        eax = const offset_of!(PushRegs, eax),
        eip = const EIP * 4,
        eflags = const EFLAGS * 4,
        esp = const ESP * 4,
    )
}
