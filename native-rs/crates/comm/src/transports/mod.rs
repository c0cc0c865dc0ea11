//! What carries the bytes. All transports pass the same conformance suite.

mod extents;
pub mod local;
pub mod mpi;
pub(crate) mod solo;
