//! PostgreSQL. How many rows there are is known when they have come, so it is no `Dataset`: rank 0 opens a [`Relation`] and holds
//! the [`Snapshot`] that all ranks read, each in sessions of its own, their parts of it.
//!
//! ```text
//! rank 0  ─ BEGIN, pg_export_snapshot(), describe, sizes ─ … idle until the call ends … ─ goodbye
//! rank i  ─ BEGIN, SET TRANSACTION SNAPSHOT, COPY (SELECT the columns FROM … WHERE its part AND the filter) ─ goodbye
//! ```
mod aside;
mod chunks;
mod decode;
mod encode;
mod errors;
mod filter;
mod options;
mod read;
mod schema;
mod session;
mod target;
mod tls;
mod turns;
mod types;
mod write;

use std::sync::Arc;

use datafusion::{
    execution::{SendableRecordBatchStream, disk_manager::DiskManager},
    logical_expr::Expr,
};

pub use options::PostgresRequest;
pub use read::Selection;
pub use schema::{Relation, Snapshot, open_postgres};
pub use write::{PostgresCopy, PostgresPart, PostgresSession};

/// What each partition of all ranks reads.
#[derive(Debug, Clone)]
pub struct Spans(Arc<Vec<Vec<chunks::Span>>>);

impl Relation {
    pub fn spans(&self, ranks: usize, threads: usize) -> Spans {
        Spans(Arc::new(chunks::spans(self, ranks, threads)))
    }

    /// An exclusive bound of the rows' positions.
    pub fn below(&self, partitions: usize) -> u64 {
        chunks::below(self, partitions)
    }

    /// What of a filter the server can apply.
    pub fn condition(&self, filter: &Expr) -> Option<String> {
        filter::condition(filter, self)
    }
}

impl Spans {
    /// How many partitions read.
    pub fn reading(&self) -> usize {
        self.0.iter().filter(|spans| !spans.is_empty()).count()
    }

    pub fn read(&self, partition: usize, relation: Arc<Relation>, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
        read::read(relation, self.0[partition].clone(), selection, batch_rows, disk)
    }
}
