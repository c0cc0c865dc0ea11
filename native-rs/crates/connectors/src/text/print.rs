//! Columns → texts, as JavaScript prints values; dates as `toISOString` does, integers and decimals with all digits.
use std::io::Write;

use arrow::{
    array::{Array, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray},
    compute::cast,
    datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit},
    util::display::{ArrayFormatter, FormatOptions},
};
use lockstep_functions::kinds::texts;
use serde_json::json;

use super::values::civil;
use crate::{
    arrow_types::print_type,
    errors::{ConnectorError, Result},
};

/// A column cast to the form that is printed.
pub enum Printed {
    Number(Float64Array),
    Integer(Int64Array),
    /// Decimals, and integers past int64.
    Digits(StringArray),
    Boolean(BooleanArray),
    /// Ticks, and how many make a millisecond; negative: how many milliseconds make a tick.
    Instant(Int64Array, i64),
    /// Days since 1970: a calendar day is printed as one.
    Day(Date32Array),
    Text(StringArray),
}

impl Printed {
    /// LS2015: a column of a type without a text form in `format`.
    pub fn of(name: &str, column: &dyn Array, format: &str) -> Result<Self> {
        let unprintable = || {
            let printed = print_type(column.data_type());
            let message = format!("column \"{name}\" is {printed}, which has no form in {format}; drop it or derive text from it");
            ConnectorError::unsupported(message, json!({ "column": name, "type": printed }))
        };
        let held = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        };
        if let Some(texts) = texts(column) {
            return texts.map(Self::Text).map_err(|wrong| {
                let message = format!("column \"{name}\" holds {}, which is no time of day", wrong.what);
                ConnectorError::unsupported(message, json!({ "column": name }))
            });
        }
        let printed = match held {
            other if other.is_floating() => DataType::Float64,
            DataType::UInt64 => DataType::Utf8,
            other if other.is_integer() => DataType::Int64,
            DataType::Boolean => DataType::Boolean,
            DataType::Timestamp(..) | DataType::Date64 => DataType::Int64,
            DataType::Date32 => DataType::Date32,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
            DataType::Decimal128(..) | DataType::Decimal256(..) => return decimals(column).ok_or_else(unprintable),
            _ => return Err(unprintable()),
        };
        let ticks = match held {
            DataType::Timestamp(TimeUnit::Second, _) => Some(-1000),
            DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date64 => Some(1),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Some(1000),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Some(1_000_000),
            _ => None,
        };
        let column = cast(column, &printed).map_err(|_| unprintable())?;
        Ok(match printed {
            DataType::Float64 => Self::Number(column.as_primitive::<Float64Type>().clone()),
            DataType::Int64 => match (column.as_primitive::<Int64Type>().clone(), ticks) {
                (values, Some(ticks)) => Self::Instant(values, ticks),
                (values, None) => Self::Integer(values),
            },
            DataType::Boolean => Self::Boolean(column.as_boolean().clone()),
            DataType::Date32 => Self::Day(column.as_primitive::<Date32Type>().clone()),
            _ if *held == DataType::UInt64 => Self::Digits(column.as_string::<i32>().clone()),
            _ => Self::Text(column.as_string::<i32>().clone()),
        })
    }

    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Number(values) => values.is_null(row),
            Self::Integer(values) | Self::Instant(values, _) => values.is_null(row),
            Self::Digits(values) | Self::Text(values) => values.is_null(row),
            Self::Boolean(values) => values.is_null(row),
            Self::Day(values) => values.is_null(row),
        }
    }

    /// A value that is not null, as it is, without quotes.
    pub fn print(&self, row: usize, buffer: &mut Vec<u8>) {
        match self {
            Self::Number(values) => buffer.extend_from_slice(ryu_js::Buffer::new().format(values.value(row)).as_bytes()),
            Self::Integer(values) => write!(buffer, "{}", values.value(row)).expect("a buffer grows"),
            Self::Digits(values) | Self::Text(values) => buffer.extend_from_slice(values.value(row).as_bytes()),
            Self::Boolean(values) => buffer.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Self::Instant(values, ticks) => {
                let value = values.value(row);
                iso(if *ticks < 0 { value.saturating_mul(-ticks) } else { value.div_euclid(*ticks) }, buffer);
            }
            Self::Day(values) => day(values.value(row).into(), buffer),
        }
    }
}

impl Printed {
    /// The same, of an instant at midnight the day alone; false of an instant within a millisecond, which is cut off.
    pub fn print_short(&self, row: usize, buffer: &mut Vec<u8>) -> bool {
        let Self::Instant(values, ticks) = self else {
            self.print(row, buffer);
            return true;
        };
        let value = values.value(row);
        let time = if *ticks < 0 { value.saturating_mul(-ticks) } else { value.div_euclid(*ticks) };
        if time.rem_euclid(86_400_000) == 0 { day(time.div_euclid(86_400_000), buffer) } else { iso(time, buffer) }
        *ticks < 0 || value.rem_euclid(*ticks) == 0
    }
}

fn decimals(column: &dyn Array) -> Option<Printed> {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default()).ok()?;
    let text = |row| column.is_valid(row).then(|| formatter.value(row).to_string());
    Some(Printed::Digits((0..column.len()).map(text).collect()))
}

/// `Date.prototype.toISOString`.
fn iso(time: i64, buffer: &mut Vec<u8>) {
    let (days, rest) = (time.div_euclid(86_400_000), time.rem_euclid(86_400_000));
    day(days, buffer);
    let (seconds, millisecond) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write!(buffer, "T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z").expect("a buffer grows");
}

/// The part of `toISOString` before the T: years outside 0…9999 have a sign and six digits.
fn day(days: i64, buffer: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{}{:06}", if year < 0 { '-' } else { '+' }, year.abs()),
    };
    write!(buffer, "{year}-{month:02}-{day:02}").expect("a buffer grows");
}
