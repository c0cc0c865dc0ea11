//! Spans → record batches. A task of the network's thread takes a turn, copies what the statements give, and hands it on in blocks;
//! the thread that asks decodes.
//!
//! ```text
//! turn ─► session in the snapshot ─► COPY … TO STDOUT (FORMAT binary) ─► blocks ─► decoder ─► batches
//!                                        who asks is slow, and another reader waits for a turn: └► a file ─┘
//! ```
//! So a turn ends whatever becomes of the rows: no reader waits for one whose rows another is to take first.
use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions},
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use bytes::{Bytes, BytesMut};
use datafusion::{error::DataFusionError, execution::{SendableRecordBatchStream, disk_manager::DiskManager}, physical_plan::stream::RecordBatchStreamAdapter};
use futures::{FutureExt, StreamExt, stream};
use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    aside::Aside,
    chunks::{Rows, Span},
    decode::{Decoder, Wrong},
    errors,
    schema::{Body, Relation},
    session::{Session, quoted},
};
use crate::{
    errors::{ConnectorError, Result},
    store::background,
};

/// Bytes of a block, about, and blocks that wait to be decoded.
const BLOCK: usize = 256 << 10;
const BLOCKS: usize = 16;

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
    pub fn schema(&self, relation: &Relation) -> SchemaRef {
        let read = self.columns.iter().map(|name| relation.schema.field_with_name(name).expect("the columns are the relation's").clone());
        Arc::new(Schema::new(read.chain(self.position.iter().map(|name| Field::new(name, DataType::Int64, false))).collect::<Vec<_>>()))
    }

    /// The statement without what tells the parts apart: for people.
    pub fn sql(&self, relation: &Relation) -> String {
        let from = match &relation.body {
            Body::Heaps(heaps) => match heaps.as_slice() {
                [heap] => heap.table.clone(),
                [first, others @ ..] => format!("{} and {} more", first.table, others.len()),
                [] => "no table".to_owned(),
            },
            Body::Keyed { from, .. } | Body::Whole { from } => from.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        self.statement(relation, &from, None, "")
    }

    fn statement(&self, relation: &Relation, from: &str, rows: Option<String>, order: &str) -> String {
        let column = |name: &String| relation.columns.iter().find(|asked| asked.name == *name).map_or_else(String::new, |asked| asked.sql.clone());
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        let conditions: Vec<String> = rows.into_iter().chain(self.condition.clone()).collect();
        let condition = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let limit = self.limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        format!("SELECT {} FROM {from}{condition}{order}{limit}", columns.join(", "))
    }

    fn of_span(&self, relation: &Relation, span: &Span) -> String {
        match (&span.rows, &relation.body) {
            (Rows::Blocks { table, from, to }, _) => {
                let blocks = format!("ctid >= '({from},0)'::tid AND ctid < '({to},0)'::tid");
                self.statement(relation, &format!("ONLY {table}"), Some(blocks), "")
            }
            (Rows::Keys { from, to }, Body::Keyed { from: table, key }) => {
                let column = format!("source.{}", key.column);
                let least = from.map(|from| format!("{column} >= {}", key.value(from)));
                let most = to.map(|to| format!("{column} < {}", key.value(to)));
                let rows = match (least, most) {
                    (Some(least), Some(most)) => Some(format!("{least} AND {most}")),
                    // Rows without a key stand last.
                    (Some(least), None) => Some(format!("({least} OR {column} IS NULL)")),
                    (None, most) => most,
                };
                self.statement(relation, table, rows, &format!(" ORDER BY {column}"))
            }
            (_, Body::Keyed { from, .. } | Body::Whole { from }) => self.statement(relation, from, None, ""),
            (_, Body::Heaps(_)) => unreachable!("tables are read by blocks"),
        }
    }
}

/// The rows of a partition's spans, at most `batch_rows` a batch. Nothing is asked for before the first batch is.
pub(super) fn read(relation: Arc<Relation>, spans: Vec<Span>, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
    let schema = selection.schema(&relation);
    let reader = Reader {
        decoder: Decoder::new(&Arc::new(Schema::new(schema.fields()[..selection.columns.len()].to_vec()))),
        schema: schema.clone(),
        relation,
        spans,
        selection,
        batch_rows,
        disk,
        source: None,
        block: Bytes::new(),
        span: None,
        done: 0,
    };
    let batches = stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.step().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(reader))),
            Ok(None) => None,
            Err(error) => Some((Err(DataFusionError::from(error)), None)),
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

struct Reader {
    relation: Arc<Relation>,
    spans: Vec<Span>,
    selection: Selection,
    schema: SchemaRef,
    batch_rows: usize,
    disk: Arc<DiskManager>,
    source: Option<Source>,
    decoder: Decoder,
    /// What has come and is not decoded.
    block: Bytes,
    /// The span of these rows, and how many of them were delivered.
    span: Option<usize>,
    done: u64,
}

enum Message {
    /// The rows that follow are this span's.
    Span(usize),
    Block(Bytes),
    Failed(ConnectorError),
    Done,
}

/// The task that copies; it ends with its reader, and the session with it.
struct Source {
    messages: mpsc::Receiver<Message>,
    task: JoinHandle<()>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reader {
    async fn step(&mut self) -> Result<Option<RecordBatch>> {
        if self.spans.is_empty() {
            return Ok(None);
        }
        loop {
            while !self.block.is_empty() && !self.decoder.full(self.batch_rows) {
                let mut rest: &[u8] = &self.block;
                let taken = self.decoder.take(&mut rest, self.batch_rows);
                let left = rest.len();
                taken.map_err(|wrong| self.wrong(wrong))?;
                drop(self.block.split_to(self.block.len() - left));
            }
            if self.decoder.full(self.batch_rows) {
                return self.batch().map(Some);
            }
            let source = self.source.get_or_insert_with(|| {
                let (sender, messages) = mpsc::channel(BLOCKS);
                let copy = Copy { relation: self.relation.clone(), spans: self.spans.clone(), selection: self.selection.clone(), disk: self.disk.clone(), sender };
                Source { messages, task: background(copy.run()) }
            });
            match source.messages.recv().await {
                Some(Message::Block(block)) => self.block = block,
                Some(Message::Failed(error)) => return Err(error),
                Some(Message::Span(_)) | Some(Message::Done) if !self.decoder.complete() => return Err(self.wrong(Wrong::Bytes)),
                // Rows are numbered span by span, so a batch has rows of one.
                Some(Message::Span(span)) => {
                    let rest = (self.decoder.rows() > 0).then(|| self.batch()).transpose()?;
                    (self.span, self.done) = (Some(span), 0);
                    if rest.is_some() {
                        return Ok(rest);
                    }
                }
                Some(Message::Done) => {
                    let rest = (self.decoder.rows() > 0).then(|| self.batch()).transpose()?;
                    self.spans.clear();
                    return Ok(rest);
                }
                None => return Err(self.wrong(Wrong::Bytes)),
            }
        }
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let rows = self.decoder.rows();
        let mut columns = self.decoder.finish();
        for (field, column) in self.schema.fields().iter().zip(&columns) {
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(self.null_found(field.name(), column));
            }
        }
        let first = self.span.map_or(0, |span| self.spans[span].first) + self.done;
        self.done += rows as u64;
        if self.selection.position.is_some() {
            columns.push(Arc::new(Int64Array::from_iter_values(first as i64..(first + rows as u64) as i64)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(|error| ConnectorError::corrupt(&self.relation.name, error))
    }

    fn place(&self, row: u64) -> String {
        let place = self.span.map_or("", |span| &self.spans[span].place);
        let of = if self.selection.condition.is_some() { " of those asked for" } else { "" };
        if place.is_empty() { format!("row {row}{of}") } else { format!("row {row}{of} {place}") }
    }

    fn null_found(&self, column: &str, values: &ArrayRef) -> ConnectorError {
        let row = self.done + (0..values.len()).find(|row| values.is_null(*row)).unwrap_or(0) as u64;
        let source = &self.relation.name;
        let message = format!("{source}: column {column} is null in {}, the interface says it never is; write {column}: … | null", self.place(row));
        ConnectorError::new("LS2003", message, json!({ "source": source, "column": column, "row": row }))
    }

    fn wrong(&self, wrong: Wrong) -> ConnectorError {
        let source = &self.relation.name;
        match wrong {
            Wrong::Bytes => super::session::odd(source),
            Wrong::Value { column, what } => {
                let (column, row) = (self.schema.field(column).name(), self.done + self.decoder.rows() as u64);
                let message = format!("{source}: column {column} has {what}, in {}", self.place(row));
                ConnectorError::unsupported(message, json!({ "source": source, "column": column, "row": row }))
            }
        }
    }
}

struct Copy {
    relation: Arc<Relation>,
    spans: Vec<Span>,
    selection: Selection,
    disk: Arc<DiskManager>,
    sender: mpsc::Sender<Message>,
}

impl Copy {
    async fn run(self) {
        let last = match self.copy().await {
            Ok(()) => Message::Done,
            Err(error) => Message::Failed(error),
        };
        // A reader that is gone needs to know nothing.
        drop(self.sender.send(last).await);
    }

    async fn copy(&self) -> Result<()> {
        let source = &self.relation.name;
        let turn = self.relation.turns.take().await;
        let session = Session::open(&self.relation.target).await?;
        session.run(source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        session.run(source, &format!("SET TRANSACTION SNAPSHOT {}", quoted(&self.relation.snapshot))).await?;
        if matches!(self.relation.body, Body::Heaps(_)) {
            // Rows come as they lie there, not as an index has them.
            session.run(source, "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off").await?;
        }
        let mut aside: Option<Aside> = None;
        for (number, span) in self.spans.iter().enumerate() {
            self.hand_on(Message::Span(number), &mut aside).await?;
            let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", self.selection.of_span(&self.relation, span));
            let lost = |error| errors::running(source, &error);
            let mut copied = Box::pin(session.client().copy_out(&sql).await.map_err(lost)?);
            let mut block = BytesMut::with_capacity(BLOCK);
            loop {
                let next = copied.next().now_or_never();
                // What is here is not kept back while the server computes.
                if !block.is_empty() && (next.is_none() || block.len() >= BLOCK) {
                    self.hand_on(Message::Block(block.split().freeze()), &mut aside).await?;
                }
                let next = match next {
                    Some(next) => next,
                    None => copied.next().await,
                };
                let Some(rows) = next else { break };
                block.extend_from_slice(&rows.map_err(lost)?);
            }
            if !block.is_empty() {
                self.hand_on(Message::Block(block.freeze()), &mut aside).await?;
            }
        }
        session.end().await;
        drop(turn);
        match aside {
            Some(aside) => self.replay(aside).await,
            None => Ok(()),
        }
    }

    /// To the reader, or, where it has enough and another waits for this turn, aside.
    async fn hand_on(&self, message: Message, aside: &mut Option<Aside>) -> Result<()> {
        let aside = match aside {
            Some(aside) => aside,
            None => {
                tokio::select! {
                    biased;
                    place = self.sender.reserve() => {
                        // A reader that is gone has stopped this.
                        if let Ok(place) = place {
                            place.send(message);
                        }
                        return Ok(());
                    }
                    () = self.relation.turns.wanted() => {}
                }
                aside.insert(Aside::new(&self.disk)?)
            }
        };
        match &message {
            Message::Span(number) => aside.put(*number as u64 + 1, &[]),
            Message::Block(bytes) => aside.put(0, bytes),
            _ => Ok(()),
        }
    }

    async fn replay(&self, aside: Aside) -> Result<()> {
        for entry in aside.entries()? {
            let message = match entry? {
                (0, bytes) => Message::Block(bytes),
                (number, _) => Message::Span(number as usize - 1),
            };
            if self.sender.send(message).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}
