//! Arrow IPC: files (random access by their footers, also Feather's version 2) and streams; files are written.
//!
//! ```text
//! open ──► Layouts (layout.rs: where each record batch and dictionary stands) ──► a group a record batch
//!          messages.rs: what one message says, nothing of it taken on trust
//! read ──► the buffers of the columns that are read ──► arrays, by arrow-rs
//! ```
mod compressed;
mod file;
mod layout;
mod messages;
mod options;
mod read;
mod schema;
mod write;

pub use layout::Layouts;
pub use options::{ArrowRequest, ArrowWriteOptions};
pub(crate) use compressed::check as check_compressed;
pub(crate) use layout::take_dictionary;
pub(crate) use messages::{Said, message, spans};
pub(crate) use read::{BATCH_BYTES, as_type, copied, needs, open_chunk, settled};
pub use schema::open_arrow;
pub(crate) use schema::seen;
pub(crate) use write::join_arrow;
pub use write::ArrowPart;
