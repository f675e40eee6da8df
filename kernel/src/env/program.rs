//! Reading a program file: a 32-bit ELF for the i386.
//!
//! Everything in it is an allegation until checked here. JOS: `load_icode`.

use core::fmt;

use abi::layout::UTOP;
use elf::ElfBytes;
use elf::abi::{EM_386, PT_LOAD};
use elf::endian::LittleEndian;
use elf::file::Class;

/// A program whose headers are in order.
pub struct Program {
    /// Where it starts.
    pub entry: u32,
    file: ElfBytes<'static, LittleEndian>,
    bytes: &'static [u8],
}

/// A piece of a program: `memory_size` bytes at `va`, the first of them from the file, the rest zeros.
#[derive(Debug)]
pub struct Segment {
    /// Where it goes.
    pub va: u32,
    /// Its size in memory.
    pub memory_size: u32,
    /// What the file holds of it.
    pub bytes: &'static [u8],
}

/// Why a file is no program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadProgram {
    /// It is not an ELF file, or its headers are cut off.
    NotElf,
    /// It is an ELF file for another machine.
    NotI386,
    /// A segment lies outside the file.
    OutsideFile,
    /// A segment lies outside the memory of programs.
    OutsideMemory,
    /// There is nothing to load.
    Empty,
}

impl fmt::Display for BadProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadProgram::NotElf => "not an ELF file",
            BadProgram::NotI386 => "not a 32-bit ELF file for the i386",
            BadProgram::OutsideFile => "a segment is longer than the file",
            BadProgram::OutsideMemory => "a segment lies outside the memory of programs",
            BadProgram::Empty => "no segment to load",
        })
    }
}

impl Program {
    /// Checks the headers of an ELF file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &'static [u8]) -> Result<Program, BadProgram> {
        let file = ElfBytes::<LittleEndian>::minimal_parse(bytes).map_err(|_| BadProgram::NotElf)?;
        if file.ehdr.class != Class::ELF32 || file.ehdr.e_machine != EM_386 {
            return Err(BadProgram::NotI386);
        }
        let entry = u32::try_from(file.ehdr.e_entry).map_err(|_| BadProgram::OutsideMemory)?;
        let program = Program { entry, file, bytes };
        if program.segments().next().is_none() {
            return Err(BadProgram::Empty);
        }
        program.segments().try_for_each(|segment| segment.map(drop))?;
        Ok(program)
    }

    /// The segments to load, each checked.
    pub fn segments(&self) -> impl Iterator<Item = Result<Segment, BadProgram>> {
        let table = self.file.segments();
        let headers = table.into_iter().flat_map(|table| table.iter());
        headers.filter(|header| header.p_type == PT_LOAD && header.p_memsz > 0).map(|header| {
            let end = header.p_offset.checked_add(header.p_filesz).ok_or(BadProgram::OutsideFile)?;
            let range = header.p_offset as usize..end as usize;
            let bytes = self.bytes.get(range).ok_or(BadProgram::OutsideFile)?;
            let top = header.p_vaddr.checked_add(header.p_memsz).ok_or(BadProgram::OutsideMemory)?;
            if top > u64::from(UTOP) || header.p_filesz > header.p_memsz {
                return Err(BadProgram::OutsideMemory);
            }
            Ok(Segment { va: header.p_vaddr as u32, memory_size: header.p_memsz as u32, bytes })
        })
    }
}
