//! The data files that a rank writes of a table: Parquet, its columns with the table's ids, the rows of a file all of one
//! partition. They appear as they are finished; the runtime commits them (`runtime/src/connectors/iceberg/commit.ts`), or
//! removes them.
//!
//! ```text
//! batch ──► as the table's types ──► keys (partition.rs) ──► rows of each partition, gathered ──► its ParquetPart
//! ```
use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{RecordBatch, UInt32Array},
    compute::{concat_batches, take_record_batch},
    datatypes::{DataType, Field, Schema, SchemaRef},
    error::ArrowError,
    row::{OwnedRow, Row},
};
use lockstep_plan::{IcebergWrite, WrittenColumn};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{partition::Keys, request::Constant};
use crate::{
    arrow_types::parse_type,
    errors::{ConnectorError, Result},
    outputs::PartFile,
    parquet::{ParquetPart, ParquetWriteOptions, as_written},
};

/// Files that a part has open at a time: of more partitions the largest ends, and may get a second file.
const OPEN: usize = 400;
/// Bytes that the open files of a part hold, as long as there is more than one.
const MEMORY: usize = 256 << 20;
/// Rows of a partition that are gathered before they are encoded: a batch has few of each.
const GATHERED: usize = 8192;
/// Batches between two looks at the memory.
const LOOKS: usize = 16;

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
    open: HashMap<Option<OwnedRow>, Open>,
    done: Vec<IcebergFileInfo>,
    files: usize,
    batches: usize,
}

/// A file that is written.
struct Open {
    name: String,
    part: ParquetPart,
    gathered: Vec<RecordBatch>,
    /// So many of these are copies; the others are slices, which hold the batches that they are of.
    copied: usize,
    rows: usize,
}

impl IcebergPart {
    /// `rows`: as they come. LS2015: a type or a transform that is not written.
    pub fn new(write: &IcebergWrite, index: usize, rows: &Schema) -> Result<Self> {
        let field = |(column, from): (&WrittenColumn, &Arc<Field>)| {
            let id = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), column.id.to_string())]);
            let data_type = match (parse_type(&column.data_type)?, from.data_type()) {
                // The file is the same, and labels stay codes until they are in it.
                (DataType::Utf8, labels @ DataType::Dictionary(_, values)) if **values == DataType::Utf8 => labels.clone(),
                (data_type, _) => data_type,
            };
            Ok(Field::new(&column.name, data_type, true).with_metadata(id))
        };
        let schema = Arc::new(Schema::new(write.columns.iter().zip(rows.fields()).map(field).collect::<Result<Vec<_>>>()?));
        let keys = (!write.partition.is_empty()).then(|| Keys::new(&write.partition, &schema)).transpose()?;
        let options = ParquetWriteOptions::try_from(write)?;
        Ok(Self { folder: write.folder.clone(), index, schema, options, keys, open: HashMap::new(), done: vec![], files: 0, batches: 0 })
    }

    /// LS2008 disk full, LS2015 a value that the table's type cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = as_written(batch, &self.schema)?;
        let Some(keys) = &self.keys else { return self.opened(None)?.part.write(&batch) };
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
        // One gathering, of which every partition has a piece.
        let order: UInt32Array = groups.iter().flat_map(|(_, indices)| indices.iter().copied()).collect();
        let sorted = if groups.len() == 1 { batch } else { take_record_batch(&batch, &order).map_err(bug)? };
        let mut start = 0;
        for (key, indices) in groups {
            let open = self.opened(Some(key.owned()))?;
            open.gathered.push(sorted.slice(start, indices.len()));
            open.rows += indices.len();
            start += indices.len();
            if open.rows >= GATHERED {
                open.flush()?;
            }
        }
        self.batches += 1;
        if self.batches.is_multiple_of(LOOKS) {
            self.open.values_mut().try_for_each(Open::copy)?;
            while self.open.len() > 1 && self.open.values().map(Open::memory_size).sum::<usize>() > MEMORY {
                self.end_largest()?;
            }
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

    fn opened(&mut self, key: Option<OwnedRow>) -> Result<&mut Open> {
        if !self.open.contains_key(&key) {
            if self.open.len() == OPEN {
                self.end_largest()?;
            }
            let name = format!("part-{:05}-{:05}.parquet", self.index, self.files);
            self.files += 1;
            let file = PartFile::visible(&self.folder, &name, &self.options.store)?;
            let part = ParquetPart::of(file, Arc::clone(&self.schema), self.options.clone());
            self.open.insert(key.clone(), Open { name, part, gathered: vec![], copied: 0, rows: 0 });
        }
        self.open.get_mut(&key).ok_or_else(|| ConnectorError::new("LS2099", "a data file was just opened", json!({})))
    }

    fn end_largest(&mut self) -> Result<()> {
        let largest = self.open.iter().max_by_key(|(_, open)| open.memory_size()).map(|(key, _)| key.clone());
        largest.map_or(Ok(()), |key| self.end(&key))
    }

    fn end(&mut self, key: &Option<OwnedRow>) -> Result<()> {
        let Some(mut open) = self.open.remove(key) else { return Ok(()) };
        open.flush()?;
        let info = open.part.close()?;
        let partition = match (&self.keys, key) {
            (Some(keys), Some(key)) => keys.values(key)?,
            _ => vec![],
        };
        self.done.push(IcebergFileInfo { name: open.name, rows: info.rows, bytes: info.bytes, partition });
        Ok(())
    }
}

impl Open {
    fn flush(&mut self) -> Result<()> {
        let Some(first) = self.gathered.first() else { return Ok(()) };
        let batch = concat_batches(first.schema_ref(), &self.gathered).map_err(bug)?;
        self.gathered.clear();
        (self.copied, self.rows) = (0, 0);
        self.part.write(&batch)
    }

    /// A few rows of a rare partition would hold whole batches of the others' until they are encoded.
    fn copy(&mut self) -> Result<()> {
        let slices = self.gathered.split_off(self.copied);
        let Some(first) = slices.first() else { return Ok(()) };
        let rows = concat_batches(first.schema_ref(), &slices).map_err(bug)?;
        // One slice alone is not copied.
        let all: UInt32Array = (0..rows.num_rows() as u32).collect();
        self.gathered.push(if slices.len() == 1 { take_record_batch(&rows, &all).map_err(bug)? } else { rows });
        self.copied = self.gathered.len();
        Ok(())
    }

    /// Slices count as their share of what they are of.
    fn memory_size(&self) -> usize {
        let share = |batch: &RecordBatch| batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum::<usize>();
        self.part.memory_size() + self.gathered.iter().map(share).sum::<usize>()
    }
}

fn bug(error: ArrowError) -> ConnectorError {
    ConnectorError::new("LS2099", error.to_string(), json!({}))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};
    use lockstep_plan::PartitionField;

    use super::*;
    use crate::store::StoreOptions;

    /// A row in a thousand is of another partition: what waits for its file is these rows, not the batches that they came in.
    #[test]
    fn rare_partitions_hold_no_batches() {
        let directory = tempfile::tempdir().unwrap();
        let write = IcebergWrite {
            input: 0, path: "t".into(), folder: directory.path().display().to_string(), ordered: false, columns: vec![WrittenColumn { name: "id".into(), id: 1, data_type: "int64".into() }],
            partition: vec![PartitionField { column: "id".into(), transform: "identity".into() }], compression: "zstd".into(), store: StoreOptions::default(), site: "".into(),
        };
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..8192).map(|row| i64::from(row % 1000 == 0))));
        let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let mut part = IcebergPart::new(&write, 0, &batch.schema()).unwrap();
        (0..20 * LOOKS).for_each(|_| part.write(&batch).unwrap());
        let held: usize = part.open.values().flat_map(|open| &open.gathered).map(RecordBatch::get_array_memory_size).sum();
        assert!(held < 4 * batch.get_array_memory_size(), "{held} bytes");
        let rows: Vec<u64> = part.close().unwrap().iter().map(|file| file.rows).collect();
        assert_eq!(rows, [9 * 20 * LOOKS as u64, (8192 - 9) * 20 * LOOKS as u64]);
    }
}
