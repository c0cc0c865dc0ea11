//! Key columns to bits and back.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, DictionaryArray, Float64Array, PrimitiveArray, StringArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use lockstep_functions::compare_utf16;

use crate::steps::integers;

/// A value that the domain agreed at planning does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value lies outside the domain its column's statistics promised")]
pub struct DomainViolation;

/// How one key column becomes a code below `cardinality`. Codes are dense and ordered as `orderby` orders the values:
/// null (where it can occur) is code 0 ascending and the last code descending.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyCodec {
    pub data_type: DataType,
    pub values: KeyValues,
    pub nullable: bool,
    pub descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum KeyValues {
    /// `min + stride · k` for k in `0..count`: integers, dates, timestamps in the column's unit, integral float64.
    Steps { min: i64, stride: i64, count: u64 },
    /// false, true
    Boolean,
    /// The labels of a dictionary column, in ascending order.
    Labels(Arc<Vec<String>>),
}

/// All that decides a value's code: plans that differ in it are not the same.
impl fmt::Display for KeyCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.values {
            KeyValues::Steps { min, stride: 1, count } => write!(f, "{min} to {}", min + *count as i64 - 1)?,
            KeyValues::Steps { min, stride, count } => write!(f, "{min} to {} by {stride}", min + stride * (*count as i64 - 1))?,
            KeyValues::Boolean => write!(f, "boolean")?,
            KeyValues::Labels(labels) if labels.len() <= 8 => write!(f, "{}", labels.join(" | "))?,
            KeyValues::Labels(labels) => {
                let all = labels.iter().flat_map(|label| label.bytes().chain([0xff]));
                // FNV-1a
                let hash = all.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
                write!(f, "{} … {}, {} labels, {hash:x}", labels[0], labels[labels.len() - 1], labels.len())?;
            }
        }
        if self.nullable {
            write!(f, " or null")?;
        }
        if self.descending { write!(f, ", descending") } else { Ok(()) }
    }
}

impl KeyCodec {
    /// Number of codes.
    pub fn cardinality(&self) -> u64 {
        let values = match &self.values {
            KeyValues::Steps { count, .. } => *count,
            KeyValues::Boolean => 2,
            KeyValues::Labels(labels) => labels.len() as u64,
        };
        values + u64::from(self.nullable)
    }

    /// Appends this column's codes as the last digit of `words`: `words[i] = words[i] * cardinality + code(i)`.
    pub fn pack(&self, array: &ArrayRef, words: &mut [u64]) -> Result<(), DomainViolation> {
        match &self.values {
            KeyValues::Steps { min, stride, count } => self.pack_steps(array, words, *min, *stride, *count),
            KeyValues::Boolean => {
                let array = array.as_boolean_opt().ok_or(DomainViolation)?;
                let values = array.values();
                self.place(array.nulls(), words, |row| u64::from(values.value(row)), 2)
            }
            KeyValues::Labels(labels) => self.pack_labels(array, words, labels),
        }
    }

    fn pack_steps(
        &self,
        array: &ArrayRef,
        words: &mut [u64],
        min: i64,
        stride: i64,
        count: u64,
    ) -> Result<(), DomainViolation> {
        if let Some(floats) = array.as_primitive_opt::<Float64Type>() {
            let values = floats.values();
            let code = |row: usize| {
                let integer = values[row] as i64;
                if integer as f64 == values[row] { step(integer, min, stride) } else { OUTSIDE }
            };
            return self.place(floats.nulls(), words, code, count);
        }
        let array = integers(array).ok_or(DomainViolation)?;
        let values = array.values();
        self.place(array.nulls(), words, |row| step(values[row], min, stride), count)
    }

    fn pack_labels(
        &self,
        array: &ArrayRef,
        words: &mut [u64],
        labels: &[String],
    ) -> Result<(), DomainViolation> {
        let indices = cast_keys(array)?;
        let values = array.as_any_dictionary_opt().ok_or(DomainViolation)?.values().clone();
        let values = cast(&values, &DataType::Utf8).map_err(|_| DomainViolation)?;
        let values = values.as_string::<i32>();
        // The dictionary may differ from batch to batch: its entries are looked up once each.
        let code = |entry| labels.binary_search_by(|label| compare_utf16(label, values.value(entry))).map_or(OUTSIDE, |code| code as u64);
        let codes: Vec<u64> = (0..values.len()).map(code).collect();
        let slots = indices.values();
        self.place(indices.nulls(), words, |row| codes.get(slots[row] as usize).copied().unwrap_or(OUTSIDE), labels.len() as u64)
    }

    /// `code(row)` of non-null rows must be below `count`.
    fn place(
        &self,
        nulls: Option<&NullBuffer>,
        words: &mut [u64],
        code: impl Fn(usize) -> u64,
        count: u64,
    ) -> Result<(), DomainViolation> {
        let offset = u64::from(self.nullable && !self.descending);
        let null_code = if self.descending { count } else { 0 };
        let cardinality = self.cardinality();
        let mut outside = false;
        let mut digit = |word: &mut u64, row: usize| {
            let code = code(row);
            outside |= code >= count;
            let place = if self.descending { count.wrapping_sub(1).wrapping_sub(code) } else { code };
            *word = word.wrapping_mul(cardinality).wrapping_add(offset.wrapping_add(place));
        };
        match nulls.filter(|nulls| nulls.null_count() > 0) {
            // The common case, without a branch in the loop.
            None => words.iter_mut().enumerate().for_each(|(row, word)| digit(word, row)),
            Some(_) if !self.nullable => return Err(DomainViolation),
            Some(nulls) => {
                for (row, word) in words.iter_mut().enumerate() {
                    match nulls.is_null(row) {
                        true => *word = *word * cardinality + null_code,
                        false => digit(word, row),
                    }
                }
            }
        }
        if outside { Err(DomainViolation) } else { Ok(()) }
    }

    /// The column of these codes.
    pub fn unpack(&self, codes: &[u64]) -> ArrayRef {
        let count = self.cardinality() - u64::from(self.nullable);
        let offset = u64::from(self.nullable && !self.descending);
        let null_code = if self.descending { count } else { 0 };
        let nulls = self.nullable.then(|| {
            let mut builder = BooleanBufferBuilder::new(codes.len());
            codes.iter().for_each(|code| builder.append(*code != null_code));
            NullBuffer::new(builder.finish())
        });
        // A null's code is mapped to some valid one: the value under a null is never seen.
        let place = |code: &u64| {
            let place = code.wrapping_sub(offset).min(count.saturating_sub(1));
            if self.descending { count.saturating_sub(1) - place } else { place }
        };
        match &self.values {
            KeyValues::Boolean => {
                let values = codes.iter().map(|code| place(code) == 1).collect();
                Arc::new(BooleanArray::new(values, nulls))
            }
            KeyValues::Steps { min, stride, .. } if self.data_type == DataType::Float64 => {
                let values = codes.iter().map(|code| (min + stride * place(code) as i64) as f64);
                Arc::new(Float64Array::new(values.collect(), nulls))
            }
            KeyValues::Steps { min, stride, .. } => {
                let values = codes.iter().map(|code| min + stride * place(code) as i64);
                let array: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::new(values.collect(), nulls));
                cast(&array, &self.data_type).expect("a code of the domain is a value of its type")
            }
            KeyValues::Labels(labels) => {
                let keys = codes.iter().map(|code| place(code) as i32);
                let keys = PrimitiveArray::<Int32Type>::new(keys.collect(), nulls);
                let values = Arc::new(StringArray::from_iter_values(labels.iter()));
                let dictionary: ArrayRef = Arc::new(DictionaryArray::new(keys, values));
                if self.data_type == *dictionary.data_type() {
                    dictionary
                } else {
                    cast(&dictionary, &self.data_type).expect("labels are strings")
                }
            }
        }
    }
}

/// The code of what is in no domain.
const OUTSIDE: u64 = u64::MAX;

#[inline(always)]
fn step(value: i64, min: i64, stride: i64) -> u64 {
    if stride == 1 {
        // Below the least it wraps to more than any count.
        return value.wrapping_sub(min) as u64;
    }
    match value.checked_sub(min) {
        Some(distance) if distance >= 0 && distance % stride == 0 => (distance / stride) as u64,
        _ => OUTSIDE,
    }
}

fn cast_keys(array: &ArrayRef) -> Result<PrimitiveArray<Int32Type>, DomainViolation> {
    let dictionary = array.as_any_dictionary_opt().ok_or(DomainViolation)?;
    let keys = cast(&(Arc::new(dictionary.keys().slice(0, dictionary.len())) as ArrayRef), &DataType::Int32)
        .map_err(|_| DomainViolation)?;
    Ok(keys.as_primitive::<Int32Type>().clone())
}

/// The codecs of all keys: a row's codes are the digits of one number in mixed radix, the first key's the most
/// significant. No value between the smallest and the largest word is wasted, so that arrays over words are dense.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyLayout {
    codecs: Vec<KeyCodec>,
    /// Number of words: the product of the cardinalities.
    count: u64,
}

impl KeyLayout {
    /// None if the keys have more than 2^62 combinations.
    pub fn new(codecs: Vec<KeyCodec>) -> Option<Self> {
        let count = codecs.iter().try_fold(1u64, |count, codec| count.checked_mul(codec.cardinality().max(1)))?;
        (count <= 1 << 62).then_some(Self { codecs, count })
    }

    /// Bits of the largest word.
    pub fn bits(&self) -> u32 {
        u64::BITS - (self.count - 1).leading_zeros()
    }

    pub fn codecs(&self) -> &[KeyCodec] {
        &self.codecs
    }

    /// One word per row, in `words` (cleared first).
    pub fn pack(&self, columns: &[ArrayRef], rows: usize, words: &mut Vec<u64>) -> Result<(), DomainViolation> {
        words.clear();
        words.resize(rows, 0);
        for (codec, column) in self.codecs.iter().zip(columns) {
            codec.pack(column, words)?;
        }
        Ok(())
    }

    /// The key columns of these words.
    pub fn unpack(&self, words: &[u64]) -> Vec<ArrayRef> {
        let mut rest = words.to_vec();
        let mut codes = vec![0; words.len()];
        let mut below = self.count;
        let mut columns: Vec<ArrayRef> = vec![];
        for codec in self.codecs.iter().rev() {
            split(&mut rest, &mut codes, codec.cardinality().max(1), below);
            below /= codec.cardinality().max(1);
            columns.push(codec.unpack(&codes));
        }
        columns.reverse();
        columns
    }
}

/// Takes the last digit, below `radix`, off every number of `rest`, all of which are below `below`.
fn split(rest: &mut [u64], digits: &mut [u64], radix: u64, below: u64) {
    fn each(rest: &mut [u64], digits: &mut [u64], radix: u64, quotient: impl Fn(u64) -> u64) {
        for (rest, digit) in rest.iter_mut().zip(digits) {
            let next = quotient(*rest);
            (*digit, *rest) = (*rest - next * radix, next);
        }
    }
    if radix == 1 {
        digits.fill(0);
    } else if below <= 1 << 32 && radix < 1 << 32 {
        // Division by a multiplication: Lemire, Kaser, Kurz, "Faster remainder by direct computation" (2019). Exact for
        // numbers and divisors below 2^32.
        let inverse = u64::MAX / radix + 1;
        each(rest, digits, radix, |number| ((u128::from(inverse) * u128::from(number)) >> 64) as u64);
    } else {
        each(rest, digits, radix, |number| number / radix);
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    fn steps(data_type: DataType, min: i64, stride: i64, count: u64, nullable: bool, descending: bool) -> KeyCodec {
        KeyCodec { data_type, values: KeyValues::Steps { min, stride, count }, nullable, descending }
    }

    #[test]
    fn round_trip_keeps_values_and_order() {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 263, 7, 7]));
        let months: ArrayRef = Arc::new(Float64Array::from(vec![Some(12.0), None, Some(1.0), Some(2.0)]));
        let wet: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true, false]));
        let layout = KeyLayout::new(vec![
            steps(DataType::Int64, 1, 1, 263, false, false),
            steps(DataType::Float64, 1, 1, 12, true, false),
            KeyCodec { data_type: DataType::Boolean, values: KeyValues::Boolean, nullable: false, descending: true },
        ])
        .unwrap();
        assert_eq!(layout.bits(), 13); // 263 · 13 · 2 words
        let mut words = vec![];
        layout.pack(&[ids.clone(), months.clone(), wet.clone()], 4, &mut words).unwrap();
        assert!(words[0] < words[2] && words[2] < words[3] && words[3] < words[1]);
        let columns = layout.unpack(&words);
        assert_eq!(&columns[0], &ids);
        assert_eq!(&columns[1], &months);
        assert_eq!(&columns[2], &wet);
    }

    #[test]
    fn digits_of_any_radix_come_back() {
        for counts in [vec![263, 1, 12, 5], vec![1 << 31, 2], vec![1 << 32, 1], vec![1 << 33, 7, 3], vec![3, 1 << 60], vec![(1 << 32) - 1, 1]] {
            let layout = KeyLayout::new(counts.iter().map(|count| steps(DataType::Int64, 0, 1, *count, false, false)).collect()).unwrap();
            let edge = |count: u64| [0, count / 2, count.saturating_sub(2), count - 1];
            let columns: Vec<ArrayRef> =
                counts.iter().map(|count| Arc::new(Int64Array::from(edge(*count).map(|value| value as i64).to_vec())) as ArrayRef).collect();
            let mut words = vec![];
            layout.pack(&columns, 4, &mut words).unwrap();
            assert!(words[0] == 0 && words.is_sorted() && words[3] == counts.iter().product::<u64>() - 1);
            assert_eq!(layout.unpack(&words), columns);
        }
        assert!(KeyLayout::new(vec![steps(DataType::Int64, 0, 1, 1 << 32, false, false); 2]).is_none());
    }

    #[test]
    fn labels_are_ordered_and_looked_up_by_entry() {
        let labels = Arc::new(vec!["evening".to_string(), "midday".to_string(), "other".to_string()]);
        let data_type = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let codec = KeyCodec { data_type, values: KeyValues::Labels(labels), nullable: true, descending: false };
        let array: ArrayRef =
            Arc::new(vec![Some("other"), None, Some("evening")].into_iter().collect::<DictionaryArray<Int32Type>>());
        let mut words = vec![0; 3];
        codec.pack(&array, &mut words).unwrap();
        assert_eq!(words, [3, 0, 1]);
        let back = cast(&codec.unpack(&words), &DataType::Utf8).unwrap();
        assert_eq!(back.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("other"), None, Some("evening")]);
    }

    #[test]
    fn a_value_outside_is_a_violation() {
        let codec = steps(DataType::Int64, 1, 1, 10, false, false);
        for bad in [0, 11, i64::MIN, i64::MAX] {
            let array: ArrayRef = Arc::new(Int64Array::from(vec![5, bad]));
            assert_eq!(codec.pack(&array, &mut [0, 0]), Err(DomainViolation));
        }
        let null: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None]));
        assert_eq!(codec.pack(&null, &mut [0, 0]), Err(DomainViolation));
        let days = steps(DataType::Int64, 0, 86_400_000, 10, false, false);
        let array: ArrayRef = Arc::new(Int64Array::from(vec![86_400_001]));
        assert_eq!(days.pack(&array, &mut [0]), Err(DomainViolation));
        let float = steps(DataType::Float64, 0, 1, 10, false, false);
        for bad in [0.5, f64::NAN, f64::INFINITY] {
            let array: ArrayRef = Arc::new(Float64Array::from(vec![bad]));
            assert_eq!(float.pack(&array, &mut [0]), Err(DomainViolation));
        }
    }
}
