//! Trap frames in JOS's print-out, which its graders read.

use core::fmt;

use abi::trap::{FEC_PR, FEC_U, FEC_WR, IRQ_OFFSET};

use crate::cpu;
use crate::env::Current;
use crate::print;
use crate::x86::frame::TrapFrame;

/// A trap frame with what the print-out says besides.
pub struct Dump<'a> {
    /// The registers.
    pub frame: &'a TrapFrame,
    /// The address to show for them.
    pub address: u32,
    /// The faulting address, if this is a page fault that was just taken.
    pub fault_va: Option<u32>,
}

/// Prints the registers of an env that is about to be killed or to stop in the monitor: where the CPU put them, then all.
pub fn incoming(current: &Current<'_>, fault_va: Option<u32>) {
    let on_stack = core::ptr::from_ref::<TrapFrame>(current.frame).addr();
    let dump = Dump { frame: current.frame, address: current.save(), fault_va };
    print!("Incoming TRAP frame at {on_stack:#x}\n{dump}");
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = self.frame;
        let r = &frame.regs;
        writeln!(f, "TRAP frame at {:#x} from CPU {}", self.address, cpu::index())?;
        let general = [
            ("edi", r.edi),
            ("esi", r.esi),
            ("ebp", r.ebp),
            ("oesp", r.oesp),
            ("ebx", r.ebx),
            ("edx", r.edx),
            ("ecx", r.ecx),
            ("eax", r.eax),
        ];
        for (name, value) in general {
            writeln!(f, "  {name:<4} 0x{value:08x}")?;
        }
        segment(f, "es", frame.es)?;
        segment(f, "ds", frame.ds)?;
        writeln!(f, "  trap 0x{:08x} {}", frame.trapno, name(frame.trapno))?;
        if let Some(va) = self.fault_va {
            writeln!(f, "  cr2  0x{va:08x}")?;
        }
        write!(f, "  err  0x{:08x}", frame.err)?;
        if self.fault_va.is_some() {
            write!(f, " {}", cause(frame.err))?;
        }
        writeln!(f, "\n  eip  0x{:08x}", frame.eip)?;
        segment(f, "cs", frame.cs)?;
        writeln!(f, "  flag 0x{:08x}", frame.eflags)?;
        if frame.from_user() {
            writeln!(f, "  esp  0x{:08x}", frame.esp)?;
            segment(f, "ss", frame.ss)?;
        }
        Ok(())
    }
}

fn segment(f: &mut fmt::Formatter<'_>, name: &str, value: u32) -> fmt::Result {
    writeln!(f, "  {name:<4} 0x----{:04x}", value & 0xffff)
}

/// What a page-fault error code says (Intel SDM vol. 3 §4.7).
fn cause(err: u32) -> impl fmt::Display {
    struct Cause(u32);
    impl fmt::Display for Cause {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let pick = |bit, yes, no| if self.0 & bit != 0 { yes } else { no };
            let who = pick(FEC_U, "user", "kernel");
            let what = pick(FEC_WR, "write", "read");
            write!(f, "[{who}, {what}, {}]", pick(FEC_PR, "protection", "not-present"))
        }
    }
    Cause(err)
}

/// JOS's name of a vector.
pub fn name(trapno: u32) -> &'static str {
    const NAMES: [&str; 20] = [
        "Divide error",
        "Debug",
        "Non-Maskable Interrupt",
        "Breakpoint",
        "Overflow",
        "BOUND Range Exceeded",
        "Invalid Opcode",
        "Device Not Available",
        "Double Fault",
        "Coprocessor Segment Overrun",
        "Invalid TSS",
        "Segment Not Present",
        "Stack Fault",
        "General Protection",
        "Page Fault",
        "(unknown trap)",
        "x87 FPU Floating-Point Error",
        "Alignment Check",
        "Machine-Check",
        "SIMD Floating-Point Exception",
    ];
    const IRQS: core::ops::Range<u32> = IRQ_OFFSET..IRQ_OFFSET + 16;
    match trapno {
        48 => "System call",
        irq if IRQS.contains(&irq) => "Hardware Interrupt",
        other => NAMES.get(other as usize).copied().unwrap_or("(unknown trap)"),
    }
}

#[cfg(test)]
mod tests {
    use abi::PushRegs;

    use super::*;

    const FRAME: TrapFrame = TrapFrame {
        regs: PushRegs {
            edi: 0,
            esi: 1,
            ebp: 0xeebf_dff0,
            oesp: 0xefff_ffdc,
            ebx: 2,
            edx: 3,
            ecx: 4,
            eax: 0xeec0_0028,
        },
        // The upper halves are padding.
        es: 0x1234_0023,
        ds: 0x23,
        trapno: 13,
        err: 0x28,
        eip: 0x0080_0037,
        cs: 0x1b,
        eflags: 0x282,
        esp: 0xeebf_dfd4,
        ss: 0x23,
    };
    const HEAD: &str = "TRAP frame at 0xf029b000 from CPU 0
  edi  0x00000000
  esi  0x00000001
  ebp  0xeebfdff0
  oesp 0xefffffdc
  ebx  0x00000002
  edx  0x00000003
  ecx  0x00000004
  eax  0xeec00028
  es   0x----0023
  ds   0x----0023
";
    const TAIL: &str = "  flag 0x00000282
  esp  0xeebfdfd4
  ss   0x----0023
";

    fn dump(frame: TrapFrame, fault_va: Option<u32>) -> String {
        Dump { frame: &frame, address: 0xf029_b000, fault_va }.to_string()
    }

    #[test]
    fn looks_as_in_jos() {
        let middle = "  trap 0x0000000d General Protection
  err  0x00000028
  eip  0x00800037
  cs   0x----001b
";
        assert_eq!(dump(FRAME, None), [HEAD, middle, TAIL].concat());
    }

    #[test]
    fn a_page_fault_says_where_and_why() {
        let fault = |err| dump(TrapFrame { trapno: 14, err, ..FRAME }, Some(0xdead_beef));
        let middle = "  trap 0x0000000e Page Fault
  cr2  0xdeadbeef
  err  0x00000007 [user, write, protection]
  eip  0x00800037
  cs   0x----001b
";
        assert_eq!(fault(7), [HEAD, middle, TAIL].concat());
        assert!(fault(0).contains("  err  0x00000000 [kernel, read, not-present]\n"));
        assert!(fault(4).contains("  err  0x00000004 [user, read, not-present]\n"));
        // An old page fault, shown for another reason: nobody knows the address any more.
        let old = dump(TrapFrame { trapno: 14, err: 7, ..FRAME }, None);
        assert!(old.contains("  err  0x00000007\n") && !old.contains("cr2"));
    }

    #[test]
    fn a_trap_in_the_kernel_has_no_stack_pointer() {
        let text = dump(TrapFrame { cs: 0x08, ..FRAME }, None);
        assert!(text.ends_with("  cs   0x----0008\n  flag 0x00000282\n"), "{text}");
    }

    #[test]
    fn vectors_have_jos_names() {
        let names = [0, 3, 14, 15, 19, 20, 32, 47, 48, 49, 500, u32::MAX].map(name);
        let expected = [
            "Divide error",
            "Breakpoint",
            "Page Fault",
            "(unknown trap)",
            "SIMD Floating-Point Exception",
            "(unknown trap)",
            "Hardware Interrupt",
            "Hardware Interrupt",
            "System call",
            "(unknown trap)",
            "(unknown trap)",
            "(unknown trap)",
        ];
        assert_eq!(names, expected);
    }
}
