//! Sets of keys that all ranks know: a bitmap where they are integers that lie close, else a hash table.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use datafusion::common::{HashMap, HashSet, Result, internal_datafusion_err};
use datafusion::physical_expr::PhysicalExpr;

use crate::steps::{integers, is_integer_like};

/// A key of one row.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    Integer(i64),
    /// Columns in arrow's row format.
    Row(&'a [u8]),
}

/// Reads keys from batches.
pub struct Key {
    columns: Vec<Arc<dyn PhysicalExpr>>,
    /// None: one column of integers.
    converter: Option<RowConverter>,
}

impl Key {
    pub fn new(columns: Vec<Arc<dyn PhysicalExpr>>, types: &[DataType]) -> Result<Self> {
        let converter = match types {
            [one] if is_integer_like(one) => None,
            types => Some(RowConverter::new(types.iter().cloned().map(SortField::new).collect())?),
        };
        Ok(Self { columns, converter })
    }

    /// Of every row its key, none where a column of it is null.
    pub fn each(&mut self, batch: &RecordBatch, see: &mut impl FnMut(usize, Option<Value<'_>>)) -> Result<()> {
        let columns = self.columns.iter().map(|column| column.evaluate(batch)?.into_array(batch.num_rows()));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        match &self.converter {
            None => {
                let keys = integers(&columns[0]).ok_or_else(|| internal_datafusion_err!("integer keys of {}", columns[0].data_type()))?;
                match keys.null_count() {
                    0 => keys.values().iter().enumerate().for_each(|(row, key)| see(row, Some(Value::Integer(*key)))),
                    _ => keys.iter().enumerate().for_each(|(row, key)| see(row, key.map(Value::Integer))),
                }
            }
            Some(converter) => {
                let nulls: Vec<_> = columns.iter().filter_map(|column| column.logical_nulls()).collect();
                let rows = converter.convert_columns(&columns)?;
                for (row, key) in rows.iter().enumerate() {
                    see(row, nulls.iter().all(|nulls| nulls.is_valid(row)).then_some(Value::Row(key.data())));
                }
            }
        }
        Ok(())
    }
}

/// The distinct keys of some rows of this rank.
#[derive(Debug, Default)]
pub struct LocalKeys {
    integers: HashSet<i64>,
    rows: HashSet<Box<[u8]>>,
    row_bytes: usize,
}

impl LocalKeys {
    pub fn extend(&mut self, key: &mut Key, batch: &RecordBatch) -> Result<()> {
        key.each(batch, &mut |_, key| match key {
            Some(Value::Integer(key)) => drop(self.integers.insert(key)),
            Some(Value::Row(key)) if !self.rows.contains(key) => {
                self.row_bytes += key.len();
                self.rows.insert(key.into());
            }
            _ => {}
        })
    }

    /// Of memory, about.
    pub fn bytes(&self) -> usize {
        9 * self.integers.capacity() + 17 * self.rows.capacity() + self.row_bytes
    }

    /// A byte for the kind, then integers as they are, or rows, each after its length; nothing where there are no keys.
    pub fn encode<'a>(all: impl Iterator<Item = &'a LocalKeys>) -> Vec<u8> {
        let mut bytes = vec![];
        for keys in all {
            if bytes.is_empty() && !(keys.integers.is_empty() && keys.rows.is_empty()) {
                bytes.push(u8::from(!keys.rows.is_empty()));
            }
            keys.integers.iter().for_each(|key| bytes.extend_from_slice(&key.to_le_bytes()));
            for key in &keys.rows {
                bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
                bytes.extend_from_slice(key);
            }
        }
        bytes
    }
}

/// The keys of all ranks; each has an index, the same on all ranks.
#[derive(Debug)]
pub enum KeySet {
    /// From `min` on, a bit each integer.
    Close { min: i64, wanted: Vec<u64> },
    Integers(HashMap<i64, usize>),
    Rows(HashMap<Box<[u8]>, usize>),
}

/// A bitmap has at most so many bits a key: it is sent, one bit a key or not, from rank to rank.
const BITS: u64 = 256;

impl KeySet {
    /// Of what each rank encoded.
    pub fn new(all: &[Bytes]) -> Self {
        if all.iter().any(|bytes| bytes.first() == Some(&1)) {
            let mut known = HashMap::new();
            for bytes in all.iter().filter(|bytes| !bytes.is_empty()) {
                let mut rest = &bytes[1..];
                while let Some((length, after)) = rest.split_first_chunk::<8>() {
                    let Some((key, after)) = after.split_at_checked(u64::from_le_bytes(*length) as usize) else { break };
                    let index = known.len();
                    known.entry(Box::from(key)).or_insert(index);
                    rest = after;
                }
            }
            return Self::Rows(known);
        }
        let keys = || all.iter().filter(|bytes| !bytes.is_empty()).flat_map(|bytes| bytes[1..].as_chunks::<8>().0).map(|key| i64::from_le_bytes(*key));
        let (count, min, max) = keys().fold((0, i64::MAX, i64::MIN), |(count, min, max), key| (count + 1, key.min(min), key.max(max)));
        match max.checked_sub(min).map(|range| range as u64) {
            Some(range) if count > 0 && range < BITS * count + 65_536 => {
                let mut wanted = vec![0; range as usize / 64 + 1];
                keys().for_each(|key| wanted[(key - min) as usize / 64] |= 1 << ((key - min) % 64));
                Self::Close { min, wanted }
            }
            _ => {
                let mut known = HashMap::with_capacity(count as usize);
                for key in keys() {
                    let index = known.len();
                    known.entry(key).or_insert(index);
                }
                Self::Integers(known)
            }
        }
    }

    /// Of memory that a set of these keys takes at most, with a bit each.
    pub fn bytes(all: &[Bytes]) -> usize {
        // Eight bytes a key: two bitmaps of 256 bits, or a hash table of 17 bytes an entry with room for twice as many. A row's
        // length and bytes: 25 bytes an entry, twice, and the row.
        all.iter().map(Bytes::len).sum::<usize>() * 9 + (16 << 10)
    }

    /// Exclusive bound of the indices.
    pub fn len(&self) -> usize {
        match self {
            Self::Close { wanted, .. } => wanted.len() * 64,
            Self::Integers(known) => known.len(),
            Self::Rows(known) => known.len(),
        }
    }

    #[inline(always)]
    pub fn index_of(&self, key: Value<'_>) -> Option<usize> {
        match (self, key) {
            (Self::Close { min, wanted }, Value::Integer(key)) => {
                // Below the minimum the difference wraps to a huge unsigned number.
                let bit = key.wrapping_sub(*min) as u64;
                let word = *wanted.get((bit / 64) as usize)?;
                (word & (1 << (bit % 64)) != 0).then_some(bit as usize)
            }
            (Self::Integers(known), Value::Integer(key)) => known.get(&key).copied(),
            (Self::Rows(known), Value::Row(key)) => known.get(key).copied(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers_of(keys: &[i64]) -> Bytes {
        LocalKeys::encode([&LocalKeys { integers: keys.iter().copied().collect(), ..LocalKeys::default() }].into_iter()).into()
    }

    #[test]
    fn every_key_has_an_index_and_no_other_has() {
        for keys in [vec![], vec![5], vec![-3, 0, 70], vec![0, 1 << 40], vec![i64::MIN, i64::MAX], vec![i64::MAX - 1, i64::MAX]] {
            let (first, second) = keys.split_at(keys.len() / 2);
            let set = KeySet::new(&[integers_of(first), integers_of(second), integers_of(&keys)]);
            let mut indices: Vec<usize> = keys.iter().map(|key| set.index_of(Value::Integer(*key)).unwrap()).collect();
            assert!(indices.iter().all(|index| *index < set.len()));
            indices.sort_unstable();
            indices.dedup();
            assert_eq!(indices.len(), keys.len());
            for other in [1, 6, -4, 71, (1 << 40) - 1, i64::MIN + 1, i64::MAX - 2] {
                assert!(set.index_of(Value::Integer(other)).is_none(), "{other} in {keys:?}");
            }
        }
    }

    #[test]
    fn rows_of_all_ranks_are_one_set() {
        let rows = |keys: &[&str]| {
            let rows = keys.iter().map(|key| Box::from(key.as_bytes())).collect();
            Bytes::from(LocalKeys::encode([&LocalKeys { rows, ..LocalKeys::default() }].into_iter()))
        };
        let set = KeySet::new(&[rows(&["a", ""]), Bytes::new(), rows(&["bc", "a"])]);
        assert_eq!(set.len(), 3);
        assert!(["a", "", "bc"].iter().all(|key| set.index_of(Value::Row(key.as_bytes())).is_some()));
        assert!(set.index_of(Value::Row(b"b")).is_none());
    }
}
