//! Where a stage's rows end on this rank: counted, collected, written.
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use lockstep_connectors::{FilesPart, IcebergPart, PostgresPart, SnowflakePart, WRITER_MEMORY};
use lockstep_plan::Sink;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::copies::Copy;
use crate::error::{EngineError, Result};

/// What a sink made of this rank's rows; sums over ranks are the sink's answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    pub rows: u64,
    pub files: Vec<String>,
    pub bytes: u64,
}

/// A sink's work on one partition.
pub struct Part<'a> {
    sink: &'a Sink,
    /// Where the rank's rows go, if that is a database.
    copy: Option<Copy>,
    partition: usize,
    schema: SchemaRef,
    rows: u64,
    writer: Option<Writer>,
    batches: Vec<RecordBatch>,
    /// What the writer holds.
    held: MemoryReservation,
    /// What it may hold.
    most: usize,
}

enum Writer {
    Files(Box<FilesPart>),
    Iceberg(Box<IcebergPart>),
    Postgres(Box<PostgresPart>),
    Snowflake(Box<SnowflakePart>),
}

impl Writer {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Files(part) => part.write(batch)?,
            Self::Iceberg(part) => part.write(batch)?,
            Self::Postgres(part) => part.write(batch)?,
            Self::Snowflake(part) => part.write(batch)?,
        }
        Ok(())
    }

    fn memory_size(&self) -> usize {
        match self {
            Self::Files(part) => part.memory_size(),
            Self::Iceberg(part) => part.memory_size(),
            Self::Snowflake(part) => part.memory_size(),
            // Rows go as they come.
            Self::Postgres(_) => 0,
        }
    }
}

/// Whether its rows become files.
pub fn is_written(sink: &Sink) -> bool {
    matches!(sink, Sink::WriteParquet(_) | Sink::WriteArrow(_) | Sink::WriteCsv(_) | Sink::WriteJsonLines(_) | Sink::WriteIceberg(_) | Sink::WriteSnowflake(_))
}

/// Bytes that each of so many writers may hold: together an eighth of the memory, of which row groups are made that readers like.
fn writer_memory(limit: MemoryLimit, parts: usize) -> usize {
    match limit {
        MemoryLimit::Finite(limit) => (limit / 8 / parts.max(1)).min(WRITER_MEMORY),
        _ => WRITER_MEMORY,
    }
}

impl<'a> Part<'a> {
    /// `parts`: how many of the rank write at a time.
    pub fn new(sink: &'a Sink, copy: Option<Copy>, partition: usize, schema: SchemaRef, pool: &Arc<dyn MemoryPool>, parts: usize) -> Self {
        let held = MemoryConsumer::new("Writer").register(pool);
        Self { sink, copy, partition, schema, rows: 0, writer: None, batches: vec![], held, most: writer_memory(pool.memory_limit(), parts) }
    }

    /// LS2013 past the limit of a collect; what writing can fail with.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        match self.sink {
            Sink::Count { .. } | Sink::Materialize { .. } => {}
            Sink::Collect { limit, .. } => {
                check_limit(self.rows, *limit)?;
                self.batches.push(batch.clone());
            }
            _ if batch.num_rows() == 0 => {}
            Sink::WriteParquet(_) | Sink::WriteArrow(_) | Sink::WriteCsv(_) | Sink::WriteJsonLines(_) | Sink::WriteIceberg(_) | Sink::WritePostgres(_) | Sink::WriteSnowflake(_) => {
                let writer = self.writer()?;
                writer.write(batch)?;
                let held = writer.memory_size();
                // What is not free it holds all the same: that is seen as what nobody has reserved (`resident.rs`).
                let _ = self.held.try_resize(held.min(self.most));
            }
        }
        Ok(())
    }

    /// Ends the partition; a collect's rows come with it. An empty table is written as one part without rows, of Iceberg and in a database as none.
    pub fn finish(mut self) -> Result<(Tally, Vec<RecordBatch>)> {
        if self.partition == 0 && matches!(self.sink, Sink::WriteParquet(_) | Sink::WriteArrow(_) | Sink::WriteCsv(_) | Sink::WriteJsonLines(_)) {
            if let Writer::Files(part) = self.writer()? {
                part.begin()?;
            }
        }
        let mut tally = Tally { rows: self.rows, ..Tally::default() };
        if let Some(writer) = self.writer {
            match writer {
                Writer::Files(part) => {
                    for file in part.close()? {
                        tally.files.push(file.path);
                        tally.bytes += file.bytes;
                    }
                }
                Writer::Postgres(part) => part.close()?,
                Writer::Iceberg(part) => {
                    let files = part.close()?;
                    tally.bytes = files.iter().map(|file| file.bytes).sum();
                    tally.files = json(&files)?;
                }
                Writer::Snowflake(part) => {
                    let files = part.close()?;
                    tally.bytes = files.iter().map(|file| file.bytes).sum();
                    tally.files = json(&files)?;
                }
            }
        }
        Ok((tally, self.batches))
    }

    /// The part file, made when the first row comes: empty partitions leave no files.
    fn writer(&mut self) -> Result<&mut Writer> {
        if self.writer.is_none() {
            self.writer = Some(match (self.sink, &self.copy) {
                (Sink::WriteParquet(write), _) => Writer::Files(Box::new(FilesPart::parquet(write, self.partition, &self.schema, self.most)?)),
                (Sink::WriteArrow(write), _) => Writer::Files(Box::new(FilesPart::arrow(write, self.partition, &self.schema, self.most)?)),
                (Sink::WriteCsv(write), _) => Writer::Files(Box::new(FilesPart::csv(write, self.partition, &self.schema, self.most)?)),
                (Sink::WriteJsonLines(write), _) => Writer::Files(Box::new(FilesPart::json_lines(write, self.partition, &self.schema, self.most)?)),
                (Sink::WriteIceberg(write), _) => Writer::Iceberg(Box::new(IcebergPart::new(write, self.partition, &self.schema, self.most)?)),
                (Sink::WritePostgres(_), Some(Copy::Postgres(copy))) => Writer::Postgres(Box::new(PostgresPart::new(Arc::clone(copy), self.partition))),
                (Sink::WriteSnowflake(_), Some(Copy::Snowflake(files))) => Writer::Snowflake(Box::new(SnowflakePart::new(Arc::clone(files), self.partition, &self.schema, self.most)?)),
                _ => return Err(EngineError::bug("a sink that writes nothing")),
            });
        }
        self.writer.as_mut().ok_or_else(|| EngineError::bug("a writer was just made"))
    }
}

/// What the runtime is told of files.
fn json(files: &[impl Serialize]) -> Result<Vec<String>> {
    files.iter().map(serde_json::to_string).collect::<Result<_, _>>().map_err(|error| EngineError::bug(error.to_string()))
}

/// LS2013 if a collect would bring more rows than its limit.
pub fn check_limit(rows: u64, limit: u64) -> Result<()> {
    if rows <= limit {
        return Ok(());
    }
    Err(EngineError::new(
        "LS2013",
        format!("more than {limit} rows would be collected; aggregate or slice first, or raise the limit in the call"),
    ))
}

/// The rows as an Arrow IPC stream that every Arrow implementation reads: no views, no dictionaries.
pub fn to_ipc(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let plain = plain(schema);
    let bytes: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
    let arrow = |error| EngineError::from(datafusion::error::DataFusionError::from(error));
    let mut writer = StreamWriter::try_new(Vec::with_capacity(bytes + 4096), &plain).map_err(arrow)?;
    let concatenated = arrow::compute::concat_batches(schema, batches).map_err(arrow)?;
    let columns = concatenated.columns().iter().zip(plain.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<Vec<_>, _>>();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(concatenated.num_rows()));
    let batch = RecordBatch::try_new_with_options(plain, columns.map_err(arrow)?, &options).map_err(arrow)?;
    writer.write(&batch).map_err(arrow)?;
    writer.into_inner().map_err(arrow)
}

fn plain(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let data_type = match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            DataType::Dictionary(_, values) => match values.as_ref() {
                DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
                other => other.clone(),
            },
            other => other.clone(),
        };
        Field::new(field.name(), data_type, field.is_nullable())
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}
