//! A line → the members of its object, by the grammar of ECMA-404 as strictly as V8 takes it. Every byte is looked at,
//! nothing is converted: values are ranges of the bytes. Depth costs memory, no stack: V8 has no limit either.
use std::{borrow::Cow, ops::Range};

use memchr::memchr2;

use super::escapes::unescaped;
use crate::text::Source;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    /// Lists of nothing, or of null alone; of numbers, texts, booleans, with null among them; of others.
    Nulls,
    Numbers,
    Strings,
    Booleans,
    List,
    Object,
}

impl Kind {
    /// A list of this and of what `other` is.
    fn with(self, other: Self) -> Self {
        let of = match other {
            Self::Null => return self,
            Self::Number => Self::Numbers,
            Self::String => Self::Strings,
            Self::Boolean => Self::Booleans,
            _ => Self::List,
        };
        if self == Self::Nulls || self == of { of } else { Self::List }
    }
}

#[derive(Debug, Clone)]
pub struct Value {
    pub kind: Kind,
    /// Of a string: what stands between the quotes.
    pub at: Range<usize>,
    /// A string with escapes inside.
    pub escaped: bool,
}

impl Value {
    /// What a string says; half a surrogate pair, as bytes that are no UTF-8, is U+FFFD.
    pub fn text<'a>(&self, source: Source<'a>) -> Cow<'a, str> {
        let text = source.text(self.at.clone());
        if self.escaped { Cow::Owned(unescaped(&text)) } else { text }
    }
}

/// Why a line is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// JSON that is something else.
    Not(Kind),
    /// Where the first byte stands that cannot be there.
    At(usize),
}

pub type Result<T> = std::result::Result<T, Malformed>;

pub struct Members<'a> {
    /// Up to the line's end.
    bytes: &'a [u8],
    at: usize,
    first: bool,
}

impl<'a> Members<'a> {
    /// The line at `range` of `bytes`.
    pub fn new(bytes: &'a [u8], range: Range<usize>) -> Result<Self> {
        let mut members = Self { bytes: &bytes[..range.end], at: range.start, first: true };
        members.skip_space();
        if members.take(b'{') {
            return Ok(members);
        }
        let value = members.value()?;
        members.end()?;
        Err(Malformed::Not(value.kind))
    }

    /// The object at `range` of `bytes`, which has been read before.
    pub fn inside(bytes: &'a [u8], range: Range<usize>) -> Self {
        Self { bytes: &bytes[..range.end], at: range.start + 1, first: true }
    }

    /// The next key, which is a string, and its value. None: the line ends here, well.
    pub fn next(&mut self) -> Result<Option<(Value, Value)>> {
        self.skip_space();
        if self.take(b'}') {
            self.end()?;
            return Ok(None);
        }
        if !self.first {
            self.expect(b',')?;
            self.skip_space();
        }
        self.first = false;
        let key = self.key()?;
        let value = self.value()?;
        self.skip_space();
        match self.peek() {
            Some(b',' | b'}') => Ok(Some((key, value))),
            _ => self.wrong(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn wrong<T>(&self) -> Result<T> {
        Err(Malformed::At(self.at))
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { self.wrong() }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<()> {
        self.skip_space();
        if self.at == self.bytes.len() { Ok(()) } else { self.wrong() }
    }

    /// With the colon behind it, up to its value.
    fn key(&mut self) -> Result<Value> {
        self.expect(b'"')?;
        let key = self.string()?;
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        Ok(key)
    }

    fn value(&mut self) -> Result<Value> {
        let start = self.at;
        if !matches!(self.peek(), Some(b'{' | b'[')) {
            return self.scalar();
        }
        let kind = self.nested()?;
        Ok(Value { kind, at: start..self.at, escaped: false })
    }

    fn scalar(&mut self) -> Result<Value> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => {
                self.at += 1;
                return self.string();
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Kind::Number
            }
            Some(b't') => self.word(b"true", Kind::Boolean)?,
            Some(b'f') => self.word(b"false", Kind::Boolean)?,
            Some(b'n') => self.word(b"null", Kind::Null)?,
            _ => return self.wrong(),
        };
        Ok(Value { kind, at: start..self.at, escaped: false })
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<Kind> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.wrong();
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<()> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    /// One or more.
    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { self.wrong() }
    }

    /// Behind the opening quote, up to behind the closing one.
    fn string(&mut self) -> Result<Value> {
        let (start, mut escaped) = (self.at, false);
        loop {
            let rest = &self.bytes[self.at..];
            let length = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            let plain = &rest[..length];
            // As a whole: this loop has no branch.
            if plain.iter().fold(false, |control, byte| control | (*byte < b' ')) {
                self.at += plain.iter().position(|byte| *byte < b' ').unwrap_or(0);
                return self.wrong();
            }
            self.at += length;
            if self.take(b'"') {
                return Ok(Value { kind: Kind::String, at: start..self.at - 1, escaped });
            }
            self.expect(b'\\')?;
            escaped = true;
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'u') => {
                    self.at += 1;
                    for _ in 0..4 {
                        if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                            return self.wrong();
                        }
                        self.at += 1;
                    }
                }
                _ => return self.wrong(),
            }
        }
    }

    /// A list or an object, passed over.
    fn nested(&mut self) -> Result<Kind> {
        let mut kind = if self.peek() == Some(b'{') { Kind::Object } else { Kind::Nulls };
        // Of what is open, whether it is an object.
        let mut open = Vec::new();
        loop {
            let object = self.take(b'{');
            if object || self.take(b'[') {
                if kind != Kind::Object && !open.is_empty() {
                    kind = Kind::List;
                }
                self.skip_space();
                if !self.take(if object { b'}' } else { b']' }) {
                    open.push(object);
                    if object {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                let value = self.scalar()?;
                if kind != Kind::Object && kind != Kind::List {
                    kind = kind.with(value.kind);
                }
            }
            loop {
                let Some(object) = open.last().copied() else { return Ok(kind) };
                self.skip_space();
                if self.take(b',') {
                    self.skip_space();
                    if object {
                        self.key()?;
                    }
                    break;
                }
                self.expect(if object { b'}' } else { b']' })?;
                open.pop();
            }
        }
    }
}

/// The elements of a list.
pub struct Elements<'a> {
    members: Members<'a>,
}

impl<'a> Elements<'a> {
    /// The list at `range` of `bytes`.
    pub fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        Self { members: Members::inside(bytes, range) }
    }
}

impl Iterator for Elements<'_> {
    type Item = Value;

    /// The line has been read before: it is a list.
    fn next(&mut self) -> Option<Value> {
        let members = &mut self.members;
        members.skip_space();
        if !members.first && members.take(b',') {
            members.skip_space();
        }
        members.first = false;
        members.value().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Result<Vec<(String, String)>> {
        let (mut members, mut all) = (Members::new(text.as_bytes(), 0..text.len())?, Vec::new());
        let source = Source::new(text.as_bytes());
        while let Some((key, value)) = members.next()? {
            all.push((key.text(source).into_owned(), format!("{:?} {}", value.kind, value.text(source))));
        }
        Ok(all)
    }

    #[test]
    fn values_are_ranges() {
        let found = members(" { \"a\" : -0.5e+3 ,\"\\u00e9\\n\":\"x\\\\\\\"y\", \"c\":[1,{\"d\":[[]]}, \"]\"],\"e\":{}, \"f\":null,\"f\":true}\r").unwrap();
        let expected = [("a", "Number -0.5e+3"), ("é\n", "String x\\\"y"), ("c", "List [1,{\"d\":[[]]}, \"]\"]"), ("e", "Object {}"), ("f", "Null null"), ("f", "Boolean true")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(members("{}").unwrap(), []);
    }

    #[test]
    fn escapes() {
        for (text, expected) in [
            ("\\ud83d\\ude00", "😀"),
            ("\\ud83d", "\u{fffd}"),
            ("\\ude00x", "\u{fffd}x"),
            ("\\ud83dx\\ude00", "\u{fffd}x\u{fffd}"),
            ("\\ud83d\\ud83d\\ude00", "\u{fffd}😀"),
            ("\\ud83d\\n", "\u{fffd}\n"),
            ("\\ud83d\\\\ude00", "\u{fffd}\\ude00"),
            ("\\\\\\\\n\\\\n", "\\\\n\\n"),
            ("\\/\\b\\f\\t\\u0000", "/\u{8}\u{c}\t\0"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_line() {
        for (text, at) in [
            ("{", 1), ("{\"a\"}", 4), ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{,}", 1), ("{\"a\":1 \"b\":2}", 7), ("{\"a\":01}", 6), ("{\"a\":1.}", 7),
            ("{\"a\":.5}", 5), ("{\"a\":+1}", 5), ("{\"a\":1e}", 7), ("{\"a\":-}", 6), ("{\"a\":NaN}", 5), ("{\"a\":\"\t\"}", 6), ("{\"a\":\"\\x\"}", 7),
            ("{\"a\":\"\\u12g4\"}", 10), ("{\"a\":tru}", 5), ("{\"a\":[1,]}", 8), ("{\"a\":[1}}", 7), ("{\"a\":{\"b\":1]}", 11), ("{\"a\":[{]}", 7), ("{} {}", 3),
            ("{'a':1}", 1), ("{a:1}", 1), ("{}\u{feff}", 2), ("\u{a0}{}", 0), ("{\"a\":\"", 6), ("{\"a\":[", 6), ("", 0),
        ] {
            assert_eq!(members(text), Err(Malformed::At(at)), "{text}");
        }
        for (text, kind) in [("[1, 2]", Kind::Numbers), ("[]", Kind::Nulls), ("[null, \"a\"]", Kind::Strings), ("[true, 1]", Kind::List), ("[{}]", Kind::List), ("[[1]]", Kind::List), (" \"a\" ", Kind::String), ("1e3", Kind::Number), ("null", Kind::Null), ("false", Kind::Boolean)] {
            assert_eq!(members(text), Err(Malformed::Not(kind)), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(members(&deep).unwrap().len(), 1);
    }

    /// As `JSON.parse` shows it.
    fn shown(value: &Value, source: Source<'_>) -> (&'static str, String) {
        let text = value.text(source).into_owned();
        match value.kind {
            Kind::Null => ("null", String::new()),
            Kind::Boolean => ("boolean", text),
            Kind::String => ("string", text),
            Kind::Nulls | Kind::Numbers | Kind::Strings | Kind::Booleans | Kind::List => ("list", String::new()),
            Kind::Object => ("object", String::new()),
            Kind::Number => match text.parse::<f64>().unwrap() {
                zero if zero == 0.0 && zero.is_sign_negative() => ("number", "-0".to_owned()),
                number => ("number", ryu_js::Buffer::new().format(number).to_owned()),
            },
        }
    }

    /// Made by `test/unit/json-lines/vectors.mjs`.
    #[test]
    fn lines_are_what_v8_makes_of_them() {
        let cases: Vec<(String, Option<Vec<(String, String, String)>>)> = serde_json::from_str(include_str!("../../tests/json-lines.json")).unwrap();
        assert!(cases.len() > 2000);
        for (line, expected) in cases {
            let (source, mut found) = (Source::new(line.as_bytes()), std::collections::BTreeMap::new());
            let mut read = || -> Result<()> {
                let mut members = Members::new(line.as_bytes(), 0..line.len())?;
                while let Some((key, value)) = members.next()? {
                    found.insert(key.text(source).into_owned(), shown(&value, source));
                }
                Ok(())
            };
            let read = read();
            match expected {
                None => assert!(read.is_err(), "{line:?}"),
                Some(expected) => {
                    assert_eq!(read, Ok(()), "{line:?}");
                    let expected = expected.into_iter().map(|(key, kind, text)| (key, (kind, text)));
                    assert_eq!(found.into_iter().map(|(key, (kind, text))| (key, (kind.to_owned(), text))).collect::<std::collections::BTreeMap<_, _>>(), expected.collect(), "{line:?}");
                }
            }
        }
    }
}
