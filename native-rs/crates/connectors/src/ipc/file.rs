//! A file as it is written: record batches first, then the dictionaries, which are known when all rows have come; the footer says
//! where each stands. arrow-rs' own writer puts dictionaries in front and adds to them, which not every reader reads (Polars).
use std::{io::Write, sync::Arc};

use arrow::{
    array::{ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray, new_empty_array},
    datatypes::{DataType, Field, Int32Type, Schema, SchemaRef},
    error::ArrowError,
    ipc::{
        Block, CompressionType, FooterBuilder, MetadataVersion,
        convert::IpcSchemaEncoder,
        writer::{DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, write_message},
    },
};
use flatbuffers::FlatBufferBuilder;

use super::layout::MAGIC;

/// Of buffers and messages.
const ALIGNMENT: usize = 64;
/// A message of no length.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

pub struct IpcFile<W> {
    out: W,
    at: i64,
    options: IpcWriteOptions,
    generator: IpcDataGenerator,
    /// It numbers the dictionaries.
    tracker: DictionaryTracker,
    context: IpcWriteContext,
    schema: SchemaRef,
    /// The same with the numbers of labels in place of dictionaries: in a record batch they stand alike.
    numbered: SchemaRef,
    batches: Vec<Block>,
}

impl<W: Write> IpcFile<W> {
    pub fn new(mut out: W, schema: &SchemaRef, compression: Option<CompressionType>) -> Result<Self, ArrowError> {
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?.try_with_compression(compression)?;
        let mut first = [0; ALIGNMENT];
        first[..MAGIC.len()].copy_from_slice(MAGIC);
        out.write_all(&first)?;
        let generator = IpcDataGenerator::default();
        let mut tracker = DictionaryTracker::new(true);
        let message = generator.schema_to_bytes_with_dictionary_tracker(schema, &mut tracker, &options);
        let fields = schema.fields().iter().map(|field| match is_labelled(field) {
            true => Arc::new(field.as_ref().clone().with_data_type(DataType::Int32)),
            false => Arc::clone(field),
        });
        let numbered = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut file = Self { out, at: ALIGNMENT as i64, options, generator, tracker, context: IpcWriteContext::default(), schema: Arc::clone(schema), numbered, batches: Vec::new() };
        file.put(message)?;
        Ok(file)
    }

    /// The columns of a batch, numbers of labels in place of dictionaries.
    pub fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), ArrowError> {
        let batch = RecordBatch::try_new(Arc::clone(&self.numbered), columns)?;
        // A tracker of its own: these columns have no dictionaries.
        let (_, message) = self.generator.encode(&batch, &mut DictionaryTracker::new(true), &self.options, &mut self.context)?;
        let block = self.put(message)?;
        self.batches.push(block);
        Ok(())
    }

    /// Writes the labels of each column that has some, and the footer.
    pub fn finish(mut self, mut labels: impl FnMut(usize) -> Arc<StringArray>) -> Result<W, ArrowError> {
        let column = |(index, field): (usize, &Arc<Field>)| -> Result<ArrayRef, ArrowError> {
            let none = Int32Array::from(Vec::<i32>::new());
            Ok(if is_labelled(field) { Arc::new(DictionaryArray::<Int32Type>::try_new(none, labels(index))?) } else { new_empty_array(field.data_type()) })
        };
        let columns = self.schema.fields().iter().enumerate().map(column).collect::<Result<Vec<_>, _>>()?;
        let mut dictionaries = Vec::new();
        if columns.iter().any(|column| column.as_ref().data_type() == &labelled()) {
            let without_rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
            let (messages, _) = self.generator.encode(&without_rows, &mut self.tracker, &self.options, &mut self.context)?;
            dictionaries = messages.into_iter().map(|message| self.put(message)).collect::<Result<_, _>>()?;
        }
        self.out.write_all(&END)?;
        let mut footer = FlatBufferBuilder::new();
        let (dictionaries, batches) = (footer.create_vector(&dictionaries), footer.create_vector(&self.batches));
        // It numbers them again, as before.
        self.tracker.clear();
        let schema = IpcSchemaEncoder::new().with_dictionary_tracker(&mut self.tracker).schema_to_fb_offset(&mut footer, &self.schema);
        let mut builder = FooterBuilder::new(&mut footer);
        builder.add_version(MetadataVersion::V5);
        builder.add_schema(schema);
        builder.add_dictionaries(dictionaries);
        builder.add_recordBatches(batches);
        let root = builder.finish();
        footer.finish(root, None);
        let footer = footer.finished_data();
        self.out.write_all(footer)?;
        self.out.write_all(&(footer.len() as i32).to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        Ok(self.out)
    }

    fn put(&mut self, message: EncodedData) -> Result<Block, ArrowError> {
        let (metadata, body) = write_message(&mut self.out, message, &self.options)?;
        let block = Block::new(self.at, metadata as i32, body as i64);
        self.at += (metadata + body) as i64;
        Ok(block)
    }
}

/// Dictionaries are of texts, in one layout.
pub fn labelled() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn is_labelled(field: &Field) -> bool {
    *field.data_type() == labelled()
}
