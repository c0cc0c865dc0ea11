//! String methods: UTF-8 storage, UTF-16 indices; ASCII takes the short way.
pub(crate) mod concat;
pub(crate) mod index;
pub(crate) mod replace;
pub(crate) mod search;
pub(crate) mod shape;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringBuilder};
use datafusion::common::Result;

use crate::arguments::{Arguments, Strings, Text};

/// V8's longest string, in code units.
pub(crate) const MAX_LENGTH: f64 = 536_870_888.0;

/// One string for every row, written by `f(receiver, row, out)`; a null receiver throws.
pub(crate) fn map(
    a: &Arguments,
    method: &str,
    mut f: impl FnMut(&str, usize, &mut String) -> Result<()>,
) -> Result<ArrayRef> {
    let receiver = a.string(0)?;
    let mut out = builder(a, &receiver);
    let mut text = String::new();
    for row in 0..a.rows {
        text.clear();
        f(receiver.receiver(row, method)?, row, &mut text)?;
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

/// A part of the receiver for every row: nothing is copied but the result.
pub(crate) fn part(a: &Arguments, method: &str, f: impl for<'t> Fn(Text<'t>, usize) -> Cow<'t, str>) -> Result<ArrayRef> {
    let receiver = a.string(0)?;
    let ascii = receiver.is_ascii();
    let mut out = builder(a, &receiver);
    for row in 0..a.rows {
        out.append_value(f(Text { text: receiver.receiver(row, method)?, ascii }, row));
    }
    Ok(Arc::new(out.finish()))
}

fn builder(a: &Arguments, receiver: &Strings) -> StringBuilder {
    let bytes = match receiver {
        Strings::Values(array) => (array.value_offsets()[array.len()] - array.value_offsets()[0]) as usize,
        Strings::Constant(text) => text.map_or(0, str::len) * a.rows,
    };
    StringBuilder::with_capacity(a.rows, bytes.min(1 << 24))
}

/// ToIntegerOrInfinity: NaN is 0.
pub(crate) fn integer(x: f64) -> f64 {
    if x.is_nan() { 0.0 } else { x.trunc() }
}

/// A position in 0..=length.
pub(crate) fn clamp(x: f64, length: usize) -> usize {
    integer(x).clamp(0.0, length as f64) as usize
}

/// A position in 0..=length; a negative one counts from the end.
pub(crate) fn relative(x: f64, length: usize) -> usize {
    let x = integer(x);
    clamp(if x < 0.0 { length as f64 + x } else { x }, length)
}
