//! CSV: RFC 4180 with the type rules of ARCHITECTURE.md, "Semantics". One tokenizer (`records.rs`) is the only place
//! that knows quotes and line ends; values are parsed in `text/`.
mod chunks;
mod options;
mod read;
mod records;
mod schema;
mod write;

pub use options::{CsvRequest, CsvWriteOptions, Dialect};
pub(crate) use read::{line_of, open_chunk};
pub use schema::open_csv;
pub use write::CsvPart;
