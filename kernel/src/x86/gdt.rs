//! Segments, and one task-state segment per CPU, whose selector is the CPU's name.
//!
//! One table for all CPUs, with JOS's selectors: flat kernel and user segments, then the TSS of CPU i at
//! `GD_TSS0 + 8 * i`. The task register therefore tells a CPU which one it is, without memory or device
//! access. The first four are in the order that SYSENTER and SYSEXIT want (`sysenter.rs`). Intel SDM vol. 3 §3.4.5
//! (segments), §7.2 (TSS); JOS: `kern/env.c`, `inc/mmu.h`.

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use abi::layout::{GD_KD, GD_KT, GD_TSS0, GD_UD, GD_UT};
use x86::Ring;
use x86::dtables::{DescriptorTablePointer, lgdt};
use x86::segmentation::{
    self, BuildDescriptor, CodeSegmentType, DataSegmentType, Descriptor, DescriptorBuilder, SegmentDescriptorBuilder,
    SegmentSelector,
};

use super::{double_fault, instr, sysenter};
use crate::config::NCPU;

/// Bytes of a TSS without I/O bitmap.
const TSS_SIZE: u32 = 104;
/// Words of a TSS that are used here, by index.
const TSS_ESP0: usize = 1;
const TSS_SS0: usize = 2;
/// The upper half is the offset of the I/O bitmap. At the end of the segment means there is none: every port
/// is forbidden in user mode.
const TSS_IOMB: usize = 25;

/// A descriptor for an available 32-bit TSS: present, DPL 0, byte granularity (Intel SDM vol. 3 §7.2.2).
const TSS_AVAILABLE: u32 = 0x8900;
/// Set by the CPU in the descriptor of the TSS it uses.
const TSS_BUSY: u32 = 0x0200;

/// A TSS. Its own cache lines and, being smaller than its alignment, never across a page boundary, which the
/// CPU does not promise to handle.
#[repr(C, align(128))]
pub(super) struct Tss([AtomicU32; TSS_SIZE as usize / 4]);

// So that the remainders of selectors differ in `place`; nobody has the one of an empty task register but the boot CPU.
const _: () = assert!(NCPU <= 256);

/// Five segments, a TSS for each CPU, and the one for double faults.
const ENTRIES: usize = GD_TSS0 as usize / 8 + NCPU + 1;

#[repr(C, align(8))]
struct Gdt([[AtomicU32; 2]; ENTRIES]);

static GDT: Gdt = Gdt([const { [AtomicU32::new(0), AtomicU32::new(0)] }; ENTRIES]);
pub(super) static TSS: [Tss; NCPU] = [const { Tss::new() }; NCPU];

/// For `stubs.S`, which finds a CPU's stack without calling anybody: a selector below the first TSS's, shifted by this, is
/// its place in the table.
pub(super) const TSS_SHIFT: u32 = 4;
const _: () = assert!(size_of::<Tss>() == 8 << TSS_SHIFT && TSS_ESP0 == 1);

/// This CPU's index: 0 for the boot CPU, and before [`init_cpu`].
#[inline]
pub fn cpu_index() -> usize {
    let index = (task_register().saturating_sub(GD_TSS0 as u32) / 8) as usize;
    // SAFETY: the task register holds what `init_cpu` put there, which asserts this, or nothing yet.
    unsafe { core::hint::assert_unchecked(index < NCPU) };
    index
}

/// A number below 256 that this CPU has and no other one, in three instructions. The boot CPU's changes in [`init_cpu`].
#[inline]
pub fn place() -> usize {
    task_register() as usize / 8 % 256
}

/// The selector of this CPU's TSS.
#[inline(always)]
fn task_register() -> u32 {
    let selector: u32;
    // SAFETY: reads the task register, nothing else.
    unsafe {
        asm!("str {:e}", out(reg) selector, options(nomem, nostack, preserves_flags));
    }
    selector
}

/// Makes this CPU CPU `index`: loads the table and the segment registers, and a TSS whose ring-0 stack ends at
/// `esp0`. From here on [`cpu_index`] is `index`. FS and GS get the user data segment and are never touched
/// again.
///
/// Call once on each CPU, with an `index` below [`NCPU`] that no other CPU has, in the kernel's own address space.
pub fn init_cpu(index: usize, esp0: u32) {
    assert!(index < NCPU);
    let tss = tss(index);
    tss.set(TSS_ESP0, esp0);
    tss.set(TSS_SS0, u32::from(GD_KD));
    tss.set(TSS_IOMB, TSS_SIZE << 16);
    double_fault::set_directory(instr::read_cr3());

    // Every CPU writes the same five segments, so no CPU has to be first.
    let kernel_code = code(Ring::Ring0);
    let kernel_data = data(Ring::Ring0);
    set(GD_KT, kernel_code.lower, kernel_code.upper);
    set(GD_KD, kernel_data.lower, kernel_data.upper);
    let user_code = code(Ring::Ring3);
    let user_data = data(Ring::Ring3);
    set(GD_UT, user_code.lower, user_code.upper);
    set(GD_UD, user_data.lower, user_data.upper);

    let selector = GD_TSS0 + 8 * index as u16;
    set_tss(selector, tss);

    // To the compiler `lgdt` may read any memory, so all of this is written by then.
    load_table();
    load_segments(selector);
    sysenter::init_cpu(esp0);
}

/// CPU `index`'s TSS.
pub(super) fn tss(index: usize) -> &'static Tss {
    &TSS[index]
}

/// Makes `selector` name `tss`, which is not busy.
pub(super) fn set_tss(selector: u16, tss: &'static Tss) {
    let base = tss.0.as_ptr() as u32;
    let high = base & 0xff00_0000 | TSS_AVAILABLE | base >> 16 & 0xff;
    set(selector, base << 16 | (TSS_SIZE - 1), high);
}

/// Makes this CPU's TSS the one it had before it was taken to another by a task switch.
pub(super) fn reload_task_register(selector: u16) {
    GDT.0[usize::from(selector) / 8][1].fetch_and(!TSS_BUSY, Ordering::Relaxed);
    // To the compiler `ltr` reads no memory.
    compiler_fence(Ordering::SeqCst);
    // SAFETY: the selector is this CPU's own, as the CPU itself noted, and the TSS is available again.
    unsafe { x86::task::load_tr(SegmentSelector::from_raw(selector)) };
}

impl Tss {
    /// All zeros.
    pub(super) const fn new() -> Tss {
        Tss([const { AtomicU32::new(0) }; TSS_SIZE as usize / 4])
    }

    /// Word `index`.
    pub(super) fn get(&self, index: usize) -> u32 {
        self.0[index].load(Ordering::Relaxed)
    }

    /// Writes word `index`.
    pub(super) fn set(&self, index: usize, value: u32) {
        self.0[index].store(value, Ordering::Relaxed);
    }
}

/// A flat 4 GiB code segment, already marked as accessed, so that a CPU loading it writes nothing.
fn code(ring: Ring) -> Descriptor {
    DescriptorBuilder::code_descriptor(0, 0xf_ffff, CodeSegmentType::ExecuteReadAccessed)
        .present()
        .dpl(ring)
        .limit_granularity_4kb()
        .db()
        .finish()
}

/// A flat 4 GiB data segment.
fn data(ring: Ring) -> Descriptor {
    DescriptorBuilder::data_descriptor(0, 0xf_ffff, DataSegmentType::ReadWriteAccessed)
        .present()
        .dpl(ring)
        .limit_granularity_4kb()
        .db()
        .finish()
}

fn set(selector: u16, low: u32, high: u32) {
    let entry = &GDT.0[usize::from(selector) / 8];
    entry[0].store(low, Ordering::Relaxed);
    entry[1].store(high, Ordering::Relaxed);
}

fn load_table() {
    let pointer = DescriptorTablePointer::new(&GDT.0);
    // SAFETY: the table is static and holds the segments in use, under the selectors in use.
    unsafe { lgdt(&pointer) };
}

#[allow(clippy::multiple_unsafe_ops_per_block, reason = "one act: a new set of segment registers")]
fn load_segments(tss: u16) {
    let kernel_data = SegmentSelector::from_raw(GD_KD);
    let user_data = SegmentSelector::from_raw(GD_UD | 3);
    // SAFETY: the selectors name the flat segments written by the caller, so addresses mean what they meant;
    // the TSS is this CPU's and not busy, since each CPU comes here once.
    unsafe {
        segmentation::load_ds(kernel_data);
        segmentation::load_es(kernel_data);
        segmentation::load_ss(kernel_data);
        segmentation::load_fs(user_data);
        segmentation::load_gs(user_data);
        segmentation::load_cs(SegmentSelector::from_raw(GD_KT));
        x86::task::load_tr(SegmentSelector::from_raw(tss));
    }
}
