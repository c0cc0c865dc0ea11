//! The type of a column that is another in another file.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use lockstep_functions::DIGITS;
use lockstep_plan::JsType;

use crate::dataset::{is_text, js_type};

/// The most digits of a decimal128.
const MOST_DIGITS: u8 = 38;

/// The narrowest type in which JavaScript sees of all values of both what it sees of them in their own; None: there is none.
///
/// Plain Node has the same in `runtime/src/tables/common-type.ts`.
pub fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType as T;
    match (a, b) {
        _ if a == b => Some(a.clone()),
        (T::Null, other) | (other, T::Null) => Some(other.clone()),
        _ if a.is_integer() && b.is_integer() => integer(a, b),
        _ if a.is_floating() && b.is_floating() => Some(if width(a) < width(b) { b.clone() } else { a.clone() }),
        _ if digits(a).is_some() && digits(b).is_some() => decimal(digits(a)?, digits(b)?),
        _ if is_number(a) && is_number(b) => Some(T::Float64),
        _ if is_text(a) && is_text(b) => Some(T::Utf8),
        (T::Binary | T::LargeBinary | T::BinaryView, T::Binary | T::LargeBinary | T::BinaryView) => Some(T::Binary),
        (T::Map(a, _), T::Map(b, _)) => common_type(a.data_type(), b.data_type()).and_then(|entries| map_of(&entries)),
        (T::List(a), T::List(b)) => Some(DataType::new_list(common_type(a.data_type(), b.data_type())?, true)),
        (T::Struct(a), T::Struct(b)) => members(a, b).map(T::Struct),
        _ => time(a, b),
    }
}

fn is_number(data_type: &DataType) -> bool {
    // Of others than a few digits there may be a value that is none.
    js_type(data_type) == Some(JsType::Number) && !matches!(data_type, DataType::Decimal128(digits, _) | DataType::Decimal256(digits, _) if *digits > DIGITS)
}

fn width(data_type: &DataType) -> usize {
    data_type.primitive_width().unwrap_or(0)
}

/// Of both signs: the signed one that holds all of the unsigned, at most int64.
fn integer(a: &DataType, b: &DataType) -> Option<DataType> {
    let signed = a.is_signed_integer() || b.is_signed_integer();
    let bytes = |one: &DataType| width(one) * if signed && one.is_unsigned_integer() { 2 } else { 1 };
    Some(match (bytes(a).max(bytes(b)), signed) {
        (2, true) => DataType::Int16,
        (4, true) => DataType::Int32,
        (_, true) => DataType::Int64,
        (2, false) => DataType::UInt16,
        (4, false) => DataType::UInt32,
        (_, false) => DataType::UInt64,
    })
}

/// Precision and scale of a decimal, however many bytes it is in memory.
fn digits(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) | DataType::Decimal128(precision, scale) => Some((*precision, *scale)),
        _ => None,
    }
}

/// All digits before and behind the point. Numbers to JavaScript stay numbers.
fn decimal((p, s): (u8, i8), (q, t): (u8, i8)) -> Option<DataType> {
    let whole = (i32::from(p) - i32::from(s)).max(i32::from(q) - i32::from(t));
    let scale = s.max(t);
    let precision = u8::try_from(whole + i32::from(scale)).ok()?;
    let number = |precision| is_number(&DataType::Decimal128(precision, scale));
    match number(p) && number(q) && !number(precision) {
        true => Some(DataType::Float64),
        false => (precision <= MOST_DIGITS).then_some(DataType::Decimal128(precision, scale)),
    }
}

/// Days and instants, and times of day: of the finest unit. Days begin, and instants without a zone are, in UTC.
fn time(a: &DataType, b: &DataType) -> Option<DataType> {
    if let (DataType::Time32(unit) | DataType::Time64(unit), DataType::Time32(other) | DataType::Time64(other)) = (a, b) {
        let unit = (*unit).max(*other);
        return Some(if unit > TimeUnit::Millisecond { DataType::Time64(unit) } else { DataType::Time32(unit) });
    }
    fn of(data_type: &DataType) -> Option<(TimeUnit, Option<&Arc<str>>)> {
        match data_type {
            DataType::Timestamp(unit, zone) => Some((*unit, zone.as_ref())),
            DataType::Date32 => Some((TimeUnit::Second, None)),
            _ => None,
        }
    }
    let ((unit, zone), (other, another)) = (of(a)?, of(b)?);
    let zone = if zone == another { zone.cloned() } else { Some("UTC".into()) };
    // Units are ordered from the coarsest.
    Some(DataType::Timestamp(unit.max(other), zone))
}

/// A map with these entries, a key and a value; in one layout, whatever its writer calls them.
pub fn map_of(entries: &DataType) -> Option<DataType> {
    let DataType::Struct(fields) = entries else { return None };
    let [key, value] = &fields[..] else { return None };
    let entries = [Field::new("key", key.data_type().clone(), false), Field::new("value", value.data_type().clone(), true)];
    Some(DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries.into_iter().collect()), false)), false))
}

/// The members of both, by name, those of `a` first.
fn members(a: &Fields, b: &Fields) -> Option<Fields> {
    let member = |field: &Arc<Field>| {
        let data_type = match b.find(field.name()) {
            Some((_, other)) => common_type(field.data_type(), other.data_type())?,
            None => field.data_type().clone(),
        };
        Some(Field::new(field.name(), data_type, true))
    };
    let own = a.iter().map(member).collect::<Option<Vec<_>>>()?;
    let more = b.iter().filter(|field| a.find(field.name()).is_none()).map(|field| field.as_ref().clone());
    Some(own.into_iter().chain(more).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrow_types::{parse_type, print_type};

    /// Plain Node's are compared with the same (`test/unit/runtime-tables/common-type.test.ts`).
    #[test]
    fn both_ways() {
        let pairs: Vec<[String; 3]> = serde_json::from_str(include_str!("../../tests/common-types.json")).unwrap();
        for [a, b, common] in &pairs {
            let (left, right) = (parse_type(a).unwrap(), parse_type(b).unwrap());
            let found = common_type(&left, &right).map(|data_type| print_type(&data_type)).unwrap_or_default();
            assert_eq!(&found, common, "{a} beside {b}");
            assert_eq!(common_type(&right, &left).is_some(), !common.is_empty(), "{b} beside {a}");
        }
    }
}
