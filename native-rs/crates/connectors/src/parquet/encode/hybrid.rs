//! Parquet's RLE / bit-packing hybrid, "Data Pages: RLE = 3" of the format's Encodings.md.

/// Bits of the largest of `count` codes; at least 1, which all readers know.
pub fn width_of(count: usize) -> u8 {
    (usize::BITS - count.saturating_sub(1).leading_zeros()).max(1) as u8
}

/// Appends `values`, each below 2^`width`. Eight equal values in a row begin a run; the others are packed.
pub fn encode(values: &[u32], width: u8, out: &mut Vec<u8>) {
    let (mut packed, mut at) = (0, 0);
    while let Some(block) = values.get(at..at + 8) {
        let first = block[0];
        if block.iter().any(|value| *value != first) {
            at += 8;
            continue;
        }
        pack(&values[packed..at], width, out);
        let run = 8 + values[at + 8..].iter().take_while(|value| **value == first).count();
        varint((run as u64) << 1, out);
        out.extend_from_slice(&first.to_le_bytes()[..usize::from(width).div_ceil(8)]);
        at += run;
        packed = at;
    }
    pack(&values[packed..], width, out);
}

/// Groups of eight values; only the last of a page may be filled up with zeros.
fn pack(values: &[u32], width: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * usize::from(width);
    let (mut bits, mut filled) = (0_u64, 0_u32);
    for value in values {
        bits |= u64::from(*value) << filled;
        filled += u32::from(width);
        if filled >= 32 {
            out.extend_from_slice(&(bits as u32).to_le_bytes());
            bits >>= 32;
            filled -= 32;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes());
    out.resize(end, 0);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader written from the specification alone.
    fn decode(mut bytes: &[u8], width: u8, count: usize) -> Vec<u32> {
        let mut values = Vec::new();
        while values.len() < count {
            let (mut header, mut shift) = (0_u64, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let length = if header & 1 == 1 { (header >> 1) as usize * usize::from(width) } else { usize::from(width).div_ceil(8) };
            let (body, rest) = bytes.split_at(length);
            bytes = rest;
            let bit = |index: usize| u32::from(body[index / 8] >> (index % 8) & 1);
            let value = |at: usize| (0..usize::from(width)).map(|index| bit(at + index) << index).sum::<u32>();
            match header & 1 {
                1 => values.extend((0..(header >> 1) as usize * 8).map(|index| value(index * usize::from(width)))),
                _ => values.extend(vec![value(0); (header >> 1) as usize]),
            }
        }
        assert!(bytes.is_empty());
        values.truncate(count);
        values
    }

    #[test]
    fn decodes_to_the_same() {
        let mut seed = 5_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 35
        };
        for round in 0..2000 {
            let width = 1 + (random() % 20) as u8;
            let mut values = Vec::new();
            while values.len() < round % 300 {
                let run = if random() % 2 == 0 { 1 } else { random() % 40 };
                values.extend(vec![(random() as u32) & ((1 << width) - 1); run as usize]);
            }
            let mut out = Vec::new();
            encode(&values, width, &mut out);
            assert_eq!(decode(&out, width, values.len()), values);
        }
    }

    #[test]
    fn widths() {
        assert_eq!([0, 1, 2, 3, 4, 5, 256, 257].map(width_of), [1, 1, 1, 2, 2, 3, 8, 9]);
    }
}
