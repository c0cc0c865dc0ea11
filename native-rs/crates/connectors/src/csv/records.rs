//! Bytes → records. A quote opens a quoted field only as the first byte of a field; elsewhere it is a character like
//! any other. Lines end with LF or CRLF, the last one also with CR; empty lines are no records, except that in a file
//! of one column they are its nulls: that is how such a column is written.
use std::ops::Range;

use memchr::{memchr, memchr2};

/// A field of the current record, as a range of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
    /// Quoted, with doubled quotes inside.
    pub escaped: bool,
}

impl Field {
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// What can be wrong with a record's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    Unterminated,
    AfterQuote,
}

impl Malformed {
    pub fn describe(self) -> &'static str {
        match self {
            Self::Unterminated => "a quoted field begins here and never ends",
            Self::AfterQuote => "a closing quote is followed by text: double the quotes inside a quoted field",
        }
    }
}

/// Cuts bytes that begin at a record into records.
pub struct Records<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    skip_empty: bool,
    position: usize,
    /// Number of the line at `position`.
    line: u64,
    /// Number of the line at which the current record begins.
    pub record_line: u64,
    /// Where the current record begins.
    pub record_start: usize,
}

impl<'a> Records<'a> {
    /// `line`: number of the first line of `bytes`. `columns`: of the file; None: not known yet.
    pub fn new(bytes: &'a [u8], delimiter: u8, line: u64, columns: Option<usize>) -> Self {
        Self { bytes, delimiter, skip_empty: columns != Some(1), position: 0, line, record_line: line, record_start: 0 }
    }

    /// Where the next record begins.
    pub fn position(&self) -> usize {
        self.position
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next record into `fields`; false at the end.
    pub fn next(&mut self, fields: &mut Vec<Field>) -> Result<bool, Malformed> {
        fields.clear();
        while self.skip_empty && self.skip_line_end() {}
        (self.record_line, self.record_start) = (self.line, self.position);
        if self.position >= self.bytes.len() {
            return Ok(false);
        }
        loop {
            let ended = match self.bytes.get(self.position) {
                Some(b'"') => self.quoted(fields)?,
                _ => self.plain(fields),
            };
            if ended {
                return Ok(true);
            }
        }
    }

    fn skip_line_end(&mut self) -> bool {
        let rest = &self.bytes[self.position..];
        let length = match rest {
            b"\r" | [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return false,
        };
        self.position += length;
        self.line += 1;
        true
    }

    /// True if the record ends with this field.
    fn plain(&mut self, fields: &mut Vec<Field>) -> bool {
        let start = self.position;
        let found = memchr2(self.delimiter, b'\n', &self.bytes[start..]).map(|offset| start + offset);
        let stop = found.unwrap_or(self.bytes.len());
        let ended = found.is_none_or(|stop| self.bytes[stop] == b'\n');
        let end = if ended && stop > start && self.bytes[stop - 1] == b'\r' { stop - 1 } else { stop };
        fields.push(Field { start, end, quoted: false, escaped: false });
        self.line += u64::from(ended);
        self.position = self.bytes.len().min(stop + 1);
        ended
    }

    fn quoted(&mut self, fields: &mut Vec<Field>) -> Result<bool, Malformed> {
        let start = self.position + 1;
        let (mut at, mut escaped) = (start, false);
        let end = loop {
            let Some(offset) = memchr(b'"', &self.bytes[at..]) else { return Err(Malformed::Unterminated) };
            at += offset;
            if self.bytes.get(at + 1) != Some(&b'"') {
                break at;
            }
            escaped = true;
            at += 2;
        };
        self.line += memchr::memchr_iter(b'\n', &self.bytes[start..end]).count() as u64;
        fields.push(Field { start, end, quoted: true, escaped });
        let rest = &self.bytes[end + 1..];
        let (ended, length) = match rest {
            [byte, ..] if *byte == self.delimiter => (false, 1),
            [b'\n', ..] => (true, 1),
            [b'\r', b'\n', ..] => (true, 2),
            [] => (true, 0),
            b"\r" => (true, 1),
            _ => return Err(Malformed::AfterQuote),
        };
        self.line += u64::from(ended);
        self.position = end + 1 + length;
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Result<Vec<Vec<String>>, Malformed> {
        let mut reader = Records::new(text.as_bytes(), b',', 1, None);
        let (mut fields, mut all) = (Vec::new(), Vec::new());
        while reader.next(&mut fields)? {
            let show = |field: &Field| {
                let text = &text[field.start..field.end];
                if field.quoted { format!("<{}>", text.replace("\"\"", "\"")) } else { text.to_owned() }
            };
            all.push(fields.iter().map(show).collect());
        }
        Ok(all)
    }

    #[test]
    fn hostile_lines() {
        let cases: &[(&str, &[&[&str]])] = &[
            ("a,b\nc,d", &[&["a", "b"], &["c", "d"]]),
            ("a,b\r\n\r\n\nc,d\r\n", &[&["a", "b"], &["c", "d"]]),
            ("a,\n,b\n", &[&["a", ""], &["", "b"]]),
            ("\"a\nb\",\"c\"\"d\"\n", &[&["<a\nb>", "<c\"d>"]]),
            ("\"\",x", &[&["<>", "x"]]),
            ("5\" pipe,x\"y\"z\n", &[&["5\" pipe", "x\"y\"z"]]),
            ("a\rb,c\n", &[&["a\rb", "c"]]),
            ("a,\"b\r\n\"\r\n", &[&["a", "<b\r\n>"]]),
            ("a,", &[&["a", ""]]),
            ("a,\"b\"\r", &[&["a", "<b>"]]),
            ("a\n\r\r\n\r", &[&["a"], &["\r"]]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(records(text).unwrap(), *expected, "{text:?}");
        }
        assert_eq!(records("a,\"b\nc"), Err(Malformed::Unterminated));
        assert_eq!(records("\"a\"b,c"), Err(Malformed::AfterQuote));
    }

    #[test]
    fn counts_lines() {
        let mut reader = Records::new(b"a\n\n\"x\ny\"\nb\n", b',', 1, None);
        let (mut fields, mut lines) = (Vec::new(), Vec::new());
        while reader.next(&mut fields).unwrap() {
            lines.push(reader.record_line);
        }
        assert_eq!(lines, [1, 3, 5]);
        let mut single = Records::new(b"a\n\nb\n", b',', 1, Some(1));
        let mut count = 0;
        while single.next(&mut fields).unwrap() {
            count += 1;
        }
        assert_eq!(count, 3);
    }
}
