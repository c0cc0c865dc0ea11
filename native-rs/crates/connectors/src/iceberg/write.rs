//! The data files that a rank writes of a table: Parquet, its columns with the table's ids, the rows of a file all of one
//! partition. They appear as they are finished; the runtime commits them (`runtime/src/connectors/iceberg/commit.ts`), or
//! removes them.
//!
//! ```text
//! batch ──► as the table's types ──► keys (partition.rs) ──► rows of each partition ──► its ParquetPart
//! ```
use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{RecordBatch, UInt32Array},
    compute::take_record_batch,
    datatypes::{Field, Schema, SchemaRef},
    row::{OwnedRow, Row},
};
use lockstep_plan::IcebergWrite;
use serde::{Deserialize, Serialize};

use super::{partition::Keys, request::Constant};
use crate::{
    arrow_types::parse_type,
    errors::{ConnectorError, Result},
    outputs::PartFile,
    parquet::{ParquetPart, ParquetWriteOptions, as_written},
};

/// Files that a part has open at a time: of more partitions the largest ends, and may get a second file.
const OPEN: usize = 64;
/// Bytes that the open files of a part hold, as long as there is more than one.
const MEMORY: usize = 256 << 20;

/// A data file as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IcebergFileInfo {
    /// Within the write's folder.
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    /// The partition's values, as the spec lists them.
    pub partition: Vec<Option<Constant>>,
}

/// One part's data files; those that are open are left without a footer if it is dropped.
pub struct IcebergPart {
    folder: String,
    index: usize,
    schema: SchemaRef,
    options: ParquetWriteOptions,
    keys: Option<Keys>,
    open: HashMap<Option<OwnedRow>, (String, ParquetPart)>,
    done: Vec<IcebergFileInfo>,
    files: usize,
}

impl IcebergPart {
    /// LS2015: a type or a transform that is not written.
    pub fn new(write: &IcebergWrite, index: usize) -> Result<Self> {
        let field = |column: &lockstep_plan::WrittenColumn| {
            let id = HashMap::from([("PARQUET:field_id".to_owned(), column.id.to_string())]);
            Ok(Field::new(&column.name, parse_type(&column.data_type)?, true).with_metadata(id))
        };
        let schema = Arc::new(Schema::new(write.columns.iter().map(field).collect::<Result<Vec<_>>>()?));
        let keys = (!write.partition.is_empty()).then(|| Keys::new(&write.partition, &schema)).transpose()?;
        let options = ParquetWriteOptions::try_from(write)?;
        Ok(Self { folder: write.folder.clone(), index, schema, options, keys, open: HashMap::new(), done: vec![], files: 0 })
    }

    /// LS2008 disk full, LS2015 a value that the table's type cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = as_written(batch, &self.schema)?;
        let Some(keys) = &self.keys else { return self.part(None)?.write(&batch) };
        let rows = keys.of(&batch)?;
        let mut numbers: HashMap<Row, usize> = HashMap::new();
        let mut groups: Vec<(Row, Vec<u32>)> = vec![];
        for (index, row) in rows.iter().enumerate() {
            let number = *numbers.entry(row).or_insert(groups.len());
            if number == groups.len() {
                groups.push((row, vec![]));
            }
            groups[number].1.push(index as u32);
        }
        for (key, indices) in groups {
            let whole = indices.len() == batch.num_rows();
            let taken = |error: arrow::error::ArrowError| ConnectorError::new("LS2099", error.to_string(), serde_json::json!({}));
            let own = if whole { batch.clone() } else { take_record_batch(&batch, &UInt32Array::from(indices)).map_err(taken)? };
            self.part(Some(key.owned()))?.write(&own)?;
        }
        while self.open.len() > 1 && self.open.values().map(|(_, part)| part.memory_size()).sum::<usize>() > MEMORY {
            self.end_largest()?;
        }
        Ok(())
    }

    /// Writes the footers; the files in the order in which they were begun.
    pub fn close(mut self) -> Result<Vec<IcebergFileInfo>> {
        let open: Vec<_> = self.open.keys().cloned().collect();
        open.iter().try_for_each(|key| self.end(key))?;
        self.done.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(self.done)
    }

    fn part(&mut self, key: Option<OwnedRow>) -> Result<&mut ParquetPart> {
        if !self.open.contains_key(&key) {
            if self.open.len() == OPEN {
                self.end_largest()?;
            }
            let name = format!("part-{:05}-{:05}.parquet", self.index, self.files);
            self.files += 1;
            let file = PartFile::visible(&self.folder, &name, &self.options.store)?;
            let part = ParquetPart::of(file, Arc::clone(&self.schema), self.options.clone());
            self.open.insert(key.clone(), (name, part));
        }
        let gone = || ConnectorError::new("LS2099", "a data file was just opened", serde_json::json!({}));
        self.open.get_mut(&key).map(|(_, part)| part).ok_or_else(gone)
    }

    fn end_largest(&mut self) -> Result<()> {
        let largest = self.open.iter().max_by_key(|(_, (_, part))| part.memory_size()).map(|(key, _)| key.clone());
        largest.map_or(Ok(()), |key| self.end(&key))
    }

    fn end(&mut self, key: &Option<OwnedRow>) -> Result<()> {
        let Some((name, part)) = self.open.remove(key) else { return Ok(()) };
        let info = part.close()?;
        let partition = match (&self.keys, key) {
            (Some(keys), Some(key)) => keys.values(key)?,
            _ => vec![],
        };
        self.done.push(IcebergFileInfo { name, rows: info.rows, bytes: info.bytes, partition });
        Ok(())
    }
}
