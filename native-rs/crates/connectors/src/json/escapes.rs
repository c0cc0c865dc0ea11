//! What the escapes of a JSON text mean.

/// `text` is well-formed.
pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\\');
    out.push_str(parts.next().unwrap_or_default());
    // A high half whose low half may follow.
    let mut high: Option<u32> = None;
    while let Some(part) = parts.next() {
        let Some(escape) = part.chars().next() else {
            // `\\`: what follows the second one is plain.
            half(&mut high, &mut out);
            out.push('\\');
            out.push_str(parts.next().unwrap_or_default());
            continue;
        };
        let mut rest = &part[1..];
        let unit = match escape {
            'b' => 0x08,
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'u' => {
                let (digits, behind) = rest.split_at(4);
                rest = behind;
                u32::from_str_radix(digits, 16).unwrap_or(0xFFFD)
            }
            itself => u32::from(itself),
        };
        match (high, unit) {
            (Some(first), 0xDC00..=0xDFFF) => {
                out.extend(char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (unit - 0xDC00)));
                high = None;
            }
            (_, 0xD800..=0xDBFF) => {
                half(&mut high, &mut out);
                high = Some(unit);
            }
            _ => {
                half(&mut high, &mut out);
                out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        if !rest.is_empty() {
            half(&mut high, &mut out);
            out.push_str(rest);
        }
    }
    half(&mut high, &mut out);
    out
}

/// A high half that no low one followed.
fn half(high: &mut Option<u32>, out: &mut String) {
    if high.take().is_some() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
}
