//! Error codes.
//!
//! A system call returns the *negative* of one of these in EAX. JOS: `inc/error.h`, `lib/printfmt.c`.

use core::fmt;

/// Why a system call failed. The discriminant is JOS's positive number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Error {
    /// `E_UNSPECIFIED`: an unspecified or unknown problem.
    Unspecified = 1,
    /// `E_BAD_ENV`: no such environment, or no right to it.
    BadEnv = 2,
    /// `E_INVAL`: an argument is out of range, or the call number is unknown.
    Inval = 3,
    /// `E_NO_MEM`: no free frame.
    NoMem = 4,
    /// `E_NO_FREE_ENV`: all [`crate::NENV`] environments are in use.
    NoFreeEnv = 5,
    /// `E_FAULT`: a memory fault.
    Fault = 6,
    /// `E_IPC_NOT_RECV`: the target is not blocked in `ipc_recv`.
    IpcNotRecv = 7,
    /// `E_EOF`: unexpected end of file.
    Eof = 8,
}

impl Error {
    /// Every error, in numerical order.
    pub const ALL: [Error; 8] = [
        Error::Unspecified,
        Error::BadEnv,
        Error::Inval,
        Error::NoMem,
        Error::NoFreeEnv,
        Error::Fault,
        Error::IpcNotRecv,
        Error::Eof,
    ];

    /// The value a failing system call leaves in EAX: the negated number, as an unsigned word.
    pub const fn to_eax(self) -> u32 {
        (-(self as i32)).cast_unsigned()
    }

    /// The error whose number is `code`, of either sign (as JOS's `%e` takes it).
    pub fn from_code(code: i32) -> Option<Error> {
        let number = code.unsigned_abs();
        Error::ALL.into_iter().find(|e| (*e as i32).unsigned_abs() == number)
    }

    /// JOS's text for the error, as `%e` prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Error::Unspecified => "unspecified error",
            Error::BadEnv => "bad environment",
            Error::Inval => "invalid parameter",
            Error::NoMem => "out of memory",
            Error::NoFreeEnv => "out of environments",
            Error::Fault => "segmentation fault",
            Error::IpcNotRecv => "env is not recving",
            Error::Eof => "unexpected end of file",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Splits the word a system call left in EAX into its value or its error.
///
/// A negative word that is no known error becomes [`Error::Unspecified`].
pub fn result_from_eax(eax: u32) -> Result<u32, Error> {
    match eax.cast_signed() {
        code if code < 0 => Err(Error::from_code(code).unwrap_or(Error::Unspecified)),
        _ => Ok(eax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eax_round_trip() {
        for error in Error::ALL {
            assert_eq!(result_from_eax(error.to_eax()), Err(error));
            assert_eq!(Error::from_code(error as i32), Some(error));
        }
        assert_eq!(result_from_eax(0x1001), Ok(0x1001));
        assert_eq!(Error::Inval.to_eax(), 0xffff_fffd);
        assert_eq!(result_from_eax((-100_i32).cast_unsigned()), Err(Error::Unspecified));
    }
}
