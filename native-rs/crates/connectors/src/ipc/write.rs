//! One part file of a written dataset.
//!
//! Rows are gathered into record batches that are worth dealing out. A file has one dictionary a column, of the labels that rows have.
use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Error},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray},
    compute::concat,
    datatypes::{DataType, Int32Type, Schema, SchemaRef},
    error::ArrowError,
    ipc::reader::FileReader,
};
use serde_json::json;

use super::{
    file::{IpcFile, labelled},
    options::ArrowWriteOptions,
};
use crate::{
    dataset::is_string,
    errors::{ConnectorError, Result},
    files::FilePart,
    outputs::PartFile,
    parquet::{FileInfo, as_written, written_schema},
    store::StoreOptions,
};

/// Rows of a record batch, and bytes, about.
const BATCH_ROWS: usize = 1 << 16;
const BATCH_BYTES: usize = 16 << 20;
/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 18;

/// Writes a file of Arrow IPC. Dropped without `close`, it leaves a file without a footer in the staging directory.
pub struct ArrowPart {
    path: PathBuf,
    schema: SchemaRef,
    file: IpcFile<BufWriter<PartFile>>,
    /// Of columns that are dictionaries.
    labels: Vec<Option<Labels>>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
    rows: u64,
}

impl ArrowWriteOptions {
    /// The columns as they are written. LS2015
    pub fn written(&self, schema: &Schema) -> Result<SchemaRef> {
        written_schema(schema, &self.types, usual)
    }
}

/// Texts have one layout, and so have dictionaries, which are of texts.
fn usual(data_type: &DataType) -> DataType {
    match data_type {
        text if is_string(text) => DataType::Utf8,
        DataType::Dictionary(_, values) if is_string(values) => labelled(),
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        other => other.clone(),
    }
}

impl ArrowPart {
    /// Creates `part-NNNNN.arrow`. LS2008 if that is not possible, LS2015 if `types` asks for something that cannot be written.
    pub fn create(staging: impl AsRef<Path>, index: usize, schema: &Schema, options: &ArrowWriteOptions, store: &StoreOptions) -> Result<Self> {
        Self::of(PartFile::create(staging.as_ref(), &format!("part-{index:05}.arrow"), store)?, options.written(schema)?, options)
    }

    /// Rows are cast to the types of `schema`, column by column.
    pub(crate) fn of(file: PartFile, schema: SchemaRef, options: &ArrowWriteOptions) -> Result<Self> {
        let path = file.path.clone();
        let file = IpcFile::new(BufWriter::with_capacity(BUFFER, file), &schema, options.compression).map_err(|error| writing(&path, error))?;
        let labels = schema.fields().iter().map(|field| (*field.data_type() == labelled()).then(Labels::default)).collect();
        Ok(Self { path, schema, file, labels, pending: Vec::new(), pending_rows: 0, pending_bytes: 0, rows: 0 })
    }

    /// Appends rows. LS2008 disk full, LS2015 a value that its written type cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = as_written(batch, &self.schema)?;
        self.rows += batch.num_rows() as u64;
        let mut start = 0;
        // What comes may be as large as a spool has it.
        while start < batch.num_rows() {
            let length = (batch.num_rows() - start).min(BATCH_ROWS - self.pending_rows);
            let some = batch.slice(start, length);
            self.pending_bytes += some.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum::<usize>();
            self.pending_rows += length;
            self.pending.push(some);
            start += length;
            if self.pending_rows == BATCH_ROWS || self.pending_bytes >= BATCH_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Bytes held until the next record batch is written.
    pub fn memory_size(&self) -> usize {
        self.pending_bytes + self.labels.iter().flatten().map(Labels::memory_size).sum::<usize>()
    }

    /// Writes the footer.
    pub fn close(mut self) -> Result<FileInfo> {
        self.flush()?;
        let Self { path, file, mut labels, rows, .. } = self;
        let texts = |column: usize| labels[column].take().unwrap_or_default().into_values();
        let buffered = file.finish(texts).map_err(|error| writing(&path, error))?;
        let file = buffered.into_inner().map_err(|error| failed(&path, error.into_error()))?;
        let bytes = file.bytes();
        file.finish()?;
        Ok(FileInfo { path: path.to_string_lossy().into_owned(), rows, bytes })
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending_rows == 0 {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        (self.pending_rows, self.pending_bytes) = (0, 0);
        let column = |(index, labels): (usize, &mut Option<Labels>)| {
            let parts: Vec<&dyn Array> = pending.iter().map(|batch| batch.column(index).as_ref()).collect();
            match labels {
                Some(labels) => Ok(labels.numbers(&parts)),
                None => concat(&parts),
            }
        };
        let columns = self.labels.iter_mut().enumerate().map(column).collect::<Result<Vec<ArrayRef>, _>>();
        columns.and_then(|columns| self.file.write(columns)).map_err(|error| writing(&self.path, error))
    }
}

/// The labels of a column, numbered as they came.
#[derive(Default)]
struct Labels {
    known: HashMap<Arc<str>, i32>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Labels {
    fn memory_size(&self) -> usize {
        self.bytes + self.texts.len() * 48
    }

    fn into_values(self) -> Arc<StringArray> {
        Arc::new(StringArray::from_iter_values(self.texts.iter()))
    }

    /// The numbers of rows' labels. Those that no row has are left out.
    fn numbers(&mut self, parts: &[&dyn Array]) -> ArrayRef {
        let mut numbers: Vec<Option<i32>> = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            let part = part.as_dictionary::<Int32Type>();
            let values = part.values().as_string::<i32>();
            let mut known: Vec<Option<i32>> = vec![None; values.len()];
            for key in part.keys() {
                let Some(key) = key.map(|key| key as usize).filter(|key| values.is_valid(*key)) else {
                    numbers.push(None);
                    continue;
                };
                let number = *known[key].get_or_insert_with(|| self.number(values.value(key)));
                numbers.push(Some(number));
            }
        }
        Arc::new(Int32Array::from(numbers))
    }

    fn number(&mut self, text: &str) -> i32 {
        if let Some(number) = self.known.get(text) {
            return *number;
        }
        let (number, text) = (self.texts.len() as i32, Arc::<str>::from(text));
        self.bytes += text.len();
        self.texts.push(Arc::clone(&text));
        self.known.insert(text, number);
        number
    }
}

impl FilePart for ArrowPart {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        ArrowPart::write(self, batch)
    }

    fn memory_size(&self) -> usize {
        ArrowPart::memory_size(self)
    }

    fn end_group(&mut self) -> Result<()> {
        self.flush()
    }

    fn close(self: Box<Self>) -> Result<FileInfo> {
        ArrowPart::close(*self)
    }
}

/// Makes one file of parts that were written here: their rows are written again, as the dictionaries of several files are several. LS2008.
pub fn join_arrow(parts: &[PathBuf], staging: &Path, name: &str) -> Result<()> {
    let open = |part: &PathBuf| -> Result<FileReader<File>> {
        let file = File::open(part).map_err(|error| ConnectorError::write(part, &error))?;
        FileReader::try_new(file, None).map_err(|error| writing(part, error))
    };
    let compression = parts.iter().find_map(|part| super::layout::compression(part));
    let schema = open(&parts[0])?.schema();
    let mut whole = ArrowPart::of(PartFile::create(staging, name, &StoreOptions::default())?, schema, &ArrowWriteOptions { compression, ..ArrowWriteOptions::default() })?;
    for part in parts {
        for batch in open(part)? {
            whole.write(&batch.map_err(|error| writing(part, error))?)?;
        }
    }
    whole.close().map(|_| ())
}

/// An error while writing `path`: LS2008 if the disk said so.
fn writing(path: &Path, error: ArrowError) -> ConnectorError {
    match error {
        ArrowError::IoError(_, error) => failed(path, error),
        ArrowError::ExternalError(inner) => match inner.downcast::<Error>() {
            Ok(error) => failed(path, *error),
            Err(inner) => ConnectorError::new("LS2099", inner.to_string(), json!({ "path": path.display().to_string() })),
        },
        other => ConnectorError::new("LS2099", other.to_string(), json!({ "path": path.display().to_string() })),
    }
}

fn failed(path: &Path, error: Error) -> ConnectorError {
    match error.downcast::<ConnectorError>() {
        Ok(known) => known,
        Err(error) => ConnectorError::write(path, &error),
    }
}
