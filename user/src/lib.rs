//! What several programs share.
//!
//! A program is one file in `bin/`; this crate has only what two or more of them need.

#![no_std]

pub mod fault_alloc;
