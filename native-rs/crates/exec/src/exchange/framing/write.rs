//! The sending side.
use std::sync::Arc;

use arrow::array::{AnyDictionaryArray, Array, ArrayData, ArrayRef, AsArray, GenericByteViewArray, GenericListArray, OffsetSizeTrait, RecordBatch};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::compute::cast;
use arrow::datatypes::{ByteViewType, DataType};
use arrow_select::dictionary::garbage_collect_any_dictionary;
use bytes::Bytes;
use datafusion::error::Result;

use super::{NONE, SAME, cannot_travel, padded, width};

/// The frames of a message in the making.
#[derive(Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// In the order in which frames have them.
    dictionaries: Vec<Dictionary>,
}

/// What of a dictionary the message has.
#[derive(Clone, Default)]
struct Dictionary {
    values: Option<ArrayRef>,
    /// The reader has all values.
    whole: bool,
    /// Rows of it in the message.
    rows: usize,
}

impl Frames {
    /// Appends a frame. Fails for types that cannot travel (unions, run-end encoding).
    pub fn push(&mut self, batch: &RecordBatch, partition: usize) -> Result<()> {
        let words = vec![0, partition as u64, batch.num_rows() as u64];
        let mut frame = Frame { words, body: vec![], known: &mut self.dictionaries, dictionary: 0 };
        for column in batch.columns() {
            frame.array(column)?;
        }
        let Frame { mut words, body, .. } = frame;
        words[0] = words.len() as u64;
        let out = &mut self.bytes;
        out.reserve(padded(words.len() * 8) + body.iter().map(|buffer| padded(buffer.len())).sum::<usize>());
        for word in &words {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.resize(padded(out.len()), 0);
        for buffer in &body {
            out.extend_from_slice(buffer);
            out.resize(padded(out.len()), 0);
        }
        Ok(())
    }

    /// Appends what has been written elsewhere: frames that do not build on those before, or something else altogether.
    pub fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.dictionaries.clear();
        write(&mut self.bytes);
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that there is room for.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The message; the next one begins with room for `room` bytes.
    pub fn take(&mut self, room: usize) -> Bytes {
        self.dictionaries.clear();
        std::mem::replace(&mut self.bytes, Vec::with_capacity(room)).into()
    }
}

struct Frame<'a> {
    words: Vec<u64>,
    body: Vec<Buffer>,
    known: &'a mut Vec<Dictionary>,
    /// Dictionaries so far.
    dictionary: usize,
}

impl Frame<'_> {
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
            DataType::Utf8View if is_short(array.as_string_view()) => self.text::<i32>(&cast(array, &DataType::Utf8)?.to_data()),
            DataType::Utf8View => self.text::<i64>(&cast(array, &DataType::LargeUtf8)?.to_data()),
            DataType::BinaryView if is_short(array.as_binary_view()) => self.text::<i32>(&cast(array, &DataType::Binary)?.to_data()),
            DataType::BinaryView => self.text::<i64>(&cast(array, &DataType::LargeBinary)?.to_data()),
            DataType::Dictionary(..) => {
                self.dictionary(array.as_any_dictionary())?;
            }
            DataType::List(_) => self.list(array.as_list::<i32>())?,
            DataType::Map(..) => {
                let map = array.as_map();
                let (offsets, first, last) = rebased::<i32>(&map.to_data());
                self.buffer(offsets);
                self.array(&map.entries().slice(first, last - first))?;
            }
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

    /// Codes, and the values once a message; as long as the message has fewer rows than values only those that a frame's rows use.
    fn dictionary(&mut self, array: &dyn AnyDictionaryArray) -> Result<()> {
        let at = self.dictionary;
        self.dictionary += 1;
        self.known.resize(self.known.len().max(at + 1), Dictionary::default());
        let known = &mut self.known[at];
        if !known.values.as_ref().is_some_and(|values| Arc::ptr_eq(values, array.values())) {
            *known = Dictionary { values: Some(array.values().clone()), ..Dictionary::default() };
        }
        known.rows += array.len();
        if known.whole {
            self.fixed(&array.keys().to_data())?;
            self.words.push(SAME);
            return Ok(());
        }
        known.whole = known.rows >= array.values().len();
        let used = if known.whole { None } else { Some(garbage_collect_any_dictionary(array)?) };
        let array = used.as_ref().map_or(array, |used| used.as_any_dictionary());
        self.fixed(&array.keys().to_data())?;
        self.array(array.values())
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

/// Whether its text has offsets of four bytes.
fn is_short<T: ByteViewType>(array: &GenericByteViewArray<T>) -> bool {
    array.total_bytes_len() <= i32::MAX as usize
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

