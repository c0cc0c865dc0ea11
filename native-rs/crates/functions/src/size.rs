//! Bytes of rows, whatever they are slices of.
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;

/// Of the rows alone: entries of dictionaries are not theirs, as others have them, too.
pub fn bytes_of_rows(rows: &RecordBatch) -> usize {
    rows.columns().iter().map(|column| bytes_of(column)).sum()
}

fn bytes_of(column: &dyn Array) -> usize {
    if let Some(dictionary) = column.as_any_dictionary_opt() {
        return bytes_of(dictionary.keys());
    }
    let nulls = || column.nulls().map_or(0, |_| column.len() / 8);
    let elements = |offsets: &[i32], values: &dyn Array| {
        let (first, last) = (offsets[0] as usize, offsets[offsets.len() - 1] as usize);
        size_of_val(offsets) + nulls() + bytes_of(values.slice(first, last - first).as_ref())
    };
    match column.data_type() {
        DataType::List(_) => elements(column.as_list::<i32>().value_offsets(), column.as_list::<i32>().values()),
        DataType::Map(..) => elements(column.as_map().value_offsets(), column.as_map().entries()),
        DataType::Struct(_) => nulls() + column.as_struct().columns().iter().map(|member| bytes_of(member)).sum::<usize>(),
        DataType::Utf8View => column.len() * size_of::<u128>() + nulls() + column.as_string_view().total_buffer_bytes_used(),
        _ => column.to_data().get_slice_memory_size().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, DictionaryArray, Int32Array, ListArray, StringArray, StringViewArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn bytes(column: ArrayRef) -> usize {
        bytes_of_rows(&RecordBatch::try_from_iter([("c", column)]).unwrap())
    }

    #[test]
    fn slices_have_their_own_bytes() {
        let texts = StringArray::from_iter_values((0..1000).map(|_| "a text of some length"));
        assert_eq!(bytes(Arc::new(texts.slice(3, 10))), 11 * 4 + 210);
        let codes = DictionaryArray::new(Int32Array::from_iter_values(0..1000), Arc::new(texts) as ArrayRef);
        assert_eq!(bytes(Arc::new(codes.slice(3, 10))), 40);
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>((0..1000).map(|_| Some([Some(1); 5])));
        assert_eq!(bytes(Arc::new(lists.slice(3, 10))), 11 * 4 + 10 * 5 * 4);
        let views = StringViewArray::from_iter_values(["short", "a text of some length"]);
        assert_eq!(bytes(Arc::new(views.slice(1, 1))), 16 + 21);
        assert_eq!(bytes(Arc::new(views.slice(0, 1))), 16);
    }
}
