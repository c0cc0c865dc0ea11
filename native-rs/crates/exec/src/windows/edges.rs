//! What a part of a spread table tells the others: its edge rows and its totals.
use std::collections::BTreeSet;
use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::{concat, take_record_batch};
use arrow::datatypes::{Field, Float64Type, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use datafusion::common::{Result, internal_datafusion_err};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::aggregates::{State, arguments, state};
use super::layout::stretches;
use super::values::valid;
use super::{AggregateFrame, WindowCall, WindowSpec};
use lockstep_plan::WindowFunction;

/// Of one part, in table order.
pub struct Edge {
    pub numbers: Numbers,
    /// The rows at `numbers.published`, of the columns that windows read.
    pub rows: RecordBatch,
    /// Of each aggregate that reaches beyond edge rows, the state of the part's rows: those without a range value, the others.
    pub states: Vec<Option<(State, State)>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Numbers {
    pub partition: usize,
    pub rows: u64,
    /// Stretches of peers, and the rows of the first and the last one.
    pub runs: u64,
    pub leading: u64,
    pub trailing: u64,
    /// Places in the part, ascending.
    pub published: Vec<u64>,
    /// Rows without a range value: they come first.
    pub without: u64,
}

impl Edge {
    /// `rows`: the part, of the columns that windows read.
    pub fn of(partition: usize, specs: &[WindowSpec], peers: &[usize], rows: &RecordBatch) -> Result<Self> {
        let count = rows.num_rows();
        let keys: Vec<ArrayRef> = peers.iter().map(|&column| rows.column(column).clone()).collect();
        // Without keys every row differs from its neighbours.
        let runs: Vec<Range<usize>> = if keys.is_empty() { vec![] } else { stretches(count, &keys)? };
        let run = |row: usize| match runs.is_empty() {
            true => row..row + 1,
            false => runs[runs.partition_point(|run| run.end <= row)].clone(),
        };
        let mut published = BTreeSet::new();
        let mut numbers = Numbers { partition, rows: count as u64, runs: if runs.is_empty() { count } else { runs.len() } as u64, ..Numbers::default() };
        if count > 0 {
            numbers.leading = run(0).len() as u64;
            numbers.trailing = run(count - 1).len() as u64;
            published.extend([0, count - 1]);
        }
        let mut states = vec![];
        for spec in specs.iter().filter(|_| count > 0) {
            let (before, after, widened) = reach(&spec.call);
            let (mut head, mut tail) = (after.min(count), count - before.min(count));
            if widened {
                head = run(head.max(1) - 1).end;
                tail = run(tail.min(count - 1)).start;
            }
            published.extend((0..head).chain(tail..count));
            if let WindowCall::Function(call) = &spec.call
                && let Some(arg) = call.arg
                && matches!(call.function, WindowFunction::FillDown | WindowFunction::FillUp)
            {
                let valid = valid(rows.column(arg))?;
                published.extend((0..count).find(|&row| valid.value(row)));
                published.extend((0..count).rev().find(|&row| valid.value(row)));
            }
            if let WindowCall::Aggregate { frame: Some(AggregateFrame::Range { on, preceding, following }), .. } = &spec.call {
                let on = rows.column(*on).as_primitive::<Float64Type>();
                let without = on.null_count();
                numbers.without = without as u64;
                if without < count {
                    let known = &on.values()[without..];
                    // No row of a later part has a lesser value than this part's last, none of an earlier part a greater one than its first.
                    let head = known.partition_point(|&value| value <= known[0] + following);
                    let tail = known.partition_point(|&value| value < known[known.len() - 1] - preceding);
                    if following.is_finite() {
                        published.extend(without..without + head);
                    }
                    if preceding.is_finite() {
                        published.extend(without + tail..count);
                    }
                }
            }
        }
        for spec in specs {
            states.push(match &spec.call {
                WindowCall::Aggregate { expr, frame } if spec.call.reaches_beyond() => {
                    let arguments = arguments(expr, rows)?;
                    let without = numbers.without as usize;
                    let without = if matches!(frame, Some(AggregateFrame::Range { .. })) { without } else { 0 };
                    Some((state(expr, &arguments, 0..without)?, state(expr, &arguments, without..count)?))
                }
                _ => None,
            });
        }
        numbers.published = published.into_iter().map(|row| row as u64).collect();
        let chosen = UInt64Array::from(numbers.published.clone());
        Ok(Self { rows: take_record_batch(rows, &chosen)?, numbers, states })
    }

    /// Appends the edge to a message.
    pub fn write(&self, message: &mut Vec<u8>) -> Result<()> {
        let mut blobs = vec![ipc(&self.rows)?];
        for (without, with) in self.states.iter().flatten() {
            blobs.push(ipc(&state_rows(without)?)?);
            blobs.push(ipc(&state_rows(with)?)?);
        }
        let numbers = serde_json::to_vec(&self.numbers).map_err(|error| internal_datafusion_err!("{error}"))?;
        for part in std::iter::once(&numbers).chain(&blobs) {
            message.extend((part.len() as u64).to_le_bytes());
            message.extend(part);
        }
        Ok(())
    }

    /// The edges of a message. `stated` says of each aggregate whether it has states.
    fn read(mut message: &[u8], stated: &[bool]) -> Result<Vec<Self>> {
        let mut edges = vec![];
        while !message.is_empty() {
            let numbers = serde_json::from_slice(part(&mut message)?).map_err(|error| internal_datafusion_err!("{error}"))?;
            let rows = batch(part(&mut message)?)?;
            let mut states = vec![];
            for &stated in stated {
                states.push(match stated {
                    true => Some((batch(part(&mut message)?)?.columns().to_vec(), batch(part(&mut message)?)?.columns().to_vec())),
                    false => None,
                });
            }
            edges.push(Self { numbers, rows, states });
        }
        Ok(edges)
    }
}

/// The edges of a table's parts, in table order.
#[derive(Default)]
pub struct Edges {
    pub parts: Vec<Edge>,
    /// Of each spec the states of all parts, one below the other: of rows without a range value, of the others.
    pub states: Vec<Option<(State, State)>>,
}

impl Edges {
    /// From every rank's message, in rank order.
    pub fn read(messages: &[Bytes], specs: &[WindowSpec]) -> Result<Self> {
        let stated: Vec<bool> = specs.iter().map(|spec| spec.call.reaches_beyond()).collect();
        let mut parts = vec![];
        for message in messages {
            parts.extend(Edge::read(message, &stated)?);
        }
        Self::of(parts, specs)
    }

    pub fn of(parts: Vec<Edge>, specs: &[WindowSpec]) -> Result<Self> {
        let below = |state: &dyn Fn(&Edge) -> Option<&State>| -> Result<State> {
            let states: Vec<&State> = parts.iter().filter_map(state).collect();
            let fields = states.first().map_or(0, |state| state.len());
            (0..fields).map(|field| Ok(concat(&states.iter().map(|state| state[field].as_ref()).collect::<Vec<_>>())?)).collect()
        };
        let mut states = vec![];
        for (index, spec) in specs.iter().enumerate() {
            states.push(match spec.call.reaches_beyond() && !parts.is_empty() {
                true => Some((below(&|edge| edge.states[index].as_ref().map(|(without, _)| without))?, below(&|edge| edge.states[index].as_ref().map(|(_, with)| with))?)),
                false => None,
            });
        }
        Ok(Self { parts, states })
    }
}

impl WindowCall {
    /// Whether it needs what lies beyond all edge rows.
    fn reaches_beyond(&self) -> bool {
        match self {
            Self::Function(_) => false,
            Self::Aggregate { frame: Some(AggregateFrame::Rows(frame)), .. } => frame.before.is_none() || frame.after.is_none(),
            Self::Aggregate { .. } => true,
        }
    }
}

/// Rows that a window reads before and after, as far as that is bounded, and whether peers widen it.
fn reach(call: &WindowCall) -> (usize, usize, bool) {
    use WindowFunction as F;
    let rows = |rows: Option<u64>| rows.map_or(1, |rows| usize::try_from(rows).unwrap_or(usize::MAX)).max(1);
    match call {
        WindowCall::Function(call) => {
            let offset = call.number as usize;
            let (before, after) = match call.function {
                F::Lag => (offset, 1),
                F::Lead => (1, offset),
                F::NthValue => (rows(call.frame.before), rows(call.frame.after).max(offset)),
                F::FirstValue | F::LastValue => (rows(call.frame.before), rows(call.frame.after)),
                _ => (1, 1),
            };
            (before, after, call.frame.peers)
        }
        WindowCall::Aggregate { frame: Some(AggregateFrame::Rows(frame)), .. } => (rows(frame.before), rows(frame.after), frame.peers),
        WindowCall::Aggregate { .. } => (1, 1, false),
    }
}

fn state_rows(state: &State) -> Result<RecordBatch> {
    let fields: Vec<Field> = state.iter().map(|field| Field::new("state", field.data_type().clone(), true)).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)) as SchemaRef, state.clone())?)
}

fn ipc(rows: &RecordBatch) -> Result<Vec<u8>> {
    let mut writer = StreamWriter::try_new(vec![], rows.schema_ref())?;
    writer.write(rows)?;
    writer.finish()?;
    Ok(writer.into_inner()?)
}

fn batch(ipc: &[u8]) -> Result<RecordBatch> {
    StreamReader::try_new(ipc, None)?.next().ok_or_else(|| internal_datafusion_err!("an edge without rows"))?.map_err(Into::into)
}

fn part<'a>(message: &mut &'a [u8]) -> Result<&'a [u8]> {
    let short = || internal_datafusion_err!("a message of edges is too short");
    let (length, rest) = message.split_first_chunk::<8>().ok_or_else(short)?;
    let (part, rest) = rest.split_at_checked(u64::from_le_bytes(*length) as usize).ok_or_else(short)?;
    *message = rest;
    Ok(part)
}
