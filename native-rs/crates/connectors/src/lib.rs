//! Readers and writers, one folder a connector: `{mod, options, schema, chunks, read, write, errors}`.
//!
//! ```text
//! open ──► Dataset ──► chunks(columns, parts) ──► read(chunks of my part) ──► batches
//! (rank 0)  (broadcast)   (same on every rank)      (this rank's bytes only)
//!
//! prepare_output ──► FilesPart: ParquetPart / ArrowPart / CsvPart / JsonLinesPart (one a rank or partition) ──► commit_output
//! (rank 0)              (every rank)                                                                               (rank 0)
//! ```
//!
//! - [`open_parquet`], [`open_arrow`], [`open_csv`], [`open_json_lines`], [`open_iceberg`] resolve paths, read footers or headers, check the interface and
//!   collect statistics. The [`Dataset`] is all that planning needs and serialises: rank 0 opens, the others receive it. Of many files
//!   ([`ParquetListing`], [`IcebergRequest`]) each rank describes its share to the others ([`Described`]).
//! - [`read_labels`] gives the distinct values of a dictionary-encoded string column without reading its rows.
//! - [`PostgresCopy`] takes a rank's rows to a database, and [`PostgresSession`] is where the runtime commits them.
//! - [`open_postgres`] opens a [`Relation`], whose rows nobody has counted: a table, a view or a query of a database (`relation/`); [`FlightSqlSource`] one over Flight SQL, [`SnowflakeSource`] one of Snowflake, [`open_adbc`] one of whatever a driver of ADBC reads.
//! - [`prune`] says which groups a filter can match, [`chunks`] deals the remaining rows over `ranks × threads` parts,
//!   contiguous in table order, balanced by bytes.
//! - [`read`] decodes chunks lazily on the polling thread; [`Reader`] is an iterator and becomes a DataFusion stream.
//! - Errors are [`ConnectorError`]s with a run-time code; inside an engine error [`ConnectorError::find`] finds them.
//!
//! Files are local or in object stores (`store/`). Opening and [`Reader::next`] wait for bytes that are not here;
//! [`Reader::ready`] waits for them asynchronously before. Nothing here knows of ranks, Node or plans beyond column types.
mod adbc;
mod ahead;
mod arrow_types;
mod bounds;
mod chunks;
mod csv;
mod dataset;
mod declared;
mod described;
mod errors;
mod extensions;
mod files;
mod flight;
mod iceberg;
mod ipc;
mod json;
mod key_test;
mod names;
mod outputs;
mod parquet;
mod paths;
mod postgres;
mod prune;
mod read;
mod relation;
mod snowflake;
mod store;
mod text;
mod tls;

pub use adbc::{AdbcPlace, AdbcRelation, AdbcRequest, adbc_rows, open_adbc};
pub use arrow_types::{parse_type, print_type};
pub use bounds::Bound;
pub use chunks::{Chunk, chunks};
pub use csv::{CsvPart, CsvRequest, CsvWriteOptions, Dialect, open_csv};
pub use dataset::{ColumnChunk, ColumnStatistics, DataFile, Dataset, Format, Group, Held, Lines, js_type};
pub use described::Described;
pub use errors::{ConnectorError, Result};
pub use files::{FilesPart, FolderKeys, join_parts};
pub use flight::{FlightSqlRelation, FlightSqlRequest, FlightSqlSource};
pub use iceberg::{Bucket, Constant, DeleteFile, IcebergColumn, IcebergFile, IcebergFileInfo, IcebergKeys, IcebergPart, IcebergRequest, listed_iceberg, listed_matching, open_iceberg};
pub use ipc::{ArrowPart, ArrowRequest, ArrowWriteOptions, open_arrow};
pub use json::{JsonLinesPart, JsonLinesRequest, open_json_lines};
pub use key_test::KeyTest;
pub use names::{did_you_mean, near_misses};
pub use outputs::{Identity, Mode, OutputOptions, abort_output, clear_output, commit_output, prepare_output};
pub use parquet::{Alike, Columns, FOOTERS_AHEAD, FileInfo, Footed, ParquetListing, ParquetPart, ParquetRequest, ParquetWriteOptions, WRITER_MEMORY, open_parquet, read_labels};
pub use postgres::{PostgresCopy, PostgresPart, PostgresRelation, PostgresRequest, PostgresSession, open_postgres};
pub use prune::Pruner;
pub use read::{ReadOptions, Reader, read};
pub use relation::{Part, Relation, Selection};
pub use snowflake::{SnowflakeFile, SnowflakeFiles, SnowflakePart, SnowflakeRelation, SnowflakeRequest, SnowflakeResult, SnowflakeSource};
pub use store::{Remote, StoreOptions, install, traffic, wait};
