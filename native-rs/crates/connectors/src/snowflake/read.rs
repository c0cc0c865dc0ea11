//! Chunks → record batches. A task fetches them and hands on what comes; the thread that asks unpacks and decodes.
use std::{
    io::{Cursor, Read},
    ops::Range,
    sync::Arc,
};

use arrow::array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use datafusion::execution::{SendableRecordBatchStream, disk_manager::DiskManager};
use flate2::read::MultiGzDecoder;

use super::{chunks::first, client::fetch, schema::SnowflakeRelation, types::{Wrong, converted}};
use crate::{
    errors::{ConnectorError, Result},
    parquet::guarded,
    relation::{Decoded, Decoder, Hand, Incoming, Message, Reader, Relation, Rows, Selection, batches, next_message},
};

/// A chunk, packed some megabytes, waits; one is unpacked, and one comes.
const WAITING: usize = 2;

/// The rows of a partition's parts.
pub fn read(relation: Arc<SnowflakeRelation>, parts: Range<usize>, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
    let rows = Rows::new(relation.as_ref(), &selection);
    let schema = rows.schema().clone();
    let wanted = selection.limit.unwrap_or(u64::MAX);
    let reader = Fetched { relation, parts, selection, batch_rows, disk, incoming: None, part: 0, came: 0, stream: None, decoded: None, rows, wanted };
    batches(schema, reader)
}

struct Fetched {
    relation: Arc<SnowflakeRelation>,
    parts: Range<usize>,
    selection: Selection,
    batch_rows: usize,
    disk: Arc<DiskManager>,
    incoming: Option<Incoming>,
    /// What comes is this one's.
    part: usize,
    /// Rows of it that were decoded.
    came: u64,
    stream: Option<(Box<dyn Read + Send + Sync>, Decoder)>,
    decoded: Option<Decoded>,
    rows: Rows,
    /// Rows that are still wanted.
    wanted: u64,
}

/// Bytes of a chunk unpacked, at most: it has some tens of megabytes, and a stream of zeros a thousand times as many as its bytes.
const LONGEST: u64 = 1 << 31;

impl Reader for Fetched {
    async fn step(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.wanted == 0 {
                self.incoming = None;
                return Ok(None);
            }
            if let Some(batch) = self.piece()? {
                return Ok(Some(batch));
            }
            if self.stream.is_some() {
                self.decode()?;
                continue;
            }
            if self.parts.is_empty() {
                return Ok(None);
            }
            let incoming = self.incoming.get_or_insert_with(|| {
                let (relation, parts) = (self.relation.clone(), self.parts.clone());
                Incoming::start(self.relation.turns.clone(), self.disk.clone(), WAITING, |hand| copy(relation, parts, hand))
            });
            match incoming.next().await {
                Some(Message::Span(part)) => {
                    (self.part, self.came) = (part, 0);
                    let place = if self.relation.parts.len() > 1 { format!("of part {} of {}", part + 1, self.relation.parts.len()) } else { String::new() };
                    self.rows.begin(first(&self.relation, part), &place);
                }
                Some(Message::Block(block)) => self.stream = Some((unpacked(block), Decoder::default())),
                Some(Message::Failed(error)) => return Err(error),
                Some(Message::Done) => self.parts = 0..0,
                None => return Err(ConnectorError::corrupt(self.relation.name(), "its rows end without a word")),
            }
        }
    }
}

impl Fetched {
    /// The next rows of what is decoded.
    fn piece(&mut self) -> Result<Option<RecordBatch>> {
        let Some(decoded) = &mut self.decoded else { return Ok(None) };
        let Some((columns, rows)) = decoded.piece(self.relation.name(), self.rows.schema(), self.wanted)? else {
            self.decoded = None;
            return Ok(None);
        };
        self.wanted -= rows as u64;
        self.rows.batch(columns, rows).map(Some)
    }

    /// The next message of the part. LS2005, LS2015
    fn decode(&mut self) -> Result<()> {
        let Some((stream, decoder)) = &mut self.stream else { return Ok(()) };
        let source = self.relation.part_name(self.part);
        let Some(block) = next_message(&source, stream.as_mut())? else {
            let said = self.relation.parts[self.part].rows;
            self.stream = None;
            return if self.came == said { Ok(()) } else { Err(ConnectorError::corrupt(&source, format!("it has {} rows, not {said}", self.came))) };
        };
        let Some(batch) = decoder.take(&source, block)? else { return Ok(()) };
        self.came += batch.num_rows() as u64;
        let relation = &self.relation;
        if !relation.columns.is_empty() && batch.num_columns() != relation.columns.len() {
            return Err(ConnectorError::corrupt(&source, "it has other columns than Snowflake said"));
        }
        let columns = guarded(&source, "a record batch", || {
            self.selection.columns.iter().enumerate().map(|(output, name)| {
                let place = relation.columns.iter().position(|column| column.name == *name).expect("they were asked for");
                converted(&relation.columns[place], batch.column(place)).map_err(|wrong| match wrong {
                    Wrong::Value(row, what) => self.rows.wrong(output, row, &what),
                    Wrong::Bytes(what) => ConnectorError::corrupt(&source, format!("column {name}: {what}")),
                })
            }).collect::<Result<Vec<ArrayRef>>>()
        })?;
        self.decoded = Some(Decoded::new(columns, batch.num_rows(), usize::MAX, self.batch_rows));
        Ok(())
    }
}

/// Stores differ in whether they say that it is packed: its first bytes do.
fn unpacked(block: Bytes) -> Box<dyn Read + Send + Sync> {
    match block.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(MultiGzDecoder::new(Cursor::new(block)).take(LONGEST)),
        false => Box::new(Cursor::new(block)),
    }
}

/// What a connection does for a partition.
async fn copy(relation: Arc<SnowflakeRelation>, parts: Range<usize>, mut hand: Hand) -> Result<Hand> {
    for part in parts {
        let block = match &relation.parts[part].url {
            Some(url) => fetch(&relation, part, url).await?,
            None => relation.first.clone(),
        };
        hand.on(Message::Span(part)).await?;
        hand.on(Message::Block(block)).await?;
    }
    Ok(hand)
}
