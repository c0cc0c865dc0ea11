//! Numbers to text and back, to the digit as V8.
use crate::text::is_space;

/// `String(x)`
pub(crate) fn to_text(x: f64) -> String {
    ryu_js::Buffer::new().format(x).to_owned()
}

/// `Number(text)`: the whole text, white space around it, must be a numeric literal; empty is 0.
pub(crate) fn to_number(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return 0.0;
    }
    let prefix = text.as_bytes().get(..2).unwrap_or_default();
    let radix = match prefix {
        b"0x" | b"0X" => 16,
        b"0o" | b"0O" => 8,
        b"0b" | b"0B" => 2,
        _ => {
            let length = decimal_prefix(text);
            return if length == text.len() { parse_decimal(text) } else { f64::NAN };
        }
    };
    let digits = &text[2..];
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return f64::NAN;
    }
    parse_digits(digits, radix)
}

/// `parseFloat(text)`: the longest decimal literal at the start.
pub(crate) fn parse_float(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    match decimal_prefix(text) {
        0 => f64::NAN,
        length => parse_decimal(&text[..length]),
    }
}

/// `parseInt(text, radix)`: the digits at the start; radix 0 is 10, or 16 after "0x".
pub(crate) fn parse_int(text: &str, radix: f64) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (negative, text) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let radix = crate::bits::to_int32(radix);
    let hexadecimal = matches!(text.as_bytes().get(..2), Some(b"0x" | b"0X"));
    let (text, radix) = match radix {
        0 if hexadecimal => (&text[2..], 16),
        16 if hexadecimal => (&text[2..], 16),
        0 => (text, 10),
        2..=36 => (text, radix as u32),
        _ => return f64::NAN,
    };
    let end = text.find(|digit: char| !digit.is_digit(radix)).unwrap_or(text.len());
    if end == 0 {
        return f64::NAN;
    }
    let value = parse_digits(&text[..end], radix);
    if negative { -value } else { value }
}

/// The length of the longest StrDecimalLiteral at the start of the text; 0 if there is none.
fn decimal_prefix(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = matches!(bytes.first(), Some(b'+' | b'-')) as usize;
    if bytes[sign..].starts_with(b"Infinity") {
        return sign + 8;
    }
    let whole = digits(sign);
    let mut end = sign + whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if whole + fraction == 0 {
            return 0;
        }
        end += 1 + fraction;
    } else if whole == 0 {
        return 0;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-')) as usize;
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// Rust's parser is correctly rounded and takes every StrDecimalLiteral.
fn parse_decimal(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Digits of a radix, correctly rounded where it is a power of two or ten, as V8; else summed in float64, as V8.
fn parse_digits(digits: &str, radix: u32) -> f64 {
    match radix {
        10 => parse_decimal(digits),
        2 | 4 | 8 | 16 | 32 => parse_bits(digits, radix),
        _ => parse_parts(digits, radix),
    }
}

/// Round half to even at the 53rd bit; lower bits only decide ties.
fn parse_bits(digits: &str, radix: u32) -> f64 {
    let (mut value, mut dropped, mut sticky) = (0u64, 0i32, false);
    let width = radix.trailing_zeros();
    for digit in digits.chars().filter_map(|digit| digit.to_digit(radix)) {
        for bit in (0..width).rev().map(|shift| digit >> shift & 1) {
            if value >> 62 == 0 {
                value = value << 1 | bit as u64;
            } else {
                sticky |= bit == 1;
                dropped += 1;
            }
        }
    }
    // The conversion rounds to even and sees 9 bits below the 53rd: the sticky one keeps it from a false tie.
    let rounded = (value | sticky as u64) as f64;
    // Two steps, so that the power itself stays finite.
    let half = dropped.min(2000) / 2;
    rounded * 2f64.powi(half) * 2f64.powi(dropped.min(2000) - half)
}

/// V8's loop for other radixes: parts of as many significant digits as fit in 32 bits, multiplied up in float64.
fn parse_parts(digits: &str, radix: u32) -> f64 {
    let mut value = 0.0;
    let mut digits = digits.trim_start_matches('0').chars().filter_map(|digit| digit.to_digit(radix)).peekable();
    while digits.peek().is_some() {
        let (mut part, mut multiplier) = (0u32, 1u32);
        while multiplier <= u32::MAX / 36 / radix {
            let Some(digit) = digits.next() else { break };
            part = part * radix + digit;
            multiplier *= radix;
        }
        value = value * multiplier as f64 + part as f64;
    }
    value
}

/// `x.toFixed(digits)`: of two equally near results the larger.
pub(crate) fn to_fixed(x: f64, digits: usize) -> String {
    if x.is_nan() || x.abs() >= 1e21 {
        return to_text(x);
    }
    let magnitude = x.abs();
    let mut text = format!("{magnitude:.digits$}");
    // Rust rounds an exact tie to even.
    let next = digits + 1;
    let longer = format!("{magnitude:.next$}");
    if longer.ends_with('5') && longer.parse() == Ok(magnitude) && is_exact(magnitude, &longer) {
        text = round_up(&longer[..longer.len() - 1]);
    }
    if x < 0.0 { format!("-{text}") } else { text }
}

/// No float64 has more than 1074 decimals.
fn is_exact(x: f64, text: &str) -> bool {
    format!("{x:.1074}")[text.len()..].bytes().all(|digit| digit == b'0')
}

/// Adds one to the last digit; "12." is 12 without decimals.
fn round_up(text: &str) -> String {
    let mut bytes = text.trim_end_matches('.').as_bytes().to_vec();
    for at in (0..bytes.len()).rev() {
        match bytes[at] {
            b'.' => {}
            b'9' => bytes[at] = b'0',
            digit => {
                bytes[at] = digit + 1;
                return bytes.iter().map(|&byte| byte as char).collect();
            }
        }
    }
    format!("1{}", bytes.iter().map(|&byte| byte as char).collect::<String>())
}

/// `x.toString(radix)`: V8's DoubleToRadixCString, digit by digit.
pub(crate) fn to_radix(x: f64, radix: u32) -> String {
    if radix == 10 || !x.is_finite() || x == 0.0 {
        return to_text(x);
    }
    let base = radix as f64;
    let digit = |value: f64| char::from_digit(value as u32, radix).unwrap_or('0');
    let magnitude = x.abs();
    let mut integer = magnitude.floor();
    let mut fraction = magnitude - integer;
    // Digits only as far as they tell this float64 from the next.
    let mut delta = (0.5 * (magnitude.next_up() - magnitude)).max(f64::from_bits(1));
    let mut decimals: Vec<char> = Vec::new();
    while fraction >= delta {
        fraction *= base;
        delta *= base;
        let value = fraction.trunc();
        decimals.push(digit(value));
        fraction -= value;
        if (fraction > 0.5 || (fraction == 0.5 && value % 2.0 == 1.0)) && fraction + delta > 1.0 {
            // Round up, carrying over full digits; past the point into the integer.
            loop {
                match decimals.pop().and_then(|last| last.to_digit(radix)) {
                    None => {
                        integer += 1.0;
                        break;
                    }
                    Some(last) if last + 1 < radix => {
                        decimals.push(digit((last + 1) as f64));
                        break;
                    }
                    Some(_) => {}
                }
            }
            break;
        }
    }
    let mut whole: Vec<char> = Vec::new();
    // Digits beyond the precision are zeros.
    while integer / base >= (1u64 << 53) as f64 {
        integer /= base;
        whole.push('0');
    }
    loop {
        let rest = integer % base;
        whole.push(digit(rest));
        integer = (integer - rest) / base;
        if integer <= 0.0 {
            break;
        }
    }
    let sign = if x < 0.0 { "-" } else { "" };
    let whole: String = whole.iter().rev().collect();
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{}", decimals.iter().collect::<String>())
}
