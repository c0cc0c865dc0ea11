//! Tables that the program hands over: equal on all ranks, or of each rank its own rows.
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;

use super::Engine;
use crate::error::{EngineError, Result};
use crate::source::Source;
use crate::spool::Handed;

/// Where rows stand that the program hands over; no column of it is called so.
const PLACE: &str = "\0place";

fn handed_wrong(error: ArrowError) -> EngineError {
    EngineError::bug(format!("rows that cannot be read: {error}"))
}

impl Engine {
    /// A literal table as an Arrow IPC stream, equal on all ranks; its number.
    pub fn register_table(&self, ipc: &[u8]) -> Result<u32> {
        let read = || -> Result<RecordBatch, arrow::error::ArrowError> {
            let reader = StreamReader::try_new(std::io::Cursor::new(ipc), None)?;
            let schema = reader.schema();
            concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>()?)
        };
        let table = read().map_err(|error| EngineError::bug(format!("a table that cannot be read: {error}")))?;
        let mut hasher = DefaultHasher::new();
        ipc.hash(&mut hasher);
        Ok(self.add(Source::Table { table, hash: hasher.finish() }))
    }

    /// Begins a dataset of rows that each rank hands over; its number. `ipc`: a stream of Arrow IPC that has its columns, and no row.
    pub fn begin_rows(&self, ipc: &[u8]) -> Result<u32> {
        let schema = StreamReader::try_new(std::io::Cursor::new(ipc), None).map_err(handed_wrong)?.schema();
        let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(PLACE, DataType::Int64, false)));
        let handed = Handed::new(Arc::new(Schema::new(fields)), self.ranks, &self.context());
        let id = self.number();
        self.handed.lock().insert(id, handed);
        Ok(id)
    }

    /// Adds this rank's rows to one of its partitions; `place` is that of the first: it orders all rows.
    pub fn add_rows(&self, id: u32, part: usize, place: i64, ipc: &[u8]) -> Result<()> {
        let reader = StreamReader::try_new(std::io::Cursor::new(ipc), None).map_err(handed_wrong)?;
        let mut all = self.handed.lock();
        let handed = all.get_mut(&id).ok_or_else(|| EngineError::bug(format!("there is no dataset {id}")))?;
        let mut next = place;
        for batch in reader {
            let batch = batch.map_err(handed_wrong)?;
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(Int64Array::from_iter_values(next..next + batch.num_rows() as i64)));
            next += batch.num_rows() as i64;
            handed.push(part, RecordBatch::try_new(handed.schema().clone(), columns).map_err(handed_wrong)?)?;
        }
        Ok(())
    }

    /// All ranks have handed over their rows, so many.
    pub fn end_rows(&self, id: u32, rows: u64) -> Result<()> {
        let handed = self.handed.lock().remove(&id).ok_or_else(|| EngineError::bug(format!("there is no dataset {id}")))?;
        self.sources.lock().insert(id, Source::Rows(Arc::new(handed.finish(rows)?)));
        Ok(())
    }
}
