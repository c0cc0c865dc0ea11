//! JSON Lines: an object a line, with the acceptance of V8's `JSON.parse` and the type rules of ARCHITECTURE.md,
//! "Semantics". A line end cannot stand inside of a value, so files are cut at line ends without a look at what is
//! between them; `members.rs` and `escapes.rs` are the only places that know JSON.
mod chunks;
mod escapes;
mod keys;
mod lines;
mod members;
mod options;
mod read;
mod schema;
mod shape;
mod write;

pub use options::{JsonLinesRequest, JsonLinesWriteOptions};
pub(crate) use read::{line_of, open_chunk};
pub use schema::open_json_lines;
pub use write::JsonLinesPart;
