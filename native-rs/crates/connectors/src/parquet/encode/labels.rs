//! Strings with a dictionary. Those that arrive as one are not hashed again: each of their entries is, once.
use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, StringArray},
    buffer::NullBuffer,
    datatypes::{DataType, Int32Type},
};
use parquet::basic::Encoding;

use super::{
    dictionary::{Codes, hash_bytes, hash_word},
    values::{DICTIONARY_BYTES, Dictionary, Page, Values, coded_page},
};

/// Code of an entry not yet looked up.
const UNKNOWN: u32 = u32::MAX;

#[derive(Default)]
pub struct Labels {
    codes: Codes,
    texts: Texts,
    pending: Vec<u32>,
    /// The dictionary is full: pages are plain from now on, in plain encoding here.
    full: bool,
    plain: Vec<u8>,
    plain_bounds: Option<(Vec<u8>, Vec<u8>)>,
    /// The last dictionary seen and its entries' codes.
    seen: Option<(ArrayRef, Vec<u32>)>,
}

/// Strings one after another.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Short strings as one word each, compared without a look at the bytes; 0: a long one.
    words: Vec<u128>,
}

/// A string of at most 15 bytes as a word that no other string has; 0 for longer ones.
#[inline]
fn word_of(data: &[u8], start: usize, length: usize) -> u128 {
    if length > 15 {
        return 0;
    }
    let bytes = match data[start..].first_chunk::<16>() {
        Some(chunk) => u128::from_le_bytes(*chunk) & ((1 << (8 * length)) - 1),
        None => {
            let mut chunk = [0; 16];
            chunk[..length].copy_from_slice(&data[start..start + length]);
            u128::from_le_bytes(chunk)
        }
    };
    bytes | (length as u128 + 1) << 120
}

fn hash_of(word: u128, text: &[u8]) -> u64 {
    if word == 0 { hash_bytes(text) } else { hash_word(word as u64 ^ hash_word((word >> 64) as u64)) }
}

impl Texts {
    fn get(&self, code: u32) -> &[u8] {
        let index = code as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    fn push(&mut self, word: u128, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        self.words.push(word);
    }
}

impl Labels {
    /// The code of a string: `data[start..start + length]`.
    #[inline]
    fn code(&mut self, data: &[u8], start: usize, length: usize) -> u32 {
        let text = &data[start..start + length];
        let word = word_of(data, start, length);
        let texts = &self.texts;
        let is = |code| texts.words[code as usize] == word && (word != 0 || texts.get(code) == text);
        let found = self.codes.find(hash_of(word, text), is, |code| hash_of(texts.words[code as usize], texts.get(code)));
        found.unwrap_or_else(|code| {
            self.texts.push(word, text);
            code
        })
    }

    fn push_plain(&mut self, text: &[u8]) {
        self.plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.plain.extend_from_slice(text);
        match &mut self.plain_bounds {
            None => self.plain_bounds = Some((text.to_vec(), text.to_vec())),
            Some((min, _)) if text < min.as_slice() => *min = text.to_vec(),
            Some((_, max)) if text > max.as_slice() => *max = text.to_vec(),
            Some(_) => {}
        }
    }

    fn push_texts(&mut self, texts: &StringArray, rows: &mut dyn Iterator<Item = usize>) {
        if self.full {
            rows.for_each(|row| self.push_plain(texts.value(row).as_bytes()));
            return;
        }
        let (data, offsets) = (texts.value_data(), texts.value_offsets());
        for row in rows {
            let start = offsets[row] as usize;
            let code = self.code(data, start, offsets[row + 1] as usize - start);
            self.pending.push(code);
        }
    }

    fn push_coded(&mut self, array: &ArrayRef, rows: &mut dyn Iterator<Item = usize>) {
        let dictionary = array.as_dictionary::<Int32Type>();
        let entries = dictionary.values();
        let texts: &StringArray = entries.as_string();
        let keys = dictionary.keys().values();
        if self.full {
            rows.for_each(|row| self.push_plain(texts.value(keys[row] as usize).as_bytes()));
            return;
        }
        let mut known = match self.seen.take() {
            Some((seen, known)) if Arc::ptr_eq(&seen, entries) => known,
            _ => vec![UNKNOWN; entries.len()],
        };
        let (data, offsets) = (texts.value_data(), texts.value_offsets());
        for row in rows {
            let entry = keys[row] as usize;
            if known[entry] == UNKNOWN {
                let start = offsets[entry] as usize;
                known[entry] = self.code(data, start, offsets[entry + 1] as usize - start);
            }
            self.pending.push(known[entry]);
        }
        self.seen = Some((Arc::clone(entries), known));
    }

    /// Least and greatest of the pending values: of the distinct ones among them.
    fn coded_bounds(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut used = vec![false; self.texts.ends.len()];
        self.pending.iter().for_each(|code| used[*code as usize] = true);
        let texts = || (0..used.len()).filter(|code| used[*code]).map(|code| self.texts.get(code as u32));
        Some((texts().min()?.to_vec(), texts().max()?.to_vec()))
    }
}

impl Values for Labels {
    fn append(&mut self, array: &ArrayRef, nulls: Option<&NullBuffer>) {
        let rows: &mut dyn Iterator<Item = usize> = match nulls {
            None => &mut (0..array.len()),
            Some(nulls) => &mut nulls.valid_indices(),
        };
        match array.data_type() {
            DataType::Dictionary(..) => self.push_coded(array, rows),
            _ => self.push_texts(array.as_string(), rows),
        }
    }

    fn pending_bytes(&self) -> usize {
        self.plain.len() + self.pending.len() * 4
    }

    fn take_page(&mut self) -> Page {
        if self.full {
            let bounds = self.plain_bounds.take();
            return Page { bytes: std::mem::take(&mut self.plain), encoding: Encoding::PLAIN, bounds };
        }
        let bounds = self.coded_bounds();
        let page = coded_page(&mut self.pending, self.texts.ends.len(), bounds);
        self.full = self.texts.bytes.len() + self.texts.ends.len() * 4 >= DICTIONARY_BYTES;
        page
    }

    fn take_dictionary(&mut self) -> Option<Dictionary> {
        let count = self.texts.ends.len();
        let mut bytes = Vec::with_capacity(self.texts.bytes.len() + count * 4);
        for code in 0..count as u32 {
            let text = self.texts.get(code);
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text);
        }
        (count > 0).then_some(Dictionary { bytes, count })
    }
}
