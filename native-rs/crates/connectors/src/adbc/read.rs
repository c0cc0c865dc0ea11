//! Parts → record batches. A thread of each partition waits for the driver and copies what it gives; who asks makes batches of it.
use std::{ops::Range, sync::Arc, thread};

use arrow::{
    array::{ArrayRef, RecordBatch},
    datatypes::Schema,
    error::ArrowError,
    ipc::writer::StreamWriter,
};
use datafusion::execution::SendableRecordBatchStream;
use serde_json::json;
use tokio::sync::mpsc;

use super::{options::AdbcRequest, schema::{AdbcRelation, open_adbc}};
use crate::{
    arrow_types::print_type,
    errors::{ConnectorError, Result},
    ipc::{as_type, seen, settled},
    parquet::guarded,
    relation::{Decoded, ROWS_A_PART, Reader, Relation, Rows, Selection, batches},
};

/// Record batches that wait: drivers make them some megabytes large.
const WAITING: usize = 1;

/// The rows of a partition's parts.
pub fn read(relation: Arc<AdbcRelation>, parts: Range<usize>, selection: Selection, batch_rows: usize) -> SendableRecordBatchStream {
    let rows = Rows::new(relation.as_ref(), &selection);
    let schema = rows.schema().clone();
    let wanted = selection.limit.unwrap_or(u64::MAX);
    let reader = Driven { relation, parts, selection, batch_rows, incoming: None, part: None, decoded: None, rows, wanted };
    batches(schema, reader)
}

/// A batch of a part, or the end of all.
type Message = Result<Option<(usize, RecordBatch)>>;

struct Driven {
    relation: Arc<AdbcRelation>,
    parts: Range<usize>,
    selection: Selection,
    batch_rows: usize,
    incoming: Option<mpsc::Receiver<Message>>,
    /// What came last is this one's.
    part: Option<usize>,
    decoded: Option<Decoded>,
    rows: Rows,
    /// Rows that are still wanted.
    wanted: u64,
}

impl Reader for Driven {
    async fn step(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.parts.is_empty() || self.wanted == 0 {
                self.incoming = None;
                return Ok(None);
            }
            if let Some(decoded) = &mut self.decoded {
                if let Some((columns, rows)) = decoded.piece(self.relation.name(), self.rows.schema(), self.wanted)? {
                    self.wanted -= rows as u64;
                    return self.rows.batch(columns, rows).map(Some);
                }
                self.decoded = None;
            }
            let incoming = match &mut self.incoming {
                Some(incoming) => incoming,
                None => self.incoming.insert(start(self.relation.clone(), self.parts.clone())?),
            };
            match incoming.recv().await.ok_or_else(|| ConnectorError::corrupt(self.relation.name(), "its rows end without a word"))?? {
                Some((part, batch)) => self.take(part, &batch)?,
                None => self.parts = 0..0,
            }
        }
    }
}

impl Driven {
    fn take(&mut self, part: usize, batch: &RecordBatch) -> Result<()> {
        let all = self.relation.count();
        if self.part != Some(part) {
            self.part = Some(part);
            let place = if all > 1 { format!("of part {} of {all}", part + 1) } else { String::new() };
            self.rows.begin(part as u64 * ROWS_A_PART, &place);
        }
        let source = self.relation.name();
        same_columns(&self.relation, batch.schema_ref(), part)?;
        let columns = guarded(source, "a record batch", || {
            let column = |name: &String| -> Result<ArrayRef> {
                let place = self.relation.schema.index_of(name).expect("the columns are the relation's");
                settled(batch.column(place)).map_err(|error| ConnectorError::corrupt(source, error))
            };
            self.selection.columns.iter().map(column).collect::<Result<Vec<_>>>()
        })?;
        self.decoded = Some(Decoded::new(columns, batch.num_rows(), batch.get_array_memory_size(), self.batch_rows));
        Ok(())
    }
}

/// LS2002 where a part has other columns than the first.
fn same_columns(relation: &AdbcRelation, came: &Schema, part: usize) -> Result<()> {
    let found = seen(came, &[]);
    let same = found.fields().len() == relation.schema.fields().len() && found.fields().iter().zip(relation.schema.fields()).all(|(found, known)| found.name() == known.name() && (found.data_type() == known.data_type() || found.data_type().is_null()));
    if same {
        return Ok(());
    }
    let printed = |schema: &Schema| schema.fields().iter().map(|field| format!("{}: {}", field.name(), print_type(field.data_type()))).collect::<Vec<_>>().join(", ");
    let message = format!("{}: part {} has other columns than the driver said ({}, not {}); give the columns types in the query, by CAST", relation.name, part + 1, printed(&found), printed(&relation.schema));
    Err(ConnectorError::new("LS2002", message, json!({ "source": relation.name })))
}

/// A thread that reads, until nobody asks any longer.
fn start(relation: Arc<AdbcRelation>, parts: Range<usize>) -> Result<mpsc::Receiver<Message>> {
    let (sender, incoming) = mpsc::channel(WAITING);
    let name = relation.name.clone();
    let work = move || {
        let ended = each(&relation, parts, |part, batch| sender.blocking_send(Ok(Some((part, batch)))).is_ok());
        // Who has gone needs to know nothing.
        drop(sender.blocking_send(ended.map(|()| None)));
    };
    thread::Builder::new().name("lockstep-adbc".to_owned()).spawn(work).map_err(|error| ConnectorError::new("LS2010", format!("{name}: no thread to read it: {error}"), json!({ "source": name })))?;
    Ok(incoming)
}

/// Every batch of some parts; `take` says whether more are wanted.
fn each(relation: &AdbcRelation, parts: Range<usize>, mut take: impl FnMut(usize, RecordBatch) -> bool) -> Result<()> {
    let mut connection = None;
    for part in parts {
        let mut rows = relation.rows(part, &mut connection)?;
        while let Some(batch) = rows.next()? {
            if batch.num_rows() > 0 && !take(part, batch) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// For plain Node, which has no other way to a driver: all rows as streams of Arrow IPC, one a part, or, `only_columns`, one without rows.
pub fn adbc_rows(request: AdbcRequest, only_columns: bool) -> Result<Vec<Vec<u8>>> {
    let relation = open_adbc(request)?;
    let bug = |error: ArrowError| ConnectorError::corrupt(&relation.name, error);
    let begin = || StreamWriter::try_new(Vec::new(), &relation.schema);
    if only_columns || relation.count() == 0 {
        return begin().and_then(StreamWriter::into_inner).map(|stream| vec![stream]).map_err(bug);
    }
    let parts = (0..relation.count()).map(|part| {
        let mut stream = begin().map_err(bug)?;
        let mut wrong = None;
        each(&relation, part..part + 1, |part, batch| {
            let written = same_columns(&relation, batch.schema_ref(), part).and_then(|()| {
                let columns = batch.columns().iter().zip(relation.schema.fields()).map(|(column, field)| as_type(&settled(column)?, field.data_type())).collect::<Result<Vec<_>, _>>();
                columns.and_then(|columns| stream.write(&RecordBatch::try_new(Arc::clone(&relation.schema), columns)?)).map_err(bug)
            });
            wrong = written.err();
            wrong.is_none()
        })?;
        match wrong {
            Some(error) => Err(error),
            None => stream.into_inner().map_err(bug),
        }
    });
    parts.collect()
}
