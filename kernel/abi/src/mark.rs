//! Marks: instructions that do nothing, by which a program tells a measuring emulator where it is.
//!
//! A mark is `nopl disp32(%eax)`, seven bytes, with [`BASE`] and a number as the displacement. A CPU computes the
//! address and does nothing with it (Intel SDM vol. 2, NOP); the plugin in `scripts/rig` knows it by its bytes when
//! QEMU translates it. `ulib::mark` executes them.

/// The displacement of a mark, its number added: "JOS" in ASCII above the number.
pub const BASE: u32 = 0x4a4f_5300;

/// A worker is ready, and from now on does what is measured. The first of them opens the window.
pub const WINDOW_BEGIN: u32 = 1;
/// One operation is done.
pub const OP: u32 = 2;
/// A worker has done its share. The first of them closes the window.
pub const WINDOW_END: u32 = 3;
/// An operation of kind k begins, if k is added; the second of two workers adds [`KINDS`], too. For those who look at
/// each one: what is between this and [`OP`] belongs to it.
pub const OP_BEGIN: u32 = 64;
/// Kinds go from 1 to below this.
pub const KINDS: u32 = 64;
