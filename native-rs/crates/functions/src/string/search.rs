//! `indexOf`, `lastIndexOf`, `includes`, `startsWith`, `endsWith`: patterns are strings, results code units.
use arrow::array::ArrayRef;
use arrow::array::BooleanBufferBuilder;
use datafusion::common::Result;
use lockstep_plan::JsType;

use super::clamp;
use super::index::optional;
use crate::arguments::{Arguments, booleans, numbers};
use crate::function::Function;
use crate::function::Kind::{Number, String};
use crate::text::{byte_offset, length, unit_offset};

const fn test(name: &'static str, kernel: crate::function::Kernel) -> Function {
    Function::new(name, &[String, String, Number], JsType::Boolean, kernel).method().optional(1)
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("string.indexOf", &[String, String, Number], JsType::Number, |a| {
        number(a, "indexOf", 0.0, |text, pattern, from| {
            let (start, rest) = tail(text, from);
            rest.find(pattern).map(|at| unit_offset(text, start + at))
        })
    })
    .method()
    .optional(1),
    Function::new("string.lastIndexOf", &[String, String, Number], JsType::Number, |a| {
        // An absent or NaN position is the end.
        number(a, "lastIndexOf", f64::INFINITY, |text, pattern, from| {
            let last = head_end(text, from, pattern);
            text[..last].rfind(pattern).map(|at| unit_offset(text, at))
        })
    })
    .method()
    .optional(1),
    test("string.includes", |a| boolean(a, "includes", 0.0, |text, pattern, from| tail(text, from).1.contains(pattern))),
    test("string.startsWith", |a| boolean(a, "startsWith", 0.0, |text, pattern, from| starts_with(text, pattern, from))),
    test("string.endsWith", |a| {
        boolean(a, "endsWith", f64::INFINITY, |text, pattern, end| match byte_offset(text, clamp(end, length(text))) {
            Some(end) => text[..end].ends_with(pattern),
            // The first half of a pair stands at the end, and no stored pattern ends in one.
            None => pattern.is_empty(),
        })
    }),
];

/// The unit at which a search begins; NaN is the default.
fn start(text: &str, from: f64, default: f64) -> usize {
    clamp(if from.is_nan() { default } else { from }, length(text))
}

fn starts_with(text: &str, pattern: &str, from: f64) -> bool {
    if from == 0.0 {
        return text.starts_with(pattern);
    }
    match byte_offset(text, clamp(from, length(text))) {
        Some(start) => text[start..].starts_with(pattern),
        None => pattern.is_empty(),
    }
}

/// Where to search from, in bytes, and the text from there. In the middle of a pair the search begins after it:
/// no pattern begins with a second half.
fn tail(text: &str, from: f64) -> (usize, &str) {
    if from <= 0.0 || from.is_nan() {
        return (0, text);
    }
    let unit = clamp(from, length(text));
    let start = byte_offset(text, unit).or_else(|| byte_offset(text, unit + 1)).unwrap_or(text.len());
    (start, &text[start..])
}

/// The end in bytes of the last place where `pattern` may stand, if it begins at `from` at the latest; a
/// character that it would cut is no part of that place.
fn head_end(text: &str, from: f64, pattern: &str) -> usize {
    if from.is_nan() || from == f64::INFINITY {
        return text.len();
    }
    let unit = clamp(from, length(text));
    let start = byte_offset(text, unit).or_else(|| byte_offset(text, unit - 1)).unwrap_or(text.len());
    text.floor_char_boundary(start + pattern.len())
}

fn number(
    a: &Arguments,
    method: &str,
    default: f64,
    f: impl Fn(&str, &str, f64) -> Option<usize>,
) -> Result<ArrayRef> {
    let (text, pattern, from) = (a.string(0)?, a.string(1)?, optional(a, 2, default)?);
    numbers(
        (0..a.rows)
            .map(|row| {
                let (text, pattern, from) = (text.receiver(row, method)?, pattern.text(row), from.get(row));
                // Nothing is found wherever the search begins, be it within a pair.
                let found = if pattern.is_empty() { Some(start(text, from, default)) } else { f(text, pattern, from) };
                Ok(found.map_or(-1.0, |unit| unit as f64))
            })
            .collect::<Result<_>>()?,
    )
}

fn boolean(a: &Arguments, method: &str, default: f64, f: impl Fn(&str, &str, f64) -> bool) -> Result<ArrayRef> {
    let (text, pattern, from) = (a.string(0)?, a.string(1)?, optional(a, 2, default)?);
    let mut bits = BooleanBufferBuilder::new(a.rows);
    for row in 0..a.rows {
        bits.append(f(text.receiver(row, method)?, pattern.text(row), from.get(row)));
    }
    booleans(bits.finish())
}
