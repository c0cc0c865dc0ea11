//! `< <= > >=` and `=== !==`. Never null: null is 0 to an ordering and equals only null.
use std::cmp::Ordering;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::cmp;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use lockstep_plan::JsType;

use crate::arguments::{Arguments, Lane, booleans, relation};
use crate::convert::{number_of, to_number};
use crate::error::not_supported;
use crate::function::Function;
use crate::function::Kind::{Any, Bigint, Boolean, Date, Number, String};
use crate::text::compare_utf16;

/// The number, bigint, date and string kernels of one ordering, then the mixed one.
macro_rules! ordering {
    ($name:literal, $operator:tt, $accepts:pat) => {
        [
            Function::new($name, &[Number, Number], JsType::Boolean, |a| {
                booleans(relation(&a.number(0)?, &a.number(1)?, a.rows, |x, y| x $operator y))
            }),
            Function::new($name, &[Bigint, Bigint], JsType::Boolean, |a| {
                booleans(relation(&a.bigint(0)?, &a.bigint(1)?, a.rows, |x, y| x $operator y))
            }),
            Function::new($name, &[Date, Date], JsType::Boolean, |a| {
                booleans(relation(&time_values(a, 0)?, &time_values(a, 1)?, a.rows, |x, y| x $operator y))
            }),
            Function::new($name, &[String, String], JsType::Boolean, |a| {
                strings(a, |x, y| x $operator y, |ordering| matches!(ordering, $accepts))
            }),
            Function::new($name, &[Bigint, Number], JsType::Boolean, |a| {
                let (x, y) = (a.bigint(0)?, a.number(1)?);
                exactly(a, |row| compare_exactly(x.get(row), y.get(row)), |ordering| matches!(ordering, $accepts))
            }),
            Function::new($name, &[Number, Bigint], JsType::Boolean, |a| {
                let (x, y) = (a.number(0)?, a.bigint(1)?);
                let ordering = |row| compare_exactly(y.get(row), x.get(row)).map(Ordering::reverse);
                exactly(a, ordering, |ordering| matches!(ordering, $accepts))
            }),
            Function::new($name, &[Any, Any], JsType::Boolean, |a| mixed(a, |x, y| x $operator y)),
        ]
    };
}

const LT: [Function; 7] = ordering!("lt", <, Ordering::Less);
const LE: [Function; 7] = ordering!("le", <=, Ordering::Less | Ordering::Equal);
const GT: [Function; 7] = ordering!("gt", >, Ordering::Greater);
const GE: [Function; 7] = ordering!("ge", >=, Ordering::Greater | Ordering::Equal);

/// Strict equality by type; values of different types are equal only if both are null.
macro_rules! equality {
    ($name:literal, $wanted:literal, $scalar:path) => {
        [
            Function::new($name, &[Number, Number], JsType::Boolean, |a| equal_numbers(a, $wanted)),
            Function::new($name, &[String, String], JsType::Boolean, |a| equal_arrays(a, $scalar)),
            Function::new($name, &[Bigint, Bigint], JsType::Boolean, |a| equal_arrays(a, $scalar)),
            Function::new($name, &[Boolean, Boolean], JsType::Boolean, |a| equal_arrays(a, $scalar)),
            Function::new($name, &[Date, Date], JsType::Boolean, |a| same_object(a, $wanted)),
            Function::new($name, &[Any, Any], JsType::Boolean, |a| both_null(a, $wanted)),
        ]
    };
}

const EQ: [Function; 6] = equality!("eq", true, cmp::not_distinct);
const NE: [Function; 6] = equality!("ne", false, cmp::distinct);

pub(crate) const FAMILIES: [&[Function]; 6] = [&LT, &LE, &GT, &GE, &EQ, &NE];

/// Time values as numbers: an invalid date is NaN and compares false.
fn time_values<'a>(a: &Arguments<'a>, index: usize) -> Result<Lane<'a, f64>> {
    Ok(match a.date(index)? {
        Lane::Constant(time) => Lane::Constant(crate::date::time_value(time)),
        Lane::Values(times) => Lane::Values(times.iter().map(|&time| crate::date::time_value(time)).collect()),
    })
}

fn strings(a: &Arguments, numeric: impl Fn(f64, f64) -> bool, accepts: impl Fn(Ordering) -> bool) -> Result<ArrayRef> {
    let (x, y) = (a.string(0)?, a.string(1)?);
    booleans(BooleanBuffer::collect_bool(a.rows, |row| match (x.get(row), y.get(row)) {
        (Some(x), Some(y)) => accepts(compare_utf16(x, y)),
        // With null on one side JavaScript compares numbers.
        (x, y) => numeric(x.map_or(0.0, to_number), y.map_or(0.0, to_number)),
    }))
}

fn exactly(a: &Arguments, compare: impl Fn(usize) -> Option<Ordering>, accepts: impl Fn(Ordering) -> bool) -> Result<ArrayRef> {
    booleans(BooleanBuffer::collect_bool(a.rows, |row| compare(row).is_some_and(&accepts)))
}

/// A bigint and a number as the real numbers they are; nothing compares with NaN.
fn compare_exactly(x: i64, y: f64) -> Option<Ordering> {
    // Rounding to float64 is monotonic: only equality can hide a difference, and then y is an integer.
    match (x as f64).partial_cmp(&y)? {
        Ordering::Equal => Some((x as i128).cmp(&(y as i128))),
        ordering => Some(ordering),
    }
}

/// Other types: both become numbers.
fn mixed(a: &Arguments, f: impl Fn(f64, f64) -> bool) -> Result<ArrayRef> {
    booleans(relation(&number_of(a, 0)?, &number_of(a, 1)?, a.rows, f))
}

fn equal_numbers(a: &Arguments, wanted: bool) -> Result<ArrayRef> {
    let (x, y) = (a.number(0)?, a.number(1)?);
    let equal = match (a.nulls(0), a.nulls(1)) {
        // One loop that writes the wanted bit, instead of a second pass.
        (None, None) if wanted => return booleans(relation(&x, &y, a.rows, |x, y| x == y)),
        (None, None) => return booleans(relation(&x, &y, a.rows, |x, y| x != y)),
        (None, Some(valid)) | (Some(valid), None) => &relation(&x, &y, a.rows, |x, y| x == y) & valid.inner(),
        (Some(left), Some(right)) => {
            // Null positions read as 0, so rows null on both sides compare equal already.
            &relation(&x, &y, a.rows, |x, y| x == y) & &!&(left.inner() ^ right.inner())
        }
    };
    booleans(if wanted { equal } else { !&equal })
}

/// Arrow's null-aware equality is `===` for every type but floats.
fn equal_arrays(
    a: &Arguments,
    compare: fn(&dyn arrow::array::Datum, &dyn arrow::array::Datum) -> Result<BooleanArray, arrow::error::ArrowError>,
) -> Result<ArrayRef> {
    let result = match (&a.values[0], &a.values[1]) {
        (ColumnarValue::Array(x), ColumnarValue::Array(y)) => compare(x, y)?,
        (ColumnarValue::Array(x), ColumnarValue::Scalar(y)) => compare(x, &y.to_scalar()?)?,
        (ColumnarValue::Scalar(x), ColumnarValue::Array(y)) => compare(&x.to_scalar()?, y)?,
        (ColumnarValue::Scalar(x), ColumnarValue::Scalar(y)) => compare(&x.to_array()?, &y.to_array()?)?,
    };
    booleans(result.values().clone())
}

/// Dates are objects: two of them are the same only if both are null; comparing identities is not.
fn same_object(a: &Arguments, wanted: bool) -> Result<ArrayRef> {
    match (null_everywhere(a, 0), null_everywhere(a, 1)) {
        (false, false) => not_supported("=== of two dates compares the identity of objects: compare getTime() instead"),
        _ => both_null(a, wanted),
    }
}

fn null_everywhere(a: &Arguments, index: usize) -> bool {
    a.nulls(index).is_some_and(|nulls| nulls.null_count() == nulls.len())
}

fn both_null(a: &Arguments, wanted: bool) -> Result<ArrayRef> {
    let null = |nulls: Option<NullBuffer>| nulls.map_or_else(|| BooleanBuffer::new_unset(a.rows), |nulls| !nulls.inner());
    let both = &null(a.nulls(0)) & &null(a.nulls(1));
    booleans(if wanted { both } else { !&both })
}
