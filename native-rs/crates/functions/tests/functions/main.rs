//! One test binary: linking the engine is what takes long.
mod frames;
mod nulls;
mod order_and_aggregates;
mod row_functions;
mod scripts;
mod semantics;
mod vectors;
