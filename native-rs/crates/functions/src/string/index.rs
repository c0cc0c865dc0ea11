//! `length`, `at`, `charAt`, `charCodeAt`, `codePointAt`, `slice`, `substring`.
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringBuilder};
use datafusion::common::Result;
use lockstep_plan::JsType;

use super::{clamp, integer, part, relative};
use crate::arguments::{Arguments, Lane, Text, numbers};
use crate::function::Function;
use crate::function::Kind::{Number, String};
use crate::text::{length, units};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("string.length", &[String], JsType::Number, |a| {
        let texts = a.string(0)?;
        let ascii = texts.is_ascii();
        let length = |row| Ok(Text { text: texts.receiver(row, "length")?, ascii }.length() as f64);
        numbers((0..a.rows).map(length).collect::<Result<_>>()?)
    })
    .method(),
    Function::new("string.at", &[String, Number], JsType::String, at).method().optional(1).nullable(),
    Function::new("string.charAt", &[String, Number], JsType::String, |a| {
        let index = optional(a, 1, 0.0)?;
        part(a, "charAt", |text, row| match position(text.text, integer(index.get(row))) {
            Some(unit) => text.units(unit, unit + 1),
            None => "".into(),
        })
    })
    .method()
    .optional(1),
    Function::new("string.charCodeAt", &[String, Number], JsType::Number, |a| {
        let (text, index) = (a.string(0)?, optional(a, 1, 0.0)?);
        let code = |row| {
            let text = text.receiver(row, "charCodeAt")?;
            Ok(position(text, integer(index.get(row))).map_or(f64::NAN, |unit| code_unit(text, unit) as f64))
        };
        numbers((0..a.rows).map(code).collect::<Result<_>>()?)
    })
    .method()
    .optional(1),
    Function::new("string.codePointAt", &[String, Number], JsType::Number, code_point_at).method().optional(1).nullable(),
    Function::new("string.slice", &[String, Number, Number], JsType::String, |a| {
        let (start, end) = (optional(a, 1, 0.0)?, optional(a, 2, f64::INFINITY)?);
        part(a, "slice", |text, row| {
            let length = text.length();
            text.units(relative(start.get(row), length), relative(end.get(row), length))
        })
    })
    .method()
    .optional(2),
    Function::new("string.substring", &[String, Number, Number], JsType::String, |a| {
        let (start, end) = (optional(a, 1, 0.0)?, optional(a, 2, f64::INFINITY)?);
        part(a, "substring", |text, row| {
            let length = text.length();
            let (start, end) = (clamp(start.get(row), length), clamp(end.get(row), length));
            text.units(start.min(end), start.max(end))
        })
    })
    .method()
    .optional(2),
];

/// A number argument that may be left out.
pub(crate) fn optional<'a>(a: &Arguments<'a>, index: usize, default: f64) -> Result<Lane<'a, f64>> {
    if a.len() > index { a.number(index) } else { Ok(Lane::Constant(default)) }
}

/// An index as a code unit of the text, if it has one there.
fn position(text: &str, index: f64) -> Option<usize> {
    (index >= 0.0 && index < text.len() as f64 && (index as usize) < length(text)).then_some(index as usize)
}

fn code_unit(text: &str, unit: usize) -> u16 {
    if text.is_ascii() { text.as_bytes()[unit] as u16 } else { text.encode_utf16().nth(unit).unwrap_or_default() }
}

/// Null where JavaScript has undefined.
fn at(a: &Arguments) -> Result<ArrayRef> {
    let (text, index) = (a.string(0)?, optional(a, 1, 0.0)?);
    let mut out = StringBuilder::new();
    for row in 0..a.rows {
        let text = text.receiver(row, "at")?;
        let index = integer(index.get(row));
        let index = if index < 0.0 { length(text) as f64 + index } else { index };
        out.append_option(position(text, index).map(|unit| units(text, unit, unit + 1)));
    }
    Ok(Arc::new(out.finish()))
}

fn code_point_at(a: &Arguments) -> Result<ArrayRef> {
    let (text, index) = (a.string(0)?, optional(a, 1, 0.0)?);
    let code_point = |row| {
        let text = text.receiver(row, "codePointAt")?;
        let Some(unit) = position(text, integer(index.get(row))) else { return Ok(None) };
        let mut from = text.encode_utf16().skip(unit);
        let first = from.next().unwrap_or_default();
        let pair = from.next().filter(|_| (0xD800..0xDC00).contains(&first));
        Ok(Some(match pair {
            Some(second) => (((first as u32 - 0xD800) << 10) + (second as u32 - 0xDC00) + 0x10000) as f64,
            None => first as f64,
        }))
    };
    Ok(Arc::new((0..a.rows).map(code_point).collect::<Result<Float64Array>>()?))
}
