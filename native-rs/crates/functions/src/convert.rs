//! `Number(x)`, `String(x)`, `BigInt(x)` and their company: conversions between JavaScript's types.
use arrow::array::ArrayRef;
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use lockstep_plan::JsType;

use crate::arguments::{Arguments, Lane, Strings, bigints, booleans, numbers};
use crate::arithmetic::overflow;
use crate::date::time_value;
use crate::error::RowError;
use crate::function::Function;
use crate::function::Kind::{Any, Number, String as Text};
use crate::numeral::{parse_float, parse_int};

pub(crate) use crate::numeral::to_number;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("Number", &[Any], JsType::Number, |a| match number_of(a, 0)? {
        Lane::Constant(x) => numbers(vec![x; a.rows]),
        Lane::Values(values) => numbers(values.into_owned()),
    }),
    Function::new("isNaN", &[Any], JsType::Boolean, |a| test(a, &number_of(a, 0)?, f64::is_nan)),
    Function::new("isFinite", &[Any], JsType::Boolean, |a| test(a, &number_of(a, 0)?, f64::is_finite)),
    Function::new("Number.isNaN", &[Any], JsType::Boolean, |a| test_number(a, f64::is_nan)),
    Function::new("Number.isFinite", &[Any], JsType::Boolean, |a| test_number(a, f64::is_finite)),
    Function::new("Number.isInteger", &[Any], JsType::Boolean, |a| test_number(a, is_integer)),
    Function::new("Number.isSafeInteger", &[Any], JsType::Boolean, |a| {
        test_number(a, |x| is_integer(x) && x.abs() <= 9_007_199_254_740_991.0)
    }),
    Function::new("parseFloat", &[Text], JsType::Number, |a| {
        let text = a.string(0)?;
        numbers((0..a.rows).map(|row| parse_float(text.text(row))).collect())
    }),
    Function::new("parseInt", &[Text, Number], JsType::Number, |a| {
        let text = a.string(0)?;
        let radix = if a.len() > 1 { a.number(1)? } else { Lane::Constant(0.0) };
        numbers((0..a.rows).map(|row| parse_int(text.text(row), radix.get(row))).collect())
    })
    .optional(1),
    Function::new("BigInt", &[Any], JsType::Bigint, to_bigint).throws(),
];

/// `Number(x)` of an argument of any type: null is 0.
pub(crate) fn number_of<'a>(a: &Arguments<'a>, index: usize) -> Result<Lane<'a, f64>> {
    fn map<T: Copy>(lane: Lane<T>, f: impl Fn(T) -> f64) -> Lane<'static, f64> {
        match lane {
            Lane::Constant(value) => Lane::Constant(f(value)),
            Lane::Values(values) => Lane::Values(values.iter().map(|&value| f(value)).collect()),
        }
    }
    Ok(match a.values[index].data_type() {
        DataType::Float64 => a.number(index)?,
        DataType::Int64 => map(a.bigint(index)?, |x| x as f64),
        DataType::Boolean => map(a.boolean(index)?, |x| x as u8 as f64),
        DataType::Timestamp(_, _) => {
            let nulls = a.nulls(index);
            match map(a.date(index)?, time_value) {
                Lane::Constant(_) if nulls.is_some() => Lane::Constant(0.0),
                lane => lane,
            }
        }
        DataType::Utf8 => match a.string(index)? {
            Strings::Constant(text) => Lane::Constant(text.map_or(0.0, to_number)),
            text => Lane::Values((0..a.rows).map(|row| text.get(row).map_or(0.0, to_number)).collect()),
        },
        other => return internal_err!("Number of {other}"),
    })
}

fn test(a: &Arguments, lane: &Lane<f64>, f: impl Fn(f64) -> bool) -> Result<ArrayRef> {
    booleans(BooleanBuffer::collect_bool(a.rows, |row| f(lane.get(row))))
}

/// The `Number.is…` family: false for null and for what is no number.
fn test_number(a: &Arguments, f: impl Fn(f64) -> bool) -> Result<ArrayRef> {
    if a.values[0].data_type() != DataType::Float64 {
        return booleans(BooleanBuffer::new_unset(a.rows));
    }
    let lane = a.number(0)?;
    let bits = BooleanBuffer::collect_bool(a.rows, |row| f(lane.get(row)));
    booleans(match a.nulls(0) {
        Some(nulls) => &bits & nulls.inner(),
        None => bits,
    })
}

fn is_integer(x: f64) -> bool {
    x.is_finite() && x.trunc() == x
}

fn to_bigint(a: &Arguments) -> Result<ArrayRef> {
    if let Some(row) = a.first_null(0) {
        return RowError::type_error(row, "Cannot convert null to a BigInt");
    }
    match a.values[0].data_type() {
        DataType::Int64 => a.array(0),
        DataType::Utf8 => {
            let text = a.string(0)?;
            bigints((0..a.rows).map(|row| parse_bigint(row, text.text(row))).collect::<Result<_>>()?)
        }
        DataType::Boolean => {
            let lane = a.boolean(0)?;
            bigints((0..a.rows).map(|row| lane.get(row) as i64).collect())
        }
        _ => {
            let lane = number_of(a, 0)?;
            bigints((0..a.rows).map(|row| integer_of(row, lane.get(row))).collect::<Result<_>>()?)
        }
    }
}

fn integer_of(row: usize, x: f64) -> Result<i64> {
    if !is_integer(x) {
        let text = crate::numeral::to_text(x);
        let message = format!("The number {text} cannot be converted to a BigInt because it is not an integer");
        return RowError::range_error(row, message);
    }
    if x >= -(2f64.powi(63)) && x < 2f64.powi(63) { Ok(x as i64) } else { overflow(row, format!("BigInt({x:e})")) }
}

fn parse_bigint(row: usize, source: &str) -> Result<i64> {
    let text = source.trim_matches(crate::text::is_space);
    let (digits, radix) = match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (&text[2..], 16),
        Some("0o") => (&text[2..], 8),
        Some("0b") => (&text[2..], 2),
        _ => (text, 10),
    };
    let unsigned = if radix == 10 { digits.strip_prefix(['+', '-']).unwrap_or(digits) } else { digits };
    if text.is_empty() {
        return Ok(0);
    }
    if unsigned.is_empty() || !unsigned.chars().all(|digit| digit.is_digit(radix)) {
        return RowError::syntax_error(row, format!("Cannot convert {source} to a BigInt"));
    }
    i64::from_str_radix(digits, radix).or_else(|_| overflow(row, format!("BigInt(\"{source}\")")))
}
