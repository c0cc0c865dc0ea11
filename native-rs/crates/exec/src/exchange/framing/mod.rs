//! A record batch as bytes: a header of lengths, then every Arrow buffer as it lies in memory.
//!
//! ```text
//! ┌ header, 8-byte words ────────────────────────────────┬ buffers, each padded to 64 bytes ┐
//! │ words │ partition │ rows │ per array, children after │ validity │ offsets │ values │ …  │
//! │       │           │      │ it: length, byte lengths  │          │         │        │    │
//! └──────────────────────────────────────────────────────┴──────────────────────────────────┘
//! ```
//!
//! Both sides know the schema, so nothing is said of types. Several frames may follow one another in a message; a dictionary that
//! was in one before is not in the next.
//! Buffers are copied out on receipt: a batch kept by a sort or a join would otherwise pin the sender's arena.
mod read;
mod write;

use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;

pub use self::read::decode;
pub use self::write::Frames;

const ALIGN: usize = 64;
/// Stands for "no validity buffer: nothing is null".
const NONE: u64 = u64::MAX;
/// Stands for a dictionary's values: "those of the frame before".
const SAME: u64 = u64::MAX;

fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGN)
}

fn damaged(what: &str) -> DataFusionError {
    DataFusionError::Internal(format!("a message of an exchange is damaged: {what}"))
}

fn cannot_travel(data_type: &DataType) -> DataFusionError {
    crate::EngineError::unsupported(format!("a column of type {data_type} cannot be exchanged between ranks")).into()
}

/// Bytes a value; None for types without a fixed width.
fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::FixedSizeBinary(width) => Some(*width as usize),
        other => other.primitive_width(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
        StringViewArray, StructArray,
    };
    use arrow::compute::cast;
    use arrow::datatypes::{Field, Int32Type, Schema};

    use super::*;

    fn sample() -> RecordBatch {
        let dictionary: DictionaryArray<Int32Type> = ["a", "b", "a", "ü", "b"].into_iter().collect();
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

    /// A message of batches with their partitions.
    fn message(batches: &[(usize, RecordBatch)]) -> Vec<u8> {
        let mut frames = Frames::default();
        batches.iter().for_each(|(partition, batch)| frames.push(batch, *partition).unwrap());
        frames.take(0).to_vec()
    }

    #[test]
    fn every_slice_of_every_type_arrives() {
        let batch = sample();
        for start in 0..5 {
            for length in 0..=5 - start {
                let slice = batch.slice(start, length);
                let batches = [(3, slice.clone()), (4, slice)];
                assert_eq!(decode(&message(&batches), &batch.schema()).unwrap(), batches);
            }
        }
    }

    /// `rows` codes for texts that all tables share.
    fn coded(texts: &ArrayRef, rows: usize) -> RecordBatch {
        let codes = Int32Array::from_iter((0..rows).map(|row| (row % 5 > 0).then_some((row * 7 % texts.len()) as i32)));
        RecordBatch::try_from_iter([("d", Arc::new(DictionaryArray::new(codes, texts.clone())) as ArrayRef)]).unwrap()
    }

    #[test]
    fn a_dictionary_travels_once_a_message() {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..1000).map(|text| format!("a text of some length, {text}"))));
        let batches: Vec<_> = [2000, 3, 2000].into_iter().map(|rows| (0, coded(&texts, rows))).collect();
        let bytes = message(&batches);
        assert!(bytes.len() < 4 * 4100 + 33 * 1000, "{}", bytes.len());
        let back = decode(&bytes, &batches[0].1.schema()).unwrap();
        assert_eq!(back, batches);
        let values = |at: usize| back[at].1.column(0).as_any_dictionary().values();
        assert!(Arc::ptr_eq(values(0), values(2)));

        // Another dictionary between, and frames from elsewhere, do not know it.
        let other: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
        let batches = [(0, coded(&texts, 1500)), (1, coded(&other, 10)), (2, coded(&texts, 1500))];
        assert_eq!(decode(&message(&batches), &batches[0].1.schema()).unwrap(), batches);
        let mut frames = Frames::default();
        frames.push(&batches[0].1, 0).unwrap();
        frames.append(|bytes| bytes.extend_from_slice(&message(&batches[1..])));
        frames.push(&batches[0].1, 3).unwrap();
        let all = decode(&frames.take(0), &batches[0].1.schema()).unwrap();
        assert_eq!(all.iter().map(|(partition, rows)| (*partition, rows.num_rows())).collect::<Vec<_>>(), [(0, 1500), (1, 10), (2, 1500), (3, 1500)]);
        assert_eq!(all[3].1, batches[0].1);
        // The next message has it again.
        frames.push(&batches[0].1, 0).unwrap();
        assert_eq!(decode(&frames.take(0), &batches[0].1.schema()).unwrap()[0].1, batches[0].1);
    }

    #[test]
    fn few_rows_bring_only_the_texts_that_they_have() {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..10_000).map(|text| format!("a text of some length, {text}"))));
        let batches = [(0, coded(&texts, 20)), (0, coded(&texts, 0)), (0, coded(&texts, 7))];
        let bytes = message(&batches);
        assert!(bytes.len() < 5000, "{}", bytes.len());
        let plain = |batches: &[(usize, RecordBatch)]| -> Vec<_> { batches.iter().map(|(_, batch)| cast(batch.column(0), &DataType::Utf8).unwrap()).collect() };
        assert_eq!(plain(&decode(&bytes, &batches[0].1.schema()).unwrap()), plain(&batches));
    }

    #[test]
    fn a_dictionary_that_was_not_sent_is_an_error() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
        let batches = [(0, coded(&texts, 10)), (0, coded(&texts, 10))];
        let bytes = message(&batches);
        let first = message(&batches[..1]).len();
        assert!(decode(&bytes[first..], &batches[0].1.schema()).unwrap_err().to_string().contains("no dictionary before"));
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let options = RecordBatchOptions::new().with_row_count(Some(7));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
        let bytes = message(&[(0, batch.clone())]);
        assert_eq!(decode(&bytes, &batch.schema()).unwrap()[0].1.num_rows(), 7);
    }

    #[test]
    fn a_cut_message_is_an_error() {
        let batch = sample();
        let bytes = message(&[(1, batch.clone())]);
        for length in 1..bytes.len() - ALIGN {
            assert!(decode(&bytes[..length], &batch.schema()).is_err(), "{length}");
        }
    }

    #[test]
    fn a_damaged_header_reads_nothing_out_of_bounds() {
        let batch = sample();
        let whole = message(&[(1, batch.clone())]);
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
