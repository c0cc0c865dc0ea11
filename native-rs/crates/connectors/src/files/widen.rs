//! Values of a file's type as the type that its column has in all files.
use std::{fmt, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, Int64Array, ListArray, MapArray, StructArray, make_array, new_empty_array, new_null_array},
    compute::{CastOptions, cast, cast_with_options},
    datatypes::{DataType, Field, Fields, Int64Type, TimeUnit, UInt64Type},
    error::ArrowError,
};
use lockstep_functions::{as_list, under, visible};
use serde_json::json;

use crate::errors::{ConnectorError, Result};

/// The largest integer that a number holds and no other integer is rounded to.
const EXACT: i64 = (1 << 53) - 1;

/// Whose values they are, for errors.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    pub file: &'a str,
    pub column: &'a str,
}

/// The values in a type that holds them all but for a few: LS2004 for an integer past 2^53 that is to be a number, LS2015 for another.
pub fn widened(values: &ArrayRef, wanted: &DataType, origin: Origin<'_>) -> Result<ArrayRef> {
    use DataType as T;
    match (values.data_type(), wanted) {
        (own, _) if own == wanted => Ok(Arc::clone(values)),
        _ if values.is_empty() => Ok(new_empty_array(wanted)),
        (T::Null, _) => Ok(new_null_array(wanted, values.len())),
        (T::Int64, T::Float64) => {
            exact::<Int64Type>(values, |value| (-EXACT..=EXACT).contains(&value), origin)?;
            origin.or_corrupt(cast(values, wanted))
        }
        (T::UInt64, T::Float64) => {
            exact::<UInt64Type>(values, |value| value <= EXACT as u64, origin)?;
            origin.or_corrupt(cast(values, wanted))
        }
        (T::Timestamp(from, _), T::Timestamp(to, _)) if from <= to => instants(values, ticks(to) / ticks(from), wanted, origin),
        (T::Date32, T::Timestamp(to, _)) => instants(values, ticks(to) * 86_400, wanted, origin),
        (T::List(_) | T::LargeList(_) | T::FixedSizeList(..), T::List(item)) => list_of(values, item, origin, |elements| widened(elements, item.data_type(), origin)),
        (T::Map(..), T::Map(entries, _)) => map_with(values, entries, origin),
        (T::Struct(_), T::Struct(members)) => {
            let values = values.as_struct();
            // Members are found by name.
            object_of(values, members, origin, |_, field| {
                let index = values.column_names().iter().position(|name| name == field.name());
                index.map(|index| widened(&member_of(values, index, origin)?, field.data_type(), origin)).transpose()
            })
        }
        _ => checked(values, wanted, origin),
    }
}

impl Origin<'_> {
    fn or_corrupt<T, E: fmt::Display>(&self, found: std::result::Result<T, E>) -> Result<T> {
        found.map_err(|error| ConnectorError::corrupt(self.file, format!("column {}: {error}", self.column)))
    }

    fn error(&self, code: &'static str, value: impl fmt::Debug, what: &str) -> ConnectorError {
        let Self { file, column } = self;
        let message = format!("column \"{column}\" of {file} holds {value:?}, {what}");
        ConnectorError::new(code, message, json!({ "file": file, "column": column }))
    }
}

fn exact<T: ArrowPrimitiveType>(values: &ArrayRef, is_exact: impl Fn(T::Native) -> bool, origin: Origin<'_>) -> Result<()> {
    match values.as_primitive::<T>().iter().flatten().find(|value| !is_exact(*value)) {
        None => Ok(()),
        Some(value) => Err(origin
            .error("LS2004", value, "an integer past ±2^53 that a number cannot hold exactly: the column is not of integers in all files")
            .with_fix("Read the files separately, or write the others again with integers.")),
    }
}

/// Ticks of the unit in a second.
fn ticks(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Whatever the zone, an instant is the same ticks.
fn instants(values: &ArrayRef, factor: i64, wanted: &DataType, origin: Origin<'_>) -> Result<ArrayRef> {
    let own = origin.or_corrupt(cast(values, &DataType::Int64))?;
    let ticks: Int64Array = own.as_primitive::<Int64Type>().try_unary(|value| value.checked_mul(factor).ok_or_else(|| does_not_fit(origin, value, wanted)))?;
    origin.or_corrupt(ticks.into_data().into_builder().data_type(wanted.clone()).build().map(make_array))
}

fn does_not_fit(origin: Origin<'_>, value: impl fmt::Debug, wanted: &DataType) -> ConnectorError {
    let what = format!("which does not fit {}, the column's type in all files", crate::arrow_types::print_type(wanted));
    origin.error("LS2015", value, &what).with_fix("Read the files separately, or write one of them again.")
}

/// A list of any layout as one of the common, whose elements are what `elements` makes of those that the lists have.
pub fn list_of(values: &ArrayRef, item: &Arc<Field>, origin: Origin<'_>, elements: impl FnOnce(&ArrayRef) -> Result<ArrayRef>) -> Result<ArrayRef> {
    use DataType as T;
    let values = match values.data_type() {
        T::List(_) => Arc::clone(values),
        // Its elements as they are.
        T::LargeList(own) | T::FixedSizeList(own, _) => origin.or_corrupt(cast(values, &T::List(Arc::clone(own))))?,
        other => return Err(ConnectorError::corrupt(origin.file, format!("column {}: {other} is no list", origin.column))),
    };
    let values = origin.or_corrupt(visible(values.as_list::<i32>()))?;
    let lists = ListArray::try_new(Arc::clone(item), values.offsets().clone(), elements(values.values())?, values.nulls().cloned());
    origin.or_corrupt(lists.map(|lists| Arc::new(lists) as ArrayRef))
}

/// A map with entries of other types or names; which is the key is known by its place.
fn map_with(values: &ArrayRef, entries: &Arc<Field>, origin: Origin<'_>) -> Result<ArrayRef> {
    let DataType::Struct(fields) = entries.data_type() else { return Err(ConnectorError::corrupt(origin.file, format!("column {}: a map without entries", origin.column))) };
    let values = origin.or_corrupt(as_list(values).and_then(|values| visible(&values)))?;
    let held = values.values().as_struct();
    let columns = held.columns().iter().zip(fields).map(|(column, field)| widened(column, field.data_type(), origin)).collect::<Result<Vec<_>>>()?;
    let held = StructArray::try_new_with_length(fields.clone(), columns, None, held.len());
    let map = held.and_then(|held| MapArray::try_new(Arc::clone(entries), values.offsets().clone(), held, values.nulls().cloned(), false));
    origin.or_corrupt(map.map(|map| Arc::new(map) as ArrayRef))
}

/// An object whose members are what `member` says of each place and field; None: the file has none, it is null.
pub fn object_of(
    values: &StructArray,
    members: &Fields,
    origin: Origin<'_>,
    member: impl Fn(usize, &Field) -> Result<Option<ArrayRef>>,
) -> Result<ArrayRef> {
    let column = |(at, field): (usize, &Arc<Field>)| Ok(member(at, field)?.unwrap_or_else(|| new_null_array(field.data_type(), values.len())));
    let columns = members.iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
    let objects = StructArray::try_new_with_length(members.clone(), columns, values.nulls().cloned(), values.len());
    origin.or_corrupt(objects.map(|objects| Arc::new(objects) as ArrayRef))
}

/// A member's values; below an object that is null there are none, whatever stands there.
pub fn member_of(values: &StructArray, index: usize, origin: Origin<'_>) -> Result<ArrayRef> {
    origin.or_corrupt(under(values.nulls(), values.column(index)))
}

/// Not `safe`: what does not fit is no null.
fn checked(values: &ArrayRef, wanted: &DataType, origin: Origin<'_>) -> Result<ArrayRef> {
    match cast_with_options(values, wanted, &CastOptions { safe: false, ..CastOptions::default() }) {
        Ok(found) => Ok(found),
        Err(ArrowError::CastError(_)) if *wanted == DataType::Int64 && *values.data_type() == DataType::UInt64 => {
            let value = values.as_primitive::<UInt64Type>().iter().flatten().find(|value| i64::try_from(*value).is_err());
            Err(does_not_fit(origin, value.unwrap_or(u64::MAX), wanted))
        }
        found => origin.or_corrupt(found),
    }
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{Float64Array, NullArray, StringArray},
        buffer::{NullBuffer, OffsetBuffer},
        datatypes::Int32Type,
    };

    use super::*;

    const ORIGIN: Origin<'static> = Origin { file: "a file", column: "a" };

    fn item(data_type: DataType) -> Arc<Field> {
        Arc::new(Field::new_list_field(data_type, true))
    }

    #[test]
    fn members_below_a_null_are_null_of_any_type() {
        let members: Fields = vec![Field::new("nothing", DataType::Null, true), Field::new("n", DataType::Int32, true)].into();
        let columns: Vec<ArrayRef> = vec![Arc::new(NullArray::new(3)), Arc::new(arrow::array::Int32Array::from(vec![1, 2, 3]))];
        let own: ArrayRef = Arc::new(StructArray::new(members, columns, Some(NullBuffer::from(vec![true, false, true]))));
        let wanted = DataType::Struct(vec![Field::new("nothing", DataType::Utf8, true), Field::new("n", DataType::Int64, true)].into());
        let found = widened(&own, &wanted, ORIGIN).unwrap();
        assert_eq!(found.as_struct().column(0).as_ref(), &StringArray::from(vec![None::<&str>; 3]) as &dyn Array);
        assert_eq!(found.as_struct().column(1).as_ref(), &Int64Array::from(vec![Some(1), None, Some(3)]) as &dyn Array);
        let DataType::Struct(members) = own.data_type() else { unreachable!() };
        assert_eq!(member_of(own.as_struct(), members.find("n").unwrap().0, ORIGIN).unwrap().as_primitive::<Int32Type>().null_count(), 1);
    }

    #[test]
    fn elements_under_a_null_list_are_not_looked_at() {
        let values = Arc::new(Int64Array::from(vec![1, 1 << 60, 2]));
        let own: ArrayRef = Arc::new(ListArray::new(item(DataType::Int64), OffsetBuffer::new(vec![0, 1, 2, 3].into()), values, Some(NullBuffer::from(vec![true, false, true]))));
        let found = widened(&own, &DataType::List(item(DataType::Float64)), ORIGIN).unwrap();
        let lists: Vec<Option<ArrayRef>> = found.as_list::<i32>().iter().collect();
        let one = |value: f64| Some(Arc::new(Float64Array::from(vec![value])) as ArrayRef);
        assert_eq!(lists, [one(1.0), None, one(2.0)]);
    }
}
