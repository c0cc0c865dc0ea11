/// Looks at the bytes of a file, window by window, for whether they are UTF-8.
#[derive(Default)]
pub struct Utf8 {
    /// The first bytes of a character that goes on in the next window.
    open: Vec<u8>,
}

impl Utf8 {
    /// An error is where in `bytes` it ends to be UTF-8.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), usize> {
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

    /// Whether the last character is whole.
    pub fn is_whole(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_whole_in_windows_of_any_size() {
        for bytes in [&b"Jos\xc3\xa9, \xf0\x9f\x98\x80!"[..], b"Jos\xe9,1", b"\xe9", b"\xf0\x9f\x98", b"\xf0\x9f\x98,x", b"\xed\xa0\x80", b"a\xffb"] {
            for window in 1..=bytes.len() {
                let mut utf8 = Utf8::default();
                let fed = bytes.chunks(window).try_for_each(|part| utf8.feed(part));
                assert_eq!(fed.is_ok() && utf8.is_whole(), std::str::from_utf8(bytes).is_ok(), "{bytes:?} by {window}");
            }
        }
    }
}
