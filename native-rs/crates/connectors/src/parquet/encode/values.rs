//! The pending values of a page: fixed-width ones here, strings in `labels.rs`.
use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanBufferBuilder},
    buffer::NullBuffer,
    datatypes::DataType,
};
use parquet::basic::Encoding;

use super::{
    dictionary::{Codes, hash_word},
    hybrid,
};

/// Bytes of a dictionary after which new pages are plain.
pub const DICTIONARY_BYTES: usize = 1 << 20;

/// An encoded page before compression.
pub struct Page {
    pub bytes: Vec<u8>,
    pub encoding: Encoding,
    /// Least and greatest value in plain encoding, strings without their length; None if there is no value.
    pub bounds: Option<(Vec<u8>, Vec<u8>)>,
}

/// A dictionary in plain encoding.
pub struct Dictionary {
    pub bytes: Vec<u8>,
    pub count: usize,
}

pub trait Values: Send {
    /// `nulls`: those of the array, if it has any.
    fn append(&mut self, array: &ArrayRef, nulls: Option<&NullBuffer>);
    fn pending_bytes(&self) -> usize;
    fn take_page(&mut self) -> Page;
    /// Of all pages taken; None if none refers to one.
    fn take_dictionary(&mut self) -> Option<Dictionary>;
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int32,
    Int64,
    Double,
}

/// Numbers, dates and timestamps, as 64 bits each.
pub struct Words {
    kind: Kind,
    /// False: pages are plain.
    coded: bool,
    codes: Codes,
    values: Vec<u64>,
    pending: Vec<u32>,
    plain: Vec<u64>,
    min: u64,
    max: u64,
    /// A value other than NaN was seen in the page.
    bounded: bool,
}

impl Words {
    pub fn new(data_type: &DataType, dictionary: bool) -> Option<Self> {
        let kind = match data_type {
            DataType::Int32 | DataType::Date32 => Kind::Int32,
            DataType::Int64 | DataType::Timestamp(..) => Kind::Int64,
            DataType::Float64 => Kind::Double,
            _ => return None,
        };
        let (codes, values, pending, plain) = Default::default();
        Some(Self { kind, coded: dictionary, codes, values, pending, plain, min: 0, max: 0, bounded: false })
    }

    fn push(&mut self, words: &[u64]) {
        self.bound(words);
        if !self.coded {
            self.plain.extend_from_slice(words);
            return;
        }
        let Self { codes, values, pending, .. } = self;
        pending.reserve(words.len());
        let (mut last, mut last_code) = (0, u32::MAX);
        for word in words {
            if *word != last || last_code == u32::MAX {
                last = *word;
                let found = codes.find(hash_word(last), |code| values[code as usize] == last, |code| hash_word(values[code as usize]));
                last_code = found.unwrap_or_else(|code| {
                    values.push(last);
                    code
                });
            }
            pending.push(last_code);
        }
    }

    fn bound(&mut self, words: &[u64]) {
        let (low, high) = match self.kind {
            Kind::Double => {
                let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
                // Comparisons with NaN are false, so it never becomes a bound.
                for word in words {
                    let value = f64::from_bits(*word);
                    low = if value < low { value } else { low };
                    high = if value > high { value } else { high };
                }
                if low > high {
                    return;
                }
                if self.bounded {
                    low = low.min(f64::from_bits(self.min));
                    high = high.max(f64::from_bits(self.max));
                }
                (low.to_bits(), high.to_bits())
            }
            Kind::Int32 | Kind::Int64 => {
                let (mut low, mut high) = (i64::MAX, i64::MIN);
                for word in words {
                    low = low.min(*word as i64);
                    high = high.max(*word as i64);
                }
                if words.is_empty() {
                    return;
                }
                if self.bounded {
                    low = low.min(self.min as i64);
                    high = high.max(self.max as i64);
                }
                (low as u64, high as u64)
            }
        };
        (self.min, self.max, self.bounded) = (low, high, true);
    }

    fn plain_bytes(&self, words: &[u64]) -> Vec<u8> {
        match self.kind {
            Kind::Int32 => words.iter().flat_map(|word| (*word as u32).to_le_bytes()).collect(),
            Kind::Int64 | Kind::Double => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        }
    }

    fn take_bounds(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut min, mut max) = (self.min, self.max);
        if self.kind == Kind::Double {
            // The format: a zero bound has the sign that includes the other zero.
            min = if f64::from_bits(min) == 0.0 { (-0.0_f64).to_bits() } else { min };
            max = if f64::from_bits(max) == 0.0 { 0.0_f64.to_bits() } else { max };
        }
        std::mem::take(&mut self.bounded).then(|| (self.plain_bytes(&[min]), self.plain_bytes(&[max])))
    }
}

impl Values for Words {
    fn append(&mut self, array: &ArrayRef, nulls: Option<&NullBuffer>) {
        let data = array.to_data();
        let words: Vec<u64>;
        let words = match self.kind {
            Kind::Int32 => {
                words = data.buffers()[0].typed_data::<i32>()[data.offset()..][..data.len()].iter().map(|value| i64::from(*value) as u64).collect();
                &words[..]
            }
            Kind::Int64 | Kind::Double => &data.buffers()[0].typed_data::<u64>()[data.offset()..][..data.len()],
        };
        match nulls {
            None => self.push(words),
            Some(nulls) => {
                let present: Vec<u64> = nulls.valid_indices().map(|index| words[index]).collect();
                self.push(&present);
            }
        }
    }

    fn pending_bytes(&self) -> usize {
        self.plain.len() * 8 + self.pending.len() * 4
    }

    fn take_page(&mut self) -> Page {
        let bounds = self.take_bounds();
        if !self.coded {
            let bytes = self.plain_bytes(&self.plain);
            self.plain.clear();
            return Page { bytes, encoding: Encoding::PLAIN, bounds };
        }
        let page = coded_page(&mut self.pending, self.values.len(), bounds);
        self.coded = self.values.len() * 8 < DICTIONARY_BYTES;
        page
    }

    fn take_dictionary(&mut self) -> Option<Dictionary> {
        let count = self.values.len();
        (count > 0).then(|| Dictionary { bytes: self.plain_bytes(&self.values), count })
    }
}

/// The codes of a page behind the width of each. Without any value there may be no dictionary to refer to.
pub fn coded_page(pending: &mut Vec<u32>, count: usize, bounds: Option<(Vec<u8>, Vec<u8>)>) -> Page {
    if pending.is_empty() {
        return Page { bytes: Vec::new(), encoding: Encoding::PLAIN, bounds };
    }
    let width = hybrid::width_of(count);
    let mut bytes = vec![width];
    hybrid::encode(pending, width, &mut bytes);
    pending.clear();
    Page { bytes, encoding: Encoding::RLE_DICTIONARY, bounds }
}

/// Booleans: plain encoding is Arrow's bitmap.
pub struct Bits {
    bits: BooleanBufferBuilder,
}

impl Default for Bits {
    fn default() -> Self {
        Self { bits: BooleanBufferBuilder::new(0) }
    }
}

impl Values for Bits {
    fn append(&mut self, array: &ArrayRef, nulls: Option<&NullBuffer>) {
        let values = array.as_boolean().values();
        match nulls {
            None => self.bits.append_buffer(values),
            Some(nulls) => nulls.valid_indices().for_each(|index| self.bits.append(values.value(index))),
        }
    }

    fn pending_bytes(&self) -> usize {
        self.bits.len() / 8
    }

    fn take_page(&mut self) -> Page {
        let bits = self.bits.finish();
        let ones = bits.count_set_bits();
        let bounds = (!bits.is_empty()).then(|| (vec![u8::from(ones == bits.len())], vec![u8::from(ones > 0)]));
        let bytes = bits.values()[..bits.len().div_ceil(8)].to_vec();
        Page { bytes, encoding: Encoding::PLAIN, bounds }
    }

    fn take_dictionary(&mut self) -> Option<Dictionary> {
        None
    }
}
