//! Rows in the order of their keys, which are bytes that compare as the values do.

/// Bytes of a key beside a row's number in one integer.
const PREFIX: usize = 12;
const ROW_BITS: u32 = u128::BITS - 8 * PREFIX as u32;

/// From this byte of a key on, and among so few rows, keys are compared as a whole: so many levels of prefixes are enough.
const DEEP: usize = 10 * PREFIX;
const FEW: usize = 24;

/// 12 bytes of the key from `from` on, then the row's number: such integers are in the order of the keys, and where these
/// bytes are equal of the rows. A key that ends is filled up with zeros; none is the beginning of another.
pub fn entry(key: &[u8], from: usize, row: u32) -> u128 {
    let rest = key.get(from..).unwrap_or_default();
    let mut bytes = [0; 16];
    match rest.first_chunk::<PREFIX>() {
        Some(prefix) => bytes[..PREFIX].copy_from_slice(prefix),
        None => bytes[..rest.len()].copy_from_slice(rest),
    }
    u128::from_be_bytes(bytes) | u128::from(row)
}

pub fn row_of(entry: u128) -> u32 {
    entry as u32
}

/// Sorts entries of the first bytes of the rows' keys; rows of equal keys in the order of their numbers.
pub fn sort<'a>(entries: &mut [u128], key: &impl Fn(u32) -> &'a [u8]) {
    by_prefix(entries, 0, key);
}

fn by_prefix<'a>(entries: &mut [u128], from: usize, key: &impl Fn(u32) -> &'a [u8]) {
    entries.sort_unstable();
    for equal in entries.chunk_by_mut(|a, b| a >> ROW_BITS == b >> ROW_BITS).filter(|equal| equal.len() > 1) {
        by_rest(equal, from + PREFIX, key);
    }
}

/// Sorts entries whose keys are equal up to `from`, and which are in the order of their rows.
fn by_rest<'a>(entries: &mut [u128], from: usize, key: &impl Fn(u32) -> &'a [u8]) {
    let rest = |entry: &u128| key(row_of(*entry)).get(from..).unwrap_or_default();
    if entries.len() <= FEW || from >= DEEP {
        entries.sort_by(|a, b| rest(a).cmp(rest(b)));
    } else if entries.iter().any(|entry| !rest(entry).is_empty()) {
        for at in entries.iter_mut() {
            *at = entry(key(row_of(*at)), from, row_of(*at));
        }
        by_prefix(entries, from, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Length-prefixed, as no key may be the beginning of another.
    fn keyed(texts: &[Vec<u8>]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.iter().flat_map(|byte| [1, *byte]).chain([0]).collect()).collect()
    }

    fn check(texts: &[Vec<u8>]) {
        let keys = keyed(texts);
        let mut entries: Vec<u128> = keys.iter().zip(0..).map(|(key, row)| entry(key, 0, row)).collect();
        sort(&mut entries, &|row| &keys[row as usize]);
        let mut expected: Vec<u32> = (0..keys.len() as u32).collect();
        expected.sort_by_key(|row| &keys[*row as usize]);
        assert_eq!(entries.into_iter().map(row_of).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn rows_are_in_the_order_of_their_keys_and_equal_ones_as_they_came() {
        let number = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        // Different early, late, behind all levels, hardly ever, never.
        for same in [0, 3, 11, 40, 500] {
            for distinct in [1, 2, 1000, 1 << 24] {
                check(&(0..3000).map(|i| [vec![7; same], (number(i) % distinct).to_be_bytes().to_vec()].concat()).collect::<Vec<_>>());
            }
        }
        // Of all lengths.
        check(&(0..2000).map(|i| vec![0; number(i) as usize % 70]).collect::<Vec<_>>());
        check(&[]);
        check(&[vec![]]);
    }
}
