//! PostgreSQL: rank 0 opens a [`PostgresRelation`] and holds the [`Snapshot`] that all ranks read, each in sessions of its own, their
//! parts of it.
//!
//! ```text
//! rank 0  ─ BEGIN, pg_export_snapshot(), describe, sizes ─ … idle until the call ends … ─ goodbye
//! rank i  ─ BEGIN, SET TRANSACTION SNAPSHOT, COPY (SELECT the columns FROM … WHERE its part AND the filter) ─ goodbye
//! ```
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
mod types;
mod values;
mod write;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::{
    execution::{SendableRecordBatchStream, disk_manager::DiskManager},
    logical_expr::Expr,
};

pub use options::PostgresRequest;
pub use schema::{PostgresRelation, open_postgres};
pub use write::{PostgresCopy, PostgresPart, PostgresSession};

use crate::relation::{Part, Relation, Selection, sql};

impl Relation for PostgresRelation {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn size(&self) -> Option<(u64, u64)> {
        Some((self.rows, self.bytes))
    }

    fn below(&self, partitions: usize) -> u64 {
        chunks::below(self, partitions)
    }

    fn condition(&self, filter: &Expr) -> Option<String> {
        sql::condition(filter, self)
    }

    fn sql(&self, selection: &Selection) -> String {
        read::sql(selection, self)
    }

    fn reading(&self, ranks: usize, threads: usize) -> usize {
        chunks::spans(self, ranks, threads).iter().filter(|spans| !spans.is_empty()).count()
    }

    fn read(self: Arc<Self>, part: Part, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
        let spans = chunks::spans(&self, part.ranks, part.threads).swap_remove(part.partition);
        read::read(self, spans, selection, batch_rows, disk)
    }
}
