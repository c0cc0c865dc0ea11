//! The columns of a block.
use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::Float64Type;
use datafusion::common::Result;

use super::aggregates::{State, arguments, by_frame, by_group, merged, value};
use super::edges::{Edge, Edges};
use super::layout::{Layout, Places, stretches};
use super::values::{Peers, function};
use super::{AggregateFrame, WindowCall, WindowSpec};

/// The windows' columns of rows that are whole groups. `rows`: the columns that windows read.
pub fn evaluate(specs: &[WindowSpec], keys: &[usize], peers: &[usize], rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
    let columns = |of: &[usize]| of.iter().map(|&column| rows.column(column).clone()).collect::<Vec<_>>();
    let mut layout = Layout::groups(rows.num_rows(), &columns(keys))?;
    let asks = specs.iter().any(|spec| spec.call.peers());
    if asks {
        layout.find_runs(&columns(peers))?;
    }
    let known = asks.then(|| peers_in_groups(&layout));
    specs.iter().map(|spec| column(spec, &layout, rows, known.as_ref(), &Beyond::default())).collect()
}

/// The windows' columns of part `part` of a spread table, whose rows are `rows` and whose parts' edges are `edges`.
pub fn evaluate_part(specs: &[WindowSpec], peers: &[usize], rows: &RecordBatch, edges: &Edges, part: usize) -> Result<Vec<ArrayRef>> {
    let mut looked_at = vec![];
    let (mut places, mut before, mut own) = (vec![], 0, 0..0);
    for (index, edge) in edges.parts.iter().enumerate() {
        if index == part {
            own = places.len()..places.len() + rows.num_rows();
            places.extend(before..before + rows.num_rows() as u64);
            looked_at.push(rows.clone());
        } else {
            places.extend(edge.numbers.published.iter().map(|place| before + place));
            looked_at.push(edge.rows.clone());
        }
        before += edge.numbers.rows;
    }
    let all = concat_batches(&rows.schema(), &looked_at)?;
    let mut layout = Layout::spread(own, places, before);
    let asks = specs.iter().any(|spec| spec.call.peers());
    let mut known = None;
    if asks {
        let keys: Vec<ArrayRef> = peers.iter().map(|&column| all.column(column).clone()).collect();
        layout.find_runs(&keys)?;
        known = Some(peers_in_part(&layout, &keys, &edges.parts, part)?);
    }
    let columns = specs.iter().enumerate().map(|(index, spec)| {
        let beyond = beyond(spec, index, edges, part)?;
        column(spec, &layout, &all, known.as_ref(), &beyond)
    });
    columns.collect()
}

/// What an aggregate knows of rows that are not looked at.
#[derive(Default)]
struct Beyond {
    /// The rows of the parts before and after, of all parts, and of those without a range value.
    before: Option<State>,
    after: Option<State>,
    all: Option<State>,
    without: Option<State>,
}

fn beyond(spec: &WindowSpec, index: usize, edges: &Edges, part: usize) -> Result<Beyond> {
    let WindowCall::Aggregate { expr, .. } = &spec.call else { return Ok(Beyond::default()) };
    let Some((without, with)) = &edges.states[index] else { return Ok(Beyond::default()) };
    let parts = edges.parts.len();
    let of = |states: &State, which: Range<usize>| (!which.is_empty()).then(|| merged(expr, states, which)).transpose();
    Ok(Beyond {
        before: of(with, 0..part)?,
        after: of(with, part + 1..parts)?,
        all: of(with, 0..parts)?,
        without: of(without, 0..parts)?,
    })
}

fn column(spec: &WindowSpec, layout: &Layout, rows: &RecordBatch, peers: Option<&Peers>, beyond: &Beyond) -> Result<ArrayRef> {
    let (expr, frame) = match &spec.call {
        WindowCall::Function(call) => return function(call, layout, rows.columns(), peers),
        WindowCall::Aggregate { expr, frame } => (expr, frame),
    };
    let count = layout.own.len();
    let Some(frame) = frame else {
        let (values, groups) = match &beyond.all {
            Some(all) => (value(expr, all)?, vec![0; count]),
            None => {
                let groups = group_numbers(layout);
                let total = groups.last().map_or(0, |last| last + 1);
                (by_group(expr, &arguments(expr, rows)?, &groups, total)?, groups)
            }
        };
        let chosen = UInt64Array::from_iter_values(groups.into_iter().map(|group| group as u64));
        return Ok(take(&values, &chosen, None)?);
    };
    let arguments = arguments(expr, rows)?;
    match frame {
        AggregateFrame::Rows(frame) => {
            let of = |row: usize| {
                let (first, last) = frame.places(layout, row);
                let around = layout.around(row);
                let start = if frame.before.is_none() { around.start } else { layout.row_at(row, first) };
                let end = if frame.after.is_none() { around.end } else { layout.row_at(row, last - 1) + 1 };
                start..end
            };
            let frames: Vec<_> = (0..count).map(of).collect();
            let (before, after) = (beyond.before.as_ref(), beyond.after.as_ref());
            by_frame(expr, &arguments, &frames, before.filter(|_| frame.before.is_none()), after.filter(|_| frame.after.is_none()))
        }
        AggregateFrame::Range { on, preceding, following } => {
            let on = rows.column(*on).as_primitive::<Float64Type>();
            let distances = Distances { preceding: *preceding, following: *following };
            let frames: Vec<_> = (0..count).map(|row| distances.frame(layout, row, on)).collect();
            let before = beyond.before.as_ref().filter(|_| preceding.is_infinite());
            let after = beyond.after.as_ref().filter(|_| following.is_infinite());
            let values = by_frame(expr, &arguments, &frames, before, after)?;
            let Some(without) = &beyond.without else { return Ok(values) };
            // The rows without a value see each other, on whatever rank.
            let of_none = value(expr, without)?;
            let choose = |row: usize| if on.is_null(layout.own.start + row) { (1, 0) } else { (0, row) };
            let chosen: Vec<_> = (0..count).map(choose).collect();
            Ok(arrow::compute::interleave(&[values.as_ref(), of_none.as_ref()], &chosen)?)
        }
    }
}

struct Distances {
    preceding: f64,
    following: f64,
}

impl Distances {
    /// The rows looked at in the frame of an own row; beyond them the frame has all rows, where it is unbounded.
    fn frame(&self, layout: &Layout, row: usize, on: &Float64Array) -> Range<usize> {
        let (here, around) = (layout.own.start + row, layout.around(row));
        let all = if layout.is_spread() { 0..on.len() } else { around.clone() };
        let known = first_known(on, &all);
        if on.is_null(here) {
            return all.start..known;
        }
        let values = &on.values()[known..all.end];
        let start = match self.preceding.is_infinite() {
            true => first_known(on, &around),
            false => known + values.partition_point(|&value| value < on.value(here) - self.preceding),
        };
        let end = match self.following.is_infinite() {
            true => around.end,
            false => known + values.partition_point(|&value| value <= on.value(here) + self.following),
        };
        start..end
    }
}

/// The first row of a stretch that has a value: those without stand first.
fn first_known(on: &Float64Array, rows: &Range<usize>) -> usize {
    let (mut low, mut high) = (rows.start, rows.end);
    while low < high {
        let middle = (low + high) / 2;
        if on.is_null(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// The number of each own row's group.
fn group_numbers(layout: &Layout) -> Vec<usize> {
    let mut group = 0;
    let number = |(row, &position): (usize, &u64)| {
        group += usize::from(row > 0 && position == 0);
        group
    };
    layout.position.iter().enumerate().map(number).collect()
}

fn peers_in_groups(layout: &Layout) -> Peers {
    let place = |row: usize| layout.position[row];
    let mut peers = Peers { first: vec![], last: vec![], dense: vec![] };
    let mut dense = 0;
    for row in layout.own.clone() {
        let run = &layout.runs[row];
        dense = match (place(row), run.start == row) {
            (0, _) => 0,
            (_, true) => dense + 1,
            (_, false) => dense,
        };
        peers.first.push(place(run.start));
        peers.last.push(place(run.end - 1) + 1);
        peers.dense.push(dense);
    }
    peers
}

/// As within a group, with what other parts have of the first and the last own row's peers.
fn peers_in_part(layout: &Layout, keys: &[ArrayRef], edges: &[Edge], part: usize) -> Result<Peers> {
    let mut peers = Peers { first: vec![], last: vec![], dense: vec![] };
    let Places::Spread(places) = &layout.places else { return Ok(peers) };
    let own = layout.own.clone();
    if own.is_empty() {
        return Ok(peers);
    }
    // Equal keys stand together, also where rows between them are not looked at.
    let mut equal = vec![0; places.len()];
    for (number, stretch) in (if keys.is_empty() { (0..places.len()).map(|row| row..row + 1).collect() } else { stretches(places.len(), keys)? }).into_iter().enumerate() {
        equal[stretch].fill(number);
    }
    // Of each part its first and last row among those looked at.
    let mut ends = vec![];
    let mut at = 0;
    for (index, edge) in edges.iter().enumerate() {
        let count = if index == part { own.len() } else { edge.numbers.published.len() };
        ends.push(at..at + count);
        at += count;
    }
    let (first, last) = (equal[own.start], equal[own.end - 1]);
    let (mut before, mut after) = (0, 0);
    for (edge, rows) in edges[..part].iter().zip(&ends).rev().filter(|(_, rows)| !rows.is_empty()) {
        if equal[rows.end - 1] != first {
            break;
        }
        before += edge.numbers.trailing;
        if edge.numbers.trailing < edge.numbers.rows {
            break;
        }
    }
    for (edge, rows) in edges[part + 1..].iter().zip(&ends[part + 1..]).filter(|(_, rows)| !rows.is_empty()) {
        if equal[rows.start] != last {
            break;
        }
        after += edge.numbers.leading;
        if edge.numbers.leading < edge.numbers.rows {
            break;
        }
    }
    let (mut dense, mut previous) = (0, None);
    for (edge, rows) in edges[..part].iter().zip(&ends).filter(|(_, rows)| !rows.is_empty()) {
        dense += edge.numbers.runs - u64::from(previous == Some(equal[rows.start]));
        previous = Some(equal[rows.end - 1]);
    }
    if previous == Some(first) {
        dense -= 1;
    }
    let mut row = own.start;
    while row < own.end {
        let end = (row + 1..own.end).find(|&other| equal[other] != equal[row]).unwrap_or(own.end);
        let start = places[row] - if row == own.start { before } else { 0 };
        let stop = places[end - 1] + 1 + if end == own.end { after } else { 0 };
        for _ in row..end {
            peers.first.push(start);
            peers.last.push(stop);
            peers.dense.push(dense);
        }
        dense += 1;
        row = end;
    }
    Ok(peers)
}
