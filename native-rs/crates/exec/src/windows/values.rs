//! Functions that number rows, and those that choose the row whose value they give.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, UInt64Array};
use arrow::compute::{concat, is_not_null, take};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use datafusion::common::{Result, internal_err};
use lockstep_plan::WindowFunction;

use super::FunctionCall;
use super::layout::Layout;

/// What is known of peers: of each own row, the first and last place + 1 of those equal to it, and how many different rows
/// stand before it.
pub struct Peers {
    pub first: Vec<u64>,
    pub last: Vec<u64>,
    pub dense: Vec<u64>,
}

/// The column of a function. `peers` is there if the function asks for it.
pub fn function(call: &FunctionCall, layout: &Layout, columns: &[ArrayRef], peers: Option<&Peers>) -> Result<ArrayRef> {
    use WindowFunction as F;
    let rows = layout.own.len();
    let whole = |value: &dyn Fn(usize) -> u64| -> ArrayRef { Arc::new(Int64Array::from_iter_values((0..rows).map(|row| value(row) as i64))) };
    let float = |value: &dyn Fn(usize) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values((0..rows).map(value))) };
    let Some(arg) = call.arg else {
        if call.function == F::RowNumber {
            return Ok(whole(&|row| layout.position[row] + 1));
        }
        let Some(peers) = peers else { return internal_err!("{:?} without peers", call.function) };
        // As in Arquero: a group's first row does not look ahead.
        let share = |row: usize| {
            let up_to = if layout.position[row] == 0 { 1 } else { peers.last[row] };
            up_to as f64 / layout.size[row] as f64
        };
        return Ok(match call.function {
            F::Rank => whole(&|row| peers.first[row] + 1),
            F::DenseRank => whole(&|row| peers.dense[row] + 1),
            F::AvgRank => float(&|row| (peers.first[row] + 1 + peers.last[row]) as f64 / 2.0),
            F::PercentRank => float(&|row| peers.first[row] as f64 / (layout.size[row] as f64 - 1.0)),
            F::CumeDist => float(&share),
            F::Ntile => whole(&|row| (call.number * share(row)).ceil() as u64),
            other => return internal_err!("{other:?} of nothing"),
        });
    };
    let values = &columns[arg];
    let offset = call.number as u64;
    let framed = |choose: &dyn Fn(u64, u64) -> Option<u64>| -> UInt64Array {
        let of = |row: usize| {
            let (first, last) = call.frame.places(layout, row);
            choose(first, last).map(|place| layout.row_at(row, place) as u64)
        };
        (0..rows).map(of).collect()
    };
    let shifted = |place: &dyn Fn(usize) -> Option<u64>| -> UInt64Array {
        (0..rows).map(|row| place(row).filter(|&place| place < layout.size[row]).map(|place| layout.row_at(row, place) as u64)).collect()
    };
    let chosen = match call.function {
        F::Lag => shifted(&|row| layout.position[row].checked_sub(offset)),
        F::Lead => shifted(&|row| layout.position[row].checked_add(offset)),
        F::FirstValue => framed(&|first, _| Some(first)),
        F::LastValue => framed(&|_, last| Some(last - 1)),
        F::NthValue => framed(&|first, last| Some(first + offset - 1).filter(|&place| place < last)),
        F::FillDown => filled(layout, &valid(values)?, false),
        F::FillUp => filled(layout, &valid(values)?, true),
        other => return internal_err!("{other:?} of a column"),
    };
    let Some(default) = &call.default else { return Ok(take(values, &chosen, None)?) };
    let all = concat(&[values, &default.to_array_of_size(1)?])?;
    let otherwise = values.len() as u64;
    let chosen = UInt64Array::from_iter_values(chosen.iter().map(|row| row.unwrap_or(otherwise)));
    Ok(take(&all, &chosen, None)?)
}

/// The nearest valid row at or before each own row in its group; `up`: at or after.
fn filled(layout: &Layout, valid: &BooleanArray, up: bool) -> UInt64Array {
    let own = layout.own.clone();
    let mut found = vec![None; own.len()];
    let mut nearest = None;
    let mut visit = |row: usize| {
        let inside = row.checked_sub(own.start).filter(|&row| row < own.len());
        if let Some(row) = inside
            && !layout.is_spread()
        {
            let at_edge = if up { layout.position[row] + 1 == layout.size[row] } else { layout.position[row] == 0 };
            if at_edge {
                nearest = None;
            }
        }
        if valid.value(row) {
            nearest = Some(row as u64);
        }
        if let Some(row) = inside {
            found[row] = nearest;
        }
    };
    if up { (0..valid.len()).rev().for_each(&mut visit) } else { (0..valid.len()).for_each(&mut visit) }
    found.into_iter().collect()
}

/// Neither null nor NaN.
pub fn valid(values: &ArrayRef) -> Result<BooleanArray> {
    let number = |is: &dyn Fn(usize) -> bool| BooleanArray::from_iter((0..values.len()).map(|row| Some(values.is_valid(row) && is(row))));
    Ok(match values.data_type() {
        DataType::Float64 => number(&|row| !values.as_primitive::<Float64Type>().value(row).is_nan()),
        DataType::Float32 => number(&|row| !values.as_primitive::<Float32Type>().value(row).is_nan()),
        DataType::Float16 => number(&|row| !values.as_primitive::<Float16Type>().value(row).is_nan()),
        DataType::Dictionary(_, _) => match values.logical_nulls() {
            Some(nulls) => BooleanArray::new(nulls.into_inner(), None),
            None => BooleanArray::from(vec![true; values.len()]),
        },
        _ => is_not_null(values)?,
    })
}
