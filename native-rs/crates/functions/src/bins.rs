//! Bins of equal width, by Arquero's arithmetic: `util/bins.js` and `op/functions/bin.js` of its version 8.0.3.
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use lockstep_plan::JsType;

use crate::arguments::{Arguments, numbers};
use crate::function::Function;
use crate::function::Kind::{Boolean, Number};
use crate::math::{ceil, floor, max, min, round};
use crate::string::index::optional;

/// `bins` and `binOf` are of a least and a greatest value (null: of none), `maxbins`, `nice`, `minstep` and `step` (0: none is given);
/// `binOf` begins with the value, and has an offset behind.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("bin", &[Number, Number, Number, Number, Number], JsType::Number, bin).optional(1),
    Function::new("bins", &[Number, Number, Number, Boolean, Number, Number], JsType::Numbers, bins),
    Function::new("binOf", &[Number, Number, Number, Number, Boolean, Number, Number, Number], JsType::Number, bin_of),
];

/// The lower boundary of the value's bin, of bins of `step` from `least` to `most`; with an offset, so many further up.
fn boundary(x: f64, [least, most, step]: [f64; 3], offset: f64) -> f64 {
    match (x < least, x > most) {
        (true, _) => f64::NEG_INFINITY,
        (_, true) => f64::INFINITY,
        _ => least + step * floor(1e-14 + (max(least, min(x, most)) - least) / step + if offset.is_nan() { 0.0 } else { offset }),
    }
}

fn bin(a: &Arguments) -> Result<ArrayRef> {
    let [value, least, most, step] = [a.number(0)?, a.number(1)?, a.number(2)?, a.number(3)?];
    let offset = optional(a, 4, 0.0)?;
    numbers((0..a.rows).map(|row| boundary(value.get(row), [least.get(row), most.get(row), step.get(row)], offset.get(row))).collect())
}

fn bins(a: &Arguments) -> Result<ArrayRef> {
    let values: Vec<f64> = each_rows_bins(a, 0, |_, bins| bins)?.into_iter().flatten().collect();
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(3, a.rows));
    let item = Arc::new(Field::new_list_field(DataType::Float64, true));
    Ok(Arc::new(ListArray::new(item, offsets, Arc::new(Float64Array::from(values)), None)))
}

fn bin_of(a: &Arguments) -> Result<ArrayRef> {
    let (value, offset) = (a.number(0)?, a.number(7)?);
    numbers(each_rows_bins(a, 1, |row, bins| boundary(value.get(row), bins, offset.get(row)))?)
}

/// What `f` makes of each row's bins, whose arguments begin at `first`. Rows of a table, and of a group, have the same ones.
fn each_rows_bins<T>(a: &Arguments, first: usize, f: impl Fn(usize, [f64; 3]) -> T) -> Result<Vec<T>> {
    let (least, most) = (or_nan(a, first)?, or_nan(a, first + 1)?);
    let [maxbins, minstep, step] = [a.number(first + 2)?, a.number(first + 4)?, a.number(first + 5)?];
    let nice = a.boolean(first + 3)?;
    let mut last: Option<([u64; 6], [f64; 3])> = None;
    let of_row = |row: usize| {
        let given = [least(row), most(row), maxbins.get(row), f64::from(nice.get(row)), minstep.get(row), step.get(row)];
        let bits = given.map(f64::to_bits);
        let bins = match last {
            Some((known, bins)) if known == bits => bins,
            _ => {
                let [least, most, maxbins, nice, minstep, step] = given;
                let bins = bins_of(least, most, if step > 0.0 { step } else { step_of(least, most, maxbins, minstep) }, nice != 0.0);
                last = Some((bits, bins));
                bins
            }
        };
        f(row, bins)
    };
    Ok((0..a.rows).map(of_row).collect())
}

/// The numbers of an argument, NaN in the place of null.
fn or_nan<'a>(a: &Arguments<'a>, index: usize) -> Result<impl Fn(usize) -> f64 + use<'a>> {
    let (values, nulls) = (a.number(index)?, a.nulls(index));
    Ok(move |row: usize| if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) { f64::NAN } else { values.get(row) })
}

/// `[min, max, step]`
fn bins_of(mut least: f64, mut most: f64, step: f64, nice: bool) -> [f64; 3] {
    if nice {
        let size = libm::log(step);
        let precision = if size >= 0.0 { 0.0 } else { (-size / std::f64::consts::LN_10).trunc() + 1.0 };
        let below = floor(least / step + power_of_ten(-precision - 1.0)) * step;
        least = if least < below { below - step } else { below };
        most = ceil(most / step) * step;
    }
    [least, if most == least { least + step } else { most }, step]
}

/// A power of ten, or a half or a fifth of one, of which the values span at most `maxbins`. V8's logarithm is fdlibm's, as libm's: std's
/// differs in last bits, by which a step could be another.
fn step_of(least: f64, most: f64, maxbins: f64, minstep: f64) -> f64 {
    let truthy = |x: f64| (x != 0.0 && !x.is_nan()).then_some(x);
    let span = truthy(most - least).or(truthy(least.abs())).unwrap_or(1.0);
    let level = ceil(libm::log(maxbins) / std::f64::consts::LN_10);
    let power = power_of_ten(round(libm::log(span) / std::f64::consts::LN_10) - level);
    // No step is 0, however near the values are.
    let mut step = truthy(max(minstep, power)).unwrap_or(5e-324);
    while ceil(span / step) > maxbins {
        step *= 10.0;
    }
    for divisor in [5.0, 2.0] {
        let finer = step / divisor;
        if finer >= minstep && span / finer <= maxbins {
            step = finer;
        }
    }
    step
}

/// The number nearest to it, which functions of powers miss here and there.
fn power_of_ten(exponent: f64) -> f64 {
    if exponent.is_finite() { format!("1e{exponent}").parse().expect("a whole number") } else { 10.0_f64.powf(exponent) }
}
