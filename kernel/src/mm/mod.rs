//! Memory: frames, page tables, address spaces, and the only ways to touch user memory.
//!
//! Downward: [`space`] and [`user_mem`] use [`page_table`], which uses [`entry`], [`frame`] and [`phys`].

pub mod entry;
pub mod frame;
pub mod kernel_map;
pub mod page_table;
pub mod phys;
pub mod space;
pub mod user_mem;
