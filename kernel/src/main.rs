//! The kernel's executable: everything is in the library of the same name, which also compiles for tests.

#![no_std]
#![no_main]

use kernel as _;
