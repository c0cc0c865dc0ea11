//! Spans → record batches. A task copies what the statements give and hands it on in blocks; the thread that asks decodes.
//!
//! ```text
//! turn ─► session in the snapshot ─► COPY … TO STDOUT (FORMAT binary) ─► blocks ─► decoder ─► batches
//! ```
use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Schema},
};
use bytes::{Bytes, BytesMut};
use datafusion::execution::{SendableRecordBatchStream, disk_manager::DiskManager};
use futures::{FutureExt, StreamExt};

use super::{
    chunks::{self, Span},
    decode::{Decoder, Wrong},
    errors,
    schema::{Body, PostgresRelation},
    session::Session,
};
use crate::{
    errors::{ConnectorError, Result},
    relation::{BLOCKS, Hand, Incoming, Message, Reader, Relation, Rows, Selection, batches, sql::quoted},
    text::as_key,
};

/// Bytes of a block, about.
const BLOCK: usize = 256 << 10;

/// The statement without what tells the parts apart: for people.
pub fn sql(selection: &Selection, relation: &PostgresRelation) -> String {
    let from = match &relation.body {
        Body::Heaps(heaps) => match heaps.as_slice() {
            [heap] => heap.table.clone(),
            [first, others @ ..] => format!("{} and {} more", first.table, others.len()),
            [] => "no table".to_owned(),
        },
        Body::Keyed { from, .. } | Body::Whole { from } => from.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    statement(selection, relation, &from, None, "")
}

fn statement(selection: &Selection, relation: &PostgresRelation, from: &str, rows: Option<String>, order: &str) -> String {
    let column = |name: &String| relation.columns.iter().find(|asked| asked.name == *name).map_or_else(String::new, |asked| asked.sql.clone());
    let columns: Vec<String> = selection.columns.iter().map(column).collect();
    let conditions: Vec<String> = rows.into_iter().chain(selection.condition.clone()).collect();
    let condition = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let limit = selection.limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
    format!("SELECT {} FROM {from}{condition}{order}{limit}", columns.join(", "))
}

fn of_span(selection: &Selection, relation: &PostgresRelation, span: &Span) -> String {
    match (&span.rows, &relation.body) {
        (chunks::Rows::Blocks { table, from, to }, _) => {
            let blocks = format!("ctid >= '({from},0)'::tid AND ctid < '({to},0)'::tid");
            statement(selection, relation, &format!("ONLY {table}"), Some(blocks), "")
        }
        (chunks::Rows::Keys { from, to }, Body::Keyed { from: table, key }) => {
            let column = format!("source.{}", key.column);
            let least = from.map(|from| format!("{column} >= {}", key.value(from)));
            let most = to.map(|to| format!("{column} < {}", key.value(to)));
            let rows = match (least, most) {
                (Some(least), Some(most)) => Some(format!("{least} AND {most}")),
                // Rows without a key stand last.
                (Some(least), None) => Some(format!("({least} OR {column} IS NULL)")),
                (None, most) => most,
            };
            statement(selection, relation, table, rows, &format!(" ORDER BY {column}"))
        }
        (_, Body::Keyed { from, .. } | Body::Whole { from }) => statement(selection, relation, from, None, ""),
        (_, Body::Heaps(_)) => unreachable!("tables are read by blocks"),
    }
}

/// The rows of a partition's spans.
pub fn read(relation: Arc<PostgresRelation>, spans: Vec<Span>, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
    let rows = Rows::new(relation.as_ref(), &selection);
    let schema = rows.schema().clone();
    let reader = Copied {
        decoder: Decoder::new(&Arc::new(Schema::new(schema.fields()[..selection.columns.len()].to_vec()))),
        rows,
        copy: Copy { relation, spans, selection },
        batch_rows,
        disk,
        incoming: None,
        block: Bytes::new(),
    };
    batches(schema, reader)
}

struct Copied {
    copy: Copy,
    batch_rows: usize,
    disk: Arc<DiskManager>,
    incoming: Option<Incoming>,
    decoder: Decoder,
    /// What has come and is not decoded.
    block: Bytes,
    rows: Rows,
}

impl Reader for Copied {
    async fn step(&mut self) -> Result<Option<RecordBatch>> {
        if self.copy.spans.is_empty() {
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
            let incoming = self.incoming.get_or_insert_with(|| {
                let copy = self.copy.clone();
                Incoming::start(self.copy.relation.turns.clone(), self.disk.clone(), BLOCKS, |hand| copy.run(hand))
            });
            match incoming.next().await {
                Some(Message::Block(block)) => self.block = block,
                Some(Message::Failed(error)) => return Err(error),
                Some(Message::Span(_)) | Some(Message::Done) if !self.decoder.complete() => return Err(self.wrong(Wrong::Bytes)),
                // Rows are numbered span by span, so a batch has rows of one.
                Some(Message::Span(span)) => {
                    let rest = (self.decoder.rows() > 0).then(|| self.batch()).transpose()?;
                    let span = &self.copy.spans[span];
                    self.rows.begin(span.first, &span.place);
                    if rest.is_some() {
                        return Ok(rest);
                    }
                }
                Some(Message::Done) => {
                    let rest = (self.decoder.rows() > 0).then(|| self.batch()).transpose()?;
                    self.copy.spans.clear();
                    return Ok(rest);
                }
                None => return Err(self.wrong(Wrong::Bytes)),
            }
        }
    }
}

impl Copied {
    fn batch(&mut self) -> Result<RecordBatch> {
        let rows = self.decoder.rows();
        self.rows.batch(self.decoder.finish(), rows)
    }

    fn wrong(&self, wrong: Wrong) -> ConnectorError {
        match wrong {
            Wrong::Bytes => super::session::odd(&self.copy.relation.name),
            Wrong::Value { column, what } => {
                let field = self.rows.schema().field(column);
                let error = self.rows.wrong(column, self.decoder.rows(), what);
                // Texts are what a column is at last.
                match field.data_type() {
                    DataType::Utf8 => error,
                    _ => error.with_fix(format!("Read it as PostgreSQL prints it: types: {{ {}: \"string\" }}.", as_key(field.name()))),
                }
            }
        }
    }
}

/// What a session does for a partition.
#[derive(Clone)]
struct Copy {
    relation: Arc<PostgresRelation>,
    spans: Vec<Span>,
    selection: Selection,
}

impl Copy {
    async fn run(self, mut hand: Hand) -> Result<Hand> {
        let source = self.relation.name();
        let session = Session::open(&self.relation.target).await?;
        session.run(source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        session.run(source, &format!("SET TRANSACTION SNAPSHOT {}", quoted(&self.relation.snapshot))).await?;
        if matches!(self.relation.body, Body::Heaps(_)) {
            // Rows come as they lie there, not as an index has them.
            session.run(source, "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off").await?;
        }
        for (number, span) in self.spans.iter().enumerate() {
            hand.on(Message::Span(number)).await?;
            let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", of_span(&self.selection, &self.relation, span));
            let lost = |error| errors::running(source, &error);
            let mut copied = Box::pin(session.client().copy_out(&sql).await.map_err(lost)?);
            let mut block = BytesMut::with_capacity(BLOCK);
            loop {
                let next = copied.next().now_or_never();
                // What is here is not kept back while the server computes.
                if !block.is_empty() && (next.is_none() || block.len() >= BLOCK) {
                    hand.on(Message::Block(block.split().freeze())).await?;
                }
                let next = match next {
                    Some(next) => next,
                    None => copied.next().await,
                };
                let Some(rows) = next else { break };
                block.extend_from_slice(&rows.map_err(lost)?);
            }
            if !block.is_empty() {
                hand.on(Message::Block(block.freeze())).await?;
            }
        }
        session.end().await;
        Ok(hand)
    }
}
