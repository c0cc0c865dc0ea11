//! UTF-8 storage seen as UTF-16: order, white space, indices.
use std::borrow::Cow;
use std::cmp::Ordering;

use crate::arguments::Text;

/// Orders strings by UTF-16 code units.
///
/// UTF-8 bytes order by code point. The two differ only between the surrogate pairs (lead bytes F0–F4) and
/// U+E000–U+FFFF (lead bytes EE, EF), whose units are higher.
pub fn compare_utf16(x: &str, y: &str) -> Ordering {
    let (x, y) = (x.as_bytes(), y.as_bytes());
    match x.iter().zip(y).position(|(x, y)| x != y) {
        Some(at) => unit_rank(x[at]).cmp(&unit_rank(y[at])),
        None => x.len().cmp(&y.len()),
    }
}

#[inline(always)]
fn unit_rank(byte: u8) -> u8 {
    if matches!(byte, 0xEE | 0xEF) { byte + 0x10 } else { byte }
}

/// JavaScript's WhiteSpace and LineTerminator.
pub(crate) fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\u{B}' | '\u{C}' | '\r' | ' ' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{2028}'
            | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}' | '\u{FEFF}'
    )
}

impl<'a> Text<'a> {
    pub(crate) fn length(self) -> usize {
        if self.ascii { self.text.len() } else { length(self.text) }
    }

    /// See [`units`].
    pub(crate) fn units(self, start: usize, end: usize) -> Cow<'a, str> {
        if self.ascii {
            let end = end.min(self.text.len());
            return self.text[start.min(end)..end].into();
        }
        units(self.text, start, end)
    }
}

/// The number of UTF-16 code units.
pub(crate) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The code units `start..end` as text; a surrogate cut from its pair becomes U+FFFD, as when it is stored.
pub(crate) fn units(text: &str, start: usize, end: usize) -> Cow<'_, str> {
    if text.is_ascii() {
        let end = end.min(text.len());
        return text[start.min(end)..end].into();
    }
    if start >= end {
        return "".into();
    }
    match (byte_offset(text, start), byte_offset(text, end)) {
        (Some(from), Some(to)) => text[from..to].into(),
        _ => {
            let units: Vec<u16> = text.encode_utf16().skip(start).take(end - start).collect();
            String::from_utf16_lossy(&units).into()
        }
    }
}

/// Where code unit `unit` begins, the end of the text if there are fewer; none if it is the second half of a pair.
pub(crate) fn byte_offset(text: &str, unit: usize) -> Option<usize> {
    let mut left = unit;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return Some(at);
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    Some(text.len())
}

/// The code unit at which byte `at` stands.
pub(crate) fn unit_offset(text: &str, at: usize) -> usize {
    length(&text[..at])
}
