//! Which partition each row of a batch goes to, and what goes to one place taken out of it.
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use datafusion::common::Result;
use datafusion::common::hash_utils::create_hashes;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::metrics::Time;
use datafusion::physical_plan::repartition::REPARTITION_RANDOM_STATE;

/// Decides where the rows of a source go.
pub trait Router: Send {
    /// The rows of a batch, perhaps in several parts, and the partitions that they go to.
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>>;
}

/// The hashes by which rows find their partition.
pub fn hashes(keys: &[Arc<dyn PhysicalExpr>], batch: &RecordBatch) -> Result<Vec<u64>> {
    let columns = keys.iter().map(|key| key.evaluate(batch)?.into_array(batch.num_rows()));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
    let mut hashes = vec![0; batch.num_rows()];
    create_hashes(&columns, REPARTITION_RANDOM_STATE.random_state(), &mut hashes)?;
    Ok(hashes)
}

/// Rows to the partitions that their keys' hashes say, modulo their number.
pub struct HashRouter {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    partitions: usize,
    time: Time,
}

impl HashRouter {
    pub fn new(keys: Vec<Arc<dyn PhysicalExpr>>, partitions: usize, time: Time) -> Self {
        Self { keys, partitions, time }
    }

    pub fn partitions(&self) -> usize {
        self.partitions
    }

    pub fn hashes(&self, batch: &RecordBatch) -> Result<Vec<u64>> {
        let _timer = self.time.timer();
        hashes(&self.keys, batch)
    }

    /// A partition a row.
    pub fn places(&self, hashes: &[u64]) -> Vec<u32> {
        let partitions = self.partitions as u64;
        match partitions.is_power_of_two() {
            true => hashes.iter().map(|hash| (hash & (partitions - 1)) as u32).collect(),
            false => hashes.iter().map(|hash| (hash % partitions) as u32).collect(),
        }
    }
}

impl Router for HashRouter {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>> {
        let to = self.places(&self.hashes(&batch)?);
        Ok(vec![Routed::each(batch, to)])
    }
}

/// Rows and where they go.
#[derive(Debug, Clone)]
pub struct Routed {
    pub rows: RecordBatch,
    pub to: To,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// All rows to one partition.
    One(usize),
    /// Each row to its own.
    Each(Vec<u32>),
    /// Every row to every partition.
    All,
}

impl Routed {
    pub fn one(rows: RecordBatch, partition: usize) -> Self {
        Self { rows, to: To::One(partition) }
    }

    /// `to`: a partition a row.
    pub fn each(rows: RecordBatch, to: Vec<u32>) -> Self {
        Self { rows, to: To::Each(to) }
    }

    /// What goes to each of `partitions` that gets any, in their order. `own`: those whose rows stay on this rank.
    pub fn by_partition(self, partitions: Range<usize>, own: Range<usize>) -> Result<Vec<(usize, RecordBatch)>> {
        match self.to {
            To::One(partition) => Ok(vec![(partition, self.rows)]),
            To::All => Ok(partitions.map(|partition| (partition, self.rows.clone())).collect()),
            To::Each(to) => {
                let first = partitions.start;
                let sorted = Sorted::new(&to, partitions.len(), |partition| partition - first);
                let own = own.start.saturating_sub(first)..own.end.saturating_sub(first);
                Ok(sorted.take(&self.rows, own)?.into_iter().map(|(place, rows, _)| (first + place, rows)).collect())
            }
        }
    }

    /// What goes to each of `places`, of which a partition is in the one that `place` says; rows of `own` stay on this rank. Rows for
    /// all are in every place.
    pub fn by_place(self, places: usize, place: impl Fn(usize) -> usize, own: usize) -> Result<Vec<(usize, Self)>> {
        match self.to {
            To::One(partition) => Ok(vec![(place(partition), self)]),
            To::All => Ok((0..places).map(|place| (place, self.clone())).collect()),
            To::Each(to) => {
                let sorted = Sorted::new(&to, places, place);
                let taken = sorted.take(&self.rows, own..own + 1)?.into_iter().map(|(place, rows, which)| {
                    let to = which.iter().map(|row| to[*row as usize]).collect();
                    (place, Self::each(rows, to))
                });
                Ok(taken.collect())
            }
        }
    }
}

/// Where the rows of each of `places` end, by the place of each row; `put(row, at)` is told where each goes, those of a place in their order.
pub fn counting_sort(of: impl Iterator<Item = usize> + Clone, places: usize, mut put: impl FnMut(usize, usize)) -> Vec<usize> {
    let mut ends = vec![0; places];
    of.clone().for_each(|place| ends[place] += 1);
    let mut before = 0;
    for end in &mut ends {
        before += std::mem::replace(end, before);
    }
    for (row, place) in of.enumerate() {
        put(row, ends[place]);
        ends[place] += 1;
    }
    ends
}

/// The rows of a batch by place; those of one place in their order.
struct Sorted {
    rows: UInt32Array,
    /// Where the rows of each place end.
    ends: Vec<usize>,
}

impl Sorted {
    fn new(to: &[u32], places: usize, place: impl Fn(usize) -> usize) -> Self {
        let of: Vec<u32> = to.iter().map(|partition| place(*partition as usize) as u32).collect();
        let mut rows = vec![0; to.len()];
        let ends = counting_sort(of.iter().map(|place| *place as usize), places, |row, at| rows[at] = row as u32);
        Self { rows: rows.into(), ends }
    }

    /// What is at each place that has rows, and which rows they are. What stays on this rank has buffers of its own, so that who keeps
    /// it keeps no more; the others' are slices of copies, which are sent at once.
    fn take(&self, batch: &RecordBatch, own: Range<usize>) -> Result<Vec<(usize, RecordBatch, &[u32])>> {
        let start = |place: usize| place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let own = own.start.min(self.ends.len())..own.end.min(self.ends.len());
        let mut taken = vec![];
        for (places, kept) in [(0..own.start, false), (own.clone(), true), (own.end..self.ends.len(), false)] {
            let first = start(places.start);
            let length = if places.is_empty() { 0 } else { self.ends[places.end - 1] - first };
            if length == 0 {
                continue;
            }
            let whole = length == batch.num_rows();
            let copy = if kept { None } else { Some(take_record_batch(batch, &self.rows.slice(first, length))?) };
            for place in places {
                let range = start(place)..self.ends[place];
                if range.is_empty() {
                    continue;
                }
                let rows = match &copy {
                    _ if whole && range.len() == length => batch.clone(),
                    Some(copy) => copy.slice(range.start - first, range.len()),
                    None => take_record_batch(batch, &self.rows.slice(range.start, range.len()))?,
                };
                taken.push((place, rows, &self.rows.values()[range]));
            }
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(values: impl IntoIterator<Item = i64>) -> RecordBatch {
        RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from_iter_values(values)) as _)]).unwrap()
    }

    fn values(batch: &RecordBatch) -> Vec<i64> {
        batch.column(0).as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn rows_of_a_partition_keep_their_order() {
        let routed = Routed::each(batch(10..16), vec![3, 0, 3, 1, 0, 3]);
        let parts: Vec<_> = routed.by_partition(0..5, 3..4).unwrap().iter().map(|(partition, rows)| (*partition, values(rows))).collect();
        assert_eq!(parts, [(0, vec![11, 14]), (1, vec![13]), (3, vec![10, 12, 15])]);
    }

    #[test]
    fn a_place_is_told_the_partitions_of_its_rows() {
        let routed = Routed::each(batch(10..16), vec![3, 0, 3, 1, 2, 3]);
        let places: Vec<_> =
            routed.by_place(2, |partition| partition / 2, 0).unwrap().into_iter().map(|(place, routed)| (place, values(&routed.rows), routed.to)).collect();
        assert_eq!(places, [(0, vec![11, 13], To::Each(vec![0, 1])), (1, vec![10, 12, 14, 15], To::Each(vec![3, 3, 2, 3]))]);
    }

    #[test]
    fn what_stays_here_holds_nothing_else() {
        let routed = || Routed::each(batch(0..1000), (0..1000).map(|row| 4 + row % 4).collect());
        let parts = routed().by_partition(4..8, 5..7).unwrap();
        assert_eq!(parts.iter().map(|(partition, rows)| (*partition, rows.num_rows())).collect::<Vec<_>>(), [(4, 250), (5, 250), (6, 250), (7, 250)]);
        let held: Vec<usize> = parts.iter().map(|(_, rows)| rows.column(0).to_data().buffers()[0].len()).collect();
        assert!(held[1] <= 250 * 8 && held[2] <= 250 * 8, "{held:?}");
        let own = &routed().by_place(2, |partition| partition / 6, 1).unwrap()[1].1;
        assert!(own.rows.column(0).to_data().buffers()[0].len() <= 500 * 8);
    }

    #[test]
    fn rows_that_stay_together_are_not_copied() {
        let rows = batch(0..4);
        let buffer = |batch: &RecordBatch| batch.column(0).to_data().buffers()[0].as_ptr();
        for own in [0..1, 2..3] {
            let [(2, same)] = &Routed::each(rows.clone(), vec![2; 4]).by_partition(0..3, own).unwrap()[..] else { panic!() };
            assert_eq!(buffer(same), buffer(&rows));
        }
        assert_eq!(Routed { rows: rows.clone(), to: To::All }.by_partition(0..3, 0..1).unwrap().len(), 3);
        assert!(Routed::each(batch([]), vec![]).by_partition(0..3, 0..1).unwrap().is_empty());
        assert_eq!(Routed::one(rows, 2).by_place(2, |partition| partition / 2, 0).unwrap()[0].0, 1);
    }
}
