//! A plugin for QEMU that turns its CPUs into a parallel machine in virtual time.
