//! What an i686 instruction is, as far as the rig has to know. Intel SDM vol. 2, appendix A.

/// Bytes of `abi::mark`: `nopl disp32(%eax)`, and the displacement's upper three.
const NOPL: [u8; 3] = [0x0f, 0x1f, 0x80];
const MARK: [u8; 3] = *b"SOJ";

/// What an instruction does that is of interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind {
    /// `pause`.
    pub(crate) pause: bool,
    /// Reads and writes memory in one step that others cannot come between.
    pub(crate) atomic: bool,
    /// Writes to memory by its operand. String instructions and pushes do not count.
    pub(crate) stores: bool,
    /// Reads a clock or a port: who does that in a loop does not wait for memory.
    pub(crate) polls: bool,
    /// A call.
    pub(crate) call: bool,
    /// A return from a call.
    pub(crate) ret: bool,
    /// Touches no memory but the stack it runs on, which is nobody else's.
    pub(crate) own_stack_only: bool,
    /// The number of a mark.
    pub(crate) mark: Option<u8>,
}

/// Looks at the bytes of one instruction.
pub(crate) fn decode(bytes: &[u8; 16], size: usize) -> Kind {
    let mut kind = Kind::default();
    if size == 7 && bytes[..3] == NOPL && bytes[4..7] == MARK {
        kind.mark = Some(bytes[3]);
        return kind;
    }
    let is_prefix = |byte: &u8| matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67 | 0xf0 | 0xf2 | 0xf3);
    let prefixes = bytes.iter().take(size.min(14)).take_while(|byte| is_prefix(byte)).count();
    let (opcode, next) = (bytes[prefixes], bytes[prefixes + 1]);
    let locked = bytes[..prefixes].contains(&0xf0);
    let in_register = next >= 0xc0;
    let extension = next >> 3 & 7;

    kind.pause = opcode == 0x90 && bytes[..prefixes].contains(&0xf3);
    kind.atomic = locked || (matches!(opcode, 0x86 | 0x87) && !in_register);
    kind.stores = writes_operand(opcode, next, bytes[prefixes + 2]);
    kind.polls = matches!(opcode, 0xe4 | 0xe5 | 0xec | 0xed | 0x6c | 0x6d) || (opcode == 0x0f && next == 0x31);
    kind.call = opcode == 0xe8 || (opcode == 0xff && extension == 2);
    kind.ret = matches!(opcode, 0xc2 | 0xc3);
    let group_5_register = opcode == 0xff && matches!(extension, 2 | 6) && in_register;
    let implicit = matches!(opcode, 0x50..=0x61 | 0x68 | 0x6a | 0x9c | 0x9d | 0xc2 | 0xc3 | 0xc9 | 0xe8);
    // A segment override points elsewhere.
    let plain = !bytes[..prefixes].iter().any(|byte| matches!(byte, 0x26 | 0x2e | 0x64 | 0x65 | 0x67));
    let operand = operand_at(opcode, next, prefixes);
    kind.own_stack_only =
        !locked && (implicit || group_5_register || (plain && operand.is_some_and(|at| on_stack(bytes, at))));
    kind
}

/// Where the ModRM byte is, if the instruction has one and it names all the memory that is touched.
fn operand_at(opcode: u8, next: u8, at: usize) -> Option<usize> {
    match opcode {
        // Pops, calls and pushes with an operand in memory have it and the stack.
        0x8f | 0xff => None,
        0x00..=0x3f if opcode & 7 < 4 && opcode != 0x0f => Some(at + 1),
        0x69 | 0x6b | 0x80..=0x8e | 0xc0 | 0xc1 | 0xc6 | 0xc7 | 0xd0..=0xd3 | 0xd8..=0xdf | 0xf6 | 0xf7 | 0xfe => {
            Some(at + 1)
        }
        0x0f if matches!(next, 0x40..=0x4f | 0x90..=0x9f | 0xa3..=0xa5 | 0xab..=0xaf | 0xb0..=0xbf | 0xc0 | 0xc1) => {
            Some(at + 2)
        }
        _ => None,
    }
}

/// Whether the instruction writes to an operand in memory. `second` and `third` are the bytes after the opcode's first.
fn writes_operand(opcode: u8, second: u8, third: u8) -> bool {
    let (in_memory, extension) = (second < 0xc0, second >> 3 & 7);
    match opcode {
        0x0f => match second {
            0x90..=0x9f | 0xab | 0xb0 | 0xb1 | 0xb3 | 0xbb | 0xc0 | 0xc1 => third < 0xc0,
            0xba => third < 0xc0 && third >> 3 & 7 > 4,
            _ => false,
        },
        // All arithmetic but `cmp`.
        0x00..=0x37 if opcode & 7 < 2 => in_memory,
        0x80..=0x83 => in_memory && extension != 7,
        0x88 | 0x89 | 0x8c | 0xc0 | 0xc1 | 0xc6 | 0xc7 | 0xd0..=0xd3 => in_memory,
        0xa2 | 0xa3 => true,
        0xf6 | 0xf7 => in_memory && matches!(extension, 2 | 3),
        0xfe | 0xff => in_memory && extension < 2,
        _ => false,
    }
}

/// Whether the operand is relative to ESP or EBP alone. The kernel and the programs are compiled with frame pointers.
fn on_stack(bytes: &[u8; 16], at: usize) -> bool {
    let Some(&modrm) = bytes.get(at) else { return false };
    let (mode, base) = (modrm >> 6, modrm & 7);
    match (mode, base) {
        (3, _) => false,
        (0, 5) => false,
        (_, 5) => true,
        // With an index nobody knows.
        (_, 4) => bytes.get(at + 1).is_some_and(|sib| sib & 7 == 4 && sib >> 3 & 7 == 4),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> Kind {
        let mut padded = [0; 16];
        padded[..bytes.len()].copy_from_slice(bytes);
        decode(&padded, bytes.len())
    }

    #[test]
    fn a_mark_is_known_by_all_its_bytes() {
        assert_eq!(kind(&[0x0f, 0x1f, 0x80, 2, b'S', b'O', b'J']).mark, Some(2));
        assert_eq!(kind(&[0x0f, 0x1f, 0x80, 2, 0, 0, 0]).mark, None);
        assert_eq!(kind(&[0x0f, 0x1f, 0x40, 0]).mark, None);
    }

    #[test]
    fn waiting_is_pause_and_not_nop() {
        assert!(kind(&[0xf3, 0x90]).pause);
        assert!(!kind(&[0x90]).pause);
    }

    #[test]
    fn atomics_are_lock_and_exchange_with_memory() {
        // lock cmpxchg [ecx], edx; xchg [ecx], eax; xchg ecx, eax; mov [ecx], eax
        assert!(kind(&[0xf0, 0x0f, 0xb1, 0x11]).atomic);
        assert!(kind(&[0x87, 0x01]).atomic);
        assert!(!kind(&[0x87, 0xc1]).atomic);
        assert!(!kind(&[0x89, 0x01]).atomic);
    }

    #[test]
    fn stores_are_known_from_loads() {
        // mov [ecx], eax; mov byte [disp32], 0; or [eax], 1; inc [eax]; bts [eax], 3; xadd [eax], ecx
        for store in [
            &[0x89, 0x01][..],
            &[0xc6, 0x05, 1, 2, 3, 4, 0],
            &[0x83, 0x08, 1],
            &[0xff, 0x00],
            &[0x0f, 0xba, 0x28, 3],
            &[0x0f, 0xc1, 0x08],
        ] {
            assert!(kind(store).stores, "{store:x?}");
        }
        // mov eax, [ecx]; cmp [eax], 1; cmp [eax], ecx; test [eax], 1; bt [eax], 3; push [eax]; mov ecx, eax
        for load in [
            &[0x8b, 0x01][..],
            &[0x83, 0x38, 1],
            &[0x39, 0x08],
            &[0xf6, 0x00, 1],
            &[0x0f, 0xba, 0x20, 3],
            &[0xff, 0x30],
            &[0x89, 0xc1],
        ] {
            assert!(!kind(load).stores, "{load:x?}");
        }
    }

    #[test]
    fn ports_and_clocks_are_polls() {
        assert!(kind(&[0xec]).polls && kind(&[0x0f, 0x31]).polls);
        assert!(!kind(&[0xee]).polls);
    }

    #[test]
    fn calls_and_returns() {
        assert!(kind(&[0xe8, 1, 2, 3, 4]).call && kind(&[0xff, 0xd0]).call && kind(&[0xff, 0x51, 8]).call);
        assert!(!kind(&[0xff, 0xe0]).call);
        assert!(kind(&[0xc3]).ret);
    }

    #[test]
    fn only_the_own_stack_may_be_skipped() {
        // push ebx; mov [esp+8], eax; mov [ebp-4], eax; call eax
        for own in [&[0x53][..], &[0x89, 0x44, 0x24, 8], &[0x89, 0x45, 0xfc], &[0xff, 0xd0]] {
            assert!(kind(own).own_stack_only, "{own:x?}");
        }
        // mov [eax], ecx; mov [disp32], eax; mov [esp+eax*4], ecx; push [eax]; call [eax+8]; gs mov [ebp], eax;
        // lock inc [esp]; rep movs
        for other in [
            &[0x89, 0x08][..],
            &[0x89, 0x05, 1, 2, 3, 4],
            &[0x89, 0x0c, 0x84],
            &[0xff, 0x30],
            &[0xff, 0x50, 8],
            &[0x65, 0x89, 0x45, 0],
            &[0xf0, 0xff, 0x04, 0x24],
            &[0xf3, 0xa5],
        ] {
            assert!(!kind(other).own_stack_only, "{other:x?}");
        }
    }
}
