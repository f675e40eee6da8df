//! The stacks of first sightings, kept in mode `full`: how each edge of the learned graph came about.

pub(crate) use super::stack::Stack as EdgeStack;
