//! The two 8259 interrupt controllers.
//!
//! Only the keyboard's and the serial port's lines are let through. They reach the boot CPU alone, through its
//! LAPIC's LINT0 in virtual-wire mode; the clock and everything between CPUs is the LAPIC's own business.
//! Intel 8259A data sheet; JOS: `kern/picirq.c`.

use core::fmt;

use abi::trap::IRQ_OFFSET;

use super::instr::outb;

/// The keyboard's interrupt line.
const IRQ_KBD: u8 = 1;
/// Where the second controller hangs on the first.
const IRQ_CASCADE: u8 = 2;
/// The first serial port's interrupt line.
const IRQ_SERIAL: u8 = 4;
/// The lines that are let through.
const ENABLED: [u8; 3] = [IRQ_KBD, IRQ_CASCADE, IRQ_SERIAL];

/// Prints the lines that are let through, as JOS's boot message lists them: ` 1 2 4`.
pub struct Enabled;

impl fmt::Display for Enabled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ENABLED.iter().try_for_each(|irq| write!(f, " {irq}"))
    }
}

const MASTER: u16 = 0x20;
const SLAVE: u16 = 0xa0;
/// Edge triggered, cascaded, a fourth word follows.
const ICW1: u8 = 0x11;
/// 8086 mode; the master also acknowledges by itself.
const ICW4: u8 = 0x01;
const ICW4_AUTO_EOI: u8 = 0x02;
/// Special mask mode, then reading the request register: JOS's choice.
const OCW3_SPECIAL_MASK: u8 = 0x68;
const OCW3_READ_REQUESTS: u8 = 0x0a;

/// Moves IRQ 0..15 to vectors 32..47, out of the way of the CPU's exceptions, and masks all but [`Enabled`].
pub fn init() {
    let vector = IRQ_OFFSET as u8;
    mask(0xffff);

    outb(MASTER, ICW1);
    outb(MASTER + 1, vector);
    outb(MASTER + 1, 1 << IRQ_CASCADE);
    outb(MASTER + 1, ICW4 | ICW4_AUTO_EOI);

    // The slave has no automatic mode that works; nothing behind it is ever let through.
    outb(SLAVE, ICW1);
    outb(SLAVE + 1, vector + 8);
    outb(SLAVE + 1, IRQ_CASCADE);
    outb(SLAVE + 1, ICW4);

    for controller in [MASTER, SLAVE] {
        outb(controller, OCW3_SPECIAL_MASK);
        outb(controller, OCW3_READ_REQUESTS);
    }
    mask(ENABLED.iter().fold(0xffff, |mask, irq| mask & !(1 << irq)));
}

/// Sets which lines are kept back, bit n for IRQ n.
fn mask(lines: u16) {
    let [master, slave] = lines.to_le_bytes();
    outb(MASTER + 1, master);
    outb(SLAVE + 1, slave);
}
