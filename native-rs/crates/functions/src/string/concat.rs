//! `String(x)`, string `+` and template strings, number and bigint to text.
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringBuilder};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use lockstep_plan::JsType;

use super::index::optional;
use super::integer;
use crate::arguments::{Arguments, Lane, Strings, null_receiver};
use crate::error::{RowError, not_supported};
use crate::function::Function;
use crate::function::Kind::{Any, Bigint, Number, String as Text};
use crate::numeral::{to_fixed, to_radix};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("String", &[Any], JsType::String, concat),
    Function::new("concat", &[Any], JsType::String, concat).rest(),
    Function::new("string.concat", &[Text, Any], JsType::String, |a| {
        a.check_receiver("concat")?;
        concat(a)
    })
    .method()
    .optional(1)
    .rest(),
    Function::new("number.toFixed", &[Number, Number], JsType::String, fixed).throws().optional(1),
    Function::new("number.toString", &[Number, Number], JsType::String, number_to_string).throws().optional(1),
    Function::new("number.toString", &[Bigint, Number], JsType::String, bigint_to_string).throws().optional(1),
    Function::new("boolean.toString", &[Any], JsType::String, |a| {
        a.check_receiver("toString")?;
        concat(a)
    })
    .method(),
];

/// An argument as text.
enum Texts<'a> {
    Strings(Strings<'a>),
    Numbers(Lane<'a, f64>, Option<NullBuffer>),
    Bigints(Lane<'a, i64>, Option<NullBuffer>),
    Booleans(Lane<'a, bool>, Option<NullBuffer>),
}

impl<'a> Texts<'a> {
    fn of(a: &Arguments<'a>, index: usize) -> Result<Self> {
        Ok(match a.values[index].data_type() {
            DataType::Utf8 => Self::Strings(a.string(index)?),
            DataType::Float64 => Self::Numbers(a.number(index)?, a.nulls(index)),
            DataType::Int64 => Self::Bigints(a.bigint(index)?, a.nulls(index)),
            DataType::Boolean => Self::Booleans(a.boolean(index)?, a.nulls(index)),
            _ => return not_supported("a date as text depends on the place: use toISOString()"),
        })
    }

    fn push(&self, row: usize, numbers: &mut ryu_js::Buffer, out: &mut String) {
        let null = |nulls: &Option<NullBuffer>| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        match self {
            Self::Strings(text) => out.push_str(text.text(row)),
            Self::Numbers(_, nulls) | Self::Bigints(_, nulls) | Self::Booleans(_, nulls) if null(nulls) => out.push_str("null"),
            Self::Numbers(lane, _) => out.push_str(numbers.format(lane.get(row))),
            Self::Bigints(lane, _) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "{}", lane.get(row));
            }
            Self::Booleans(lane, _) => out.push_str(if lane.get(row) { "true" } else { "false" }),
        }
    }
}

fn concat(a: &Arguments) -> Result<ArrayRef> {
    let parts = (0..a.len()).map(|index| Texts::of(a, index)).collect::<Result<Vec<_>>>()?;
    let mut out = StringBuilder::new();
    let (mut text, mut numbers) = (String::new(), ryu_js::Buffer::new());
    for row in 0..a.rows {
        text.clear();
        parts.iter().for_each(|part| part.push(row, &mut numbers, &mut text));
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

/// `String(x)` of every value.
pub(crate) fn text_of(values: &ArrayRef) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::Utf8 => Ok(Arc::clone(values)),
        _ => concat(&Arguments { values: &[ColumnarValue::Array(Arc::clone(values))], rows: values.len() }),
    }
}

fn texts(a: &Arguments, mut f: impl FnMut(usize) -> Result<String>) -> Result<ArrayRef> {
    let mut out = StringBuilder::new();
    for row in 0..a.rows {
        out.append_value(f(row)?);
    }
    Ok(Arc::new(out.finish()))
}

fn fixed(a: &Arguments) -> Result<ArrayRef> {
    let (number, digits, nulls) = (a.number(0)?, optional(a, 1, 0.0)?, a.nulls(0));
    texts(a, |row| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return null_receiver(row, "toFixed");
        }
        match integer(digits.get(row)) {
            digits @ 0.0..=100.0 => Ok(to_fixed(number.get(row), digits as usize)),
            _ => RowError::range_error(row, "toFixed() digits argument must be between 0 and 100"),
        }
    })
}

fn number_to_string(a: &Arguments) -> Result<ArrayRef> {
    let (number, radix) = (a.number(0)?, radixes(a)?);
    texts(a, |row| Ok(to_radix(number.get(row), radix(row)?)))
}

fn bigint_to_string(a: &Arguments) -> Result<ArrayRef> {
    let (number, radix) = (a.bigint(0)?, radixes(a)?);
    texts(a, |row| {
        let (value, radix) = (number.get(row), radix(row)?);
        let mut digits = Vec::new();
        let mut rest = value.unsigned_abs();
        loop {
            digits.extend(char::from_digit((rest % radix as u64) as u32, radix));
            rest /= radix as u64;
            if rest == 0 {
                break;
            }
        }
        digits.extend((value < 0).then_some('-'));
        Ok(digits.iter().rev().collect())
    })
}

/// The radix of a row, after the check that the receiver is not null.
fn radixes<'a>(a: &Arguments<'a>) -> Result<impl Fn(usize) -> Result<u32> + 'a> {
    let (radix, nulls) = (optional(a, 1, 10.0)?, a.nulls(0));
    Ok(move |row: usize| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return null_receiver(row, "toString");
        }
        match integer(radix.get(row)) {
            radix @ 2.0..=36.0 => Ok(radix as u32),
            _ => RowError::range_error(row, "toString() radix argument must be between 2 and 36"),
        }
    })
}
