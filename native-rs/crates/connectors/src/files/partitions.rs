//! Rows → the files of their partitions, without memory for more than a few batches of them.
use std::{cmp::Reverse, collections::HashMap, hash::Hash};

use arrow::{
    array::{RecordBatch, UInt32Array},
    compute::{concat_batches, take_record_batch},
    error::ArrowError,
    row::{Row, Rows},
};
use lockstep_functions::bytes_of_rows;
use serde_json::json;

use crate::errors::{ConnectorError, Result};

/// Partitions whose files are open at a time: of more the largest ends, and may get a second file.
const OPEN: usize = 400;
/// Rows of a partition that are gathered before they are encoded: a batch has few of each.
const GATHERED: usize = 8192;
/// Batches between two looks at the memory.
pub const LOOKS: usize = 16;

/// What takes the rows of a partition.
pub trait Written {
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;
    fn memory_size(&self) -> usize;
    /// Writes what is held.
    fn end_group(&mut self) -> Result<()>;
}

/// The files of partitions: which there are, how they are made and ended.
pub trait Files {
    type Key: Clone + Eq + Hash;
    type Part: Written;

    /// The partition of a key's rows: several keys may be of one.
    fn key(&self, row: Row) -> Result<Self::Key>;
    fn open(&mut self, key: &Self::Key) -> Result<Self::Part>;
    fn close(&mut self, key: Self::Key, part: Self::Part) -> Result<()>;
}

/// One part's files by partition; those that are open are left as they are if it is dropped.
pub struct Partitions<F: Files> {
    pub files: F,
    open: HashMap<F::Key, Open<F::Part>>,
    batches: usize,
    /// Bytes that the open files may hold, and what they held when it was looked.
    memory: usize,
    held: usize,
}

struct Open<P> {
    part: P,
    gathered: Vec<RecordBatch>,
    /// So many of these are copies; the others are slices, which hold the batches that they are of.
    copied: usize,
    rows: usize,
}

impl<F: Files> Partitions<F> {
    pub fn new(files: F, memory: usize) -> Self {
        Self { files, open: HashMap::new(), batches: 0, memory, held: 0 }
    }

    /// `keys`: one a row of the batch.
    pub fn write(&mut self, batch: RecordBatch, keys: &Rows) -> Result<()> {
        let mut numbers: HashMap<Row, usize> = HashMap::new();
        let mut groups: Vec<(Row, Vec<u32>)> = vec![];
        for (index, row) in keys.iter().enumerate() {
            let number = *numbers.entry(row).or_insert(groups.len());
            if number == groups.len() {
                groups.push((row, vec![]));
            }
            groups[number].1.push(index as u32);
        }
        // One gathering, of which every partition has a piece.
        let order: UInt32Array = groups.iter().flat_map(|(_, indices)| indices.iter().copied()).collect();
        let sorted = if groups.len() == 1 { batch } else { take_record_batch(&batch, &order).map_err(bug)? };
        let mut start = 0;
        for (key, indices) in groups {
            let key = self.files.key(key)?;
            let open = self.opened(key)?;
            open.gathered.push(sorted.slice(start, indices.len()));
            open.rows += indices.len();
            start += indices.len();
            if open.rows >= GATHERED {
                open.flush()?;
            }
        }
        self.batches += 1;
        if self.batches.is_multiple_of(LOOKS) {
            self.open.values_mut().try_for_each(Open::copy)?;
            self.shrink()?;
        }
        Ok(())
    }

    /// Ends all files.
    pub fn close(mut self) -> Result<F> {
        self.end_all()?;
        Ok(self.files)
    }

    /// Ends the files that are open: no row of theirs comes any more.
    pub fn end_all(&mut self) -> Result<()> {
        let open: Vec<_> = self.open.keys().cloned().collect();
        open.iter().try_for_each(|key| self.end(key))
    }

    fn opened(&mut self, key: F::Key) -> Result<&mut Open<F::Part>> {
        if !self.open.contains_key(&key) {
            if self.open.len() == OPEN {
                self.end_largest()?;
            }
            let part = self.files.open(&key)?;
            self.open.insert(key.clone(), Open { part, gathered: vec![], copied: 0, rows: 0 });
        }
        self.open.get_mut(&key).ok_or_else(|| ConnectorError::new("LS2099", "a file was just opened", json!({})))
    }

    fn end_largest(&mut self) -> Result<()> {
        let largest = self.open.iter().max_by_key(|(_, open)| open.memory_size()).map(|(key, _)| key.clone());
        largest.map_or(Ok(()), |key| self.end(&key))
    }

    /// Writes what the largest hold, until half of the memory is free: a row group more is better than a file more, which is where that does not help.
    fn shrink(&mut self) -> Result<()> {
        let mut sizes: Vec<(usize, F::Key)> = self.open.iter().map(|(key, open)| (open.memory_size(), key.clone())).collect();
        self.held = sizes.iter().map(|(size, _)| size).sum();
        if self.held <= self.memory || sizes.len() < 2 {
            return Ok(());
        }
        sizes.sort_unstable_by_key(|(size, _)| Reverse(*size));
        for (size, key) in sizes {
            if self.held <= self.memory / 2 {
                break;
            }
            let Some(open) = self.open.get_mut(&key) else { continue };
            open.flush()?;
            open.part.end_group()?;
            let left = open.memory_size();
            if left > size / 2 {
                self.end(&key)?;
            }
            self.held -= if left > size / 2 { size } else { size - left };
        }
        Ok(())
    }

    fn end(&mut self, key: &F::Key) -> Result<()> {
        let Some(mut open) = self.open.remove(key) else { return Ok(()) };
        open.flush()?;
        self.files.close(key.clone(), open.part)
    }

    /// As of the last look.
    pub fn memory_size(&self) -> usize {
        self.held
    }

    /// Bytes of the rows that wait to be encoded, with all that they hold.
    #[cfg(test)]
    pub fn gathered_bytes(&self) -> usize {
        self.open.values().flat_map(|open| &open.gathered).map(RecordBatch::get_array_memory_size).sum()
    }
}

impl<P: Written> Open<P> {
    fn flush(&mut self) -> Result<()> {
        let Some(first) = self.gathered.first() else { return Ok(()) };
        let batch = concat_batches(first.schema_ref(), &self.gathered).map_err(bug)?;
        self.gathered.clear();
        (self.copied, self.rows) = (0, 0);
        self.part.write(&batch)
    }

    /// A few rows of a rare partition would hold whole batches of the others' until they are encoded.
    fn copy(&mut self) -> Result<()> {
        let slices = self.gathered.split_off(self.copied);
        let Some(first) = slices.first() else { return Ok(()) };
        let rows = concat_batches(first.schema_ref(), &slices).map_err(bug)?;
        // One slice alone is not copied.
        let all: UInt32Array = (0..rows.num_rows() as u32).collect();
        self.gathered.push(if slices.len() == 1 { take_record_batch(&rows, &all).map_err(bug)? } else { rows });
        self.copied = self.gathered.len();
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.part.memory_size() + self.gathered.iter().map(bytes_of_rows).sum::<usize>()
    }
}

fn bug(error: ArrowError) -> ConnectorError {
    ConnectorError::new("LS2099", error.to_string(), json!({}))
}
