//! Batches → row groups: each column by the encoder that suits it.
use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{Schema, SchemaRef},
};
use bytes::Bytes;
use parquet::{
    arrow::{
        ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata,
        arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves},
    },
    basic::{Compression, ConvertedType, LogicalType, Type as PhysicalType},
    errors::Result,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::{Type, TypePtr},
};

use super::{encode, options::ParquetWriteOptions};
use crate::outputs::PartFile;

const FEW_ROWS: usize = 1 << 14;
const MANY_GROUPS: usize = 1 << 13;

/// A Parquet file being written.
pub struct RowGroups {
    file: SerializedFileWriter<PartFile>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// Per field: whether a dictionary is worth a try.
    dictionaries: Vec<bool>,
    columns: Vec<Column>,
    rows: usize,
    most_rows: usize,
    most_bytes: usize,
}

enum Column {
    Own(Box<encode::Column>),
    /// One a leaf of the field's type.
    Arrow(Vec<ArrowColumnWriter>),
}

impl RowGroups {
    pub fn new(file: PartFile, schema: SchemaRef, mut properties: WriterProperties, dictionaries: Vec<bool>, options: &ParquetWriteOptions) -> Result<Self> {
        if options.arrow_schema {
            add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        }
        let descriptor = ArrowSchemaConverter::new().convert(&schema)?;
        let file = SerializedFileWriter::new(file, as_specified(descriptor.root_schema(), None)?, Arc::new(properties))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        Ok(Self { file, factory, schema, dictionaries, columns: Vec::new(), rows: 0, most_rows: options.row_group_rows, most_bytes: options.row_group_bytes })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut start = 0;
        while start < batch.num_rows() {
            if self.columns.is_empty() {
                self.columns = self.start()?;
            }
            let length = (batch.num_rows() - start).min(self.most_rows - self.rows);
            for (index, column) in self.columns.iter_mut().enumerate() {
                let array = batch.column(index).slice(start, length);
                match column {
                    Column::Own(column) => column.append(&array)?,
                    Column::Arrow(writers) => {
                        let leaves = compute_leaves(self.schema.field(index), &array)?;
                        writers.iter_mut().zip(&leaves).try_for_each(|(writer, leaf)| writer.write(leaf))?;
                    }
                }
            }
            self.rows += length;
            start += length;
            if self.rows == self.most_rows {
                self.flush()?;
            }
        }
        if self.is_large() { self.end_early() } else { Ok(()) }
    }

    /// Of few rows a row group is large only by far: what its columns begin with, filters among it, has bytes already.
    fn is_large(&self) -> bool {
        let most = if self.rows < FEW_ROWS { self.most_bytes.saturating_mul(8) } else { self.most_bytes };
        self.memory_size() >= most
    }

    /// Ends the row group before it has its rows; not where there are many already, as the format has a number of 16 bits for them.
    pub fn end_early(&mut self) -> Result<()> {
        if self.file.flushed_row_groups().len() < MANY_GROUPS { self.flush() } else { Ok(()) }
    }

    /// What is written, and what is encoded.
    pub fn bytes(&self) -> u64 {
        (self.file.bytes_written() + self.memory_size()) as u64
    }

    /// Bytes held until the row group is complete.
    pub fn memory_size(&self) -> usize {
        let size = |column: &Column| match column {
            Column::Own(column) => column.memory_size(),
            Column::Arrow(writers) => writers.iter().map(ArrowColumnWriter::memory_size).sum(),
        };
        self.columns.iter().map(size).sum()
    }

    /// Writes the last row group and the footer; the file's size, and the file.
    pub fn finish(mut self) -> Result<(u64, PartFile)> {
        self.flush()?;
        let file = self.file.into_inner()?;
        Ok((file.bytes(), file))
    }

    fn start(&self) -> Result<Vec<Column>> {
        let mut leaves = self.factory.create_column_writers(self.file.flushed_row_groups().len())?.into_iter();
        let descriptor = self.file.schema_descr();
        let mut leaf = 0;
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for (index, field) in self.schema.fields().iter().enumerate() {
            let first = leaf;
            while leaf < descriptor.num_columns() && descriptor.get_column_root_idx(leaf) == index {
                leaf += 1;
            }
            let writers: Vec<ArrowColumnWriter> = leaves.by_ref().take(leaf - first).collect();
            let column = descriptor.column(first);
            let snappy = match self.file.properties().compression(column.path()) {
                Compression::SNAPPY => Some(true),
                Compression::UNCOMPRESSED => Some(false),
                _ => None,
            };
            // Bloom filters are arrow-rs'.
            let snappy = snappy.filter(|_| self.file.properties().bloom_filter_properties(column.path()).is_none());
            let own = snappy.and_then(|snappy| encode::Column::new(field.data_type(), &column, snappy, self.dictionaries[index]));
            columns.push(own.map_or(Column::Arrow(writers), |column| Column::Own(Box::new(column))));
        }
        Ok(columns)
    }

    /// Ends the row group, and writes it.
    fn flush(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in self.columns.drain(..) {
            match column {
                Column::Own(column) => {
                    let (bytes, close) = column.close()?;
                    group.append_column(&Bytes::from(bytes), close)?;
                }
                Column::Arrow(writers) => {
                    for writer in writers {
                        writer.close()?.append_to_row_group(&mut group)?;
                    }
                }
            }
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

/// The same as the format's specification has it: the entries of a map are `key_value`, and bytes of 16, which are uuids in the engine,
/// are called so.
fn as_specified(node: &Type, name: Option<&str>) -> Result<TypePtr> {
    let name = name.unwrap_or(node.name());
    let info = node.get_basic_info();
    let repetition = info.has_repetition().then(|| info.repetition());
    let id = info.has_id().then(|| info.id());
    let made = match node {
        Type::GroupType { fields, .. } => {
            let is_map = info.logical_type_ref() == Some(&LogicalType::Map);
            let fields = fields.iter().map(|field| as_specified(field, is_map.then_some("key_value"))).collect::<Result<Vec<_>>>()?;
            let group = Type::group_type_builder(name).with_fields(fields).with_logical_type(info.logical_type_ref().cloned()).with_converted_type(info.converted_type()).with_id(id);
            repetition.into_iter().fold(group, |group, repetition| group.with_repetition(repetition)).build()?
        }
        Type::PrimitiveType { physical_type: PhysicalType::FIXED_LEN_BYTE_ARRAY, type_length: 16, .. } if info.logical_type_ref().is_none() && info.converted_type() == ConvertedType::NONE => {
            let uuid = Type::primitive_type_builder(name, PhysicalType::FIXED_LEN_BYTE_ARRAY).with_length(16).with_logical_type(Some(LogicalType::Uuid)).with_id(id);
            repetition.into_iter().fold(uuid, |uuid, repetition| uuid.with_repetition(repetition)).build()?
        }
        other => other.clone(),
    };
    Ok(Arc::new(made))
}

/// Which fields of `schema` the sample shows to be worth a dictionary.
pub fn dictionaries(schema: &Schema, sample: &[RecordBatch]) -> Vec<bool> {
    let worth = |index| !super::sample::is_mostly_distinct(&sample.iter().map(|batch| batch.column(index)).collect::<Vec<_>>());
    (0..schema.fields().len()).map(worth).collect()
}
