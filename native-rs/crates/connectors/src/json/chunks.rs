//! A file → groups: runs of lines with their numbers of rows, found by one pass over the bytes that looks at line ends
//! only.
use crate::{
    dataset::{Group, Lines},
    errors::{ConnectorError, Result},
    store::Blob,
    text::{GROUP_BYTES, LONGEST_LINE, Utf8, WINDOW, bad_line},
};

use super::lines::is_blank;

/// Groups of the lines from `start`, where the first one begins. `tolerant`: those that are not UTF-8 are for others to find; else LS2006.
pub fn scan(blob: &Blob, start: u64, tolerant: bool) -> Result<Vec<Group>> {
    scan_with(blob, start, Utf8::new(tolerant), GROUP_BYTES, WINDOW)
}

fn scan_with(blob: &Blob, start: u64, mut utf8: Utf8, size: u64, window: usize) -> Result<Vec<Group>> {
    let mut open = Lines { offset: start, bytes: 0, line: 1 };
    let (mut groups, mut rows) = (Vec::new(), 0);
    // Of the current line: its number, where it begins, whether it is more than white space.
    let (mut line, mut begun, mut content) = (1, start, false);
    let mut buffer = vec![0; window];
    let mut offset = start;
    let mut close = |open: Lines, next: u64, rows: u64| {
        if rows > 0 {
            groups.push(Group { rows, lines: Some(Lines { bytes: next - open.offset, ..open }), ..Group::default() });
        }
    };
    while offset < blob.size() {
        let count = blob.read_on(&mut buffer, offset)?;
        if count == 0 {
            return Err(ConnectorError::corrupt(blob.name(), "it became shorter while it was read"));
        }
        utf8.feed(blob.name(), line, &buffer[..count])?;
        let mut at = 0;
        for end in memchr::memchr_iter(b'\n', &buffer[..count]) {
            rows += u64::from(content || !is_blank(&buffer[at..end]));
            at = end + 1;
            (line, begun, content) = (line + 1, offset + at as u64, false);
            if begun - open.offset >= size {
                close(open, begun, rows);
                (open, rows) = (Lines { offset: begun, bytes: 0, line }, 0);
            }
        }
        content |= !is_blank(&buffer[at..count]);
        offset += count as u64;
        if offset - begun > LONGEST_LINE {
            return Err(bad_line(blob.name(), line, "the line is longer than 512 MiB, as long as a string can be"));
        }
    }
    utf8.finish(blob.name(), line)?;
    close(open, offset, rows + u64::from(content));
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Group by group the same lines as in one go, whatever the sizes of groups and windows.
    #[test]
    fn groups_agree_with_the_lines_at_every_border() {
        let lines = |bytes: &[u8], line| super::super::lines::Lines::new(bytes, line).map(|(line, at)| (line, bytes[at].to_vec())).collect::<Vec<_>>();
        for text in ["{}\n\n \r\n{\"a\":1}\r\n\t\n12345678\n\n{}", "", "\n\n", "a", "\r\n\r\na\r\n", "a\n\n\n\n\n\nb\n"] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let blob = Blob::open(file.path().to_str().unwrap()).unwrap();
            for (window, size) in (1..text.len() + 2).flat_map(|window| [1, 3, 10, 1000].map(|size| (window, size))) {
                let mut found = Vec::new();
                for group in scan_with(&blob, 0, Utf8::new(false), size, window).unwrap() {
                    let at = group.lines.unwrap();
                    let inside = lines(&text.as_bytes()[at.offset as usize..][..at.bytes as usize], at.line);
                    assert_eq!(inside.len() as u64, group.rows);
                    found.extend(inside);
                }
                assert_eq!(found, lines(text.as_bytes(), 1), "window {window}, size {size}, {text:?}");
            }
        }
    }
}
