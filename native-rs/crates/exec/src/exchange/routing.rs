//! Which partition each row of a batch goes to, and what goes to one place taken out of it.
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use datafusion::common::Result;

/// Decides where the rows of a source go.
pub trait Router: Send {
    /// The rows of a batch, perhaps in several parts, and the partitions that they go to.
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>>;
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

    /// What goes to each of `partitions` that gets any, in their order.
    pub fn by_partition(self, partitions: usize) -> Result<Vec<(usize, RecordBatch)>> {
        match self.to {
            To::One(partition) => Ok(vec![(partition, self.rows)]),
            To::All => Ok((0..partitions).map(|partition| (partition, self.rows.clone())).collect()),
            To::Each(to) => {
                let sorted = Sorted::new(&to, partitions, |partition| partition);
                Ok(sorted.take(&self.rows)?.map(|(partition, rows, _)| (partition, rows)).collect())
            }
        }
    }

    /// What goes to each of `places`, of which a partition is in the one that `place` says. Rows for all are in every place.
    pub fn by_place(self, places: usize, place: impl Fn(usize) -> usize) -> Result<Vec<(usize, Self)>> {
        match self.to {
            To::One(partition) => Ok(vec![(place(partition), self)]),
            To::All => Ok((0..places).map(|place| (place, self.clone())).collect()),
            To::Each(to) => {
                let sorted = Sorted::new(&to, places, place);
                let taken = sorted.take(&self.rows)?.map(|(place, rows, which)| {
                    let to = which.iter().map(|row| to[*row as usize]).collect();
                    (place, Self::each(rows, to))
                });
                Ok(taken.collect())
            }
        }
    }
}

/// The rows of a batch by place; those of one place in their order.
struct Sorted {
    rows: UInt32Array,
    /// Where the rows of each place end.
    ends: Vec<usize>,
}

impl Sorted {
    fn new(to: &[u32], places: usize, place: impl Fn(usize) -> usize) -> Self {
        // Counting sort.
        let mut ends = vec![0; places];
        let of: Vec<usize> = to.iter().map(|partition| place(*partition as usize)).collect();
        of.iter().for_each(|place| ends[*place] += 1);
        let mut before = 0;
        for end in &mut ends {
            before += std::mem::replace(end, before);
        }
        let mut rows = vec![0; to.len()];
        for (row, place) in (0..).zip(of) {
            rows[ends[place]] = row;
            ends[place] += 1;
        }
        Self { rows: rows.into(), ends }
    }

    /// What is at each place that has rows, and which rows they are. Copied once; the places' parts are slices of the copy.
    fn take(&self, batch: &RecordBatch) -> Result<impl Iterator<Item = (usize, RecordBatch, &[u32])>> {
        let mut before = 0;
        let ranges: Vec<_> = self.ends.iter().map(|end| std::mem::replace(&mut before, *end)..*end).collect();
        let together = ranges.iter().any(|range| range.len() == batch.num_rows());
        let sorted = if together { batch.clone() } else { take_record_batch(batch, &self.rows)? };
        let places = ranges.into_iter().enumerate().filter(|(_, range)| !range.is_empty());
        Ok(places.map(move |(place, range)| (place, sorted.slice(range.start, range.len()), &self.rows.values()[range])))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
        let parts: Vec<_> = routed.by_partition(5).unwrap().iter().map(|(partition, rows)| (*partition, values(rows))).collect();
        assert_eq!(parts, [(0, vec![11, 14]), (1, vec![13]), (3, vec![10, 12, 15])]);
    }

    #[test]
    fn a_place_is_told_the_partitions_of_its_rows() {
        let routed = Routed::each(batch(10..16), vec![3, 0, 3, 1, 2, 3]);
        let places: Vec<_> =
            routed.by_place(2, |partition| partition / 2).unwrap().into_iter().map(|(place, routed)| (place, values(&routed.rows), routed.to)).collect();
        assert_eq!(places, [(0, vec![11, 13], To::Each(vec![0, 1])), (1, vec![10, 12, 14, 15], To::Each(vec![3, 3, 2, 3]))]);
    }

    #[test]
    fn rows_that_stay_together_are_not_copied() {
        let rows = batch(0..4);
        let buffer = |batch: &RecordBatch| batch.column(0).to_data().buffers()[0].as_ptr();
        let [(2, same)] = &Routed::each(rows.clone(), vec![2; 4]).by_partition(3).unwrap()[..] else { panic!() };
        assert_eq!(buffer(same), buffer(&rows));
        assert_eq!(Routed { rows: rows.clone(), to: To::All }.by_partition(3).unwrap().len(), 3);
        assert!(Routed::each(batch([]), vec![]).by_partition(3).unwrap().is_empty());
        assert_eq!(Routed::one(rows, 2).by_place(2, |partition| partition / 2).unwrap()[0].0, 1);
    }
}
