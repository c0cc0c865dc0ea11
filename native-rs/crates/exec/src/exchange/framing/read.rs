//! The receiving side.
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, RecordBatch, RecordBatchOptions, StructArray, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::Result;

use super::{NONE, SAME, cannot_travel, damaged, padded, width};

/// The frames of a message: (partition, batch), in the order sent.
pub fn decode(bytes: &[u8], schema: &SchemaRef) -> Result<Vec<(usize, RecordBatch)>> {
    let mut reader = Reader { bytes, at: 0, words: vec![], word: 0, dictionaries: vec![], dictionary: 0 };
    let mut batches = vec![];
    while reader.at < bytes.len() {
        reader.header()?;
        let partition = reader.word()? as usize;
        let rows = reader.word()? as usize;
        let columns = schema.fields().iter().map(|field| reader.array(field.data_type())).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        batches.push((partition, RecordBatch::try_new_with_options(schema.clone(), columns, &options)?));
    }
    Ok(batches)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    words: Vec<u64>,
    word: usize,
    /// The values of the frames so far, by the place of their dictionary in a frame.
    dictionaries: Vec<Option<ArrayRef>>,
    /// Dictionaries of this frame so far.
    dictionary: usize,
}

impl Reader<'_> {
    fn header(&mut self) -> Result<()> {
        let rest = &self.bytes[self.at..];
        let first = rest.first_chunk::<8>().ok_or_else(|| damaged("no header"))?;
        let count = u64::from_le_bytes(*first) as usize;
        let header = count.checked_mul(8).and_then(|length| rest.get(..length)).ok_or_else(|| damaged("header"))?;
        self.words = header.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        self.word = 1;
        self.dictionary = 0;
        self.at += padded(header.len());
        Ok(())
    }

    fn word(&mut self) -> Result<u64> {
        let word = *self.words.get(self.word).ok_or_else(|| damaged("header too short"))?;
        self.word += 1;
        Ok(word)
    }

    fn buffer(&mut self) -> Result<Buffer> {
        let length = self.word()?;
        self.take(length as usize)
    }

    /// A buffer of `count` values of `width` bytes.
    fn values(&mut self, count: usize, width: usize) -> Result<Buffer> {
        let buffer = self.buffer()?;
        match count.checked_mul(width) == Some(buffer.len()) {
            true => Ok(buffer),
            false => Err(damaged("a buffer of another length than its array")),
        }
    }

    /// One offset more than values.
    fn offsets(&mut self, count: usize, width: usize) -> Result<Buffer> {
        self.values(count.saturating_add(1), width)
    }

    /// The values of a dictionary, of this frame or one before.
    fn dictionary(&mut self, data_type: &DataType) -> Result<ArrayRef> {
        let at = self.dictionary;
        self.dictionary += 1;
        self.dictionaries.resize(self.dictionaries.len().max(at + 1), None);
        if self.words.get(self.word) == Some(&SAME) {
            self.word += 1;
            let values = self.dictionaries[at].clone().filter(|values| values.data_type() == data_type);
            return values.ok_or_else(|| damaged("no dictionary before"));
        }
        let values = self.array(data_type)?;
        self.dictionaries[at] = Some(values.clone());
        Ok(values)
    }

    fn take(&mut self, length: usize) -> Result<Buffer> {
        let bytes = self.at.checked_add(length).and_then(|end| self.bytes.get(self.at..end));
        let buffer = Buffer::from_slice_ref(bytes.ok_or_else(|| damaged("buffer longer than the message"))?);
        self.at += padded(length);
        Ok(buffer)
    }

    fn array(&mut self, data_type: &DataType) -> Result<ArrayRef> {
        let length = self.word()? as usize;
        let nulls = match self.word()? {
            NONE => None,
            bytes => {
                let buffer = self.take(bytes as usize)?;
                if buffer.len() < length.div_ceil(8) {
                    return Err(damaged("validity"));
                }
                Some(NullBuffer::new(BooleanBuffer::new(buffer, 0, length)))
            }
        };
        let (buffers, children): (Vec<Buffer>, Vec<ArrayData>) = match data_type {
            DataType::Null => (vec![], vec![]),
            DataType::Boolean => {
                let values = self.buffer()?;
                if values.len() < length.div_ceil(8) {
                    return Err(damaged("booleans"));
                }
                return Ok(Arc::new(BooleanArray::new(BooleanBuffer::new(values, 0, length), nulls)));
            }
            DataType::Utf8 | DataType::Binary => (vec![self.offsets(length, 4)?, self.buffer()?], vec![]),
            DataType::LargeUtf8 | DataType::LargeBinary => (vec![self.offsets(length, 8)?, self.buffer()?], vec![]),
            DataType::Utf8View | DataType::BinaryView => {
                // The sender has made them as short as the text allows.
                let long = self.words.get(self.word).is_some_and(|bytes| bytes / 8 > length as u64);
                let offsets = self.offsets(length, if long { 8 } else { 4 })?;
                let plain = match (data_type, long) {
                    (DataType::Utf8View, false) => DataType::Utf8,
                    (DataType::Utf8View, true) => DataType::LargeUtf8,
                    (_, false) => DataType::Binary,
                    (_, true) => DataType::LargeBinary,
                };
                let buffers = vec![offsets, self.buffer()?];
                return Ok(cast(&build(&plain, length, nulls, buffers, vec![])?, data_type)?);
            }
            DataType::Dictionary(keys, values) => {
                let codes = self.values(length, width(keys).unwrap_or(0))?;
                let values = self.dictionary(values)?;
                let array = build(data_type, length, nulls, vec![codes], vec![values.to_data()])?;
                // One dictionary for all frames that have it, for those who compare.
                return Ok(array.as_any_dictionary().with_values(values));
            }
            DataType::List(item) | DataType::Map(item, _) => (vec![self.offsets(length, 4)?], vec![self.array(item.data_type())?.to_data()]),
            DataType::LargeList(item) => (vec![self.offsets(length, 8)?], vec![self.array(item.data_type())?.to_data()]),
            DataType::FixedSizeList(item, size) => {
                let values = self.array(item.data_type())?;
                return Ok(Arc::new(FixedSizeListArray::try_new(item.clone(), *size, values, nulls)?));
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().map(|field| self.array(field.data_type())).collect::<Result<Vec<_>>>()?;
                return Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, length)?));
            }
            other => (vec![self.values(length, width(other).ok_or_else(|| cannot_travel(other))?)?], vec![]),
        };
        build(data_type, length, nulls, buffers, children)
    }
}

fn build(
    data_type: &DataType,
    length: usize,
    nulls: Option<NullBuffer>,
    buffers: Vec<Buffer>,
    children: Vec<ArrayData>,
) -> Result<ArrayRef> {
    let builder = ArrayData::builder(data_type.clone()).len(length).nulls(nulls).buffers(buffers).child_data(children);
    // SAFETY: `validate` below checks every length and the ends of offsets before the array is used. The contents
    // (UTF-8, monotonous offsets, dictionary keys) were a valid array in a rank of this job, started from the same
    // addon by the same user, and reached us through a header-checked channel.
    let data = unsafe { builder.build_unchecked() };
    data.validate()?;
    Ok(make_array(data))
}

