//! One part file of a written dataset, as RFC 4180 says: a field is quoted if it has to be. An empty string is quoted,
//! null is an empty field. Values are printed as JavaScript prints them, dates as `toISOString` does.
use std::{io::Write, path::Path};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit},
    util::display::{ArrayFormatter, FormatOptions},
};
use serde_json::json;

use super::options::CsvWriteOptions;
use crate::{
    arrow_types::print_type,
    errors::{ConnectorError, Result},
    outputs::PartFile,
    parquet::FileInfo,
    text::civil,
};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 18;

/// Writes `part-NNNNN.csv`.
pub struct CsvPart {
    file: PartFile,
    delimiter: u8,
    /// The delimiter can be part of a number or a date: these are looked at, too.
    odd: bool,
    buffer: Vec<u8>,
    rows: u64,
    bytes: u64,
}

impl CsvPart {
    /// Creates the file with its header. LS2008 if that is not possible.
    pub fn create(staging: impl AsRef<Path>, index: usize, names: &[&str], options: &CsvWriteOptions) -> Result<Self> {
        let file = PartFile::create(staging.as_ref(), &format!("part-{index:05}.csv"), &options.store)?;
        let delimiter = options.delimiter;
        let odd = delimiter.is_ascii_alphanumeric() || matches!(delimiter, b'.' | b'-' | b'+' | b':');
        let mut part = Self { file, delimiter, odd, buffer: Vec::new(), rows: 0, bytes: 0 };
        if options.header {
            for (index, name) in names.iter().enumerate() {
                part.separate(index);
                part.text(name);
            }
            part.buffer.push(b'\n');
        }
        Ok(part)
    }

    /// Appends rows. LS2008 disk full, LS2015 a column of a type without a text form.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            columns.push(Column::new(field.name(), column)?);
        }
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                self.separate(index);
                let start = self.buffer.len();
                column.print(row, self);
                if self.odd && !matches!(column, Column::Text(_)) {
                    self.quote_from(start);
                }
            }
            self.buffer.push(b'\n');
            if self.buffer.len() >= BUFFER {
                self.flush()?;
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    pub fn close(mut self) -> Result<FileInfo> {
        self.flush()?;
        let path = self.file.path.to_string_lossy().into_owned();
        self.file.finish()?;
        Ok(FileInfo { path, rows: self.rows, bytes: self.bytes })
    }

    fn flush(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).map_err(|error| match error.downcast::<ConnectorError>() {
            Ok(known) => known,
            Err(error) => ConnectorError::write(&self.file.path, &error),
        })?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.buffer.push(self.delimiter);
        }
    }

    /// Prints what stands behind `start` again, as text.
    fn quote_from(&mut self, start: usize) {
        let text = String::from_utf8_lossy(&self.buffer.split_off(start)).into_owned();
        if !text.is_empty() {
            self.text(&text);
        }
    }

    fn text(&mut self, text: &str) {
        let special = |byte: u8| byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if !text.is_empty() && !text.bytes().any(special) {
            self.buffer.extend_from_slice(text.as_bytes());
            return;
        }
        self.buffer.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                self.buffer.push(b'"');
            }
            self.buffer.push(byte);
        }
        self.buffer.push(b'"');
    }
}

/// A column cast to the form that is printed.
enum Column {
    Number(arrow::array::Float64Array),
    Integer(arrow::array::Int64Array),
    Boolean(arrow::array::BooleanArray),
    /// Ticks, and how many make a millisecond; negative: how many milliseconds make a tick.
    Date(arrow::array::Int64Array, i64),
    /// Days since 1970: a calendar day is printed as one.
    Day(arrow::array::Date32Array),
    Text(arrow::array::StringArray),
}

impl Column {
    fn new(name: &str, column: &dyn Array) -> Result<Self> {
        let unprintable = || {
            let printed = print_type(column.data_type());
            let message = format!("column {name} is {printed}, which has no form in CSV; drop it or derive text from it");
            ConnectorError::unsupported(message, json!({ "column": name, "type": printed }))
        };
        let held = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        };
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
                (values, Some(ticks)) => Self::Date(values, ticks),
                (values, None) => Self::Integer(values),
            },
            DataType::Boolean => Self::Boolean(column.as_boolean().clone()),
            DataType::Date32 => Self::Day(column.as_primitive::<Date32Type>().clone()),
            _ => Self::Text(column.as_string::<i32>().clone()),
        })
    }

    fn print(&self, row: usize, part: &mut CsvPart) {
        match self {
            Self::Number(values) if values.is_valid(row) => {
                part.buffer.extend_from_slice(ryu_js::Buffer::new().format(values.value(row)).as_bytes());
            }
            Self::Integer(values) if values.is_valid(row) => {
                write!(part.buffer, "{}", values.value(row)).expect("a buffer grows");
            }
            Self::Boolean(values) if values.is_valid(row) => {
                part.buffer.extend_from_slice(if values.value(row) { b"true" } else { b"false" });
            }
            Self::Date(values, ticks) if values.is_valid(row) => {
                let value = values.value(row);
                let time = if *ticks < 0 { value.saturating_mul(-ticks) } else { value.div_euclid(*ticks) };
                iso(time, &mut part.buffer);
            }
            Self::Day(values) if values.is_valid(row) => day(values.value(row).into(), &mut part.buffer),
            Self::Text(values) if values.is_valid(row) => part.text(values.value(row)),
            _ => {}
        }
    }
}

fn decimals(column: &dyn Array) -> Option<Column> {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default()).ok()?;
    let text = |row| column.is_valid(row).then(|| formatter.value(row).to_string());
    Some(Column::Text((0..column.len()).map(text).collect()))
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
