//! A record batch as bytes: a header of lengths, then every Arrow buffer as it lies in memory.
//!
//! ```text
//! ┌ header, 8-byte words ────────────────────────────────┬ buffers, each padded to 64 bytes ┐
//! │ words │ partition │ rows │ per array, children after │ validity │ offsets │ values │ …  │
//! │       │           │      │ it: length, byte lengths  │          │         │        │    │
//! └──────────────────────────────────────────────────────┴──────────────────────────────────┘
//! ```
//!
//! Both sides know the schema, so nothing is said of types. Several frames may follow one another in a message.
//! Buffers are copied out on receipt: a batch kept by a sort or a join would otherwise pin the sender's arena.
use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, GenericListArray, OffsetSizeTrait,
    RecordBatch, RecordBatchOptions, StructArray, make_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::{DataFusionError, Result};

const ALIGN: usize = 64;
/// Stands for "no validity buffer: nothing is null".
const NONE: u64 = u64::MAX;

/// Appends a frame to `out`. Fails for types that cannot travel (unions, run-end encoding).
pub fn encode(batch: &RecordBatch, partition: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut frame = Frame { words: vec![0, partition as u64, batch.num_rows() as u64], body: vec![] };
    for column in batch.columns() {
        frame.array(column)?;
    }
    frame.words[0] = frame.words.len() as u64;
    let body: usize = frame.body.iter().map(|buffer| padded(buffer.len())).sum();
    out.reserve(padded(frame.words.len() * 8) + body);
    for word in &frame.words {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.resize(padded(out.len()), 0);
    for buffer in &frame.body {
        out.extend_from_slice(buffer);
        out.resize(padded(out.len()), 0);
    }
    Ok(())
}

/// The frames of a message: (partition, batch), in the order sent.
pub fn decode(bytes: &[u8], schema: &SchemaRef) -> Result<Vec<(usize, RecordBatch)>> {
    let mut reader = Reader { bytes, at: 0, words: vec![], word: 0 };
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

fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGN)
}

fn damaged(what: &str) -> DataFusionError {
    DataFusionError::Internal(format!("a message of an exchange is damaged: {what}"))
}

fn cannot_travel(data_type: &DataType) -> DataFusionError {
    crate::EngineError::unsupported(format!("a column of type {data_type} cannot be exchanged between ranks")).into()
}

struct Frame {
    words: Vec<u64>,
    body: Vec<Buffer>,
}

impl Frame {
    fn buffer(&mut self, buffer: Buffer) {
        self.words.push(buffer.len() as u64);
        self.body.push(buffer);
    }

    fn nulls(&mut self, nulls: Option<&NullBuffer>) {
        match nulls.filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => self.buffer(nulls.inner().sliced()),
            None => self.words.push(NONE),
        }
    }

    fn array(&mut self, array: &dyn Array) -> Result<()> {
        self.words.push(array.len() as u64);
        self.nulls(array.nulls());
        match array.data_type() {
            DataType::Null => {}
            DataType::Boolean => self.buffer(array.as_boolean().values().sliced()),
            DataType::Utf8 | DataType::Binary => self.text::<i32>(&array.to_data()),
            DataType::LargeUtf8 | DataType::LargeBinary => self.text::<i64>(&array.to_data()),
            // A view may hang on to buffers far bigger than itself: it travels as offsets and text.
            DataType::Utf8View => self.text::<i64>(&cast(array, &DataType::LargeUtf8)?.to_data()),
            DataType::BinaryView => self.text::<i64>(&cast(array, &DataType::LargeBinary)?.to_data()),
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                self.fixed(&dictionary.keys().to_data())?;
                self.array(dictionary.values())?;
            }
            DataType::List(_) => self.list(array.as_list::<i32>())?,
            DataType::LargeList(_) => self.list(array.as_list::<i64>())?,
            DataType::FixedSizeList(..) => self.array(array.as_fixed_size_list().values())?,
            DataType::Struct(_) => {
                for column in array.as_struct().columns() {
                    self.array(column)?;
                }
            }
            _ => self.fixed(&array.to_data())?,
        }
        Ok(())
    }

    /// One buffer of values of one width.
    fn fixed(&mut self, data: &ArrayData) -> Result<()> {
        let width = width(data.data_type()).ok_or_else(|| cannot_travel(data.data_type()))?;
        self.buffer(data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width));
        Ok(())
    }

    /// Offsets rebased to 0, and only the text they span.
    fn text<O: OffsetSizeTrait>(&mut self, data: &ArrayData) {
        let (offsets, first, last) = rebased::<O>(data);
        self.buffer(offsets);
        self.buffer(data.buffers()[1].slice_with_length(first, last - first));
    }

    fn list<O: OffsetSizeTrait>(&mut self, list: &GenericListArray<O>) -> Result<()> {
        let (offsets, first, last) = rebased::<O>(&list.to_data());
        self.buffer(offsets);
        self.array(&list.values().slice(first, last - first))
    }
}

fn rebased<O: OffsetSizeTrait>(data: &ArrayData) -> (Buffer, usize, usize) {
    let offsets = &data.buffer::<O>(0)[..];
    if data.is_empty() {
        return (Buffer::from_slice_ref([O::default()]), 0, 0);
    }
    let (first, last) = (offsets[0], offsets[data.len()]);
    let rebased: Vec<O> = offsets[..=data.len()].iter().map(|&offset| offset - first).collect();
    (Buffer::from_vec(rebased), first.as_usize(), last.as_usize())
}

/// Bytes a value; None for types without a fixed width.
fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::FixedSizeBinary(width) => Some(*width as usize),
        other => other.primitive_width(),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    words: Vec<u64>,
    word: usize,
}

impl Reader<'_> {
    fn header(&mut self) -> Result<()> {
        let rest = &self.bytes[self.at..];
        let first = rest.first_chunk::<8>().ok_or_else(|| damaged("no header"))?;
        let count = u64::from_le_bytes(*first) as usize;
        let header = count.checked_mul(8).and_then(|length| rest.get(..length)).ok_or_else(|| damaged("header"))?;
        self.words = header.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        self.word = 1;
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
                let plain = if *data_type == DataType::Utf8View { DataType::LargeUtf8 } else { DataType::LargeBinary };
                let buffers = vec![self.offsets(length, 8)?, self.buffer()?];
                return Ok(cast(&build(&plain, length, nulls, buffers, vec![])?, data_type)?);
            }
            DataType::Dictionary(keys, values) => {
                (vec![self.values(length, width(keys).unwrap_or(0))?], vec![self.array(values)?.to_data()])
            }
            DataType::List(item) => (vec![self.offsets(length, 4)?], vec![self.array(item.data_type())?.to_data()]),
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

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, Int64Array, StringArray, StringViewArray};
    use arrow::datatypes::{Field, Int32Type, Schema};

    use super::*;

    fn sample() -> RecordBatch {
        let dictionary: arrow::array::DictionaryArray<Int32Type> = ["a", "b", "a", "ü", "b"].into_iter().collect();
        let list = arrow::array::ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
            Some(vec![Some(3)]),
            Some(vec![Some(4), Some(5)]),
        ]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("i", Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(4), Some(i64::MIN)]))),
            ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true), Some(true)]))),
            ("s", Arc::new(StringArray::from(vec![Some("x"), Some(""), None, Some("straße"), Some("😀")]))),
            ("v", Arc::new(StringViewArray::from(vec![Some("x"), None, Some("longer than twelve bytes"), Some(""), Some("é")]))),
            ("d", Arc::new(dictionary)),
            ("l", Arc::new(list.clone())),
            ("t", Arc::new(StructArray::from(vec![(
                Arc::new(Field::new("n", DataType::Int32, true)),
                Arc::new(Int32Array::from(vec![Some(1), None, Some(2), Some(3), None])) as ArrayRef,
            )]))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    #[test]
    fn every_slice_of_every_type_arrives() {
        let batch = sample();
        for start in 0..5 {
            for length in 0..=5 - start {
                let slice = batch.slice(start, length);
                let mut bytes = vec![];
                encode(&slice, 3, &mut bytes).unwrap();
                encode(&slice, 4, &mut bytes).unwrap();
                assert_eq!(decode(&bytes, &batch.schema()).unwrap(), [(3, slice.clone()), (4, slice)]);
            }
        }
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let options = RecordBatchOptions::new().with_row_count(Some(7));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
        let mut bytes = vec![];
        encode(&batch, 0, &mut bytes).unwrap();
        assert_eq!(decode(&bytes, &batch.schema()).unwrap()[0].1.num_rows(), 7);
    }

    #[test]
    fn a_cut_message_is_an_error() {
        let batch = sample();
        let mut bytes = vec![];
        encode(&batch, 1, &mut bytes).unwrap();
        for length in 1..bytes.len() - ALIGN {
            assert!(decode(&bytes[..length], &batch.schema()).is_err(), "{length}");
        }
    }

    #[test]
    fn a_damaged_header_reads_nothing_out_of_bounds() {
        let batch = sample();
        let mut whole = vec![];
        encode(&batch, 1, &mut whole).unwrap();
        for word in 0..40 {
            for value in [0, 1, 2, 63, 1 << 20, 1 << 33, u64::MAX - 1, u64::MAX] {
                let mut bytes = whole.clone();
                bytes[word * 8..word * 8 + 8].copy_from_slice(&value.to_le_bytes());
                // A changed length may still describe an array: what counts is that this neither panics nor reads past the end.
                let _ = decode(&bytes, &batch.schema());
            }
        }
    }
}
