//! The data files that a rank writes of a table: Parquet, its columns with the table's ids, the rows of a file all of one
//! partition. They appear as they are finished; the runtime commits them (`runtime/src/connectors/iceberg/commit.ts`), or
//! removes them.
//!
//! ```text
//! batch ──► as the table's types ──► keys (partition.rs) ──► rows of each partition, gathered (files/partitions.rs) ──► its ParquetPart
//! ```
use std::{ops::Range, sync::Arc};

use arrow::{
    array::{AsArray, RecordBatch},
    datatypes::{Int32Type, Schema, SchemaRef},
    row::{OwnedRow, Row, Rows},
};
use lockstep_plan::{IcebergWrite, PartitionField, WrittenColumn};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{partition::Keys, request::Constant, required};
use crate::{
    errors::{ConnectorError, Result},
    files::{Files, Partitions, SizedFile, SizedFiles, SizedMaker, Written, table_schema},
    parquet::{ParquetWriteOptions, as_written},
};

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

impl IcebergFileInfo {
    fn of(SizedFile { path: name, rows, bytes }: SizedFile, partition: &[Option<Constant>]) -> Self {
        Self { name, rows, bytes, partition: partition.to_vec() }
    }
}

/// One part's data files; those that are open are left without a footer if it is dropped.
pub struct IcebergPart {
    /// As messages call the table.
    table: String,
    columns: Vec<WrittenColumn>,
    /// With the column of units, where rows have one.
    schema: SchemaRef,
    keys: Option<Keys>,
    units: bool,
    /// The one whose rows come, those of a unit together.
    unit: Option<i32>,
    rows: PartRows,
}

enum PartRows {
    /// Of a table without partitions.
    Together(SizedFiles),
    ByPartition(Partitions<Parts>),
}

struct Parts {
    maker: Arc<SizedMaker>,
    done: Vec<(OwnedRow, Vec<SizedFile>)>,
}

impl IcebergPart {
    /// `rows`: as they come. `memory`: bytes that its files may hold which are not written yet. LS2015: a type or a transform that is not written.
    pub fn new(write: &IcebergWrite, index: usize, rows: &Schema, memory: usize) -> Result<Self> {
        let written = table_schema(&write.columns, rows)?;
        let mut fields: Vec<_> = written.fields().to_vec();
        let mut partition = write.partition.clone();
        if let (true, Some(unit)) = (write.units, rows.fields().last()) {
            fields.push(unit.clone());
            partition.push(PartitionField { column: unit.name().clone(), transform: "identity".into() });
        }
        let schema = Arc::new(Schema::new(fields));
        let keys = (!partition.is_empty()).then(|| Keys::new(&partition, &schema)).transpose()?;
        let options = ParquetWriteOptions { row_group_bytes: memory, ..write.try_into()? };
        let maker = SizedMaker::new(write.folder.clone(), index, written, options, write.file_bytes.unwrap_or(u64::MAX));
        let rows = match keys {
            Some(_) => PartRows::ByPartition(Partitions::new(Parts { maker, done: vec![] }, memory)),
            None => PartRows::Together(SizedFiles::new(maker)),
        };
        Ok(Self { table: write.path.clone(), columns: write.columns.clone(), schema, keys, units: write.units, unit: None, rows })
    }

    /// LS2003 null where the table has none, LS2008 disk full, LS2015 a value that the table's type cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = as_written(batch, &self.schema)?;
        required::check(&self.table, &self.columns, &batch)?;
        match (&mut self.rows, &self.keys) {
            (PartRows::Together(files), _) => files.write(&batch),
            (PartRows::ByPartition(partitions), Some(keys)) if self.units => {
                for (unit, rows) in runs(&batch) {
                    if self.unit.replace(unit) != Some(unit) {
                        partitions.end_all()?;
                    }
                    let batch = batch.slice(rows.start, rows.len());
                    partitions.write(without_last(&batch)?, &keys.of(&batch)?)?;
                }
                Ok(())
            }
            (PartRows::ByPartition(partitions), Some(keys)) => {
                let rows = keys.of(&batch)?;
                partitions.write(batch, &rows)
            }
            (PartRows::ByPartition(_), None) => Ok(()),
        }
    }

    /// Bytes held that are not written yet.
    pub fn memory_size(&self) -> usize {
        match &self.rows {
            PartRows::Together(files) => files.memory_size(),
            PartRows::ByPartition(partitions) => partitions.memory_size(),
        }
    }

    /// Writes the footers; the files in the order in which they were begun.
    pub fn close(self) -> Result<Vec<IcebergFileInfo>> {
        let mut done: Vec<_> = match (self.rows, self.keys) {
            (PartRows::Together(files), _) => files.close()?.into_iter().map(|file| IcebergFileInfo::of(file, &[])).collect(),
            (PartRows::ByPartition(partitions), keys) => {
                let mut all = vec![];
                for (key, files) in partitions.close()?.done {
                    let mut partition = keys.as_ref().map(|keys| keys.values(&key)).transpose()?.unwrap_or_default();
                    partition.truncate(partition.len() - usize::from(self.units));
                    all.extend(files.into_iter().map(|file| IcebergFileInfo::of(file, &partition)));
                }
                all
            }
        };
        done.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(done)
    }
}

/// Rows of one unit after another: its number is in the last column.
fn runs(batch: &RecordBatch) -> Vec<(i32, Range<usize>)> {
    let Some(units) = batch.columns().last().and_then(|column| column.as_primitive_opt::<Int32Type>()) else { return vec![] };
    let mut start = 0;
    let run = |run: &[i32]| {
        start += run.len();
        (run[0], start - run.len()..start)
    };
    units.values().chunk_by(|a, b| a == b).map(run).collect()
}

fn without_last(batch: &RecordBatch) -> Result<RecordBatch> {
    let all: Vec<usize> = (0..batch.num_columns() - 1).collect();
    batch.project(&all).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))
}

impl Files for Parts {
    type Key = OwnedRow;
    type Part = SizedFiles;

    fn key(&self, row: Row) -> Result<OwnedRow> {
        Ok(row.owned())
    }

    fn open(&mut self, _: &OwnedRow) -> Result<SizedFiles> {
        Ok(SizedFiles::new(Arc::clone(&self.maker)))
    }

    fn close(&mut self, key: OwnedRow, part: SizedFiles) -> Result<()> {
        self.done.push((key, part.close()?));
        Ok(())
    }
}

/// The partitions of rows that are yet to be brought to their files.
pub struct IcebergKeys {
    /// What the partitions are made of.
    columns: Vec<usize>,
    schema: SchemaRef,
    keys: Keys,
}

impl IcebergKeys {
    pub fn new(write: &IcebergWrite, rows: &Schema) -> Result<Self> {
        let written = table_schema(&write.columns, rows)?;
        let columns: Vec<usize> = (0..written.fields().len()).filter(|index| write.partition.iter().any(|field| field.column == *written.field(*index).name())).collect();
        let schema = Arc::new(written.project(&columns).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))?);
        Ok(Self { keys: Keys::new(&write.partition, &schema)?, columns, schema })
    }

    /// The key of every row.
    pub fn of(&self, batch: &RecordBatch) -> Result<Rows> {
        let own = batch.project(&self.columns).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))?;
        self.keys.of(&as_written(&own, &self.schema)?)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int32Array, Int64Array};

    use super::*;
    use crate::{files::LOOKS, parquet::WRITER_MEMORY, store::StoreOptions};

    fn write_to(folder: &std::path::Path) -> IcebergWrite {
        IcebergWrite {
            input: 0, path: "t".into(), folder: folder.display().to_string(), ordered: false, columns: vec![WrittenColumn { name: "id".into(), id: 1, data_type: "int64".into(), required: false, parts: vec![] }],
            partition: vec![], cluster: false, sort: vec![], bloom_filters: vec![], file_bytes: None, units: false, compression: "zstd".into(), store: StoreOptions::default(), site: "".into(),
        }
    }

    /// A row in a thousand is of another partition: what waits for its file is these rows, not the batches that they came in.
    #[test]
    fn rare_partitions_hold_no_batches() {
        let directory = tempfile::tempdir().unwrap();
        let write = IcebergWrite { partition: vec![PartitionField { column: "id".into(), transform: "identity".into() }], ..write_to(directory.path()) };
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..8192).map(|row| i64::from(row % 1000 == 0))));
        let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let mut part = IcebergPart::new(&write, 0, &batch.schema(), WRITER_MEMORY).unwrap();
        (0..20 * LOOKS).for_each(|_| part.write(&batch).unwrap());
        let PartRows::ByPartition(partitions) = &part.rows else { panic!("it has partitions") };
        let held = partitions.gathered_bytes();
        assert!(held < 4 * batch.get_array_memory_size(), "{held} bytes");
        let mut rows: Vec<u64> = part.close().unwrap().iter().map(|file| file.rows).collect();
        rows.sort_unstable();
        assert_eq!(rows, [9 * 20 * LOOKS as u64, (8192 - 9) * 20 * LOOKS as u64]);
    }

    #[test]
    fn a_file_ends_at_its_size() {
        let directory = tempfile::tempdir().unwrap();
        let write = IcebergWrite { file_bytes: Some(300_000), ..write_to(directory.path()) };
        let batch = |from: i64| RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from_iter_values((from..from + 8192).map(|id| id * 7_919_993 % 1_000_003))) as ArrayRef)]).unwrap();
        let mut part = IcebergPart::new(&write, 0, &batch(0).schema(), WRITER_MEMORY).unwrap();
        (0..40).for_each(|index| part.write(&batch(index * 8192)).unwrap());
        let files = part.close().unwrap();
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 40 * 8192);
        assert!(files.len() > 1 && files[..files.len() - 1].iter().all(|file| (200_000..900_000).contains(&file.bytes)), "{files:?}");
    }

    #[test]
    fn units_are_files_of_their_own_and_no_column() {
        let directory = tempfile::tempdir().unwrap();
        let write = IcebergWrite { units: true, ..write_to(directory.path()) };
        let batch = |from: i64, units: Vec<i32>| {
            let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + units.len() as i64));
            RecordBatch::try_from_iter([("id", ids), (" file", Arc::new(Int32Array::from(units)) as ArrayRef)]).unwrap()
        };
        let mut part = IcebergPart::new(&write, 0, &batch(0, vec![]).schema(), WRITER_MEMORY).unwrap();
        for (from, units) in [(0, vec![4, 4, 4]), (3, vec![4, 9]), (5, vec![9, 9]), (7, vec![2])] {
            part.write(&batch(from, units)).unwrap();
        }
        let mut rows: Vec<_> = part.close().unwrap().iter().map(|file| (file.rows, file.partition.len())).collect();
        rows.sort_unstable();
        assert_eq!(rows, [(1, 0), (3, 0), (4, 0)]);
    }
}
