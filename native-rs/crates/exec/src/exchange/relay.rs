//! The rank that takes what other groups have for the members of its own, and hands it on.
//!
//! On their way across, rows have their places with them: a column that says which of the group's partitions a row goes to.
//! A source's rows are many ranks' in small parts; here they become large batches again before they are divided.
//! A relay never waits for its own rank's consumers, who may wait for what another one relays.
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt16Array};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt16Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::physical_plan::metrics::{Count, Gauge};
use lockstep_comm::ExchangeReceiver;
use lockstep_functions::bytes_of_rows;

use super::outbound::{SharedWithin, finish};
use super::routing::{Routed, To};
use super::{Shape, framing};
use crate::EngineError;
use crate::planner::physical::BATCH_ROWS;

/// The place of rows that go to every partition.
const ALL: u16 = u16::MAX;

/// Rows with their places in a group: the partitions, counted from the group's first.
#[derive(Clone)]
pub struct Labelled {
    /// Of the rows without their places, and with them.
    plain: SchemaRef,
    schema: SchemaRef,
}

impl Labelled {
    pub fn new(rows: &SchemaRef) -> Self {
        let place = Arc::new(Field::new("place", DataType::UInt16, false));
        let fields: Vec<_> = rows.fields().iter().cloned().chain([place]).collect();
        Self { plain: rows.clone(), schema: Arc::new(Schema::new(fields)) }
    }

    /// `first`: the group's first partition.
    pub fn label(&self, routed: Routed, first: usize) -> Result<RecordBatch> {
        let place = |partition: usize| match u16::try_from(partition - first) {
            Ok(place) if place != ALL => Ok(place),
            _ => Err(EngineError::unsupported("groups of ranks with more than 65,535 partitions")),
        };
        let places: UInt16Array = match routed.to {
            To::One(partition) => vec![place(partition)?; routed.rows.num_rows()],
            To::Each(partitions) => partitions.into_iter().map(|partition| place(partition as usize)).collect::<Result<_, _>>()?,
            To::All => vec![ALL; routed.rows.num_rows()],
        }
        .into();
        let columns = routed.rows.columns().iter().cloned().chain([Arc::new(places) as ArrayRef]).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// Bytes of rows that wait to become a large batch.
pub const HELD: usize = 4 << 20;

/// Labelled rows that wait to become a large batch.
pub struct Pending {
    coalescer: BatchCoalescer,
    held: usize,
    /// The most that was held.
    most: Gauge,
    first: usize,
    plain: SchemaRef,
}

impl Pending {
    pub fn new(labelled: &Labelled, first: usize, most: Gauge) -> Self {
        Self { coalescer: BatchCoalescer::new(labelled.schema.clone(), BATCH_ROWS), held: 0, most, first, plain: labelled.plain.clone() }
    }

    /// The batches that are complete with these rows.
    pub fn push(&mut self, rows: RecordBatch) -> Result<Vec<Routed>> {
        if places(&rows)?.first() == Some(&ALL) {
            return Ok(vec![self.routed(rows)?]);
        }
        self.held += bytes_of_rows(&rows);
        self.most.set_max(self.held);
        self.coalescer.push_batch(rows)?;
        if self.held > HELD {
            self.coalescer.finish_buffered_batch()?;
        }
        if self.coalescer.has_completed_batch() {
            self.held = 0;
        }
        let mut complete = vec![];
        while let Some(rows) = self.coalescer.next_completed_batch() {
            complete.push(self.routed(rows)?);
        }
        Ok(complete)
    }

    /// What is left.
    pub fn finish(&mut self) -> Result<Option<Routed>> {
        self.coalescer.finish_buffered_batch()?;
        self.coalescer.next_completed_batch().map(|rows| self.routed(rows)).transpose()
    }

    fn routed(&self, mut rows: RecordBatch) -> Result<Routed> {
        let places = places(&rows)?;
        let to = match places.first() {
            Some(&ALL) => To::All,
            _ => To::Each(places.iter().map(|place| (self.first + usize::from(*place)) as u32).collect()),
        };
        rows.remove_column(rows.num_columns() - 1);
        Ok(Routed { rows: rows.with_schema(self.plain.clone())?, to })
    }
}

fn places(rows: &RecordBatch) -> Result<Vec<u16>> {
    let places = rows.columns().last().and_then(|places| places.as_primitive_opt::<UInt16Type>());
    Ok(places.ok_or_else(|| internal_datafusion_err!("rows without places"))?.values().to_vec())
}

/// One rank's relay of an exchange.
pub struct Relay {
    pub shape: Shape,
    pub labelled: Labelled,
    pub within: SharedWithin,
    pub bytes: Count,
}

impl Relay {
    /// Hands on all that comes across, until nobody in the group wants more.
    pub async fn run(self, mut receiver: ExchangeReceiver) -> Result<()> {
        while let Some(message) = receiver.next().await {
            let message = message.map_err(EngineError::from)?;
            self.bytes.add(message.bytes.len());
            let mut within = self.within.lock().await;
            match self.shape {
                Shape::Scatter => {
                    for (_, rows) in framing::decode(&message.bytes, &self.labelled.schema)? {
                        within.collect(rows).await?;
                    }
                }
                Shape::Gather | Shape::Everywhere => within.forward(&message.bytes, &self.labelled.plain).await?,
            }
            drop(message);
            if !within.wanted() {
                receiver.close();
                break;
            }
        }
        finish(self.within).await
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn rows(column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    #[test]
    fn small_parts_become_large_batches_that_know_their_partitions() {
        let part = |from: i64| rows(Arc::new(Int64Array::from_iter_values(from..from + 100)));
        let labelled = Labelled::new(&part(0).schema());
        let mut pending = Pending::new(&labelled, 6, Gauge::new());
        let mut all = vec![];
        for from in (0..10_000).step_by(100) {
            let routed = Routed::each(part(from), (0..100).map(|row| 6 + row % 3).collect());
            all.extend(pending.push(labelled.label(routed, 6).unwrap()).unwrap());
        }
        assert_eq!(all.iter().map(|routed| routed.rows.num_rows()).collect::<Vec<_>>(), [BATCH_ROWS]);
        all.extend(pending.finish().unwrap());
        let mut last = -1;
        for (partition, rows) in all.into_iter().flat_map(|routed| routed.by_partition(6..9, 6..7).unwrap()) {
            for value in rows.column(0).as_primitive::<Int64Type>().values() {
                assert_eq!(partition as i64, 6 + value % 100 % 3);
                last = last.max(*value);
            }
        }
        assert_eq!(last, 9_999);
        assert!(pending.finish().unwrap().is_none());
    }

    #[test]
    fn long_rows_are_not_waited_for_and_rows_for_all_do_not_wait() {
        let long = rows(Arc::new(StringArray::from(vec!["x".repeat(1 << 20)])));
        let labelled = Labelled::new(&long.schema());
        let mut pending = Pending::new(&labelled, 0, Gauge::new());
        let sizes: Vec<usize> = (0..10).map(|_| pending.push(labelled.label(Routed::one(long.clone(), 1), 0).unwrap()).unwrap().iter().map(|routed| routed.rows.num_rows()).sum()).collect();
        assert_eq!(sizes, [0, 0, 0, 4, 0, 0, 0, 4, 0, 0]);
        let all = pending.push(labelled.label(Routed { rows: long, to: To::All }, 0).unwrap()).unwrap();
        assert_eq!(all.iter().map(|routed| &routed.to).collect::<Vec<_>>(), [&To::All]);
        assert_eq!(pending.finish().unwrap().unwrap().rows.num_rows(), 2);
    }

    #[test]
    fn a_group_has_fewer_partitions_than_places() {
        let one = rows(Arc::new(Int64Array::from(vec![1])));
        let labelled = Labelled::new(&one.schema());
        assert!(labelled.label(Routed::one(one.clone(), 65_534), 0).is_ok());
        assert!(labelled.label(Routed::one(one, 65_535), 0).unwrap_err().to_string().contains("65,535 partitions"));
    }
}
