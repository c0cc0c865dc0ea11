//! One test binary: linking the engine is what takes long.
mod row_functions;
mod scripts;
mod semantics;
mod vectors;
