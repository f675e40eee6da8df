//! How much memory there is, and which frames of it are free. For boot.

use abi::layout::{KERNBASE, MPENTRY_PADDR, PGSIZE, PHYSMAX};
use log::warn;

use crate::mm::frame::{self, Frame};
use crate::x86::boot_info::{BootInfo, Region};
use crate::{boot, println, x86};

const IO_HOLE: core::ops::Range<u32> = 0xa_0000..0x10_0000;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const USABLE: u32 = 1;

/// Reports how much memory there is and hands the free frames to the allocator.
pub fn init() {
    let info = boot::info();
    let total = total_bytes(info);
    let kib = total.min(u64::from(PHYSMAX)) / KIB;
    println!("Physical memory: {kib}K available, base = 640K, extended = {}K", kib.saturating_sub(640));
    if total > u64::from(PHYSMAX) {
        warn!("only the first 256 MiB of {} MiB of memory are used", total / MIB);
    }
    let count = (kib * KIB / u64::from(PGSIZE)) as usize;
    frame::init(count, |frame| is_free(info, frame));
}

/// Whether `frame` belongs to the allocator.
pub fn is_allocatable(frame: Frame) -> bool {
    is_free(boot::info(), frame)
}

/// Where memory ends. Firmware keeps a little at the top for its tables, so the end is rounded up.
pub(crate) fn total_bytes(info: &BootInfo) -> u64 {
    let end = |region: &Region| region.base + region.len;
    let below_4g = |region: &&Region| region.kind == USABLE && end(region) <= 1 << 32;
    let mapped = info.regions().iter().filter(below_4g).map(end).max();
    let upper = (u64::from(info.mem_upper) + 1024) * KIB;
    mapped.unwrap_or(upper).next_multiple_of(MIB)
}

/// Whether `frame` is ordinary memory, and neither the kernel nor a boot module is in it.
pub(crate) fn is_free(info: &BootInfo, frame: Frame) -> bool {
    let start = frame.address();
    let end = start + PGSIZE;
    let touches = |from: u32, to: u32| start < to && from < end;
    let image_end = x86::image::get().end - KERNBASE;
    start != 0
        && start != MPENTRY_PADDR
        && !touches(IO_HOLE.start, IO_HOLE.end)
        && !touches(IO_HOLE.end, image_end)
        && !info.modules().iter().any(|module| touches(module.start, module.end))
        && is_usable(info, u64::from(start))
}

fn is_usable(info: &BootInfo, start: u64) -> bool {
    let holds = |region: &Region| region.base <= start && start + u64::from(PGSIZE) <= region.base + region.len;
    let mut usable = info.regions().iter().filter(|region| region.kind == USABLE);
    info.regions().is_empty() || usable.any(holds)
}
