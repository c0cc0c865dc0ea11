//! Value → code, in order of first appearance: open addressing over codes alone, the values live with the caller.

/// Codes by hash.
pub struct Codes {
    /// Code + 1; 0: free. The length is a power of two, at least twice the number of codes.
    slots: Vec<u32>,
    shift: u32,
    count: u32,
}

impl Default for Codes {
    fn default() -> Self {
        Self { slots: vec![0; 64], shift: 64 - 6, count: 0 }
    }
}

impl Codes {
    /// The code for which `is` holds among those of this hash; Err(the next code) if there is none: it is now taken.
    /// `hash_of` gives the hash of an existing code, for growing.
    #[inline]
    pub fn find(&mut self, hash: u64, is: impl Fn(u32) -> bool, hash_of: impl Fn(u32) -> u64) -> Result<u32, u32> {
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> self.shift) as usize;
        loop {
            match self.slots[slot] {
                0 => break,
                taken if is(taken - 1) => return Ok(taken - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
        let code = self.count;
        self.count += 1;
        self.slots[slot] = self.count;
        if self.count as usize * 2 > self.slots.len() {
            self.grow(hash, code, hash_of);
        }
        Err(code)
    }

    #[cold]
    fn grow(&mut self, hash: u64, newest: u32, hash_of: impl Fn(u32) -> u64) {
        let length = self.slots.len() * 4;
        self.slots = vec![0; length];
        self.shift -= 2;
        for code in 0..self.count {
            let hash = if code == newest { hash } else { hash_of(code) };
            let mut slot = (hash >> self.shift) as usize;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (length - 1);
            }
            self.slots[slot] = code + 1;
        }
    }
}

/// Fibonacci hashing; the high bits count.
#[inline]
pub fn hash_word(word: u64) -> u64 {
    (word ^ word >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[inline]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| hash_word(hash ^ u64::from_le_bytes(*word)));
    hash_word(hash ^ u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_a_value() {
        let mut codes = Codes::default();
        let mut values: Vec<u64> = Vec::new();
        for round in 0..3 {
            for value in 0..5000_u64 {
                let word = (value as f64 / 4.0).to_bits();
                let code = codes.find(hash_word(word), |code| values[code as usize] == word, |code| hash_word(values[code as usize]));
                match code {
                    Ok(code) => assert!(round > 0 && u64::from(code) == value),
                    Err(code) => {
                        assert!(round == 0 && u64::from(code) == value);
                        values.push(word);
                    }
                }
            }
        }
    }
}
