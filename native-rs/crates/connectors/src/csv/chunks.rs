//! A file → groups: record-aligned byte ranges with their numbers of rows and lines, found by one pass over the bytes
//! that looks at quotes and line ends only. Afterwards any rank reads any group without knowing what stands before:
//! where a quoted field spans a border is settled here.
use memchr::{memchr, memchr2};

use crate::{
    dataset::{Group, Lines},
    errors::{ConnectorError, Result},
    store::Blob,
    text::{GROUP_BYTES, LONGEST_LINE, Utf8, WINDOW, bad_line},
};

/// Groups of the records from `start`, the beginning of line `line`. `columns`: of the header.
/// `tolerant`: lines that are not UTF-8 are for others to find; else LS2006.
pub fn scan(blob: &Blob, delimiter: u8, start: u64, line: u64, columns: usize, tolerant: bool) -> Result<Vec<Group>> {
    scan_with(blob, delimiter, start, line, columns, Utf8::new(tolerant), GROUP_BYTES, WINDOW)
}

fn scan_with(blob: &Blob, delimiter: u8, start: u64, line: u64, columns: usize, mut utf8: Utf8, size: u64, window: usize) -> Result<Vec<Group>> {
    let mut scanner = Scanner {
        delimiter,
        skip_empty: columns != 1,
        size,
        state: State::Record,
        content: false,
        before: b'\n',
        line,
        record: (line, start),
        open: Lines { offset: start, bytes: 0, line },
        rows: 0,
        groups: Vec::new(),
    };
    let mut buffer = vec![0; window];
    let mut offset = start;
    while offset < blob.size() {
        let count = blob.read_on(&mut buffer, offset)?;
        if count == 0 {
            return Err(ConnectorError::corrupt(blob.name(), "it became shorter while it was read"));
        }
        utf8.feed(blob.name(), scanner.line, &buffer[..count])?;
        scanner.feed(&buffer[..count], offset);
        offset += count as u64;
        if offset - scanner.record.1 > LONGEST_LINE {
            let what = "the line is longer than 512 MiB, as long as a string can be; does a quote open here that nothing closes?";
            return Err(bad_line(blob.name(), scanner.record.0, what));
        }
    }
    utf8.finish(blob.name(), scanner.line)?;
    Ok(scanner.finish(offset))
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Outside quotes.
    Record,
    Quoted,
    /// After a quote inside a quoted field: the field's end, or the first half of a doubled quote.
    Quote,
}

struct Scanner {
    delimiter: u8,
    skip_empty: bool,
    size: u64,
    state: State,
    /// The current line has a byte other than its line end.
    content: bool,
    /// The byte before the current one.
    before: u8,
    line: u64,
    /// Line and offset at which the current record begins.
    record: (u64, u64),
    open: Lines,
    rows: u64,
    groups: Vec<Group>,
}

impl Scanner {
    fn feed(&mut self, bytes: &[u8], offset: u64) {
        // A carriage return that ended the window before was no line end.
        self.content |= self.before == b'\r' && bytes[0] != b'\n';
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                State::Quoted => {
                    let end = memchr(b'"', &bytes[at..]).map_or(bytes.len(), |found| at + found);
                    self.line += memchr::memchr_iter(b'\n', &bytes[at..end]).count() as u64;
                    if end < bytes.len() {
                        self.state = State::Quote;
                        self.before = b'"';
                    }
                    at = end + 1;
                }
                State::Quote => {
                    self.state = if bytes[at] == b'"' { State::Quoted } else { State::Record };
                    // A byte that ends the field is looked at again, outside quotes.
                    at += usize::from(self.state == State::Quoted);
                }
                State::Record => {
                    let Some(found) = memchr2(b'"', b'\n', &bytes[at..]) else {
                        self.content |= !(bytes[at..] == *b"\r");
                        self.before = bytes[bytes.len() - 1];
                        return;
                    };
                    let before = if found > 0 { bytes[at + found - 1] } else { self.before };
                    self.content |= found > 1 || found == 1 && before != b'\r';
                    at += found;
                    if bytes[at] == b'\n' {
                        self.end_line(offset + at as u64 + 1);
                    } else {
                        self.content = true;
                        if before == self.delimiter || before == b'\n' {
                            self.state = State::Quoted;
                        }
                    }
                    self.before = bytes[at];
                    at += 1;
                }
            }
        }
    }

    fn end_line(&mut self, next: u64) {
        self.rows += u64::from(self.content || !self.skip_empty);
        self.content = false;
        self.line += 1;
        self.record = (self.line, next);
        if next - self.open.offset >= self.size {
            self.close(next);
        }
    }

    fn close(&mut self, next: u64) {
        if self.rows > 0 {
            let lines = Lines { bytes: next - self.open.offset, ..self.open };
            self.groups.push(Group { rows: self.rows, lines: Some(lines), ..Group::default() });
        }
        self.open = Lines { offset: next, bytes: 0, line: self.line };
        self.rows = 0;
    }

    fn finish(mut self, end: u64) -> Vec<Group> {
        // The last line may lack its end; an unterminated quote is reported when the group is read.
        self.rows += u64::from(self.content || self.state != State::Record);
        self.close(end);
        self.groups
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{
        super::records::{Field, Records},
        *,
    };

    type Rows = Vec<(u64, Vec<String>)>;

    /// The records of `bytes` with their lines, up to the first malformed one.
    fn rows(bytes: &[u8], line: u64, all: &mut Rows) -> bool {
        let mut records = Records::new(bytes, b',', line, Some(2));
        let mut fields = Vec::new();
        loop {
            match records.next(&mut fields) {
                Ok(false) => return true,
                Err(_) => return false,
                Ok(true) => {
                    let text = |field: &Field| String::from_utf8_lossy(&bytes[field.start..field.end]).into_owned();
                    all.push((records.record_line, fields.iter().map(text).collect()));
                }
            }
        }
    }

    /// Group by group the same records as in one go, whatever the sizes of groups and windows.
    fn check(text: &[u8], windows: std::ops::Range<usize>, sizes: &[u64]) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        let blob = Blob::open(file.path().to_str().unwrap()).unwrap();
        let mut expected = Rows::new();
        let whole = rows(text, 7, &mut expected);
        for window in windows {
            for size in sizes {
                let groups = scan_with(&blob, b',', 0, 7, 2, Utf8::new(false), *size, window).unwrap();
                let mut found = Rows::new();
                let complete = groups.iter().all(|group| {
                    let lines = group.lines.unwrap();
                    let before = found.len();
                    let complete = rows(&text[lines.offset as usize..][..lines.bytes as usize], lines.line, &mut found);
                    let count = (found.len() - before) as u64;
                    assert!(if complete { count == group.rows } else { count < group.rows });
                    complete
                });
                assert_eq!((complete, &found), (whole, &expected), "window {window}, size {size}, {:?}", String::from_utf8_lossy(text));
            }
        }
    }

    #[test]
    fn groups_agree_with_the_tokenizer_at_every_border() {
        let text = "1,\"a\nb\"\r\n\r\n2,x\"y\n\n3,\"\"\"\"\n\r\r\n4,\"\n\n\",\"q\"\"\n\"\"\"\n5,\r\n,\n6,z\"\"\n\r";
        check(text.as_bytes(), 1..text.len() + 1, &[1, 3, 10, 1000]);
    }

    #[test]
    fn random_bytes() {
        let mut seed = 9_u64;
        let mut random = move |limit: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % limit
        };
        for _ in 0..3000 {
            let text: Vec<u8> = (0..random(24)).map(|_| b"\"\",\n\n\ra"[random(7) as usize]).collect();
            check(&text, 1..4, &[1, 6]);
        }
    }
}
