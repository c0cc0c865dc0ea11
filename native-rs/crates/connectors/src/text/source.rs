use std::{borrow::Cow, ops::Range};

/// Bytes that values are ranges of, looked at once for whether they are UTF-8.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    bytes: &'a [u8],
    text: Option<&'a str>,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: std::str::from_utf8(bytes).ok() }
    }

    pub fn bytes(&self, range: Range<usize>) -> &'a [u8] {
        &self.bytes[range]
    }

    pub fn is_utf8(&self, range: Range<usize>) -> bool {
        self.text.is_some() || std::str::from_utf8(&self.bytes[range]).is_ok()
    }

    /// Bytes that are no UTF-8 are replaced by U+FFFD as `TextDecoder` does.
    pub fn text(&self, range: Range<usize>) -> Cow<'a, str> {
        match self.text {
            Some(text) => Cow::Borrowed(&text[range]),
            None => String::from_utf8_lossy(&self.bytes[range]),
        }
    }
}
