//! The data files that a rank writes of a table: Parquet, its columns with the table's ids, the rows of a file all of one
//! partition. They appear as they are finished; the runtime commits them (`runtime/src/connectors/iceberg/commit.ts`), or
//! removes them.
//!
//! ```text
//! batch ──► as the table's types ──► keys (partition.rs) ──► rows of each partition, gathered (files/partitions.rs) ──► its ParquetPart
//! ```
use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, Schema, SchemaRef},
    row::{OwnedRow, Row},
};
use lockstep_plan::{IcebergWrite, WrittenColumn};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use serde::{Deserialize, Serialize};

use super::{partition::Keys, request::Constant};
use crate::{
    arrow_types::parse_type,
    errors::Result,
    files::{Files, Partitions, Written},
    outputs::PartFile,
    parquet::{FileInfo, ParquetPart, ParquetWriteOptions, as_written},
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

/// One part's data files; those that are open are left without a footer if it is dropped.
pub struct IcebergPart {
    schema: SchemaRef,
    rows: PartRows,
}

enum PartRows {
    /// Of a table without partitions; the file is made when rows come.
    Together(DataFiles, Option<DataFilePart>),
    ByPartition(Partitions<DataFiles>),
}

struct DataFiles {
    folder: String,
    index: usize,
    schema: SchemaRef,
    options: ParquetWriteOptions,
    keys: Option<Keys>,
    done: Vec<IcebergFileInfo>,
    files: usize,
}

/// A file that is written.
struct DataFilePart {
    name: String,
    part: ParquetPart,
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
        let whole = keys.is_none();
        let files = DataFiles { folder: write.folder.clone(), index, schema: Arc::clone(&schema), options, keys, done: vec![], files: 0 };
        Ok(Self { schema, rows: if whole { PartRows::Together(files, None) } else { PartRows::ByPartition(Partitions::new(files)) } })
    }

    /// LS2008 disk full, LS2015 a value that the table's type cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = as_written(batch, &self.schema)?;
        match &mut self.rows {
            PartRows::Together(files, open) => {
                let part = match open {
                    Some(part) => part,
                    None => open.insert(files.begin()?),
                };
                part.part.write(&batch)
            }
            PartRows::ByPartition(partitions) => {
                let Some(keys) = &partitions.files.keys else { return Ok(()) };
                let rows = keys.of(&batch)?;
                partitions.write(batch, &rows)
            }
        }
    }

    /// Writes the footers; the files in the order in which they were begun.
    pub fn close(self) -> Result<Vec<IcebergFileInfo>> {
        let mut files = match self.rows {
            PartRows::Together(mut files, open) => {
                open.map_or(Ok(()), |part| files.end(part, vec![]))?;
                files
            }
            PartRows::ByPartition(partitions) => partitions.close()?,
        };
        files.done.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files.done)
    }
}

impl DataFiles {
    fn begin(&mut self) -> Result<DataFilePart> {
        let name = format!("part-{:05}-{:05}.parquet", self.index, self.files);
        self.files += 1;
        let file = PartFile::visible(&self.folder, &name, &self.options.store)?;
        Ok(DataFilePart { name, part: ParquetPart::of(file, Arc::clone(&self.schema), self.options.clone()) })
    }

    fn end(&mut self, DataFilePart { name, part }: DataFilePart, partition: Vec<Option<Constant>>) -> Result<()> {
        let FileInfo { rows, bytes, .. } = part.close()?;
        self.done.push(IcebergFileInfo { name, rows, bytes, partition });
        Ok(())
    }
}

impl Files for DataFiles {
    type Key = OwnedRow;
    type Part = DataFilePart;

    fn key(&self, row: Row) -> Result<OwnedRow> {
        Ok(row.owned())
    }

    fn open(&mut self, _: &OwnedRow) -> Result<DataFilePart> {
        self.begin()
    }

    fn close(&mut self, key: OwnedRow, part: DataFilePart) -> Result<()> {
        let partition = self.keys.as_ref().map(|keys| keys.values(&key)).transpose()?;
        self.end(part, partition.unwrap_or_default())
    }
}

impl Written for DataFilePart {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.part.write(batch)
    }

    fn memory_size(&self) -> usize {
        self.part.memory_size()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};
    use lockstep_plan::PartitionField;

    use super::*;
    use crate::{files::LOOKS, store::StoreOptions};

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
        let PartRows::ByPartition(partitions) = &part.rows else { panic!("it has partitions") };
        let held = partitions.gathered_bytes();
        assert!(held < 4 * batch.get_array_memory_size(), "{held} bytes");
        let rows: Vec<u64> = part.close().unwrap().iter().map(|file| file.rows).collect();
        assert_eq!(rows, [9 * 20 * LOOKS as u64, (8192 - 9) * 20 * LOOKS as u64]);
    }
}
