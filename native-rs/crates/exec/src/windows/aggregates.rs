//! Aggregates of frames: any aggregate, by merging the states of stretches of rows.
//!
//! ```text
//! states of 4 rows   ├───────────────┤               A frame is at most two stretches of each length:
//!           2 rows   ├───────┼───────┤               [1, 4) = row 1, rows 2–3
//!           1 row    ├───┼───┼───┼───┤
//! ```
//! Nothing is ever taken out of a state, so a frame's answer is that of an aggregation of its rows, and it costs
//! O(log rows) merges.
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::take;
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::GroupsAccumulatorAdapter;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;

/// The state of some rows: one array a state field, of one row.
pub type State = Vec<ArrayRef>;

pub fn accumulator(expr: &Arc<AggregateFunctionExpr>) -> Result<Box<dyn GroupsAccumulator>> {
    if expr.groups_accumulator_supported() {
        return expr.create_groups_accumulator();
    }
    let expr = expr.clone();
    Ok(Box::new(GroupsAccumulatorAdapter::new(move || expr.create_accumulator())))
}

/// The aggregate's arguments.
pub fn arguments(expr: &AggregateFunctionExpr, rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
    expr.expressions().iter().map(|arg| arg.evaluate(rows)?.into_array(rows.num_rows())).collect()
}

/// One value a group; `groups` says the group of every row.
pub fn by_group(expr: &Arc<AggregateFunctionExpr>, arguments: &[ArrayRef], groups: &[usize], count: usize) -> Result<ArrayRef> {
    let mut all = accumulator(expr)?;
    all.update_batch(arguments, groups, None, count)?;
    all.evaluate(EmitTo::All)
}

/// An accumulator of groups that have no row yet. DataFusion's take it for granted that every group they are told of has
/// one, unless a filter comes with it. `arguments` have a row at least.
fn empty(expr: &Arc<AggregateFunctionExpr>, arguments: &[ArrayRef], groups: usize) -> Result<Box<dyn GroupsAccumulator>> {
    let some_row = UInt64Array::from(vec![0; groups]);
    let rows = arguments.iter().map(|values| Ok(take(values, &some_row, None)?)).collect::<Result<Vec<_>>>()?;
    let mut all = accumulator(expr)?;
    all.update_batch(&rows, &(0..groups).collect::<Vec<_>>(), Some(&BooleanArray::from(vec![false; groups])), groups)?;
    Ok(all)
}

/// The state of a stretch of rows, which may be empty.
pub fn state(expr: &Arc<AggregateFunctionExpr>, arguments: &[ArrayRef], rows: Range<usize>) -> Result<State> {
    if rows.is_empty() {
        return empty(expr, arguments, 1)?.state(EmitTo::All);
    }
    let part: Vec<ArrayRef> = arguments.iter().map(|values| values.slice(rows.start, rows.len())).collect();
    let mut one = accumulator(expr)?;
    one.update_batch(&part, &vec![0; rows.len()], None, 1)?;
    one.state(EmitTo::All)
}

/// The state of all rows of some states that stand one below the other; there is one at least.
pub fn merged(expr: &Arc<AggregateFunctionExpr>, states: &State, which: Range<usize>) -> Result<State> {
    let chosen: Vec<ArrayRef> = states.iter().map(|field| field.slice(which.start, which.len())).collect();
    let mut one = accumulator(expr)?;
    one.merge_batch(&chosen, &vec![0; which.len()], 1)?;
    one.state(EmitTo::All)
}

/// The value of a state.
pub fn value(expr: &Arc<AggregateFunctionExpr>, state: &State) -> Result<ArrayRef> {
    let mut one = accumulator(expr)?;
    one.merge_batch(state, &[0], 1)?;
    one.evaluate(EmitTo::All)
}

/// One value a frame of rows; `before` and `after` are states of rows that every frame has besides.
///
/// States are merged in the order of their rows.
pub fn by_frame(
    expr: &Arc<AggregateFunctionExpr>,
    arguments: &[ArrayRef],
    frames: &[Range<usize>],
    before: Option<&State>,
    after: Option<&State>,
) -> Result<ArrayRef> {
    let count = frames.len();
    let rows = arguments.first().map_or(0, |values| values.len());
    let mut result = empty(expr, arguments, count)?;
    let mut level = accumulator(expr)?;
    level.update_batch(arguments, &(0..rows).collect::<Vec<_>>(), None, rows)?;
    let mut left: Vec<usize> = frames.iter().map(|frame| frame.start).collect();
    let mut right: Vec<usize> = frames.iter().map(|frame| frame.end.max(frame.start)).collect();
    let mut stretches = rows;
    let (mut lefts, mut rights) = (vec![], vec![]);
    while left.iter().zip(&right).any(|(left, right)| left < right) {
        let states = level.state(EmitTo::All)?;
        let (mut first, mut last) = (Nodes::default(), Nodes::default());
        for frame in 0..count {
            let (l, r) = (&mut left[frame], &mut right[frame]);
            if *l < *r && *l % 2 == 1 {
                first.push(*l, frame);
                *l += 1;
            }
            if *l < *r && *r % 2 == 1 {
                *r -= 1;
                last.push(*r, frame);
            }
            *l /= 2;
            *r /= 2;
        }
        let pairs: Vec<usize> = (0..stretches).map(|stretch| stretch / 2).collect();
        stretches = stretches.div_ceil(2);
        level = accumulator(expr)?;
        level.merge_batch(&states, &pairs, stretches)?;
        lefts.push((first, states.clone()));
        rights.push((last, states));
    }
    let everywhere = |state: &State| (Nodes { stretches: vec![0; count], frames: (0..count).collect() }, state.clone());
    let all = before.map(everywhere).into_iter().chain(lefts).chain(rights.into_iter().rev()).chain(after.map(everywhere));
    for (nodes, states) in all {
        nodes.merge(&states, result.as_mut(), count)?;
    }
    result.evaluate(EmitTo::All)
}

/// Stretches of one length, with the frames they are a part of: no frame twice.
#[derive(Default)]
struct Nodes {
    stretches: Vec<u64>,
    frames: Vec<usize>,
}

impl Nodes {
    fn push(&mut self, stretch: usize, frame: usize) {
        self.stretches.push(stretch as u64);
        self.frames.push(frame);
    }

    fn merge(self, states: &[ArrayRef], into: &mut dyn GroupsAccumulator, count: usize) -> Result<()> {
        let chosen = UInt64Array::from(self.stretches);
        let states = states.iter().map(|field| Ok(take(field, &chosen, None)?)).collect::<Result<Vec<_>>>()?;
        into.merge_batch(&states, &self.frames, count)
    }
}
