//! Run-time filters of joins: the keys that one side has, told to the scan that the other side comes from, so that rows without a partner are
//! neither decoded nor sent.
//!
//! ```text
//! rank 0   build rows ─► seen ─► exchange        seen: a bit a key          scan of the probe side, rank 0: waits, then
//! rank 1   build rows ─► seen ─► exchange ─ or (all ranks, one Allgather) ─► groups and rows without a key are left out
//! ```
//!
//! Every rank takes part in the agreement when its own build rows have been seen, or will not all be: then everything passes.
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{max, max_string, min, min_string};
use arrow::datatypes::DataType;
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::execution::memory_pool::MemoryReservation;
use lockstep_connectors::{Bound, ColumnChunk};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::EngineError;
use crate::steps::{integers, is_integer_like};

/// Of all keys that a filter may be of, or of its bits, so many parts in a hundred: it would keep nearly everything.
const FULL: u64 = 90;
/// Of a Bloom filter's bits: with half of them set, four bits of a key that is not there are set once in sixteen.
const CROWDED: u64 = 50;

/// How the keys are written down; the same on all ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A bit each integer from `min` on, `count` of them. Others are not told of, and pass.
    Bits { min: i64, count: u64 },
    /// Four bits each key in one of so many words, a power of two.
    Bloom { words: usize },
}

impl Form {
    pub fn words(self) -> usize {
        match self {
            Self::Bits { count, .. } => count.div_ceil(64) as usize,
            Self::Bloom { words } => words,
        }
    }
}

/// The keys of one column.
pub struct KeyFilter {
    form: Form,
    /// Of this rank's build rows, written by all of its threads.
    seen: OnceLock<Vec<AtomicU64>>,
    bounds: Mutex<Option<(Bound, Bound)>>,
    known: watch::Sender<Option<Arc<Known>>>,
}

/// What all ranks know in the end.
pub enum Known {
    /// Nothing that would leave a row out.
    All,
    Keys(KnownKeys),
}

pub struct KnownKeys {
    form: Form,
    words: Vec<u64>,
    /// Least and greatest key of all ranks; None: unknown, or there is no key.
    bounds: Option<(Bound, Bound)>,
    #[expect(dead_code, reason = "held as long as the words are")]
    memory: MemoryReservation,
}

impl fmt::Debug for KeyFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.form)
    }
}

impl KeyFilter {
    pub fn new(form: Form) -> Self {
        Self { form, seen: OnceLock::new(), bounds: Mutex::default(), known: watch::Sender::new(None) }
    }

    pub fn form(&self) -> Form {
        self.form
    }

    /// When the keys of all ranks are known.
    pub async fn known(&self) -> Arc<Known> {
        let mut known = self.known.subscribe();
        let known = known.wait_for(Option::is_some).await.ok().and_then(|known| known.clone());
        known.unwrap_or_else(|| Arc::new(Known::All))
    }

    /// All ranks know this now.
    pub fn tell(&self, known: Known) {
        self.known.send_replace(Some(Arc::new(known)));
    }

    fn words(&self) -> &[AtomicU64] {
        self.seen.get_or_init(|| (0..self.form.words()).map(|_| AtomicU64::new(0)).collect())
    }

    /// Writes down the keys of some build rows.
    pub fn see(&self, keys: &ArrayRef) -> Result<()> {
        let words = self.words();
        let set = |word: usize, bits: u64| {
            // Most are set already, and a word that is only read is in the caches of all threads.
            if words[word].load(Ordering::Relaxed) & bits != bits {
                words[word].fetch_or(bits, Ordering::Relaxed);
            }
        };
        match self.form {
            Form::Bits { min, count } => {
                for key in integers(keys).iter().flatten().flatten() {
                    let bit = key.wrapping_sub(min) as u64;
                    if bit < count {
                        set((bit / 64) as usize, 1 << (bit % 64));
                    }
                }
                return Ok(());
            }
            Form::Bloom { .. } => {
                let hashes = hashes(keys)?;
                let nulls = keys.logical_nulls();
                for (row, hash) in hashes.into_iter().enumerate() {
                    if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                        let (word, bits) = place(hash, words.len());
                        set(word, bits);
                    }
                }
            }
        }
        if let Some((least, greatest)) = bounds(keys) {
            let mut all = self.bounds.lock();
            *all = Some(match all.take() {
                Some((low, high)) => (low.least(&least).clone(), high.greatest(&greatest).clone()),
                None => (least, greatest),
            });
        }
        Ok(())
    }

    /// The bounds, as JSON behind their length, then the words.
    pub fn encode(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let bounds = serde_json::to_vec(&*self.bounds.lock()).map_err(|error| EngineError::bug(error.to_string()))?;
        bytes.extend((bounds.len() as u64).to_le_bytes());
        bytes.extend(bounds);
        self.words().iter().for_each(|word| bytes.extend(word.load(Ordering::Relaxed).to_le_bytes()));
        Ok(())
    }

    /// Takes this filter's part off every rank's message.
    pub fn merge(&self, all: &mut [Bytes], memory: MemoryReservation) -> Result<Known> {
        let bug = || EngineError::bug("keys of a join are cut off");
        let mut words = vec![0; self.form.words()];
        let mut bounds: Option<(Bound, Bound)> = None;
        for bytes in all {
            let length = bytes.split_first_chunk::<8>().map(|(length, _)| u64::from_le_bytes(*length) as usize).ok_or_else(bug)?;
            if bytes.len() < 8 + length + 8 * words.len() {
                return Err(bug().into());
            }
            let own: Option<(Bound, Bound)> = serde_json::from_slice(&bytes[8..8 + length]).map_err(|error| EngineError::bug(error.to_string()))?;
            bounds = match (bounds, own) {
                (Some((low, high)), Some((least, greatest))) => Some((low.least(&least).clone(), high.greatest(&greatest).clone())),
                (known, own) => known.or(own),
            };
            let theirs = bytes[8 + length..].as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
            words.iter_mut().zip(theirs).for_each(|(word, theirs)| *word |= theirs);
            *bytes = bytes.slice(8 + length + 8 * words.len()..);
        }
        let set: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
        let (of, most) = match self.form {
            Form::Bits { count, .. } => (count, FULL),
            Form::Bloom { words } => (64 * words as u64, CROWDED),
        };
        if set * 100 > of * most {
            return Ok(Known::All);
        }
        Ok(Known::Keys(KnownKeys { form: self.form, words, bounds, memory }))
    }
}

impl KnownKeys {
    /// Which of these values may be keys. Null is none.
    pub fn wanted(&self, values: &ArrayRef) -> Result<BooleanBuffer> {
        let found = match self.form {
            Form::Bits { min, count } => {
                let Some(integers) = integers(values) else { return Ok(BooleanBuffer::new_set(values.len())) };
                let integers = integers.values();
                BooleanBuffer::collect_bool(values.len(), |row| {
                    let bit = integers[row].wrapping_sub(min) as u64;
                    bit >= count || self.words[(bit / 64) as usize] & (1 << (bit % 64)) != 0
                })
            }
            Form::Bloom { .. } => {
                let hashes = hashes(values)?;
                BooleanBuffer::collect_bool(values.len(), |row| {
                    let (word, bits) = place(hashes[row], self.words.len());
                    self.words[word] & bits == bits
                })
            }
        };
        Ok(match values.logical_nulls() {
            Some(nulls) => &found & nulls.inner(),
            None => found,
        })
    }

    /// Whether a row group may have one of the keys, by what is known of its column.
    pub fn may_be_in(&self, column: &ColumnChunk) -> bool {
        let (Some(low), Some(high)) = (&column.min, &column.max) else { return true };
        match (self.form, low, high) {
            (Form::Bits { min, count }, Bound::Integer(low), Bound::Integer(high)) => {
                let (first, last) = (i128::from(*low) - i128::from(min), i128::from(*high) - i128::from(min));
                // What lies outside is not told of.
                first < 0 || last >= i128::from(count) || self.any_bit(first as u64, last as u64)
            }
            (Form::Bits { .. }, ..) => true,
            (Form::Bloom { .. }, ..) => match &self.bounds {
                Some((least, greatest)) => low.least(greatest) == low && high.greatest(least) == high,
                None => true,
            },
        }
    }

    fn any_bit(&self, first: u64, last: u64) -> bool {
        (first / 64..=last / 64).any(|word| {
            let from = if word == first / 64 { u64::MAX << (first % 64) } else { u64::MAX };
            let to = if word == last / 64 { u64::MAX >> (63 - last % 64) } else { u64::MAX };
            self.words[word as usize] & from & to != 0
        })
    }
}

/// The word of a key, and its bits in it.
fn place(hash: u64, words: usize) -> (usize, u64) {
    let bit = |shift: u32| 1_u64 << ((hash >> shift) % 64);
    // The word is chosen by the high half, the bits by the low one.
    (((hash >> 32) as usize) & (words - 1), bit(0) | bit(6) | bit(12) | bit(18))
}

/// Equal values have equal hashes, integers whatever their width, texts whether they come as codes or not.
fn hashes(values: &ArrayRef) -> Result<Vec<u64>> {
    if let Some(integers) = integers(values) {
        return Ok(integers.values().iter().map(|value| mixed(*value as u64)).collect());
    }
    let mut hashes = vec![0; values.len()];
    create_hashes([values], &RandomState::with_seed(0), &mut hashes)?;
    Ok(hashes.into_iter().map(mixed).collect())
}

/// Each bit depends on all bits (D. Stafford's variant 13 of MurmurHash3's finaliser).
fn mixed(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The least and greatest of some values, of types that row groups have bounds of.
fn bounds(values: &ArrayRef) -> Option<(Bound, Bound)> {
    if is_integer_like(values.data_type()) {
        let integers = integers(values)?;
        return Some((Bound::Integer(min(&integers)?), Bound::Integer(max(&integers)?)));
    }
    match values.data_type() {
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            Some((Bound::Text(min_string(texts)?.to_owned()), Bound::Text(max_string(texts)?.to_owned())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, Int32Array, Int64Array, StringArray};
    use arrow::datatypes::Int32Type;
    use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};

    use super::*;

    fn memory() -> MemoryReservation {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        MemoryConsumer::new("test").register(&pool)
    }

    /// What is known of the keys that some ranks have seen.
    fn known(form: Form, ranks: &[ArrayRef]) -> Known {
        let encoded = |keys: &ArrayRef| {
            let (filter, mut bytes) = (KeyFilter::new(form), vec![]);
            filter.see(keys).unwrap();
            filter.encode(&mut bytes).unwrap();
            Bytes::from(bytes)
        };
        let mut all: Vec<Bytes> = ranks.iter().map(encoded).collect();
        let known = KeyFilter::new(form).merge(&mut all, memory()).unwrap();
        assert!(all.iter().all(Bytes::is_empty));
        known
    }

    fn keys(form: Form, ranks: &[ArrayRef]) -> KnownKeys {
        match known(form, ranks) {
            Known::Keys(keys) => keys,
            Known::All => panic!("a filter that keeps everything"),
        }
    }

    fn bounded(min: Bound, max: Bound) -> ColumnChunk {
        ColumnChunk { min: Some(min), max: Some(max), ..ColumnChunk::default() }
    }

    #[test]
    fn no_key_is_lost_and_few_others_pass() {
        let ints = |keys: Vec<Option<i64>>| Arc::new(Int64Array::from(keys)) as ArrayRef;
        for form in [Form::Bits { min: -50, count: 1000 }, Form::Bloom { words: 64 }] {
            let found = keys(form, &[ints(vec![Some(3), None, Some(-50)]), ints(vec![]), ints(vec![Some(900)])]);
            let asked = ints(vec![Some(3), Some(-50), Some(900), None]);
            assert_eq!(found.wanted(&asked).unwrap().iter().collect::<Vec<_>>(), [true, true, true, false], "{form:?}");
            let others = ints((4..804).map(Some).collect());
            assert!(found.wanted(&others).unwrap().count_set_bits() < 20, "{form:?}");
            // The same value of another width.
            assert_eq!(found.wanted(&(Arc::new(Int32Array::from(vec![3, 4])) as ArrayRef)).unwrap().iter().collect::<Vec<_>>(), [true, false]);
            let range = |low, high| found.may_be_in(&bounded(Bound::Integer(low), Bound::Integer(high)));
            assert!(range(-50, -50) && range(0, 10) && range(800, 900) && range(i64::MIN, i64::MAX));
            assert_eq!(range(4, 899), form == Form::Bloom { words: 64 }, "a bit each key says more than bounds");
            assert_eq!(range(5000, 6000), matches!(form, Form::Bits { .. }), "bits say nothing of what they do not have");
        }
    }

    #[test]
    fn texts_are_equal_whatever_they_are_stored_as() {
        let texts = |keys: &[&str]| Arc::new(StringArray::from(keys.to_vec())) as ArrayRef;
        let found = keys(Form::Bloom { words: 128 }, &[texts(&["b", "é"]), texts(&["d"])]);
        let codes: DictionaryArray<Int32Type> = [Some("b"), Some("x"), None, Some("é")].into_iter().collect();
        assert_eq!(found.wanted(&(Arc::new(codes) as ArrayRef)).unwrap().iter().collect::<Vec<_>>(), [true, false, false, true]);
        let range = |low: &str, high: &str| found.may_be_in(&bounded(Bound::Text(low.into()), Bound::Text(high.into())));
        assert!(range("a", "b") && range("c", "z") && !range("", "a") && !range("ê", "zz"));
        assert!(found.may_be_in(&ColumnChunk::default()));
    }

    #[test]
    fn filters_that_keep_nearly_all_are_given_up() {
        let ints = |keys: Vec<i64>| Arc::new(Int64Array::from(keys)) as ArrayRef;
        assert!(matches!(known(Form::Bits { min: 0, count: 100 }, &[ints((0..95).collect())]), Known::All));
        assert!(matches!(known(Form::Bloom { words: 16 }, &[ints((0..4000).collect())]), Known::All));
        assert!(matches!(known(Form::Bits { min: 0, count: 100 }, &[ints(vec![])]), Known::Keys(_)));
    }
}
