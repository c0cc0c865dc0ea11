//! Plans run on 1 rank and on many, as threads of this process: the same answer everywhere.
mod errors;
mod footers;
mod guards;
mod heavy;
mod jobs;
mod keys;
mod memory;
mod order;
mod proofs;
mod scale;
mod semi;
mod stops;
mod tables;
mod windows;
mod world;
