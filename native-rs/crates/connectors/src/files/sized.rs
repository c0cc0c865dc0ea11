//! Parquet files of about so many bytes, one after another, in a folder of this write alone: they appear as they are finished.
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use lockstep_plan::WrittenColumn;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::Written;
use crate::{
    arrow_types::parse_type,
    errors::Result,
    outputs::PartFile,
    parquet::{FileInfo, ParquetPart, ParquetWriteOptions},
};

/// The columns of such files: types are the table's, whatever the rows' are.
pub fn table_schema(columns: &[WrittenColumn], rows: &Schema) -> Result<SchemaRef> {
    let field = |(column, from): (&WrittenColumn, &Arc<Field>)| {
        let field = table_field(column)?;
        Ok(match (field.data_type(), from.data_type()) {
            // The file is the same, and labels stay codes until they are in it.
            (DataType::Utf8, labels @ DataType::Dictionary(_, values)) if **values == DataType::Utf8 => field.with_data_type(labels.clone()),
            _ => field,
        })
    };
    Ok(Arc::new(Schema::new(columns.iter().zip(rows.fields()).map(field).collect::<Result<Vec<_>>>()?)))
}

/// Every part of a column has its id.
fn table_field(column: &WrittenColumn) -> Result<Field> {
    let parts = column.parts.iter().map(|part| table_field(part).map(Arc::new)).collect::<Result<Vec<_>>>()?;
    let data_type = match &parts[..] {
        [] => parse_type(&column.data_type)?,
        [element] if column.data_type == "list" => DataType::List(Arc::clone(element)),
        _ => DataType::Struct(parts.into()),
    };
    let id = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), column.id.to_string())]);
    Ok(Field::new(&column.name, data_type, true).with_metadata(id))
}

/// What all files of a part have in common.
pub struct SizedMaker {
    folder: String,
    /// Of the part among all parts of the write.
    index: usize,
    schema: SchemaRef,
    options: ParquetWriteOptions,
    most: u64,
    /// How many there are.
    files: AtomicUsize,
}

impl SizedMaker {
    /// A file ends behind `most` bytes, about.
    pub fn new(folder: String, index: usize, schema: SchemaRef, options: ParquetWriteOptions, most: u64) -> Arc<Self> {
        Arc::new(Self { folder, index, schema, options, most, files: AtomicUsize::new(0) })
    }

    fn begin(&self) -> Result<(String, ParquetPart)> {
        let name = format!("part-{:05}-{:05}.parquet", self.index, self.files.fetch_add(1, Ordering::Relaxed));
        let file = PartFile::visible(&self.folder, &name, &self.options.store)?;
        Ok((name, ParquetPart::of(file, Arc::clone(&self.schema), self.options.clone())))
    }
}

/// Its `path` is its name in the folder.
pub type SizedFile = FileInfo;

/// One that is open is left without a footer if they are dropped.
pub struct SizedFiles {
    maker: Arc<SizedMaker>,
    current: Option<(String, ParquetPart)>,
    done: Vec<SizedFile>,
}

impl SizedFiles {
    pub fn new(maker: Arc<SizedMaker>) -> Self {
        Self { maker, current: None, done: vec![] }
    }

    fn end(&mut self) -> Result<()> {
        let Some((path, part)) = self.current.take() else { return Ok(()) };
        self.done.push(SizedFile { path, ..part.close()? });
        Ok(())
    }

    /// Writes the last footer.
    pub fn close(mut self) -> Result<Vec<SizedFile>> {
        self.end()?;
        Ok(self.done)
    }
}

impl Written for SizedFiles {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.current.as_ref().is_some_and(|(_, part)| part.bytes() >= self.maker.most) {
            self.end()?;
        }
        match &mut self.current {
            Some((_, part)) => part.write(batch),
            None => self.current.insert(self.maker.begin()?).1.write(batch),
        }
    }

    fn memory_size(&self) -> usize {
        self.current.as_ref().map_or(0, |(_, part)| part.memory_size())
    }

    fn end_group(&mut self) -> Result<()> {
        self.current.as_mut().map_or(Ok(()), |(_, part)| part.end_group())
    }
}
