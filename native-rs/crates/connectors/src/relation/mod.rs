//! Rows that a server gives for a statement. How many there are is known when they have come, so they are no `Dataset`: rank 0 opens a
//! [`Relation`], the others receive it, and each partition that has a session reads its part, in the order of the table.
//!
//! ```text
//! turns.rs ─► a session ─► incoming.rs: blocks ─► who asks decodes (Arrow: decode.rs, decoded.rs) ─► rows.rs: batches
//!                             who asks is slow, and another reader waits for a turn: └► aside.rs, a file ─┘
//! ```
//! `sql.rs` writes what is asked of the rows, `statement.rs` all of it where it is one query; `columns.rs` holds what there is against the program; `reader.rs` makes a stream of what who asks does.
mod aside;
mod columns;
mod decode;
mod decoded;
mod incoming;
mod reader;
mod rows;
pub mod sql;
mod statement;
mod turns;

use std::{fmt, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::{
    execution::{SendableRecordBatchStream, disk_manager::DiskManager},
    logical_expr::Expr,
};

pub(crate) use aside::Aside;
pub(crate) use columns::{check_names, check_types};
pub(crate) use decode::{Decoder, framed, next_message};
pub(crate) use decoded::Decoded;
pub(crate) use incoming::{BLOCKS, Hand, Incoming, Message};
pub(crate) use reader::{Reader, batches};
pub(crate) use rows::{ROWS_A_PART, Rows};
pub(crate) use statement::{Asked, condition};
pub(crate) use turns::{Turns, reading, runs, share};

/// What rank 0 has found of a table, a view or a query.
pub trait Relation: fmt::Debug + Send + Sync {
    /// As messages name it.
    fn name(&self) -> &str;

    fn schema(&self) -> &SchemaRef;

    /// About how many rows and bytes there are, if the server says it.
    fn size(&self) -> Option<(u64, u64)>;

    /// An exclusive bound of the rows' positions.
    fn below(&self, partitions: usize) -> u64;

    /// What of a filter the server can apply.
    fn condition(&self, filter: &Expr) -> Option<String>;

    /// The statement, without what tells the parts apart: for people.
    fn sql(&self, selection: &Selection) -> String;

    /// How many partitions read.
    fn reading(&self, ranks: usize, threads: usize) -> usize;

    /// The rows of a part, at most `batch_rows` a batch. Nothing is asked for before the first batch is.
    fn read(self: Arc<Self>, part: Part, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream;
}

/// One of the partitions of all ranks.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub partition: usize,
    pub ranks: usize,
    pub threads: usize,
}

/// What a scan asks for.
#[derive(Debug, Clone)]
pub struct Selection {
    /// In output order.
    pub columns: Vec<String>,
    /// SQL behind WHERE.
    pub condition: Option<String>,
    /// Rows that are wanted of each part at most.
    pub limit: Option<u64>,
    /// Name of an added last column, int64: a number by which rows stand in the order of the table.
    pub position: Option<String>,
}

impl Selection {
    /// The schema of its batches.
    pub fn schema(&self, relation: &dyn Relation) -> SchemaRef {
        let read = self.columns.iter().map(|name| relation.schema().field_with_name(name).expect("the columns are the relation's").clone());
        Arc::new(Schema::new(read.chain(self.position.iter().map(|name| Field::new(name, DataType::Int64, false))).collect::<Vec<_>>()))
    }
}
