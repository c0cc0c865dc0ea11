//! Bytes → lines. Lines of nothing but white space are none.
use std::ops::Range;

use memchr::memchr;

pub struct Lines<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Number of the line at `position`.
    line: u64,
}

impl<'a> Lines<'a> {
    /// `line`: number of the first line of `bytes`.
    pub fn new(bytes: &'a [u8], line: u64) -> Self {
        Self { bytes, position: 0, line }
    }

    /// Where the next line begins.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Its number.
    pub fn line(&self) -> u64 {
        self.line
    }
}

impl Iterator for Lines<'_> {
    /// Its number, and where it stands without its line feed.
    type Item = (u64, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.position < self.bytes.len() {
            let (start, line) = (self.position, self.line);
            let end = memchr(b'\n', &self.bytes[start..]).map_or(self.bytes.len(), |length| start + length);
            (self.position, self.line) = (self.bytes.len().min(end + 1), line + 1);
            if !is_blank(&self.bytes[start..end]) {
                return Some((line, start..end));
            }
        }
        None
    }
}

pub fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}
