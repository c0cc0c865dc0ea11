//! Lists: `length`, elements, `includes`, `indexOf`, `join`, `slice`, `text.split(…)`, `[a, b]`.
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, MutableArrayData, StringArray, StringBuilder, UInt64Array, make_array,
};
use arrow::buffer::{BooleanBuffer, OffsetBuffer};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use lockstep_plan::JsType;

use crate::arguments::{Arguments, booleans, null_receiver, numbers};
use crate::bits::to_int32;
use crate::function::Function;
use crate::function::Kind::{Bigint, Bigints, Boolean, Booleans, Date, Dates, List, Number, Numbers, String as Text, Strings};
use crate::numeral::to_text;
use crate::string::concat::text_of;
use crate::string::index::optional;
use crate::string::{integer, relative};

/// Elements by what they are: a function of each kind of list.
macro_rules! of_each_kind {
    ($family:ident) => {
        &[
            $family!(Numbers, Number, JsType::Numbers, JsType::Number),
            $family!(Strings, Text, JsType::Strings, JsType::String),
            $family!(Booleans, Boolean, JsType::Booleans, JsType::Boolean),
            $family!(Bigints, Bigint, JsType::Bigints, JsType::Bigint),
            $family!(Dates, Date, JsType::Dates, JsType::Date),
        ]
    };
}

/// `list.at(i)`: from the end where `i` is negative, null where JavaScript has undefined.
macro_rules! at {
    ($list:expr, $element:expr, $lists:expr, $js:expr) => {
        Function::new("list.at", &[$list, Number], $js, |a| {
            element(a, |_| "at".to_owned(), |index, length| {
                let index = integer(index);
                if index < 0.0 { length as f64 + index } else { index }
            })
        })
        .method()
        .nullable()
    };
}

/// `list[i]`
macro_rules! item {
    ($list:expr, $element:expr, $lists:expr, $js:expr) => {
        Function::new("list.item", &[$list, Number], $js, |a| {
            let index = a.number(1)?;
            element(a, |row| to_text(index.get(row)), |index, _| index)
        })
        .method()
        .nullable()
    };
}

macro_rules! slice {
    ($list:expr, $element:expr, $lists:expr, $js:expr) => {
        Function::new("list.slice", &[$list, Number, Number], $lists, part).method().optional(2)
    };
}

/// `[a, b]`
macro_rules! of {
    ($list:expr, $element:expr, $lists:expr, $js:expr) => {
        Function::new("Array.of", &[$element], $lists, literal).rest()
    };
}

pub(crate) const FAMILIES: [&[Function]; 4] = [of_each_kind!(at), of_each_kind!(item), of_each_kind!(slice), of_each_kind!(of)];

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("list.length", &[List], JsType::Number, |a| {
        let lists = Lists::of(a, 0)?;
        numbers((0..a.rows).map(|row| Ok(lists.receiver(row, || "length")?.len() as f64)).collect::<Result<_>>()?)
    })
    .method(),
    Function::new("list.includes", &[Numbers, Number], JsType::Boolean, includes).method(),
    Function::new("list.includes", &[Strings, Text], JsType::Boolean, includes).method(),
    Function::new("list.includes", &[Booleans, Boolean], JsType::Boolean, includes).method(),
    Function::new("list.includes", &[Bigints, Bigint], JsType::Boolean, includes).method(),
    Function::new("list.indexOf", &[Numbers, Number], JsType::Number, index_of).method(),
    Function::new("list.indexOf", &[Strings, Text], JsType::Number, index_of).method(),
    Function::new("list.indexOf", &[Booleans, Boolean], JsType::Number, index_of).method(),
    Function::new("list.indexOf", &[Bigints, Bigint], JsType::Number, index_of).method(),
    Function::new("list.join", &[List, Text], JsType::String, join).method().optional(1),
    Function::new("string.split", &[Text, Text, Number], JsType::Strings, split).method().optional(1),
];

/// A list, or a map as the list of its entries.
pub fn as_list(array: &ArrayRef) -> Result<ListArray> {
    match array.as_map_opt() {
        Some(map) => {
            let item = Arc::new(Field::new_list_field(map.entries().data_type().clone(), true));
            Ok(ListArray::try_new(item, map.offsets().clone(), Arc::new(map.entries().clone()), map.nulls().cloned())?)
        }
        None => Ok(array.as_list::<i32>().clone()),
    }
}

/// The list with the elements of its rows alone, from offset 0: none before, behind, or under a null.
pub fn visible(list: &ListArray) -> Result<ListArray> {
    let hidden = list.nulls().is_some_and(|nulls| (0..list.len()).any(|row| nulls.is_null(row) && list.value_length(row) > 0));
    if hidden {
        let rows: UInt64Array = (0..list.len() as u64).map(Some).collect();
        return Ok(take(list, &rows, None)?.as_list::<i32>().clone());
    }
    let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
    if first == 0 && last as usize == list.values().len() {
        return Ok(list.clone());
    }
    let offsets = OffsetBuffer::new(list.value_offsets().iter().map(|offset| offset - first).collect());
    let item = Arc::new(Field::new_list_field(list.value_type(), true));
    Ok(ListArray::try_new(item, offsets, list.values().slice(first as usize, (last - first) as usize), list.nulls().cloned())?)
}

/// An argument's lists.
struct Lists {
    list: ListArray,
}

impl Lists {
    fn of(a: &Arguments, index: usize) -> Result<Self> {
        Ok(Self { list: a.array(index)?.as_list::<i32>().clone() })
    }

    fn values(&self) -> &ArrayRef {
        self.list.values()
    }

    /// Where the elements of a row stand in `values`. Null has none.
    fn receiver<M: AsRef<str>>(&self, row: usize, method: impl Fn() -> M) -> Result<Range<usize>> {
        if self.list.is_null(row) {
            return null_receiver(row, method().as_ref());
        }
        let offsets = self.list.value_offsets();
        Ok(offsets[row] as usize..offsets[row + 1] as usize)
    }
}

/// The element at `place(index, length)`.
fn element(a: &Arguments, method: impl Fn(usize) -> String, place: impl Fn(f64, usize) -> f64) -> Result<ArrayRef> {
    let (lists, index) = (Lists::of(a, 0)?, a.number(1)?);
    let found = (0..a.rows).map(|row| {
        let range = lists.receiver(row, || method(row))?;
        let place = place(index.get(row), range.len());
        let inside = place >= 0.0 && place < range.len() as f64 && place.trunc() == place;
        Ok(inside.then(|| (range.start + place as usize) as u64))
    });
    Ok(take(lists.values(), &found.collect::<Result<UInt64Array>>()?, None)?)
}

fn part(a: &Arguments) -> Result<ArrayRef> {
    let lists = Lists::of(a, 0)?;
    let (start, end) = (optional(a, 1, 0.0)?, optional(a, 2, f64::INFINITY)?);
    let values = lists.values().to_data();
    let mut out = MutableArrayData::new(vec![&values], false, 0);
    let mut lengths = Vec::with_capacity(a.rows);
    for row in 0..a.rows {
        let range = lists.receiver(row, || "slice")?;
        let (from, to) = (relative(start.get(row), range.len()), relative(end.get(row), range.len()));
        out.try_extend(0, range.start + from, range.start + to.max(from))?;
        lengths.push(to.saturating_sub(from));
    }
    listed(make_array(out.freeze()), OffsetBuffer::from_lengths(lengths))
}

fn literal(a: &Arguments) -> Result<ArrayRef> {
    let columns = (0..a.len()).map(|index| a.array(index)).collect::<Result<Vec<_>>>()?;
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let places: Vec<(usize, usize)> = (0..a.rows).flat_map(|row| (0..columns.len()).map(move |column| (column, row))).collect();
    listed(interleave(&columns, &places)?, OffsetBuffer::from_lengths(std::iter::repeat_n(columns.len(), a.rows)))
}

fn listed(values: ArrayRef, offsets: OffsetBuffer<i32>) -> Result<ArrayRef> {
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(item, offsets, values, None)?))
}

/// SameValueZero.
fn includes(a: &Arguments) -> Result<ArrayRef> {
    let same = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan();
    let places = found(a, "includes", same)?;
    booleans(BooleanBuffer::collect_bool(a.rows, |row| places[row].is_some()))
}

/// Strict equality.
fn index_of(a: &Arguments) -> Result<ArrayRef> {
    let places = found(a, "indexOf", |x, y| x == y)?;
    numbers(places.into_iter().map(|place| place.map_or(-1.0, |place| place as f64)).collect())
}

/// The first place of the second argument in each list; null is found where null is.
fn found(a: &Arguments, method: &str, same: impl Fn(f64, f64) -> bool) -> Result<Vec<Option<usize>>> {
    let (lists, sought) = (Lists::of(a, 0)?, a.array(1)?);
    let values = lists.values();
    let equal: Box<dyn Fn(usize, usize) -> bool> = match sought.data_type() {
        DataType::Float64 => {
            let (x, y): (Float64Array, Float64Array) = (values.as_primitive::<Float64Type>().clone(), sought.as_primitive::<Float64Type>().clone());
            Box::new(move |at, row| same(x.value(at), y.value(row)))
        }
        DataType::Int64 => {
            let (x, y): (Int64Array, Int64Array) = (values.as_primitive::<Int64Type>().clone(), sought.as_primitive::<Int64Type>().clone());
            Box::new(move |at, row| x.value(at) == y.value(row))
        }
        DataType::Boolean => {
            let (x, y): (BooleanArray, BooleanArray) = (values.as_boolean().clone(), sought.as_boolean().clone());
            Box::new(move |at, row| x.value(at) == y.value(row))
        }
        _ => {
            let (x, y): (StringArray, StringArray) = (values.as_string::<i32>().clone(), sought.as_string::<i32>().clone());
            Box::new(move |at, row| x.value(at) == y.value(row))
        }
    };
    let place = |row: usize| {
        let range = lists.receiver(row, || method)?;
        let is = |at: usize| match (values.is_null(at), sought.is_null(row)) {
            (false, false) => equal(at, row),
            (left, right) => left && right,
        };
        Ok(range.into_iter().position(is))
    };
    (0..a.rows).map(place).collect()
}

/// Null is an empty text.
fn join(a: &Arguments) -> Result<ArrayRef> {
    let lists = Lists::of(a, 0)?;
    let comma = ColumnarValue::from(ScalarValue::from(","));
    let separator = Arguments { values: std::slice::from_ref(a.values.get(1).unwrap_or(&comma)), rows: a.rows };
    let separator = separator.string(0)?;
    let texts = text_of(lists.values())?;
    let texts = texts.as_string::<i32>();
    let mut out = StringBuilder::new();
    let mut text = String::new();
    for row in 0..a.rows {
        text.clear();
        for (place, at) in lists.receiver(row, || "join")?.enumerate() {
            if place > 0 {
                text.push_str(separator.text(row));
            }
            if lists.values().is_valid(at) {
                text.push_str(texts.value(at));
            }
        }
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

/// The separator is a text of at least one character: an empty one cuts between code units.
fn split(a: &Arguments) -> Result<ArrayRef> {
    let (texts, separator, limit) = (a.string(0)?, a.string(1)?, optional(a, 2, f64::from(u32::MAX))?);
    let mut parts = StringBuilder::new();
    let mut lengths = Vec::with_capacity(a.rows);
    for row in 0..a.rows {
        // ToUint32
        let most = to_int32(limit.get(row)) as u32 as usize;
        let before = parts.len();
        for part in texts.receiver(row, "split")?.split(separator.text(row)).take(most) {
            parts.append_value(part);
        }
        lengths.push(parts.len() - before);
    }
    listed(Arc::new(parts.finish()), OffsetBuffer::from_lengths(lengths))
}
