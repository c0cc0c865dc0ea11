//! Bytes of batches whose dictionaries others have, too.
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, RecordBatch};
use datafusion::physical_plan::spill::get_record_batch_memory_size;

/// Counts the memory of batches that are held one after another: a dictionary that the batch before had is there already.
#[derive(Default)]
pub struct Counting {
    dictionaries: Vec<Option<ArrayRef>>,
}

impl Counting {
    pub fn bytes(&mut self, batch: &RecordBatch) -> usize {
        self.dictionaries.resize(batch.num_columns(), None);
        let mut bytes = get_record_batch_memory_size(batch);
        for (known, column) in self.dictionaries.iter_mut().zip(batch.columns()) {
            let Some(dictionary) = column.as_any_dictionary_opt() else { continue };
            if known.as_ref().is_some_and(|known| Arc::ptr_eq(known, dictionary.values())) {
                bytes = bytes.saturating_sub(buffers(&dictionary.values().to_data()));
            } else {
                *known = Some(dictionary.values().clone());
            }
        }
        bytes
    }
}

/// As `get_record_batch_memory_size` counts them.
fn buffers(data: &ArrayData) -> usize {
    let own = data.buffers().iter().map(|buffer| buffer.capacity()).sum::<usize>();
    own + data.nulls().map_or(0, |nulls| nulls.buffer().capacity()) + data.child_data().iter().map(buffers).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, Int32Array, StringArray};

    use super::*;

    #[test]
    fn a_dictionary_that_batches_share_is_counted_once() {
        let texts = |text: &str| Arc::new(StringArray::from_iter_values((0..1000).map(|_| text))) as ArrayRef;
        let batch = |values: &ArrayRef| {
            let codes = Int32Array::from_iter_values(0..10);
            RecordBatch::try_from_iter([("d", Arc::new(DictionaryArray::new(codes, values.clone())) as ArrayRef)]).unwrap()
        };
        let (one, other) = (texts("a text of some length"), texts("another text of some length"));
        let mut counting = Counting::default();
        let bytes: Vec<_> = [&one, &one, &other, &one].map(|values| counting.bytes(&batch(values))).into();
        assert!(bytes[0] > 21_000 && bytes[1] < 1000 && bytes[2] > 27_000 && bytes[3] == bytes[0], "{bytes:?}");
    }
}
