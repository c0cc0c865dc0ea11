//! Arrow's C data interface → arrays. Buffers are copied, at the lengths that types and offsets say, and what they hold is validated, so that
//! nothing of a driver's memory lives on here.
use std::{
    ffi::{CStr, c_char},
    slice,
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayData, BufferSpec, RecordBatch, RecordBatchOptions, StructArray, layout},
    buffer::Buffer,
    datatypes::{DataType, Field, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit},
};

use super::abi::{ArrowArray, ArrowSchema};

pub type Result<T> = std::result::Result<T, String>;

/// The columns of a stream.
///
/// # Safety
/// `schema` is one that a producer has filled in and not released.
pub unsafe fn columns(schema: &ArrowSchema) -> Result<SchemaRef> {
    // SAFETY: as this function's.
    match unsafe { data_type(schema) }? {
        DataType::Struct(fields) => Ok(Arc::new(Schema::new(fields))),
        _ => Err("what comes is no table".to_owned()),
    }
}

/// # Safety
/// `text` is null, or ends with a zero byte.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: as this function's.
    if text.is_null() { String::new() } else { unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned() }
}

/// # Safety
/// As [`columns`].
unsafe fn field(schema: &ArrowSchema) -> Result<Field> {
    // SAFETY: as this function's.
    let (name, data_type) = unsafe { (text(schema.name), data_type(schema)?) };
    Ok(Field::new(name, data_type, schema.flags & ArrowSchema::NULLABLE != 0))
}

/// # Safety
/// As [`columns`].
unsafe fn children(schema: &ArrowSchema) -> Result<Vec<Field>> {
    let count = usize::try_from(schema.n_children).map_err(|_| "a type has no children".to_owned())?;
    // SAFETY: so many pointers to schemas stand there, by the interface.
    (0..count).map(|child| unsafe { field(&**schema.children.add(child)) }).collect()
}

/// # Safety
/// As [`columns`].
unsafe fn data_type(schema: &ArrowSchema) -> Result<DataType> {
    // SAFETY: as this function's.
    let format = unsafe { text(schema.format) };
    let only = || -> Result<Arc<Field>> {
        // SAFETY: as this function's.
        unsafe { children(schema) }?.pop().map(Arc::new).ok_or_else(|| "a list has no elements".to_owned())
    };
    let unknown = || format!("columns of Arrow's type \"{format}\" are not read");
    let (kind, rest) = format.split_once(':').unwrap_or((&format, ""));
    let size = || rest.parse::<i32>().ok().filter(|size| *size >= 0).ok_or_else(unknown);
    let zone = || (!rest.is_empty()).then(|| rest.into());
    let found = match kind {
        "n" => DataType::Null,
        "b" => DataType::Boolean,
        "c" => DataType::Int8,
        "C" => DataType::UInt8,
        "s" => DataType::Int16,
        "S" => DataType::UInt16,
        "i" => DataType::Int32,
        "I" => DataType::UInt32,
        "l" => DataType::Int64,
        "L" => DataType::UInt64,
        "e" => DataType::Float16,
        "f" => DataType::Float32,
        "g" => DataType::Float64,
        "z" => DataType::Binary,
        "Z" => DataType::LargeBinary,
        "vz" => DataType::BinaryView,
        "u" => DataType::Utf8,
        "U" => DataType::LargeUtf8,
        "vu" => DataType::Utf8View,
        "w" => DataType::FixedSizeBinary(size()?),
        "d" => {
            let parts: Vec<i32> = rest.split(',').map(|part| part.parse().map_err(|_| unknown())).collect::<Result<_>>()?;
            let of = |bits: i32, precision: i32, scale: i32| match (bits, u8::try_from(precision), i8::try_from(scale)) {
                (32, Ok(precision), Ok(scale)) => Ok(DataType::Decimal32(precision, scale)),
                (64, Ok(precision), Ok(scale)) => Ok(DataType::Decimal64(precision, scale)),
                (128, Ok(precision), Ok(scale)) => Ok(DataType::Decimal128(precision, scale)),
                (256, Ok(precision), Ok(scale)) => Ok(DataType::Decimal256(precision, scale)),
                _ => Err(unknown()),
            };
            match parts[..] {
                [precision, scale] => of(128, precision, scale)?,
                [precision, scale, bits] => of(bits, precision, scale)?,
                _ => return Err(unknown()),
            }
        }
        "tdD" => DataType::Date32,
        "tdm" => DataType::Date64,
        "tts" => DataType::Time32(TimeUnit::Second),
        "ttm" => DataType::Time32(TimeUnit::Millisecond),
        "ttu" => DataType::Time64(TimeUnit::Microsecond),
        "ttn" => DataType::Time64(TimeUnit::Nanosecond),
        "tss" => DataType::Timestamp(TimeUnit::Second, zone()),
        "tsm" => DataType::Timestamp(TimeUnit::Millisecond, zone()),
        "tsu" => DataType::Timestamp(TimeUnit::Microsecond, zone()),
        "tsn" => DataType::Timestamp(TimeUnit::Nanosecond, zone()),
        "tDs" => DataType::Duration(TimeUnit::Second),
        "tDm" => DataType::Duration(TimeUnit::Millisecond),
        "tDu" => DataType::Duration(TimeUnit::Microsecond),
        "tDn" => DataType::Duration(TimeUnit::Nanosecond),
        "tiM" => DataType::Interval(IntervalUnit::YearMonth),
        "tiD" => DataType::Interval(IntervalUnit::DayTime),
        "tin" => DataType::Interval(IntervalUnit::MonthDayNano),
        "+l" => DataType::List(only()?),
        "+L" => DataType::LargeList(only()?),
        "+w" => DataType::FixedSizeList(only()?, size()?),
        // SAFETY: as this function's.
        "+s" => DataType::Struct(Fields::from(unsafe { children(schema) }?)),
        _ => return Err(unknown()),
    };
    if schema.dictionary.is_null() {
        return Ok(found);
    }
    // SAFETY: a dictionary's values have a schema of their own.
    let values = unsafe { data_type(&*schema.dictionary) }?;
    Ok(DataType::Dictionary(Box::new(found), Box::new(values)))
}

/// A record batch of a stream with these columns.
///
/// # Safety
/// `array` is one that a producer has filled in for this schema, and not released.
pub unsafe fn batch(array: &ArrowArray, schema: &SchemaRef) -> Result<RecordBatch> {
    let rows = usize::try_from(array.length).map_err(|_| "a batch has no length".to_owned())?;
    // SAFETY: as this function's.
    let table = StructArray::from(unsafe { data(array, &DataType::Struct(schema.fields().clone())) }?);
    if table.null_count() > 0 {
        return Err("a row is null".to_owned());
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), table.columns().to_vec(), &options).map_err(|error| error.to_string())
}

/// # Safety
/// As [`batch`], of one column.
unsafe fn data(array: &ArrowArray, data_type: &DataType) -> Result<ArrayData> {
    let number = |number: i64| usize::try_from(number).map_err(|_| "an array's numbers are none".to_owned());
    let (length, offset) = (number(array.length)?, number(array.offset)?);
    // Where there is nothing, buffers need not be there.
    if length == 0 {
        return Ok(ArrayData::new_empty(data_type));
    }
    let all = length.checked_add(offset).ok_or("an array is too long")?;
    let pointers = match number(array.n_buffers)? {
        0 => &[],
        // SAFETY: so many pointers stand there, by the interface.
        count => unsafe { slice::from_raw_parts(array.buffers, count) },
    };
    let mut pointers = pointers.iter();
    let mut next = |bytes: usize| -> Result<Option<Buffer>> {
        let pointer = *pointers.next().ok_or("an array lacks a buffer")?;
        match (pointer.is_null(), bytes) {
            (true, _) => Ok(None),
            // SAFETY: a buffer that is there has at least the bytes that the type, the length and the offsets ask for.
            (false, bytes) => Ok(Some(Buffer::from(unsafe { slice::from_raw_parts(pointer.cast::<u8>(), bytes) }))),
        }
    };
    let there = |buffer: Option<Buffer>, bytes: usize| buffer.or_else(|| (bytes == 0).then(|| Buffer::from([0_u8; 0]))).ok_or_else(|| "an array lacks a buffer".to_owned());
    let layout = layout(data_type);
    let mut built = ArrayData::builder(data_type.clone()).len(length).offset(offset);
    if layout.can_contain_null_mask && !matches!(data_type, DataType::Null) {
        let valid = next(all.div_ceil(8))?;
        built = built.null_bit_buffer(valid.filter(|_| array.null_count != 0));
    }
    let offsets = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary | DataType::List(_) | DataType::LargeList(_));
    let mut buffers: Vec<Buffer> = Vec::new();
    for spec in &layout.buffers {
        let bytes = match spec {
            BufferSpec::FixedWidth { byte_width, .. } => byte_width.checked_mul(all + usize::from(offsets)).ok_or("an array is too long")?,
            BufferSpec::BitMap => all.div_ceil(8),
            BufferSpec::VariableWidth => {
                let offsets = buffers.last().ok_or("texts have no offsets")?;
                match data_type {
                    DataType::Utf8 | DataType::Binary => number(i64::from(offsets.typed_data::<i32>()[all]))?,
                    _ => number(offsets.typed_data::<i64>()[all])?,
                }
            }
            BufferSpec::AlwaysNull => continue,
        };
        buffers.push(there(next(bytes)?, bytes)?);
    }
    if layout.variadic {
        // The last buffer has the lengths of those between.
        let count = number(array.n_buffers)?.checked_sub(3).ok_or("an array lacks a buffer")?;
        // SAFETY: so many numbers stand there, by the interface.
        let lengths = if count == 0 { &[] } else { unsafe { slice::from_raw_parts((*array.buffers.add(count + 2)).cast::<i64>(), count) } };
        for length in lengths {
            let bytes = number(*length)?;
            buffers.push(there(next(bytes)?, bytes)?);
        }
    }
    let types: Vec<&DataType> = match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        DataType::List(of) | DataType::LargeList(of) | DataType::FixedSizeList(of, _) => vec![of.data_type()],
        _ => Vec::new(),
    };
    if number(array.n_children)? != types.len() {
        return Err("an array has other children than its type".to_owned());
    }
    for (child, of) in types.into_iter().enumerate() {
        // SAFETY: so many pointers to arrays stand there, each of its type.
        built = built.add_child_data(unsafe { data(&**array.children.add(child), of) }?);
    }
    if let DataType::Dictionary(_, values) = data_type {
        if array.dictionary.is_null() {
            return Err("an array lacks its dictionary".to_owned());
        }
        // SAFETY: a dictionary is an array of its values' type.
        built = built.add_child_data(unsafe { data(&*array.dictionary, values) }?);
    }
    // Validates all: offsets, lengths, UTF-8.
    built.buffers(buffers).build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::c_void,
        ptr::{null, null_mut},
    };

    use arrow::array::{AsArray, DictionaryArray, Int32Array, StringArray, StringViewArray, make_array};
    use arrow::datatypes::Int8Type;

    use super::*;

    /// As a driver gives it; what it points to lives as long as the tests.
    fn given<const N: usize>(offset: i64, length: i64, buffers: [*const c_void; N], children: Vec<ArrowArray>) -> ArrowArray {
        let mut array = ArrowArray::new();
        let children: Vec<*mut ArrowArray> = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
        (array.offset, array.length, array.null_count, array.n_buffers, array.n_children) = (offset, length, -1, N as i64, children.len() as i64);
        (array.buffers, array.children) = (Box::leak(Box::new(buffers)).as_mut_ptr(), children.leak().as_mut_ptr());
        array
    }

    fn bytes<T: Copy>(values: &[T]) -> *const c_void {
        Vec::leak(values.to_vec()).as_ptr().cast()
    }

    fn taken(array: &ArrowArray, data_type: &DataType) -> Result<Arc<dyn Array>> {
        // SAFETY: what it points to was leaked, and is as long as its numbers say, or fewer buffers are said to be there.
        unsafe { data(array, data_type) }.map(make_array)
    }

    #[test]
    fn from_an_offset_with_nulls() {
        let ints = given(2, 4, [bytes(&[0b1110_1111_u8]), bytes(&[0, 1, 2, 3, 4, 5, 6, 7_i32])], vec![]);
        assert_eq!(taken(&ints, &DataType::Int32).unwrap().as_any().downcast_ref::<Int32Array>().unwrap(), &Int32Array::from(vec![Some(2), Some(3), None, Some(5)]));
        let texts = given(1, 2, [null(), bytes(&[0, 1, 3, 6_i32]), bytes(b"abbccc")], vec![]);
        assert_eq!(taken(&texts, &DataType::Utf8).unwrap().as_string::<i32>(), &StringArray::from(vec!["bb", "ccc"]));
        let bits = given(3, 2, [null(), bytes(&[0b0000_1000_u8])], vec![]);
        assert_eq!(taken(&bits, &DataType::Boolean).unwrap().as_boolean().iter().collect::<Vec<_>>(), [Some(true), Some(false)]);
        let list = given(0, 2, [null(), bytes(&[0, 1, 3_i32])], vec![given(0, 3, [null(), bytes(&[7, 8, 9_i32])], vec![])]);
        assert_eq!(taken(&list, &DataType::new_list(DataType::Int32, true)).unwrap().as_list::<i32>().value(1).len(), 2);
    }

    #[test]
    fn views_and_dictionaries() {
        let views = StringViewArray::from(vec!["short", "a text that is longer than a view", "another one that is not in its view"]);
        let block = &views.data_buffers()[0];
        let array = given(0, 3, [null(), bytes(views.views()), bytes(block), bytes(&[block.len() as i64])], vec![]);
        assert_eq!(taken(&array, &DataType::Utf8View).unwrap().as_string_view(), &views);
        let mut labels = given(0, 3, [null(), bytes(&[1, 0, 1_i8])], vec![]);
        labels.dictionary = Box::into_raw(Box::new(given(0, 2, [null(), bytes(&[0, 1, 3_i32]), bytes(b"abb")], vec![])));
        let of = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
        let right: DictionaryArray<Int8Type> = ["a", "bb"].into_iter().collect();
        assert_eq!(taken(&labels, &of).unwrap().as_dictionary::<Int8Type>().values(), right.values());
        labels.dictionary = null_mut();
        assert!(taken(&labels, &of).is_err());
    }

    #[test]
    fn what_is_wrong_is_no_array() {
        let wrong = [
            (given(0, 2, [null(), bytes(&[0, 3, 1_i32]), bytes(b"abc")], vec![]), DataType::Utf8),
            (given(0, 1, [null(), bytes(&[0, 2_i32]), bytes(&[0xff_u8, 0xfe])], vec![]), DataType::Utf8),
            (given(0, 1, [null(), bytes(&[0, -1_i32]), bytes(b"a")], vec![]), DataType::Utf8),
            (given(0, 2, [null()], vec![]), DataType::Int64),
            (given(0, 2, [null(), null()], vec![]), DataType::Int64),
            (given(-1, 2, [null(), bytes(&[1, 2_i64])], vec![]), DataType::Int64),
            (given(i64::MAX, i64::MAX, [null(), bytes(&[1_i64])], vec![]), DataType::Int64),
            (given(0, 1, [null(), bytes(&[0, 1_i32])], vec![]), DataType::new_list(DataType::Int32, true)),
            (given(0, 1, [null(), bytes(&[0, 5_i32])], vec![given(0, 1, [null(), bytes(&[7_i32])], vec![])]), DataType::new_list(DataType::Int32, true)),
        ];
        for (number, (array, data_type)) in wrong.iter().enumerate() {
            assert!(taken(array, data_type).is_err(), "{number}");
        }
        assert!(taken(&given(0, 0, [], vec![]), &DataType::Utf8).unwrap().is_empty());
    }

    #[test]
    fn columns_by_their_formats() {
        let column = |format: &'static CStr, children: Vec<ArrowSchema>| {
            let mut schema = ArrowSchema::new();
            let children: Vec<*mut ArrowSchema> = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
            (schema.format, schema.name, schema.flags) = (format.as_ptr(), c"x".as_ptr(), ArrowSchema::NULLABLE);
            (schema.n_children, schema.children) = (children.len() as i64, children.leak().as_mut_ptr());
            schema
        };
        let printed = |schema: ArrowSchema| unsafe { columns(&column(c"+s", vec![schema])) }.map(|schema| crate::print_type(schema.field(0).data_type()));
        let known = [(c"l", "int64"), (c"u", "string"), (c"d:12,2", "decimal128(12, 2)"), (c"tsu:", "timestamp[us]"), (c"tsn:UTC", "timestamp[ns, tz=UTC]"), (c"tdD", "date32"), (c"b", "bool"), (c"g", "float64")];
        for (format, right) in known {
            assert_eq!(printed(column(format, vec![])).as_deref(), Ok(right), "{format:?}");
        }
        assert_eq!(printed(column(c"+l", vec![column(c"u", vec![])])).as_deref(), Ok("list<string>"));
        for format in [c"+m", c"+l", c"d:12", c"d:999,2", c"w:x", c"", c"+ud:0"] {
            assert!(printed(column(format, vec![])).is_err(), "{format:?}");
        }
        assert!(unsafe { columns(&column(c"l", vec![])) }.is_err(), "no table");
    }
}
