//! Rows as (packed key, argument values), kept in partitions by the key's high bits.

/// Rows of one chunk: large enough to amortise an append, small enough that 512 chunks, begun and not full, are little memory.
const CHUNK_ROWS: usize = 4096;

/// Rows of one partition, column by column, 8 bytes a value.
#[derive(Debug, Default, Clone)]
pub struct Chunk {
    pub keys: Vec<u64>,
    /// Of rows: the arguments (float64 bits or int64). Of groups: the states, as `PartitionAggregator` lays them out.
    pub columns: Vec<Vec<u64>>,
    /// Groups aggregated earlier, not rows.
    pub groups: bool,
}

impl Chunk {
    fn with_capacity(args: usize) -> Self {
        Self {
            keys: Vec::with_capacity(CHUNK_ROWS),
            columns: (0..args).map(|_| Vec::with_capacity(CHUNK_ROWS)).collect(),
            groups: false,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        8 * (self.keys.capacity() + self.columns.iter().map(Vec::capacity).sum::<usize>())
    }
}

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
    sorted_keys: Vec<u64>,
    sorted_arg: Vec<u64>,
    positions: Vec<u32>,
}

impl RadixStore {
    pub fn new(key_bits: u32, radix_bits: u32, args: usize) -> Self {
        let radix_bits = radix_bits.min(key_bits);
        let count = 1usize << radix_bits;
        Self {
            partitions: (0..count).map(|_| Vec::new()).collect(),
            rows: vec![0; count],
            bytes: 0,
            shift: key_bits - radix_bits,
            args,
            starts: vec![],
            sorted_keys: vec![],
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
        for (partition, bounds) in self.starts.windows(2).enumerate() {
            let (start, end) = (bounds[0] as usize, bounds[1] as usize);
            if start < end {
                self.rows[partition] += end - start;
                self.bytes += extend(&mut self.partitions[partition], self.args, &self.sorted_keys[start..end]);
            }
        }
        for (index, arg) in args.iter().enumerate() {
            scatter(arg, &self.positions, &mut self.sorted_arg);
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
        scatter(keys, &self.positions, &mut self.sorted_keys);
    }
}

/// `to[positions[i]] = from[i]`, a permutation.
fn scatter(from: &[u64], positions: &[u32], to: &mut Vec<u64>) {
    to.resize(from.len(), 0);
    for (value, position) in from.iter().zip(positions) {
        to[*position as usize] = *value;
    }
}

/// Appends keys to the last chunk, opening new ones as they fill; the bytes of those.
fn extend(chunks: &mut Vec<Chunk>, args: usize, mut keys: &[u64]) -> usize {
    let mut bytes = 0;
    while !keys.is_empty() {
        if chunks.last().is_none_or(|chunk| chunk.groups || chunk.keys.len() == CHUNK_ROWS) {
            let chunk = Chunk::with_capacity(args);
            bytes += chunk.bytes();
            chunks.push(chunk);
        }
        let target = &mut chunks.last_mut().expect("a chunk was just opened").keys;
        let (now, later) = keys.split_at(keys.len().min(CHUNK_ROWS - target.len()));
        target.extend_from_slice(now);
        keys = later;
    }
    bytes
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
        let mut store = RadixStore::new(20, 4, 2);
        let mut expected: Vec<Vec<(u64, u64, u64)>> = vec![vec![]; 16];
        for batch in 0..40u64 {
            let keys: Vec<u64> = (0..3000).map(|row| (row * 2_654_435_761 + batch * 977) % (1 << 20)).collect();
            let a: Vec<u64> = keys.iter().map(|key| key * 3).collect();
            let b: Vec<u64> = keys.iter().map(|key| key + batch).collect();
            keys.iter().zip(&a).zip(&b).for_each(|((k, a), b)| expected[(k >> 16) as usize].push((*k, *a, *b)));
            store.append(&keys, &[&a, &b]);
        }
        for (partition, expected) in expected.iter().enumerate() {
            assert_eq!(store.rows()[partition], expected.len());
            let rows: Vec<_> = store
                .take(partition)
                .iter()
                .flat_map(|chunk| {
                    (0..chunk.keys.len()).map(|i| (chunk.keys[i], chunk.columns[0][i], chunk.columns[1][i])).collect::<Vec<_>>()
                })
                .collect();
            assert_eq!(&rows, expected);
        }
    }
}
