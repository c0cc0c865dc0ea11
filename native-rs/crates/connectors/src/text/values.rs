//! Text → values, by the rules both executions share. A value either has exactly the form of its type or it has not.
use lockstep_plan::JsType;

/// `true` or `false`.
pub fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// A plain decimal literal: `-`, digits without leading zeros, fraction, exponent; NaN and ±Infinity, which JavaScript
/// prints of numbers.
pub fn number(text: &[u8]) -> Option<f64> {
    if let Some(value) = short_number(text) {
        return Some(value);
    }
    if !is_number(text) {
        return match text {
            b"NaN" => Some(f64::NAN),
            b"Infinity" => Some(f64::INFINITY),
            b"-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        };
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// At most 15 digits with a fraction: both the digits and the power of ten are exact, so their quotient is the nearest
/// number (Clinger, "How to read floating point numbers accurately"). None: look at it as a whole.
fn short_number(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 16 || matches!(digits, [b'0', b'0'..=b'9', ..] | [b'.', ..] | []) {
        return None;
    }
    let (mut mantissa, mut fraction) = (0_u64, None);
    for (index, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if fraction.is_none() => fraction = Some(digits.len() - index - 1),
            _ => return None,
        }
    }
    let value = match fraction {
        None if digits.len() <= 15 => mantissa as f64,
        Some(places @ 1..) => mantissa as f64 / POWERS[places],
        _ => return None,
    };
    Some(if negative { -value } else { value })
}

/// Whether `text` is an integer of which `value`, what [`number`] made of it, is another: an id past ±2^53. What
/// JavaScript prints of a number is that number, also where its last digits are zeros in place of others.
pub fn loses(text: &[u8], value: f64) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    digits.len() > 15
        && digits.iter().all(u8::is_ascii_digit)
        && ryu_js::Buffer::new().format(value).as_bytes() != text
        && format!("{value:.0}").as_bytes() != text
}

const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || whole > 1 && text[0] == b'0' {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

/// An integer of 64 bits, without leading zeros.
pub fn bigint(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || digits[0] != b'0');
    if plain { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

/// Milliseconds since 1970 of `2024-01-31`, `2024-01-31T12:00:00`, with `.sss` and `Z`; taken as UTC. Years of six digits
/// have a sign, as JavaScript prints them.
pub fn date(text: &[u8]) -> Option<i64> {
    let digits = |text: Option<&[u8]>| text?.iter().try_fold(0_i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')));
    let (year, text) = match text.first()? {
        b'+' => (digits(text.get(1..7))?, text.get(7..)?),
        b'-' => (-digits(text.get(1..7)).filter(|year| *year > 0)?, text.get(7..)?),
        _ => (digits(text.get(0..4))?, text.get(4..)?),
    };
    let number = |range: std::ops::Range<usize>| digits(text.get(range));
    let is = |index: usize, byte: u8| text.get(index) == Some(&byte);
    let (month, day) = (number(1..3)?, number(4..6)?);
    if !is(0, b'-') || !is(3, b'-') || !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * 86_400_000;
    if text.len() == 6 {
        return possible(midnight);
    }
    let (hour, minute, second) = (number(7..9)?, number(10..12)?, number(13..15)?);
    if !is(6, b'T') || !is(9, b':') || !is(12, b':') || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (millisecond, end) = if is(15, b'.') { (number(16..19)?, 19) } else { (0, 15) };
    let rest = &text[end..];
    let time = midnight + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
    if rest.is_empty() || rest == b"Z" { possible(time) } else { None }
}

/// A Date of JavaScript is at most 100,000,000 days from 1970.
fn possible(time: i64) -> Option<i64> {
    (time.abs() <= 8_640_000_000_000_000).then_some(time)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Howard Hinnant, "chrono-compatible low-level date algorithms": days_from_civil.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day since 1970; the same source: civil_from_days.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// The types that all values seen so far could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidates {
    boolean: bool,
    number: bool,
    date: bool,
    seen: bool,
}

impl Candidates {
    pub const ANY: Self = Self { boolean: true, number: true, date: true, seen: false };

    pub fn see(&mut self, text: &[u8]) {
        if self.seen && self.is_string() {
            return;
        }
        self.seen = true;
        self.boolean = self.boolean && boolean(text).is_some();
        self.number = self.number && number(text).is_some();
        self.date = self.date && date(text).is_some();
    }

    /// No further value can change the answer.
    pub fn is_string(&self) -> bool {
        !(self.boolean || self.number || self.date)
    }

    /// The column's type; string if it has no value.
    pub fn decide(&self) -> JsType {
        match self {
            Self { seen: false, .. } => JsType::String,
            Self { boolean: true, .. } => JsType::Boolean,
            Self { number: true, .. } => JsType::Number,
            Self { date: true, .. } => JsType::Date,
            _ => JsType::String,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for text in ["0", "-0", "0.5", "-12.25", "1e21", "1.5E-7", "2e+3", "9007199254740993"] {
            assert_eq!(number(text.as_bytes()), Some(text.parse().unwrap()), "{text}");
        }
        for text in ["", "-", "007", "00", ".5", "5.", "+5", "1e", "1e+", "0x10", "1_000", " 1", "1 ", "nan", "inf", "+Infinity", "1,5"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        for (text, lost) in [
            ("9007199254740992", false),
            ("9007199254740993", true),
            ("-9007199254740993", true),
            ("12345678901234567890", true),
            ("123456789012345680000", false),
            ("9223372036854775808", false),
            ("10000000000000000000000", false),
            ("10000000000000000000001", true),
            ("9007199254740993.5", false),
            ("9.007199254740993e15", false),
        ] {
            assert_eq!(loses(text.as_bytes(), text.parse().unwrap()), lost, "{text}");
        }
        assert!(loses("9".repeat(400).as_bytes(), f64::INFINITY));
        let mut seed = 3_u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let text = format!("{}{}.{:0>2}", if seed & 1 == 0 { "-" } else { "" }, (seed >> 1) % 100_000_000, (seed >> 40) % 1_000_000);
            let expected: f64 = text.parse().unwrap();
            assert_eq!(number(text.as_bytes()).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
        assert_eq!(number(b"-0").map(f64::to_bits), Some((-0.0_f64).to_bits()));
        assert!(number(b"NaN").unwrap().is_nan());
        assert_eq!(number(b"-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(bigint(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(bigint(b"9223372036854775808"), None);
        assert_eq!(bigint(b"01"), None);
    }

    #[test]
    fn dates() {
        for (text, expected) in [
            ("1970-01-01", 0),
            ("2024-02-29", 1_709_164_800_000),
            ("2024-01-31T12:00:00", 1_706_702_400_000),
            ("2024-01-31T12:00:00Z", 1_706_702_400_000),
            ("2024-01-31T12:00:00.007Z", 1_706_702_400_007),
            ("0000-01-01", -62_167_219_200_000),
            ("+010000-01-01", 253_402_300_800_000),
            ("-000001-12-31T23:59:59.999Z", -62_167_219_200_001),
            ("+275760-09-13T00:00:00Z", 8_640_000_000_000_000),
        ] {
            assert_eq!(date(text.as_bytes()), Some(expected), "{text}");
        }
        for text in ["2023-02-29", "2024-13-01", "2024-1-1", "2024-01-31 12:00:00", "2024-01-31T24:00:00", "2024-01-31T12:00", "2024-01-31T12:00:00.7Z", "2024-01-31Z", "20240131", "-000000-01-01", "+10000-01-01", "10000-01-01", "-0001-01-01", "+275760-09-13T00:00:00.001Z", "+", ""] {
            assert_eq!(date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_column_is_what_all_its_values_are() {
        let decide = |values: &[&str]| {
            let mut candidates = Candidates::ANY;
            values.iter().for_each(|value| candidates.see(value.as_bytes()));
            candidates.decide()
        };
        assert_eq!(decide(&["true", "false"]), JsType::Boolean);
        assert_eq!(decide(&["1", "2.5"]), JsType::Number);
        assert_eq!(decide(&["1", "NaN", "-Infinity"]), JsType::Number);
        assert_eq!(decide(&["2024-01-31", "2024-01-31T00:00:00Z"]), JsType::Date);
        assert_eq!(decide(&["1", "007"]), JsType::String);
        assert_eq!(decide(&["true", "1"]), JsType::String);
        assert_eq!(decide(&[]), JsType::String);
    }
}
