//! `toUpperCase`, `toLowerCase`, `trim…`, `pad…`, `repeat`.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::buffer::OffsetBuffer;
use datafusion::common::Result;
use lockstep_plan::JsType;

use super::{MAX_LENGTH, integer, map, part};
use crate::arguments::{Arguments, Strings};
use crate::error::RowError;
use crate::function::Function;
use crate::function::Kind::{Number, String as Text};
use crate::text::{is_space, length, units};

const fn plain(name: &'static str, kernel: crate::function::Kernel) -> Function {
    Function::new(name, &[Text], JsType::String, kernel).method()
}

const fn padding(name: &'static str, kernel: crate::function::Kernel) -> Function {
    Function::new(name, &[Text, Number, Text], JsType::String, kernel).throws().optional(1)
}

pub(crate) const FUNCTIONS: &[Function] = &[
    // Rust and V8 both follow Unicode's full, locale-free mapping, the final sigma included.
    plain("string.toUpperCase", |a| {
        case(a, "toUpperCase", u8::to_ascii_uppercase, str::to_uppercase)
    }),
    plain("string.toLowerCase", |a| {
        case(a, "toLowerCase", u8::to_ascii_lowercase, str::to_lowercase)
    }),
    plain("string.trim", |a| part(a, "trim", |text, _| text.text.trim_matches(is_space).into())),
    plain("string.trimStart", |a| part(a, "trimStart", |text, _| text.text.trim_start_matches(is_space).into())),
    plain("string.trimEnd", |a| part(a, "trimEnd", |text, _| text.text.trim_end_matches(is_space).into())),
    padding("string.padStart", |a| pad(a, "padStart", |text, filler| format!("{filler}{text}"))),
    padding("string.padEnd", |a| pad(a, "padEnd", |text, filler| format!("{text}{filler}"))),
    Function::new("string.repeat", &[Text, Number], JsType::String, repeat).throws(),
];

fn case(a: &Arguments, method: &str, ascii: fn(&u8) -> u8, other: fn(&str) -> String) -> Result<ArrayRef> {
    let text = a.string(0)?;
    a.check_receiver(method)?;
    match text {
        // Letter by letter, over all rows at once.
        Strings::Values(array) if text.is_ascii() => {
            let (first, last) = (array.value_offsets()[0], array.value_offsets()[array.len()]);
            let values: Vec<u8> = array.value_data()[first as usize..last as usize].iter().map(ascii).collect();
            let offsets = OffsetBuffer::new(array.value_offsets().iter().map(|offset| offset - first).collect());
            Ok(Arc::new(StringArray::try_new(offsets, values.into(), None)?))
        }
        _ => map(a, method, |text, _, out| {
            out.push_str(&other(text));
            Ok(())
        }),
    }
}

fn pad(a: &Arguments, method: &str, join: impl Fn(&str, &str) -> String) -> Result<ArrayRef> {
    let wanted = a.number(1)?;
    let filler = if a.len() > 2 { a.string(2)? } else { Strings::Constant(Some(" ")) };
    map(a, method, |text, row, out| {
        let (filler, missing) = (filler.text(row), integer(wanted.get(row)) - length(text) as f64);
        if missing <= 0.0 || filler.is_empty() {
            out.push_str(text);
            return Ok(());
        }
        if length(text) as f64 + missing > MAX_LENGTH {
            return RowError::range_error(row, "Invalid string length");
        }
        let missing = missing as usize;
        let times = missing.div_ceil(length(filler));
        out.push_str(&join(text, &units(&filler.repeat(times), 0, missing)));
        Ok(())
    })
}

fn repeat(a: &Arguments) -> Result<ArrayRef> {
    let count = a.number(1)?;
    map(a, "repeat", |text, row, out| {
        let times = integer(count.get(row));
        if times < 0.0 || times.is_infinite() {
            let given = crate::numeral::to_text(count.get(row));
            return RowError::range_error(row, format!("Invalid count value: {given}"));
        }
        if length(text) as f64 * times > MAX_LENGTH {
            return RowError::range_error(row, "Invalid string length");
        }
        if !text.is_empty() {
            (0..times as usize).for_each(|_| out.push_str(text));
        }
        Ok(())
    })
}
