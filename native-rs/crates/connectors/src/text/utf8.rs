use super::errors::not_utf8;
use crate::errors::Result;

/// Looks at the bytes of a file, window by window, for whether they are UTF-8.
pub struct Utf8 {
    /// Lines that are not are for others to find.
    tolerant: bool,
    /// The first bytes of a character that goes on in the next window.
    open: Vec<u8>,
}

impl Utf8 {
    pub fn new(tolerant: bool) -> Self {
        Self { tolerant, open: Vec::new() }
    }

    /// `line`: the one in which `bytes` begin. LS2006
    pub fn feed(&mut self, file: &str, line: u64, bytes: &[u8]) -> Result<()> {
        if self.tolerant {
            return Ok(());
        }
        self.look(bytes).map_err(|at| not_utf8(file, line + memchr::memchr_iter(b'\n', &bytes[..at]).count() as u64))
    }

    /// There is no more. `line`: the last one. LS2006 where its last character is not whole.
    pub fn finish(&self, file: &str, line: u64) -> Result<()> {
        if self.open.is_empty() { Ok(()) } else { Err(not_utf8(file, line)) }
    }

    /// An error is where in `bytes` it ends to be UTF-8.
    fn look(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut start = 0;
        while !self.open.is_empty() && start < bytes.len() {
            self.open.push(bytes[start]);
            start += 1;
            match std::str::from_utf8(&self.open) {
                Ok(_) => self.open.clear(),
                Err(wrong) if wrong.error_len().is_none() => {}
                Err(_) => return Err(start - 1),
            }
        }
        match std::str::from_utf8(&bytes[start..]) {
            Ok(_) => Ok(()),
            Err(wrong) if wrong.error_len().is_none() => {
                self.open.extend_from_slice(&bytes[start + wrong.valid_up_to()..]);
                Ok(())
            }
            Err(wrong) => Err(start + wrong.valid_up_to()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_whole_in_windows_of_any_size() {
        for bytes in [&b"Jos\xc3\xa9, \xf0\x9f\x98\x80!"[..], b"Jos\xe9,1", b"\xe9", b"\xf0\x9f\x98", b"\xf0\x9f\x98,x", b"\xed\xa0\x80", b"a\xffb"] {
            for window in 1..=bytes.len() {
                let mut utf8 = Utf8::new(false);
                let fed = bytes.chunks(window).try_for_each(|part| utf8.feed("f", 1, part)).and_then(|()| utf8.finish("f", 1));
                assert_eq!(fed.is_ok(), std::str::from_utf8(bytes).is_ok(), "{bytes:?} by {window}");
            }
        }
    }

    #[test]
    fn the_line_is_counted_from_that_of_the_window() {
        let error = Utf8::new(false).feed("f", 7, b"a\nb\n\xff\n").unwrap_err();
        assert_eq!(error.detail["line"], 9);
        let mut tolerant = Utf8::new(true);
        assert!(tolerant.feed("f", 1, b"\xff").and_then(|()| tolerant.finish("f", 1)).is_ok());
    }
}
