//! Chunks → record batches, decoded on the thread that asks: one batch a step, in row order. What is decoded of a
//! remote file is fetched before, while earlier chunks are decoded.
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions},
    compute::{self, filter_record_batch},
    datatypes::{DataType, Field, Int64Type, Schema, SchemaRef},
};
use datafusion::{
    error::DataFusionError,
    execution::SendableRecordBatchStream,
    physical_expr::PhysicalExpr,
    physical_plan::stream::RecordBatchStreamAdapter,
};
use futures::stream;
use serde_json::json;

use crate::{
    ahead::Ahead,
    chunks::Chunk,
    csv,
    dataset::{Dataset, Format},
    errors::{ConnectorError, Result},
    files::with_constants,
    ipc, json,
    key_test::{KeyTest, Tests},
    parquet,
    prune::Pruner,
    text::as_key,
};

/// What a scan reads and how.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Columns in output order; none: batches of rows without columns.
    pub columns: Vec<String>,
    /// Rows of a batch at most.
    pub batch_size: usize,
    /// String columns to deliver as dictionary(int32, utf8).
    pub dictionary: BTreeSet<String>,
    /// Rows for which this boolean expression (bound to the scan's schema) is not true are dropped.
    pub filter: Option<Arc<dyn PhysicalExpr>>,
    /// Name of an added last column, int64: the row's number in the dataset.
    pub row_number: Option<String>,
    /// Rows that it cannot match may be left out, of Parquet files before they are decoded. Batches may be empty then.
    pub prune: Option<Arc<Pruner>>,
    /// Rows that fail one of these are dropped, of Parquet files before more than the tests' columns is decoded. Batches may be empty then.
    pub tests: Vec<KeyTest>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let columns = Vec::new();
        Self { columns, batch_size: 8192, dictionary: BTreeSet::new(), filter: None, row_number: None, prune: None, tests: Vec::new() }
    }
}

/// Batches of one chunk.
pub(crate) type ChunkBatches = Box<dyn Iterator<Item = Result<Piece>> + Send>;

/// Rows that follow one another; columns and types are those of `Dataset::scan_schema`, nulls not yet checked.
pub(crate) struct Piece {
    pub columns: Vec<ArrayRef>,
    /// Of the chunk.
    pub rows: usize,
    /// False where a row is deleted.
    pub kept: Option<BooleanArray>,
    /// Which of the rows, counted from the piece's first, the columns have, where these are not all.
    pub picked: Option<Vec<u32>>,
}

impl Piece {
    /// Of one column at least, without deleted rows.
    pub fn whole(columns: Vec<ArrayRef>) -> Self {
        Self { rows: columns[0].len(), columns, kept: None, picked: None }
    }
}

/// Reads chunks one after another. An error ends it.
pub struct Reader {
    dataset: Arc<Dataset>,
    chunks: VecDeque<Chunk>,
    options: ReadOptions,
    /// The columns read; `schema` is these and the row number.
    scan: SchemaRef,
    schema: SchemaRef,
    current: Option<Open>,
    ahead: Ahead,
    tests: Tests,
    /// Rows that the filter cannot match and that were left out.
    pruned: u64,
}

struct Open {
    chunk: Chunk,
    batches: ChunkBatches,
    /// Rows of the chunk delivered so far.
    done: u64,
}

/// A reader of `chunks`, which belong to `dataset`. Nothing is opened before the first batch is asked for.
pub fn read(dataset: Arc<Dataset>, chunks: Vec<Chunk>, options: ReadOptions) -> Reader {
    let scan = dataset.scan_schema(&options.columns, &options.dictionary);
    let mut fields: Vec<Arc<Field>> = scan.fields().iter().cloned().collect();
    if let Some(name) = &options.row_number {
        fields.push(Arc::new(Field::new(name, DataType::Int64, false)));
    }
    let schema = Arc::new(Schema::new(fields));
    let ahead = Ahead::new(dataset.is_remote());
    let tests = Tests::new(options.tests.clone(), &options.columns);
    Reader { dataset, chunks: chunks.into(), options, scan, schema, current: None, ahead, tests, pruned: 0 }
}

impl Reader {
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows dropped by the tests so far.
    pub fn dropped(&self) -> u64 {
        self.tests.dropped
    }

    /// Rows left out so far because pages or Bloom filters say that the filter does not match them.
    pub fn pruned(&self) -> u64 {
        self.pruned
    }

    /// The same batches as a DataFusion stream; errors are [`ConnectorError`]s inside `DataFusionError::External`.
    pub fn into_stream(self) -> SendableRecordBatchStream {
        let schema = self.schema();
        let batches = stream::unfold(self, |mut reader| async {
            reader.ready().await;
            let batch = reader.next()?;
            Some((batch.map_err(DataFusionError::from), reader))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }

    /// Resolves when the next batch can be decoded without waiting for a network; at once for local files.
    pub fn ready(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let waited = match &self.current {
            Some(open) if open.done < open.chunk.rows => None,
            _ => self.ahead.look(&self.dataset, &self.chunks, &self.scan, &self.options),
        };
        async move {
            if let Some(arrived) = waited {
                arrived.await;
            }
        }
    }

    fn step(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(open) = &mut self.current else {
                // For who does not await `ready`, too.
                drop(self.ahead.look(&self.dataset, &self.chunks, &self.scan, &self.options));
                let Some(chunk) = self.chunks.pop_front() else { return Ok(None) };
                let batches: ChunkBatches = match &self.dataset.format {
                    // Nothing of the file is looked at.
                    _ if self.ahead.is_remote() && counted(&self.dataset, &chunk, &self.scan) => Box::new(std::iter::empty()),
                    Format::Parquet => {
                        let (blob, rows) = self.ahead.open(&self.dataset, &chunk, &self.scan, &self.options)?;
                        self.pruned += rows.as_ref().map_or(0, |rows| chunk.rows - rows.iter().map(|rows| rows.end - rows.start).sum::<u64>());
                        // Of files with deletes rows are tested when those that are deleted are known.
                        match self.tests.is_empty() || rows.as_ref().is_some_and(Vec::is_empty) || !self.dataset.files[chunk.file].deletes.is_empty() {
                            true => parquet::open_picked(&self.dataset, blob, &chunk, &self.options, &self.scan, rows)?,
                            false => parquet::open_tested(&self.dataset, blob, &chunk, &self.options, &self.scan, rows, &mut self.tests)?,
                        }
                    }
                    Format::Arrow(_) => {
                        let (blob, _) = self.ahead.open(&self.dataset, &chunk, &self.scan, &self.options)?;
                        let Format::Arrow(layouts) = &self.dataset.format else { unreachable!("it was just looked at") };
                        ipc::open_chunk(&self.dataset, layouts, blob, &chunk, &self.options, &self.scan)?
                    }
                    Format::Csv(dialect) => {
                        let dialect = dialect.clone();
                        let (blob, _) = self.ahead.open(&self.dataset, &chunk, &self.scan, &self.options)?;
                        with_constants(&self.dataset, &chunk, &self.options, &self.scan, |scan| csv::open_chunk(&self.dataset, &blob, &dialect, &chunk, &self.options, scan))?
                    }
                    Format::JsonLines => {
                        let (blob, _) = self.ahead.open(&self.dataset, &chunk, &self.scan, &self.options)?;
                        with_constants(&self.dataset, &chunk, &self.options, &self.scan, |scan| json::open_chunk(&self.dataset, &blob, &chunk, &self.options, scan))?
                    }
                };
                self.current = Some(Open { chunk, batches, done: 0 });
                continue;
            };
            if open.done == open.chunk.rows {
                self.current = None;
                continue;
            }
            let left = (open.chunk.rows - open.done).min(self.options.batch_size as u64) as usize;
            let piece = match counted(&self.dataset, &open.chunk, &self.scan) {
                true => Piece { columns: Vec::new(), rows: left, kept: None, picked: None },
                false => match open.batches.next() {
                    Some(piece) => piece?,
                    None => return Err(self.ended_early()),
                },
            };
            let first_row = open.chunk.first_row + open.done;
            open.done += piece.rows as u64;
            if open.done > open.chunk.rows {
                return Err(self.ended_early());
            }
            let batch = self.assemble(piece, first_row)?;
            // A test or a filter may leave nothing of one chunk after another: whoever reads is to do other things in between.
            if batch.num_rows() > 0 || !self.options.tests.is_empty() || self.options.prune.is_some() {
                return Ok(Some(batch));
            }
        }
    }

    fn assemble(&mut self, Piece { mut columns, mut rows, mut kept, picked }: Piece, first_row: u64) -> Result<RecordBatch> {
        let first = first_row as i64;
        let tested = picked.is_some();
        let numbers = || -> ArrayRef {
            Arc::new(match picked {
                Some(picked) => Int64Array::from_iter_values(picked.into_iter().map(|row| first + i64::from(row))),
                None => Int64Array::from_iter_values(first..first + rows as i64),
            })
        };
        let mut numbers = (tested || kept.is_some() || self.options.row_number.is_some()).then(numbers);
        if tested {
            rows = numbers.as_ref().map_or(rows, |numbers| numbers.len());
        }
        if let Some(kept) = &kept {
            (columns, numbers, rows) = self.those(kept, columns, numbers)?;
        }
        for (field, column) in self.scan.fields().iter().zip(&columns) {
            if !field.is_nullable() && column.null_count() > 0 {
                let position = (0..column.len()).find(|row| column.is_null(*row)).unwrap_or(0);
                let number = numbers.as_ref().map(|numbers| numbers.as_primitive::<Int64Type>().value(position) as u64);
                return Err(self.null_found(field.name(), number.unwrap_or(first_row + position as u64)));
            }
        }
        if !tested && !self.tests.is_empty() {
            kept = self.tests.wanted(&columns, rows)?;
            if let Some(kept) = &kept {
                self.tests.dropped += (rows - kept.true_count()) as u64;
                (columns, numbers, rows) = self.those(kept, columns, numbers)?;
            }
        }
        columns.extend(numbers.filter(|_| self.options.row_number.is_some()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema(), columns, &options)
            .map_err(|error| ConnectorError::corrupt(self.file(), error))?;
        let Some(filter) = &self.options.filter else { return Ok(batch) };
        // Arrow's and the expression's own errors come from the program, not from the file.
        let engine = |error: DataFusionError| match ConnectorError::find(&error) {
            Some(known) => known.clone(),
            None => ConnectorError::new("LS2009", error.strip_backtrace(), json!({ "file": self.file() })),
        };
        let mask = filter.evaluate(&batch).and_then(|value| value.into_array(rows)).map_err(engine)?;
        filter_record_batch(&batch, mask.as_boolean()).map_err(|error| engine(error.into()))
    }

    /// The rows that are kept, their numbers, and how many they are.
    fn those(&self, kept: &BooleanArray, columns: Vec<ArrayRef>, numbers: Option<ArrayRef>) -> Result<(Vec<ArrayRef>, Option<ArrayRef>, usize)> {
        let keep = |column: &ArrayRef| compute::filter(column, kept).map_err(|error| ConnectorError::corrupt(self.file(), error));
        let columns = columns.iter().map(keep).collect::<Result<_>>()?;
        Ok((columns, numbers.as_ref().map(keep).transpose()?, kept.true_count()))
    }

    fn file(&self) -> &str {
        self.current.as_ref().map_or("", |open| &self.dataset.files[open.chunk.file].path)
    }

    fn ended_early(&self) -> ConnectorError {
        let group = self.current.as_ref().map_or(0, |open| open.chunk.group);
        ConnectorError::corrupt(self.file(), format!("row group {group} does not have the rows that the footer promises"))
    }

    /// `number`: of the row in the dataset.
    fn null_found(&self, column: &str, number: u64) -> ConnectorError {
        let open = self.current.as_ref().map_or(0, |open| open.chunk.file);
        let before: u64 = self.dataset.files[..open].iter().map(|file| file.rows).sum();
        let (file, row) = (self.file(), number - before);
        let key = as_key(column);
        let fix = format!("Write `{key}: … | null` in the interface.");
        if let Some(line) = self.line_of(open, row) {
            let message = format!("{file}, line {line}: column {column} is null, the interface says it never is");
            return ConnectorError::new("LS2003", message, json!({ "file": file, "column": column, "line": line })).with_fix(fix);
        }
        let message = format!("{file}: column {column} is null in row {row} (from 0), the interface says it never is");
        ConnectorError::new("LS2003", message, json!({ "file": file, "column": column, "row": row })).with_fix(fix)
    }

    /// Where a row of a file stands in it, if it is text and is still there.
    fn line_of(&self, file: usize, row: u64) -> Option<u64> {
        let mut first = 0;
        let group = self.dataset.files[file].groups.iter().find(|group| {
            first += group.rows;
            row < first
        })?;
        let row = row - (first - group.rows);
        let blob = || self.dataset.open(file);
        match &self.dataset.format {
            Format::Csv(dialect) => csv::line_of(&blob().ok()?, dialect, group, row).ok()?,
            Format::JsonLines => json::line_of(&blob().ok()?, group, row).ok()?,
            Format::Parquet | Format::Arrow(_) => None,
        }
    }
}

/// Without columns there is nothing to decode: the counts are known, unless rows are deleted.
pub(crate) fn counted(dataset: &Dataset, chunk: &Chunk, scan: &Schema) -> bool {
    scan.fields().is_empty() && dataset.files[chunk.file].deletes.is_empty()
}

impl Iterator for Reader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Ok(batch) => batch.map(Ok),
            Err(error) => {
                self.chunks.clear();
                self.current = None;
                Some(Err(error))
            }
        }
    }
}
