//! Rows, or groups, of one radix partition, column by column.

/// Rows of one chunk: large enough to amortise an append, small enough that 512 chunks, begun and not full, are little memory.
pub const CHUNK_ROWS: usize = 4096;

/// The bits of keys below the partition's number, 4 bytes a key where that is enough: most layouts fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LowKeys {
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

impl LowKeys {
    pub fn with_capacity(low_bits: u32, capacity: usize) -> Self {
        if low_bits <= u32::BITS {
            Self::Narrow(Vec::with_capacity(capacity))
        } else {
            Self::Wide(Vec::with_capacity(capacity))
        }
    }

    /// `keys` fit `low_bits`.
    pub fn new(low_bits: u32, keys: impl Iterator<Item = u64>) -> Self {
        if low_bits <= u32::BITS { Self::Narrow(keys.map(|key| key as u32).collect()) } else { Self::Wide(keys.collect()) }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(keys) => keys.len(),
            Self::Wide(keys) => keys.len(),
        }
    }

    /// Bytes of a key.
    pub fn width(&self) -> usize {
        match self {
            Self::Narrow(_) => 4,
            Self::Wide(_) => 8,
        }
    }

    /// As words, whatever the width.
    pub fn words(&self) -> Vec<u64> {
        match self {
            Self::Narrow(keys) => keys.iter().copied().map(u64::from).collect(),
            Self::Wide(keys) => keys.clone(),
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Narrow(keys) => keys.capacity(),
            Self::Wide(keys) => keys.capacity(),
        }
    }

    /// Appends a part of others, which have the same width.
    pub fn extend_from(&mut self, others: &Self, rows: std::ops::Range<usize>) {
        match (self, others) {
            (Self::Narrow(keys), Self::Narrow(others)) => keys.extend_from_slice(&others[rows]),
            (Self::Wide(keys), Self::Wide(others)) => keys.extend_from_slice(&others[rows]),
            _ => unreachable!("the width follows from the layout"),
        }
    }
}

/// Rows of one partition; a value has 8 bytes.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub keys: LowKeys,
    /// Of rows: the arguments (float64 bits or int64). Of groups: the states, as `PartitionAggregator` lays them out.
    pub columns: Vec<Vec<u64>>,
    /// Groups aggregated earlier, not rows.
    pub groups: bool,
}

impl Chunk {
    /// An empty chunk for `CHUNK_ROWS` rows.
    pub fn of_rows(low_bits: u32, args: usize) -> Self {
        let columns = (0..args).map(|_| Vec::with_capacity(CHUNK_ROWS)).collect();
        Self { keys: LowKeys::with_capacity(low_bits, CHUNK_ROWS), columns, groups: false }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.keys.width() * self.keys.capacity() + 8 * self.columns.iter().map(Vec::capacity).sum::<usize>()
    }
}
