//! `+ - * / % **` on numbers (null is 0) and on bigints (int64: past its range is an error; null throws).
use arrow::array::ArrayRef;
use datafusion::common::Result;
use lockstep_plan::JsType;

use crate::arguments::{Arguments, bigints, binary, unary};
use crate::error::RowError;
use crate::function::Function;
use crate::function::Kind::{Bigint, Number};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("add", &[Number, Number], JsType::Number, |a| binary(a, |x, y| x + y)),
    Function::new("sub", &[Number, Number], JsType::Number, |a| binary(a, |x, y| x - y)),
    Function::new("mul", &[Number, Number], JsType::Number, |a| binary(a, |x, y| x * y)),
    Function::new("div", &[Number, Number], JsType::Number, |a| binary(a, |x, y| x / y)),
    Function::new("mod", &[Number, Number], JsType::Number, |a| binary(a, remainder)),
    Function::new("pow", &[Number, Number], JsType::Number, |a| binary(a, power)),
    Function::new("neg", &[Number], JsType::Number, |a| unary(a, |x| -x)),
    Function::new("plus", &[Number], JsType::Number, |a| unary(a, |x| x)),
    Function::new("add", &[Bigint, Bigint], JsType::Bigint, |a| bigint(a, "+", i64::checked_add)).throws(),
    Function::new("sub", &[Bigint, Bigint], JsType::Bigint, |a| bigint(a, "-", i64::checked_sub)).throws(),
    Function::new("mul", &[Bigint, Bigint], JsType::Bigint, |a| bigint(a, "*", i64::checked_mul)).throws(),
    Function::new("div", &[Bigint, Bigint], JsType::Bigint, |a| division(a, "/", i64::checked_div)).throws(),
    // The remainder by -1 is 0, also that of -2^63, which no i64 division computes.
    Function::new("mod", &[Bigint, Bigint], JsType::Bigint, |a| division(a, "%", |x, y| Some(x.wrapping_rem(y)))).throws(),
    Function::new("pow", &[Bigint, Bigint], JsType::Bigint, bigint_power).throws(),
    Function::new("neg", &[Bigint], JsType::Bigint, bigint_negate).throws(),
];

/// C's fmod, which is JavaScript's `%`. Small integers, the usual case, avoid its loop.
#[inline(always)]
fn remainder(x: f64, y: f64) -> f64 {
    let (i, j) = (x as i32, y as i32);
    if i as f64 == x && j as f64 == y && i > 0 && j > 0 { (i % j) as f64 } else { x % y }
}

/// C's pow answers 1 for base ±1 with an infinite or NaN exponent; JavaScript answers NaN.
pub(crate) fn power(x: f64, y: f64) -> f64 {
    if y.is_nan() || (x.abs() == 1.0 && y.is_infinite()) { f64::NAN } else { x.powf(y) }
}

fn bigint(a: &Arguments, operator: &str, f: impl Fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    bigint_rows(a, |row, x, y| f(x, y).map_or_else(|| overflow(row, format!("{x}n {operator} {y}n")), Ok))
}

fn division(a: &Arguments, operator: &str, f: impl Fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    bigint_rows(a, |row, x, y| match y {
        0 => RowError::range_error(row, "Division by zero"),
        _ => f(x, y).map_or_else(|| overflow(row, format!("{x}n {operator} {y}n")), Ok),
    })
}

fn bigint_power(a: &Arguments) -> Result<ArrayRef> {
    bigint_rows(a, |row, x, y| match (x, y) {
        (_, ..0) => RowError::range_error(row, "Exponent must be positive"),
        (0 | 1, _) => Ok(if y == 0 { 1 } else { x }),
        (-1, _) => Ok(if y % 2 == 0 { 1 } else { -1 }),
        _ => u32::try_from(y).ok().and_then(|y| x.checked_pow(y)).map_or_else(|| overflow(row, format!("{x}n ** {y}n")), Ok),
    })
}

fn bigint_negate(a: &Arguments) -> Result<ArrayRef> {
    check_bigint(a, 0)?;
    let x = a.bigint(0)?;
    bigints(
        (0..a.rows)
            .map(|row| x.get(row).checked_neg().map_or_else(|| overflow(row, format!("-({}n)", x.get(row))), Ok))
            .collect::<Result<_>>()?,
    )
}

fn bigint_rows(a: &Arguments, f: impl Fn(usize, i64, i64) -> Result<i64>) -> Result<ArrayRef> {
    check_bigint(a, 0)?;
    check_bigint(a, 1)?;
    let (x, y) = (a.bigint(0)?, a.bigint(1)?);
    bigints((0..a.rows).map(|row| f(row, x.get(row), y.get(row))).collect::<Result<_>>()?)
}

/// null is a number to JavaScript, and numbers do not mix with bigints.
fn check_bigint(a: &Arguments, index: usize) -> Result<()> {
    match a.first_null(index) {
        Some(row) => RowError::type_error(row, "Cannot mix BigInt and other types, use explicit conversions"),
        None => Ok(()),
    }
}

#[cold]
pub(crate) fn overflow<T>(row: usize, operation: String) -> Result<T> {
    RowError::throw("LS2015", "RangeError", row, format!("{operation} leaves the range of int64, which holds bigints here"))
}
