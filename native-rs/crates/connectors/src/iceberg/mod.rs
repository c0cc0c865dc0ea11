//! Tables of Iceberg: Parquet files whose columns are found by ids, less the rows that delete files name.
//!
//! Which files these are stands in the table's metadata, which the runtime reads (`runtime/src/connectors/iceberg/`).
mod deletes;
mod fit;
mod listed;
mod open;
mod partition;
mod request;
mod required;
mod write;

pub use deletes::Deleted;
pub(crate) use deletes::FileDeletes;
pub use fit::Fit;
pub use listed::{listed_iceberg, listed_matching};
pub use open::open_iceberg;
pub(crate) use open::field_id;
pub use request::{Bucket, Constant, DeleteFile, IcebergColumn, IcebergFile, IcebergRequest};
pub use write::{IcebergFileInfo, IcebergKeys, IcebergPart};
