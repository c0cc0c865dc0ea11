//! Arrow Flight SQL: rank 0 asks for a query once, and the server says at which endpoints its rows are. They are dealt over the ranks,
//! in their order, which is the table's.
//!
//! ```text
//! rank 0  ─ GetFlightInfo(SELECT the columns FROM … WHERE the filter) ─► a ticket an endpoint, and the server that takes it
//! rank i  ─ DoGet(ticket) for each of its own ─► messages of Arrow IPC ─► batches
//! ```
//! Of gRPC `client.rs` has the connection, tonic the rest, without its own transport: that, and arrow-flight, which needs it, would
//! bring a server along and compile what hyper's users have in common (object_store, DataFusion) with other features.
mod chunks;
mod client;
mod errors;
mod login;
mod messages;
mod options;
mod read;
mod schema;
mod target;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::{
    execution::{SendableRecordBatchStream, disk_manager::DiskManager},
    logical_expr::Expr,
};

pub use options::FlightSqlRequest;
pub use schema::{FlightSqlRelation, FlightSqlSource};

use crate::relation::{Part, Relation, Selection};

impl Relation for FlightSqlRelation {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn size(&self) -> Option<(u64, u64)> {
        self.size
    }

    fn below(&self, _partitions: usize) -> u64 {
        chunks::below(self)
    }

    /// The query has been sent, with what could be said of the reader's filter in it.
    fn condition(&self, _filter: &Expr) -> Option<String> {
        None
    }

    fn sql(&self, _selection: &Selection) -> String {
        self.statement.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn reading(&self, ranks: usize, threads: usize) -> usize {
        chunks::dealt(self, ranks, threads).iter().filter(|endpoints| !endpoints.is_empty()).count()
    }

    fn read(self: Arc<Self>, part: Part, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
        let endpoints = chunks::dealt(&self, part.ranks, part.threads).swap_remove(part.partition);
        read::read(self, endpoints, selection, batch_rows, disk)
    }
}
