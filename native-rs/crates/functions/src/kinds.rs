//! Stored values that JavaScript sees as texts: uuids, which are the only bytes of 16 in the engine, and times of day. Their texts order
//! and equal as the values do. Plain Node has the same in `runtime/src/tables/kinds.ts`.
use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, StringArray, StringBuilder, make_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use std::fmt::Write;

/// How a uuid is stored.
pub const UUID: DataType = DataType::FixedSizeBinary(16);

/// Whether JavaScript sees texts in values of this type that are stored as something else.
pub fn is_seen_as_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Time32(_) | DataType::Time64(_)) || *data_type == UUID
}

/// What stands in a row and is none of its column's values, or no text of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub row: usize,
    pub what: String,
}

/// The texts: `0c6f8f50-…` in lower case, `09:05:00.25` without zeros at the end. None of other types.
pub fn texts(array: &dyn Array) -> Option<Result<StringArray, Wrong>> {
    match array.data_type() {
        of if *of == UUID => {
            let values = array.as_fixed_size_binary();
            Some(Ok(values.iter().map(|value| value.map(uuid_text)).collect()))
        }
        DataType::Time32(unit) | DataType::Time64(unit) => Some(times(array, *unit)),
        _ => None,
    }
}

/// The values of texts, as `to` stores them. None where `to` is none of these types.
pub fn of_texts(texts: &StringArray, to: &DataType) -> Option<Result<ArrayRef, Wrong>> {
    let wrong = |row: usize| Wrong { row, what: format!("{:?}", texts.value(row)) };
    match to {
        of if *of == UUID => {
            let mut values = FixedSizeBinaryBuilder::with_capacity(texts.len(), 16);
            for (row, text) in texts.iter().enumerate() {
                match text.map(uuid_of) {
                    None => values.append_null(),
                    Some(Some(bytes)) => values.append_value(bytes).expect("sixteen bytes"),
                    Some(None) => return Some(Err(wrong(row))),
                }
            }
            Some(Ok(std::sync::Arc::new(values.finish())))
        }
        DataType::Time32(unit) | DataType::Time64(unit) => {
            let ticks = texts.iter().enumerate().map(|(row, text)| text.map(|text| time_of(text, *unit).ok_or_else(|| wrong(row))).transpose());
            let ticks: Result<arrow::array::Int64Array, Wrong> = ticks.collect();
            // A day's milliseconds have 27 bits.
            Some(ticks.map(|ticks| of_ticks(&ticks, to).expect("ticks of a day fit")))
        }
        _ => None,
    }
}

fn of_ticks(ticks: &dyn Array, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let stored = if matches!(to, DataType::Time32(_)) { DataType::Int32 } else { DataType::Int64 };
    let held = cast(ticks, &stored)?;
    held.into_data().into_builder().data_type(to.clone()).build().map(make_array)
}

fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{byte:02x}").expect("a text grows");
    }
    text
}

/// Of 32 hexadecimal digits, in groups of 8, 4, 4, 4 and 12.
fn uuid_of(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    let mut bytes = [0; 16];
    let mut at = 0;
    for (index, byte) in bytes.iter_mut().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            (text.get(at) == Some(&b'-')).then_some(())?;
            at += 1;
        }
        let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
        *byte = (digit(at)? * 16 + digit(at + 1)?) as u8;
        at += 2;
    }
    (at == text.len()).then_some(bytes)
}

/// Digits of a second's fraction.
fn digits(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

const DAY: i64 = 86_400;

fn times(array: &dyn Array, unit: TimeUnit) -> Result<StringArray, Wrong> {
    let places = digits(unit);
    let second = 10_i64.pow(places as u32);
    let held = cast(array, &if matches!(array.data_type(), DataType::Time32(_)) { DataType::Int32 } else { DataType::Int64 });
    let ticks = held.and_then(|held| cast(&held, &DataType::Int64)).expect("times are integers");
    let mut texts = StringBuilder::new();
    for (row, ticks) in ticks.as_primitive::<Int64Type>().iter().enumerate() {
        let Some(ticks) = ticks else {
            texts.append_null();
            continue;
        };
        // The end of a day is one: databases have it.
        if !(0..=DAY * second).contains(&ticks) {
            return Err(Wrong { row, what: ticks.to_string() });
        }
        let (seconds, rest) = (ticks / second, ticks % second);
        write!(texts, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60).expect("a text grows");
        if rest > 0 {
            texts.write_char('.').expect("a text grows");
            texts.write_str(format!("{rest:0places$}").trim_end_matches('0')).expect("a text grows");
        }
        texts.append_value("");
    }
    Ok(texts.finish())
}

/// Ticks of `09:05`, `09:05:00`, `09:05:00.25`; None where it is no time, or has more digits than the unit.
fn time_of(text: &str, unit: TimeUnit) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let part = |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i64>().ok()).flatten();
    let parts = whole.split(':').map(part).collect::<Option<Vec<_>>>()?;
    let (hour, minute, second) = match parts[..] {
        [hour, minute] if fraction.is_none() => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let places = digits(unit);
    let fraction = match fraction {
        None => 0,
        Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let kept = text.trim_end_matches('0');
            if kept.len() > places { return None }
            format!("{kept:0<places$}0").parse::<i64>().ok()? / 10
        }
        Some(_) => return None,
    };
    let seconds = (hour * 60 + minute) * 60 + second;
    let ticks = seconds * 10_i64.pow(places as u32) + fraction;
    (minute < 60 && second < 60 && ticks <= DAY * 10_i64.pow(places as u32)).then_some(ticks)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, Time64NanosecondArray};

    use super::*;

    fn back(texts_of: &[Option<&str>], to: &DataType) -> Result<Vec<Option<String>>, Wrong> {
        let stored = of_texts(&StringArray::from(texts_of.to_vec()), to).unwrap()?;
        assert_eq!(stored.data_type(), to);
        Ok(texts(&stored).unwrap()?.iter().map(|text| text.map(str::to_owned)).collect())
    }

    #[test]
    fn uuids() {
        let text = "0C6F8f50-0000-4fff-8000-0123456789AB";
        assert_eq!(back(&[Some(text), None], &UUID).unwrap(), [Some(text.to_lowercase()), None]);
        for wrong in ["", "0c6f8f5000004fff80000123456789ab", "0c6f8f50-0000-4fff-8000-0123456789a", "0c6f8f50-0000-4fff-8000-0123456789abc", "0c6f8f50-0000-4fff-8000-0123456789ag", "0c6f8f50 0000-4fff-8000-0123456789ab"] {
            assert_eq!(back(&[None, Some(wrong)], &UUID).unwrap_err().row, 1, "{wrong}");
        }
    }

    #[test]
    fn times_of_day() {
        for unit in [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
            let to = if digits(unit) <= 3 { DataType::Time32(unit) } else { DataType::Time64(unit) };
            let long = ["09:05:07.25", "00:00:00.000000001"].into_iter().filter(|text| text.len() - 9 <= digits(unit));
            for text in ["00:00:00", "23:59:59", "24:00:00"].into_iter().chain(long) {
                assert_eq!(back(&[Some(text), None], &to).unwrap(), [Some(text.to_owned()), None]);
            }
            assert_eq!(back(&[Some("09:05")], &to).unwrap(), [Some("09:05:00".to_owned())]);
            assert_eq!(back(&[Some("09:05:01.000")], &to).unwrap(), [Some("09:05:01".to_owned())]);
            for wrong in ["", "9:05:00", "09:60:00", "09:05:60", "24:00:01", "09:05:00.", "09:05:00.0000000001", "09:05.5", "-1:00:00", "+9:05:00"] {
                assert!(back(&[Some(wrong)], &to).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn what_is_no_time_of_day() {
        for ticks in [-1, 86_400_000_000_001] {
            let array = Time64NanosecondArray::from(Int64Array::from(vec![Some(5), Some(ticks)]).values().to_vec());
            assert_eq!(texts(&(Arc::new(array) as ArrayRef)).unwrap(), Err(Wrong { row: 1, what: ticks.to_string() }));
        }
    }
}
