//! Parquet: footers say everything before any data is read; row groups are decoded by arrow-rs on the asking thread.
mod chunks;
mod encode;
mod errors;
mod labels;
mod matching;
mod offsets;
mod options;
mod picked;
mod read;
mod row_groups;
mod sample;
mod schema;
mod tested;
mod write;

pub(crate) use chunks::Footers;
pub use labels::read_labels;
pub use options::{ParquetRequest, ParquetWriteOptions};
pub(crate) use errors::{guarded, reading};
pub(crate) use matching::{Matching, matching, will_judge};
pub(crate) use read::{Pages, needs};
pub(crate) use schema::{describe, each_footer, load};
pub use schema::open_parquet;
pub(crate) use picked::open_picked;
pub(crate) use tested::open_tested;
pub(crate) use write::{as_written, written_schema};
pub use write::{FileInfo, ParquetPart};
