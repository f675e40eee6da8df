//! What the boot loader says: the command line, the memory map, the modules.
//!
//! Multiboot specification 0.6.96 §3.3. QEMU puts all of it right behind the kernel's image, where the first
//! allocations will be, so [`read`] copies everything into arrays of fixed size. What does not fit is cut off;
//! what lies outside the first 256 MiB is ignored. The copy is a third of the boot stack, where it must not be made, let alone moved: it
//! is filled where it stays.

use super::physical::{self, Memory};

/// What EAX holds when a Multiboot loader starts the kernel.
const LOADER_MAGIC: u32 = 0x2BAD_B002;

const HAS_MEMORY: u32 = 1 << 0;
const HAS_COMMAND_LINE: u32 = 1 << 2;
const HAS_MODULES: u32 = 1 << 3;
const HAS_MEMORY_MAP: u32 = 1 << 6;

/// The most modules that are kept.
pub const MAX_MODULES: usize = 64;
/// The most entries of the memory map that are kept.
pub const MAX_REGIONS: usize = 32;

/// A string of at most `N` bytes.
#[derive(Debug)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

/// A file that the boot loader put into memory.
#[derive(Debug)]
pub struct Module {
    /// Physical address of its first byte, on a page boundary.
    pub start: u32,
    /// Physical address after its last byte.
    pub end: u32,
    /// What the loader was told to call it: a path, perhaps with arguments.
    pub name: Text<128>,
}

/// An entry of the memory map.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// Physical address.
    pub base: u64,
    /// Bytes, cut so that `base + len` does not overflow.
    pub len: u64,
    /// 1 is memory that may be used; all else is not.
    pub kind: u32,
}

/// Everything the boot loader said.
#[derive(Debug)]
pub struct BootInfo {
    /// The kernel's command line.
    pub command_line: Text<1024>,
    /// KiB of memory from address 0 on; 0 if the loader does not say.
    pub mem_lower: u32,
    /// KiB of memory from 1 MiB on; 0 if the loader does not say.
    pub mem_upper: u32,
    modules: [Module; MAX_MODULES],
    module_count: usize,
    regions: [Region; MAX_REGIONS],
    region_count: usize,
}

/// Copies what lies at physical address `info` into `boot`, which is [`BootInfo::EMPTY`]. `None` if `magic` is not a Multiboot
/// loader's.
///
/// Call before anything is allocated.
pub fn read(magic: u32, info: u32, boot: &mut BootInfo) -> Option<()> {
    if magic != LOADER_MAGIC {
        return None;
    }
    let info = physical::low(info, 52)?;
    let flags = info.u32(0);
    let word = |flag, offset| if flags & flag != 0 { info.u32(offset) } else { 0 };
    (boot.mem_lower, boot.mem_upper) = (word(HAS_MEMORY, 4), word(HAS_MEMORY, 8));
    if flags & HAS_COMMAND_LINE != 0 {
        boot.command_line.read(info.u32(16));
    }
    boot.read_modules(word(HAS_MODULES, 20), word(HAS_MODULES, 24));
    boot.read_regions(word(HAS_MEMORY_MAP, 44), word(HAS_MEMORY_MAP, 48));
    Some(())
}

impl BootInfo {
    /// Nothing said.
    pub const EMPTY: BootInfo = BootInfo {
        command_line: Text::EMPTY,
        mem_lower: 0,
        mem_upper: 0,
        modules: [const { Module::EMPTY }; MAX_MODULES],
        module_count: 0,
        regions: [Region { base: 0, len: 0, kind: 0 }; MAX_REGIONS],
        region_count: 0,
    };

    /// The modules, in the loader's order.
    pub fn modules(&self) -> &[Module] {
        &self.modules[..self.module_count]
    }

    /// The memory map; empty if the loader gave none.
    pub fn regions(&self) -> &[Region] {
        &self.regions[..self.region_count]
    }

    /// Modules: 16 bytes each, start, end, name, reserved.
    fn read_modules(&mut self, count: u32, address: u32) {
        let Some(table) = low_entries(address, count, 16) else {
            return;
        };
        for offset in (0..table.len()).step_by(16) {
            let (start, end) = (table.u32(offset), table.u32(offset + 4));
            let whole = end >= start && physical::low(start, end - start).is_some();
            if whole && self.module_count < MAX_MODULES {
                let module = &mut self.modules[self.module_count];
                (module.start, module.end) = (start, end);
                module.name.read(table.u32(offset + 8));
                self.module_count += 1;
            }
        }
    }

    /// Regions: a size, which does not count itself, then base, length, kind.
    fn read_regions(&mut self, bytes: u32, address: u32) {
        let Some(map) = physical::low(address, bytes) else {
            return;
        };
        let mut offset: u32 = 0;
        while offset.saturating_add(24) <= map.len() && self.region_count < MAX_REGIONS {
            let base = map.u64(offset + 4);
            self.regions[self.region_count] =
                Region { base, len: map.u64(offset + 12).min(u64::MAX - base), kind: map.u32(offset + 20) };
            self.region_count += 1;
            let size = map.u32(offset).max(20);
            offset = offset.saturating_add(size).saturating_add(4);
        }
    }
}

/// A table of `count` entries of `size` bytes, of which no more than [`MAX_MODULES`] are looked at.
fn low_entries(address: u32, count: u32, size: u32) -> Option<Memory> {
    let count = count.min(MAX_MODULES as u32);
    physical::low(address, count * size)
}

impl Module {
    const EMPTY: Module = Module { start: 0, end: 0, name: Text::EMPTY };
}

impl<const N: usize> Text<N> {
    const EMPTY: Text<N> = Text { bytes: [0; N], len: 0 };

    /// Becomes the NUL-terminated string at physical address `address`, cut after `N` bytes.
    fn read(&mut self, address: u32) {
        self.len = 0;
        for offset in 0..N as u32 {
            let byte = physical::low(address, offset + 1).map_or(0, |memory| memory.u8(offset));
            if byte == 0 {
                break;
            }
            self.bytes[self.len] = byte;
            self.len += 1;
        }
    }

    /// The text, up to the first byte that is not UTF-8.
    pub fn as_str(&self) -> &str {
        let bytes = &self.bytes[..self.len];
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &bytes[..error.valid_up_to()];
                core::str::from_utf8(valid).unwrap_or_default()
            }
        }
    }
}
