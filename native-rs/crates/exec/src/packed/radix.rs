//! Rows as (packed key, argument values), kept in partitions by the key's high bits.

use std::ops::Range;

use super::chunk::{CHUNK_ROWS, Chunk, LowKeys};

/// `2^radix_bits` partitions of a key of `key_bits`.
#[derive(Debug)]
pub struct RadixStore {
    partitions: Vec<Vec<Chunk>>,
    rows: Vec<usize>,
    /// Of all chunks.
    bytes: usize,
    shift: u32,
    args: usize,
    /// Scratch of one batch, sorted by partition.
    starts: Vec<u32>,
    sorted_keys: LowKeys,
    sorted_arg: Vec<u64>,
    positions: Vec<u32>,
}

impl RadixStore {
    pub fn new(key_bits: u32, radix_bits: u32, args: usize) -> Self {
        let radix_bits = radix_bits.min(key_bits);
        let (count, shift) = (1usize << radix_bits, key_bits - radix_bits);
        Self {
            partitions: (0..count).map(|_| Vec::new()).collect(),
            rows: vec![0; count],
            bytes: 0,
            shift,
            args,
            starts: vec![],
            sorted_keys: LowKeys::with_capacity(shift, 0),
            sorted_arg: vec![],
            positions: vec![],
        }
    }

    /// Rows per partition.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Bits of a key below the partition's number.
    pub fn low_bits(&self) -> u32 {
        self.shift
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Removes a partition's rows; a short key has fewer partitions than others, and none beyond.
    pub fn take(&mut self, partition: usize) -> Vec<Chunk> {
        let Some(chunks) = self.partitions.get_mut(partition).map(std::mem::take) else { return vec![] };
        self.rows[partition] = 0;
        self.bytes -= chunks.iter().map(Chunk::bytes).sum::<usize>();
        chunks
    }

    /// Puts groups in the place of the rows taken before; rows that come later open chunks of their own.
    pub fn put(&mut self, partition: usize, groups: Chunk) {
        self.rows[partition] += groups.keys.len();
        self.bytes += groups.bytes();
        self.partitions[partition].push(groups);
    }

    /// Adds a batch: a counting sort by partition in scratch that fits the cache, then one copy per partition.
    pub fn append(&mut self, keys: &[u64], args: &[&[u64]]) {
        debug_assert_eq!(args.len(), self.args);
        self.sort(keys);
        for partition in 0..self.partitions.len() {
            let (start, end) = (self.starts[partition] as usize, self.starts[partition + 1] as usize);
            if start < end {
                self.rows[partition] += end - start;
                self.bytes += self.extend(partition, start..end);
            }
        }
        for (index, arg) in args.iter().enumerate() {
            scatter(arg.iter().copied(), &self.positions, &mut self.sorted_arg);
            for (partition, bounds) in self.starts.windows(2).enumerate() {
                let (start, end) = (bounds[0] as usize, bounds[1] as usize);
                if start < end {
                    fill(&mut self.partitions[partition], &self.sorted_arg[start..end], index);
                }
            }
        }
    }

    /// Fills `starts`, `positions` and `sorted_keys` for this batch.
    fn sort(&mut self, keys: &[u64]) {
        let shift = self.shift;
        self.starts.clear();
        self.starts.resize(self.partitions.len() + 1, 0);
        for key in keys {
            self.starts[(key >> shift) as usize + 1] += 1;
        }
        for partition in 0..self.partitions.len() {
            self.starts[partition + 1] += self.starts[partition];
        }
        let mut next = self.starts.clone();
        self.positions.clear();
        self.positions.extend(keys.iter().map(|key| {
            let slot = &mut next[(key >> shift) as usize];
            let position = *slot;
            *slot += 1;
            position
        }));
        let low = keys.iter().map(|key| key & ((1 << shift) - 1));
        match &mut self.sorted_keys {
            LowKeys::Narrow(sorted) => scatter(low.map(|key| key as u32), &self.positions, sorted),
            LowKeys::Wide(sorted) => scatter(low, &self.positions, sorted),
        }
    }

    /// Appends sorted keys to the partition's last chunk, opening new ones as they fill; the bytes of those.
    fn extend(&mut self, partition: usize, mut rows: Range<usize>) -> usize {
        let chunks = &mut self.partitions[partition];
        let mut bytes = 0;
        while !rows.is_empty() {
            if chunks.last().is_none_or(|chunk| chunk.groups || chunk.keys.len() == CHUNK_ROWS) {
                let chunk = Chunk::of_rows(self.shift, self.args);
                bytes += chunk.bytes();
                chunks.push(chunk);
            }
            let target = &mut chunks.last_mut().expect("a chunk was just opened").keys;
            let now = rows.start..rows.end.min(rows.start + CHUNK_ROWS - target.len());
            rows.start = now.end;
            target.extend_from(&self.sorted_keys, now);
        }
        bytes
    }
}

/// `to[positions[i]] = from[i]`, a permutation.
fn scatter<T: Copy + Default>(from: impl Iterator<Item = T>, positions: &[u32], to: &mut Vec<T>) {
    to.resize(positions.len(), T::default());
    for (value, position) in from.zip(positions) {
        to[*position as usize] = value;
    }
}

/// Appends argument values to the chunks whose keys `extend` has already placed.
fn fill(chunks: &mut [Chunk], mut values: &[u64], arg: usize) {
    let first = chunks.partition_point(|chunk| chunk.groups || chunk.columns[arg].len() == CHUNK_ROWS);
    for chunk in &mut chunks[first..] {
        let room = chunk.keys.len() - chunk.columns[arg].len();
        let (now, later) = values.split_at(values.len().min(room));
        chunk.columns[arg].extend_from_slice(now);
        values = later;
    }
    debug_assert!(values.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_lands_in_its_partition_with_its_arguments() {
        // Low bits of 4 and of 8 bytes.
        for key_bits in [20, 50] {
            rows_land(key_bits);
        }
    }

    fn rows_land(key_bits: u32) {
        let mut store = RadixStore::new(key_bits, 4, 2);
        let mut expected: Vec<Vec<(u64, u64, u64)>> = vec![vec![]; 16];
        let low_bits = key_bits - 4;
        assert_eq!(store.low_bits(), low_bits);
        for batch in 0..40u64 {
            let keys: Vec<u64> = (0..3000u64).map(|row| row.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(batch * 977) >> (64 - key_bits)).collect();
            let a: Vec<u64> = keys.iter().map(|key| key * 3).collect();
            let b: Vec<u64> = keys.iter().map(|key| key + batch).collect();
            keys.iter().zip(&a).zip(&b).for_each(|((k, a), b)| expected[(k >> low_bits) as usize].push((*k, *a, *b)));
            store.append(&keys, &[&a, &b]);
        }
        for (partition, expected) in expected.iter().enumerate() {
            assert_eq!(store.rows()[partition], expected.len());
            let rows: Vec<_> = store
                .take(partition)
                .iter()
                .flat_map(|chunk| {
                    let key = |low: u64| (partition as u64) << low_bits | low;
                    let values = chunk.columns[0].iter().zip(&chunk.columns[1]);
                    chunk.keys.words().into_iter().zip(values).map(|(low, (a, b))| (key(low), *a, *b)).collect::<Vec<_>>()
                })
                .collect();
            assert_eq!(&rows, expected);
        }
    }
}
