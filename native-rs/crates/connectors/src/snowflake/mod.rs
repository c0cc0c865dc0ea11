//! Snowflake: the runtime asks for a query once, on rank 0, and is told where its rows are: the first come with the answer, the others
//! stand in chunks, in a store. They are dealt over the ranks, in their order.
//!
//! ```text
//! rank 0  ─ (runtime/src/connectors/snowflake) describe ─► SnowflakeSource: the statement ─► run ─► SnowflakeRelation, broadcast
//! rank i  ─ GET each of its own chunks ─► gzip ─► messages of Arrow IPC ─► types.rs: what they stand for ─► batches
//! ```
//! So who logs in is said once, in the runtime, and no login comes here.
mod chunks;
mod client;
mod options;
mod read;
mod schema;
mod types;
mod write;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::{
    execution::{SendableRecordBatchStream, disk_manager::DiskManager},
    logical_expr::Expr,
};

pub use options::{SnowflakeRequest, SnowflakeResult};
pub use schema::{SnowflakeRelation, SnowflakeSource};
pub use write::{SnowflakeFile, SnowflakeFiles, SnowflakePart};

use crate::relation::{Part, Relation, Selection};

impl Relation for SnowflakeRelation {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn size(&self) -> Option<(u64, u64)> {
        let rows = self.rows();
        Some((rows, rows.saturating_mul(8 * self.columns.len() as u64)))
    }

    fn below(&self, _partitions: usize) -> u64 {
        self.rows()
    }

    /// The query has been sent, with what could be said of the reader's filter in it.
    fn condition(&self, _filter: &Expr) -> Option<String> {
        None
    }

    fn sql(&self, _selection: &Selection) -> String {
        self.statement.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn reading(&self, ranks: usize, threads: usize) -> usize {
        chunks::dealt(self, ranks, threads).iter().filter(|parts| !parts.is_empty()).count()
    }

    fn read(self: Arc<Self>, part: Part, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
        let parts = chunks::dealt(&self, part.ranks, part.threads).swap_remove(part.partition);
        read::read(self, parts, selection, batch_rows, disk)
    }
}
