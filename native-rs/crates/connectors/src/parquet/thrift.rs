//! Structures in Thrift's compact protocol, walked before they are parsed: arrow-rs allocates as many elements as a list says that it has.

/// Structures may stand in structures, so deep at most.
const DEEPEST: u8 = 8;

/// Whether `bytes` are a structure all of whose lists have a byte for each element that they say to have.
pub fn has_room(bytes: &[u8]) -> bool {
    Walk(bytes).structure(DEEPEST).is_some()
}

/// What is left to look at.
struct Walk<'a>(&'a [u8]);

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn pass(&mut self, count: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn structure(&mut self, deepest: u8) -> Option<()> {
        loop {
            match self.byte()? {
                0 => return Some(()),
                header => {
                    // A field whose number is not told by the last one's.
                    if header >> 4 == 0 {
                        self.varint()?;
                    }
                    // Of a boolean the header says the value.
                    if !matches!(header & 15, 1 | 2) {
                        self.value(header & 15, deepest)?;
                    }
                }
            }
        }
    }

    fn value(&mut self, kind: u8, deepest: u8) -> Option<()> {
        match kind {
            1..=3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            9 => {
                let header = self.byte()?;
                let count = if header >> 4 == 15 { self.varint()? } else { u64::from(header >> 4) };
                if count > self.0.len() as u64 {
                    return None;
                }
                (0..count).try_for_each(|_| self.value(header & 15, deepest))
            }
            12 => self.structure(deepest.checked_sub(1)?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::has_room;

    #[test]
    fn lists_have_room_for_their_elements() {
        let integers = |length: &[u8], count: usize| [&[0x19, 0xf6], length, &vec![2; count], &[0]].concat();
        assert!(has_room(&[0]) && has_room(&[0x19, 0x2c, 0x16, 8, 0, 0x15, 8, 0, 0]) && has_room(&integers(&[40], 40)));
        assert!(!has_room(&integers(&[41], 40)) && !has_room(&integers(&[0xff, 0xff, 0xff, 0xff, 0x07], 40)) && !has_room(&integers(&[0xff; 8], 40)));
        // Two lists of text, the second with fewer elements than it says.
        assert!(has_room(&[0x19, 0x28, 1, b'a', 0, 0x19, 0x18, 0, 0]) && !has_room(&[0x19, 0x28, 1, b'a', 0, 0x19, 0xe8, 0, 0]));
        assert!(!has_room(&[]) && !has_room(&[0x19]) && !has_room(&[0x18, 9, b'a', 0]) && !has_room(&[0x1c; 40]) && !has_room(&[0x1b, 0]));
    }
}
