//! QEMU's plugin interface, declared by hand: the functions used, in the shapes of its versions 1 to 7.
//!
//! Version 1 is QEMU 4.2 to 8.1, 2 to 5 is 8.2 to 10.2, 7 is 11.1. Plugins are refused whose version is outside what a
//! QEMU supports, so [`qemu_plugin_version`] is chosen before QEMU looks. What differs: from version 3 on bytes of an
//! instruction are copied out; in version 7 callbacks lost the plugin's id and got a pointer at the end.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::{events, host, translate};

/// What QEMU calls a plugin.
pub(crate) type PluginId = u64;

/// What `qemu_plugin_install` is told.
#[repr(C)]
#[derive(Debug)]
pub struct Info {
    target: *const c_char,
    pub(crate) version: Versions,
    pub(crate) system_emulation: bool,
}

/// Versions of the interface that this QEMU knows.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Versions {
    oldest: c_int,
    pub(crate) current: c_int,
}

/// QEMU's own; only pointers to them are seen.
#[repr(C)]
pub(crate) struct Block([u8; 0]);
#[repr(C)]
pub(crate) struct Instruction([u8; 0]);
#[repr(C)]
struct HardwareAddress([u8; 0]);

/// Called before an instruction or a block: the CPU, and the word given with the callback.
pub(crate) type Executed = extern "C" fn(c_uint, *mut c_void);
/// Called after an access to memory: the CPU, what kind, the virtual address, the word given.
pub(crate) type Accessed = extern "C" fn(c_uint, u32, u64, *mut c_void);

/// Callbacks must not touch the guest's registers, and ours do not.
const NO_REGISTERS: c_int = 0;
const READS_AND_WRITES: c_int = 3;

type Register = extern "C" fn(PluginId, *const c_void, *const c_void);
type OnBlock = extern "C" fn(*mut Block, Executed, c_int, *mut c_void);
type OnInstruction = extern "C" fn(*mut Instruction, Executed, c_int, *mut c_void);
type OnAccess = extern "C" fn(*mut Instruction, Accessed, c_int, c_int, *mut c_void);
type Length = extern "C" fn(*const Block) -> usize;
type InstructionOf = extern "C" fn(*const Block, usize) -> *mut Instruction;
type Address = extern "C" fn(*const Instruction) -> u64;
type Size = extern "C" fn(*const Instruction) -> usize;
type IsStore = extern "C" fn(u32) -> bool;
type HardwareAddressOf = extern "C" fn(u32, u64) -> *mut HardwareAddress;
type IsDevice = extern "C" fn(*const HardwareAddress) -> bool;
type Physical = extern "C" fn(*const HardwareAddress) -> u64;
/// Up to version 2 of the interface, and from 3 on.
type DataPlace = extern "C" fn(*const Instruction) -> *const u8;
type DataCopy = extern "C" fn(*const Instruction, *mut u8, usize) -> usize;

struct Api {
    /// The newest version this QEMU knows.
    version: c_int,
    on_init: Register,
    on_idle: Register,
    on_translation: Register,
    on_block: OnBlock,
    on_instruction: OnInstruction,
    on_access: OnAccess,
    block_length: Length,
    block_instruction: InstructionOf,
    instruction_address: Address,
    instruction_size: Size,
    instruction_data: *const c_void,
    is_store: IsStore,
    hardware_address: HardwareAddressOf,
    is_device: IsDevice,
    physical_address: Physical,
}

// SAFETY: functions of the process, callable from any thread; the pointer is one of them.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

static API: OnceLock<Api> = OnceLock::new();

/// Read by QEMU when it loads the plugin: the version of the interface we were made for.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name QEMU looks for")]
pub(crate) static qemu_plugin_version: AtomicI32 = AtomicI32::new(1);

/// Runs when the library is loaded, which is before QEMU looks at [`qemu_plugin_version`].
#[used]
#[unsafe(link_section = ".init_array")]
static CHOOSE: extern "C" fn() = choose_version;

extern "C" fn choose_version() {
    let there = |name: &CStr| !host::symbol(name).is_null();
    let version = match (there(c"qemu_plugin_scoreboard_new"), there(c"tcg_call_to_qemu_plugin_cb_flags")) {
        (_, true) => 7,
        (true, false) => 2,
        (false, false) => 1,
    };
    qemu_plugin_version.store(version, Ordering::Relaxed);
}

/// Finds the functions.
pub(crate) fn find(version: c_int) -> Result<(), String> {
    macro_rules! function {
        ($type:ty, $name:literal) => {{
            let place = host::symbol($name);
            if place.is_null() {
                return Err(format!("this QEMU has no {:?}", $name));
            }
            // SAFETY: QEMU's function of this name has the type of the field, by its documentation.
            unsafe { mem::transmute::<*mut c_void, $type>(place) }
        }};
    }
    let data = host::symbol(c"qemu_plugin_insn_data");
    if data.is_null() {
        return Err("this QEMU has no qemu_plugin_insn_data".to_owned());
    }
    let api = Api {
        version,
        on_init: function!(Register, c"qemu_plugin_register_vcpu_init_cb"),
        on_idle: function!(Register, c"qemu_plugin_register_vcpu_idle_cb"),
        on_translation: function!(Register, c"qemu_plugin_register_vcpu_tb_trans_cb"),
        on_block: function!(OnBlock, c"qemu_plugin_register_vcpu_tb_exec_cb"),
        on_instruction: function!(OnInstruction, c"qemu_plugin_register_vcpu_insn_exec_cb"),
        on_access: function!(OnAccess, c"qemu_plugin_register_vcpu_mem_cb"),
        block_length: function!(Length, c"qemu_plugin_tb_n_insns"),
        block_instruction: function!(InstructionOf, c"qemu_plugin_tb_get_insn"),
        instruction_address: function!(Address, c"qemu_plugin_insn_vaddr"),
        instruction_size: function!(Size, c"qemu_plugin_insn_size"),
        instruction_data: data,
        is_store: function!(IsStore, c"qemu_plugin_mem_is_store"),
        hardware_address: function!(HardwareAddressOf, c"qemu_plugin_get_hwaddr"),
        is_device: function!(IsDevice, c"qemu_plugin_hwaddr_is_io"),
        physical_address: function!(Physical, c"qemu_plugin_hwaddr_phys_addr"),
    };
    API.get_or_init(|| api);
    Ok(())
}

fn api() -> &'static Api {
    API.get().expect("the functions are found before any is called")
}

extern "C" fn init(_: PluginId, cpu: c_uint) {
    events::appeared(cpu as usize);
}
extern "C" fn idle(_: PluginId, cpu: c_uint) {
    events::halted(cpu as usize);
}
extern "C" fn translation(_: PluginId, block: *mut Block) {
    translate::block(block);
}
extern "C" fn init_7(cpu: c_uint, _: *mut c_void) {
    events::appeared(cpu as usize);
}
extern "C" fn idle_7(cpu: c_uint, _: *mut c_void) {
    events::halted(cpu as usize);
}
extern "C" fn translation_7(block: *mut Block, _: *mut c_void) {
    translate::block(block);
}

/// Hangs up the callbacks that are there from the start.
pub(crate) fn listen(id: PluginId) {
    let (api, none) = (api(), std::ptr::null());
    // The pointer at the end is for version 7; older ones do not look at it.
    let seven = qemu_plugin_version.load(Ordering::Relaxed) >= 7;
    let pick = |old: *const c_void, new: *const c_void| if seven { new } else { old };
    (api.on_init)(id, pick(init as *const c_void, init_7 as *const c_void), none);
    (api.on_idle)(id, pick(idle as *const c_void, idle_7 as *const c_void), none);
    (api.on_translation)(id, pick(translation as *const c_void, translation_7 as *const c_void), none);
}

/// Calls `what` with `word` before each execution of the block.
pub(crate) fn on_block(block: *mut Block, what: Executed, word: u64) {
    (api().on_block)(block, what, NO_REGISTERS, word as *mut c_void);
}

/// Calls `what` with `word` before each execution of the instruction.
pub(crate) fn on_instruction(instruction: *mut Instruction, what: Executed, word: u64) {
    (api().on_instruction)(instruction, what, NO_REGISTERS, word as *mut c_void);
}

/// Calls `what` with `word` after each access to memory of the instruction.
pub(crate) fn on_access(instruction: *mut Instruction, what: Accessed, word: u64) {
    (api().on_access)(instruction, what, NO_REGISTERS, READS_AND_WRITES, word as *mut c_void);
}

/// The instructions of a block that is being translated, in order.
pub(crate) fn instructions(block: *mut Block) -> impl ExactSizeIterator<Item = *mut Instruction> {
    (0..(api().block_length)(block)).map(move |i| (api().block_instruction)(block, i))
}

/// The virtual address of an instruction.
pub(crate) fn address(instruction: *const Instruction) -> u64 {
    (api().instruction_address)(instruction)
}

/// The bytes of an instruction; those it does not have are 0. And how many it has.
pub(crate) fn bytes(instruction: *const Instruction) -> ([u8; 16], usize) {
    let api = api();
    let mut bytes = [0_u8; 16];
    let size = (api.instruction_size)(instruction).min(bytes.len());
    if api.version >= 3 {
        // SAFETY: the type of this function from version 3 on.
        let copy = unsafe { mem::transmute::<*const c_void, DataCopy>(api.instruction_data) };
        copy(instruction, bytes.as_mut_ptr(), size);
    } else {
        // SAFETY: the type of this function up to version 2.
        let place = unsafe { mem::transmute::<*const c_void, DataPlace>(api.instruction_data) };
        let from = place(instruction);
        // SAFETY: QEMU's copy of the instruction, `size` bytes long.
        bytes[..size].copy_from_slice(unsafe { std::slice::from_raw_parts(from, size) });
    }
    (bytes, size)
}

/// Whether an access wrote.
pub(crate) fn is_store(kind: u32) -> bool {
    (api().is_store)(kind)
}

/// What an access went to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// Memory, at this physical address.
    Memory(u64),
    /// A device.
    Device,
    /// QEMU does not know.
    Unknown,
}

/// What the access that is reported right now went to.
pub(crate) fn target(kind: u32, address: u64) -> Target {
    let api = api();
    let place = (api.hardware_address)(kind, address);
    if place.is_null() {
        Target::Unknown
    } else if (api.is_device)(place) {
        Target::Device
    } else {
        Target::Memory((api.physical_address)(place))
    }
}
