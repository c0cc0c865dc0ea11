//! ADBC: what a driver, a C library that the program names, reads of its database. Rank 0 runs the query as it is. A driver that has its
//! result in parts says so, and they are dealt over the ranks, in order; of another one rank 0 reads the rows.
//!
//! ```text
//! rank 0  ─ database, connection, statement ─ ExecutePartitions ─► the parts, broadcast; or ExecuteQuery ─► a stream, which it keeps
//! rank i  ─ database, connection ─ ReadPartition of each of its own ─► arrays of C (abi.rs) ─► copied (import.rs) ─► batches
//! ```
//! Drivers wait for their networks in the thread that calls them: so each partition has one.
mod abi;
mod driver;
mod import;
mod options;
mod read;
mod schema;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::{
    execution::{SendableRecordBatchStream, disk_manager::DiskManager},
    logical_expr::Expr,
};

pub use options::{AdbcPlace, AdbcRequest};
pub use read::adbc_rows;
pub use schema::{AdbcRelation, open_adbc};

use crate::relation::{Part, ROWS_A_PART, Relation, Selection, runs};

impl AdbcRelation {
    /// Of each partition the parts that it reads; all rows are one, where the driver has no parts.
    fn dealt(&self, ranks: usize, threads: usize) -> Vec<std::ops::Range<usize>> {
        runs(self.count(), self.connections, ranks, threads)
    }
}

impl Relation for AdbcRelation {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn size(&self) -> Option<(u64, u64)> {
        None
    }

    fn below(&self, _partitions: usize) -> u64 {
        self.count().max(1) as u64 * ROWS_A_PART
    }

    /// How a database writes SQL only its driver knows.
    fn condition(&self, _filter: &Expr) -> Option<String> {
        None
    }

    fn sql(&self, _selection: &Selection) -> String {
        self.statement.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn reading(&self, ranks: usize, threads: usize) -> usize {
        self.dealt(ranks, threads).iter().filter(|parts| !parts.is_empty()).count()
    }

    fn read(self: Arc<Self>, part: Part, selection: Selection, batch_rows: usize, _disk: Arc<DiskManager>) -> SendableRecordBatchStream {
        let parts = self.dealt(part.ranks, part.threads).swap_remove(part.partition);
        read::read(self, parts, selection, batch_rows)
    }
}
