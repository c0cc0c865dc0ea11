//! One test binary: linking the engine is what takes long.
mod semantics;
mod vectors;
