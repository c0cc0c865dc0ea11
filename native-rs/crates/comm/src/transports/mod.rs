//! What carries the bytes. All transports pass the same conformance suite.

pub mod local;
pub(crate) mod solo;
