//! One part of an output: the rows of one partition of the plan, in one file, in files of so many rows, or in folders.
use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{Schema, SchemaRef},
    row::{Row, RowConverter, Rows, SortField},
};
use lockstep_plan::{ArrowWrite, CsvWrite, JsonLinesWrite, Layout, ParquetWrite};
use serde_json::json;

use super::{
    folders::{folder_name, null_folder},
    partitions::{Files, Partitions, Written},
};
use crate::{
    csv::{CsvPart, CsvWriteOptions},
    errors::{ConnectorError, Result},
    ipc::{ArrowPart, ArrowWriteOptions},
    json::{JsonLinesPart, JsonLinesWriteOptions},
    names::{did_you_mean, near_misses},
    outputs::PartFile,
    parquet::{FileInfo, ParquetPart, ParquetWriteOptions},
    store::StoreOptions,
    text::Compression,
};

/// A file that is written.
pub trait FilePart: Send {
    /// LS2008 disk full, LS2015 what the format does not hold.
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;
    fn memory_size(&self) -> usize;
    /// Writes what is held.
    fn end_group(&mut self) -> Result<()>;
    fn close(self: Box<Self>) -> Result<FileInfo>;
}

enum Format {
    Parquet(ParquetWriteOptions),
    Arrow(ArrowWriteOptions),
    Csv(CsvWriteOptions),
    JsonLines(JsonLinesWriteOptions),
}

/// What all files of a part have in common.
struct Maker {
    format: Format,
    staging: String,
    store: StoreOptions,
    layout: Layout,
    /// Of the part among all parts of the write.
    index: usize,
    /// The files' columns.
    schema: SchemaRef,
}

/// The files of one part.
pub struct FilesPart {
    rows: PartRows,
}

enum PartRows {
    Together(Sequence),
    InFolders { folders: Partitions<Folders>, keys: Keys },
}

/// `memory`: bytes that its files may hold which are not written yet.
impl FilesPart {
    pub fn parquet(write: &ParquetWrite, index: usize, rows: &SchemaRef, memory: usize) -> Result<Self> {
        let maker = |schema| Ok(Maker { format: Format::Parquet(ParquetWriteOptions { row_group_bytes: memory, ..write.try_into()? }), staging: write.staging.clone(), store: write.store.clone(), layout: write.layout.clone(), index, schema });
        Self::of(&write.layout, rows, memory, maker)
    }

    pub fn arrow(write: &ArrowWrite, index: usize, rows: &SchemaRef, memory: usize) -> Result<Self> {
        let maker = |schema| Ok(Maker { format: Format::Arrow(write.try_into()?), staging: write.staging.clone(), store: write.store.clone(), layout: write.layout.clone(), index, schema });
        Self::of(&write.layout, rows, memory, maker)
    }

    pub fn csv(write: &CsvWrite, index: usize, rows: &SchemaRef, memory: usize) -> Result<Self> {
        let mut options = CsvWriteOptions::try_from(write)?;
        options.header &= !write.layout.single || index == 0;
        let maker = |schema| Ok(Maker { format: Format::Csv(options), staging: write.staging.clone(), store: write.store.clone(), layout: write.layout.clone(), index, schema });
        Self::of(&write.layout, rows, memory, maker)
    }

    pub fn json_lines(write: &JsonLinesWrite, index: usize, rows: &SchemaRef, memory: usize) -> Result<Self> {
        let maker = |schema| Ok(Maker { format: Format::JsonLines(write.try_into()?), staging: write.staging.clone(), store: write.store.clone(), layout: write.layout.clone(), index, schema });
        Self::of(&write.layout, rows, memory, maker)
    }

    fn of(layout: &Layout, rows: &SchemaRef, memory: usize, maker: impl FnOnce(SchemaRef) -> Result<Maker>) -> Result<Self> {
        if layout.partition_by.is_empty() {
            return Ok(Self { rows: PartRows::Together(Sequence::new(maker(rows.clone())?.into(), String::new(), 0)) });
        }
        let keys = Keys::new(&layout.partition_by, rows)?;
        let schema = rows.project(&keys.rest).map_err(bug)?;
        if layout.without_rows {
            return Ok(Self { rows: PartRows::Together(Sequence::new(maker(schema.into())?.into(), null_folder(&layout.partition_by), 0)) });
        }
        let folders = Folders { maker: maker(schema.into())?.into(), converter: keys.converter.clone(), names: layout.partition_by.clone(), files: HashMap::new(), done: Vec::new() };
        Ok(Self { rows: PartRows::InFolders { folders: Partitions::new(folders, memory), keys } })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match &mut self.rows {
            PartRows::Together(files) => files.write(batch),
            PartRows::InFolders { folders, keys } => {
                let rows = keys.of(batch)?;
                folders.write(batch.project(&keys.rest).map_err(bug)?, &rows)
            }
        }
    }

    /// Bytes held that are not written yet.
    pub fn memory_size(&self) -> usize {
        match &self.rows {
            PartRows::Together(files) => files.memory_size(),
            PartRows::InFolders { folders, .. } => folders.memory_size(),
        }
    }

    /// Makes the first file, though there may be no row: of an empty table something has to say what its columns are.
    pub fn begin(&mut self) -> Result<()> {
        match &mut self.rows {
            PartRows::Together(files) => files.begin(),
            PartRows::InFolders { .. } => Ok(()),
        }
    }

    pub fn close(self) -> Result<Vec<FileInfo>> {
        match self.rows {
            PartRows::Together(files) => Ok(files.close()?.0),
            PartRows::InFolders { folders, .. } => Ok(folders.close()?.done),
        }
    }
}

/// Files one after another.
struct Sequence {
    maker: Arc<Maker>,
    folder: String,
    current: Option<Box<dyn FilePart>>,
    /// Rows of the current file.
    rows: u64,
    files: usize,
    done: Vec<FileInfo>,
}

impl Sequence {
    /// `files`: how many the folder has of this part already.
    fn new(maker: Arc<Maker>, folder: String, files: usize) -> Self {
        Self { maker, folder, current: None, rows: 0, files, done: Vec::new() }
    }

    fn begin(&mut self) -> Result<()> {
        if self.current.is_none() {
            self.current = Some(self.maker.file(&self.folder, self.files)?);
            self.files += 1;
            self.rows = 0;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        if let Some(current) = self.current.take() {
            self.done.push(current.close()?);
        }
        Ok(())
    }

    /// The files, and how many there are in the folder now.
    fn close(mut self) -> Result<(Vec<FileInfo>, usize)> {
        self.end()?;
        Ok((self.done, self.files))
    }
}

impl Written for Sequence {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let most = self.maker.layout.file_rows.unwrap_or(u64::MAX);
        let mut start = 0;
        while start < batch.num_rows() {
            if self.rows == most {
                self.end()?;
            }
            self.begin()?;
            let length = (batch.num_rows() - start).min(usize::try_from(most - self.rows).unwrap_or(usize::MAX));
            if let Some(current) = &mut self.current {
                current.write(&batch.slice(start, length))?;
            }
            self.rows += length as u64;
            start += length;
        }
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.current.as_ref().map_or(0, |current| current.memory_size())
    }

    fn end_group(&mut self) -> Result<()> {
        self.current.as_mut().map_or(Ok(()), |current| current.end_group())
    }
}

impl Maker {
    /// The `number`th file of this part in a folder.
    fn file(&self, folder: &str, number: usize) -> Result<Box<dyn FilePart>> {
        let Layout { first_part, suffix, .. } = &self.layout;
        // Behind the first in order of names.
        let more = if number == 0 { String::new() } else { format!("_{number:05}") };
        let stem = format!("part-{:05}{suffix}{more}", first_part + self.index as u64);
        let stem = if folder.is_empty() { stem } else { format!("{folder}/{stem}") };
        let create = |extension: &str, compression: Compression| PartFile::create(self.staging.as_ref(), &format!("{stem}.{extension}{}", compression.extension()), &self.store);
        Ok(match &self.format {
            Format::Parquet(options) => Box::new(ParquetPart::of(create("parquet", Compression::None)?, options.written(&self.schema)?, options.clone())),
            Format::Arrow(options) => Box::new(ArrowPart::of(create("arrow", Compression::None)?, options.written(&self.schema)?, options)?),
            Format::Csv(options) => Box::new(CsvPart::of(create("csv", options.compression)?, &names(&self.schema), options)?),
            Format::JsonLines(options) => Box::new(JsonLinesPart::of(create("jsonl", options.compression)?, options.compression)?),
        })
    }
}

fn names(schema: &Schema) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

/// The columns that name folders.
pub struct Keys {
    columns: Vec<usize>,
    /// The others.
    rest: Vec<usize>,
    /// Keys are rows of this one, which gives their values back.
    converter: Arc<RowConverter>,
}

impl Keys {
    /// LS2016: there is no such column, or no other.
    pub fn new(names: &[String], rows: &Schema) -> Result<Self> {
        let unknown = |name: &String| {
            let hint = did_you_mean(&near_misses(name, rows.fields().iter().map(|field| field.name().as_str()))).unwrap_or_default();
            let message = format!("partitionBy: the table has no column \"{name}\"; {hint}");
            let message = message.trim_end_matches("; ");
            ConnectorError::new("LS2016", message, json!({ "column": name }))
        };
        let columns = names.iter().map(|name| rows.index_of(name).map_err(|_| unknown(name))).collect::<Result<Vec<_>>>()?;
        if columns.len() == rows.fields().len() {
            return Err(ConnectorError::new("LS2016", "partitionBy names all columns, and no file would have one", json!({})));
        }
        let rest: Vec<usize> = (0..rows.fields().len()).filter(|index| !columns.contains(index)).collect();
        let fields: Vec<_> = columns.iter().map(|index| SortField::new(rows.field(*index).data_type().clone())).collect();
        Ok(Self { converter: RowConverter::new(fields).map_err(bug)?.into(), columns, rest })
    }

    /// The key of every row.
    pub fn of(&self, batch: &RecordBatch) -> Result<Rows> {
        let columns: Vec<_> = self.columns.iter().map(|index| batch.column(*index).clone()).collect();
        self.converter.convert_columns(&columns).map_err(bug)
    }
}

struct Folders {
    maker: Arc<Maker>,
    converter: Arc<RowConverter>,
    names: Vec<String>,
    /// How many files a folder has.
    files: HashMap<String, usize>,
    done: Vec<FileInfo>,
}

impl Files for Folders {
    type Key = String;
    type Part = Sequence;

    /// Values that are printed alike (0 and -0) are in one folder.
    fn key(&self, row: Row) -> Result<String> {
        let columns = self.converter.convert_rows([row]).map_err(bug)?;
        let names = self.names.iter().zip(&columns).map(|(name, column)| folder_name(name, column, 0));
        Ok(names.collect::<Result<Vec<_>>>()?.join("/"))
    }

    fn open(&mut self, key: &String) -> Result<Sequence> {
        Ok(Sequence::new(self.maker.clone(), key.clone(), self.files.get(key).copied().unwrap_or(0)))
    }

    fn close(&mut self, key: String, part: Sequence) -> Result<()> {
        let (files, count) = part.close()?;
        self.done.extend(files);
        self.files.insert(key, count);
        Ok(())
    }
}

fn bug(error: impl ToString) -> ConnectorError {
    ConnectorError::new("LS2099", error.to_string(), json!({}))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::files::LOOKS;

    /// Of more than the memory what is held is written, and the files go on: a file more is for formats that could not.
    #[test]
    fn partitions_in_little_memory_have_a_file_each() {
        const PARTITIONS: i64 = 50;
        const MEMORY: usize = 1 << 16;
        let ids = || 0..8192_i64;
        let key: ArrayRef = Arc::new(Int64Array::from_iter_values(ids().map(|id| id % PARTITIONS)));
        let text: ArrayRef = Arc::new(StringArray::from_iter_values(ids().map(|id| format!("text {}", id * 7919 % 1_000_003))));
        let batch = RecordBatch::try_from_iter([("key", key), ("text", text)]).unwrap();
        let schema = batch.schema();
        type Make = fn(serde_json::Value, &SchemaRef) -> Result<FilesPart>;
        let formats: [(&str, serde_json::Value, Make); 4] = [
            ("parquet", json!({ "rowGroupRows": 1 << 20, "ordered": false }), |write, schema| FilesPart::parquet(&serde_json::from_value(write).unwrap(), 0, schema, MEMORY)),
            ("arrow", json!({}), |write, schema| FilesPart::arrow(&serde_json::from_value(write).unwrap(), 0, schema, MEMORY)),
            ("csv", json!({ "delimiter": ",", "header": true }), |write, schema| FilesPart::csv(&serde_json::from_value(write).unwrap(), 0, schema, MEMORY)),
            ("jsonl", json!({}), |write, schema| FilesPart::json_lines(&serde_json::from_value(write).unwrap(), 0, schema, MEMORY)),
        ];
        for (name, own, make) in formats {
            let directory = tempfile::tempdir().unwrap();
            let mut write = json!({ "input": 0, "path": "t", "staging": directory.path(), "ordered": false, "compression": "none", "site": "", "layout": { "partitionBy": ["key"] } });
            write.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            let mut part = make(write, &schema).unwrap();
            let batches = 5 * LOOKS;
            (0..batches).for_each(|_| part.write(&batch).unwrap());
            // The last batch came with a look.
            assert!(part.memory_size() <= MEMORY, "{name} holds {}", part.memory_size());
            let files = part.close().unwrap();
            assert_eq!((files.len() as i64, files.iter().map(|file| file.rows).sum::<u64>()), (PARTITIONS, 8192 * batches as u64), "{name}");
        }
    }
}
