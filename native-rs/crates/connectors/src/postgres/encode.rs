//! Arrays → binary COPY; `decode.rs` and `values.rs` have what it looks like.
use std::ops::{Range, RangeInclusive};

use arrow::{
    array::{
        Array, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, ListArray, RecordBatch,
        StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    },
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
    },
};
use lockstep_plan::{CopiedColumn, Wire};
use memchr::memchr;
use serde_json::json;

use super::{
    decode::SIGNATURE,
    values::{EPOCH_DAYS, EPOCH_MICROS},
};
use crate::errors::{ConnectorError, Result};

/// What is before the rows of a statement, and behind them.
pub const HEADER: [u8; 19] = {
    let mut header = [0; 19];
    let mut at = 0;
    while at < SIGNATURE.len() {
        header[at] = SIGNATURE[at];
        at += 1;
    }
    header
};
pub const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// From 4713 BC to the ends of dates and of times, since 2000.
const DAYS: RangeInclusive<i64> = -2_451_545..=2_145_031_948;
const MICROS: RangeInclusive<i64> = -211_813_488_000_000_000..=9_223_371_331_199_999_999;

/// Encodes the rows of one part of a write.
pub struct Encoder {
    /// The table, as messages call it.
    table: String,
    columns: Vec<CopiedColumn>,
    part: usize,
    rows: u64,
}

/// Why a value cannot be sent.
type Put = Result<(), String>;

impl Encoder {
    pub fn new(table: &str, columns: Vec<CopiedColumn>, part: usize) -> Self {
        Self { table: table.to_owned(), columns, part, rows: 0 }
    }

    /// Appends rows of a batch, whose columns are of the types that their wires take, from the one of that number on, until there are so
    /// many bytes; the number of the next. LS2015: a value that PostgreSQL does not have.
    pub fn encode(&mut self, batch: &RecordBatch, from: usize, enough: usize, out: &mut Vec<u8>) -> Result<usize> {
        let columns: Vec<Values> = batch.columns().iter().zip(&self.columns).map(|(column, to)| Values::new(column.as_ref(), to.wire, to.element)).collect();
        let fields = (columns.len() as i16).to_be_bytes();
        let mut row = from;
        while row < batch.num_rows() && out.len() < enough {
            out.extend(fields);
            for (values, CopiedColumn { name, .. }) in columns.iter().zip(&self.columns) {
                values.put(row, out).map_err(|what| self.refused(name, row, &what))?;
            }
            row += 1;
        }
        if row == batch.num_rows() {
            self.rows += row as u64;
        }
        Ok(row)
    }

    fn refused(&self, column: &str, row: usize, what: &str) -> ConnectorError {
        let row = self.rows + row as u64;
        let message = format!("{}: column {column} has {what}, in row {row} of part {}", self.table, self.part);
        ConnectorError::unsupported(message, json!({ "source": self.table, "column": column, "row": row }))
    }
}

enum Values<'a> {
    Bool(&'a BooleanArray),
    Int2(&'a Int16Array),
    Int4(&'a Int32Array),
    Int8(&'a Int64Array),
    Float4(&'a Float32Array),
    Float8(&'a Float64Array),
    Numeric(&'a Decimal128Array, u32),
    Text(&'a StringArray, Wire),
    Bytea(&'a BinaryArray),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Timestamp(&'a TimestampMicrosecondArray),
    /// Arrays, their elements, and the number of these' type.
    Lists(&'a ListArray, Box<Values<'a>>, u32),
}

impl<'a> Values<'a> {
    /// `element`: the column is one of arrays, whose elements are of that type.
    fn new(column: &'a dyn Array, wire: Wire, element: Option<u32>) -> Self {
        if let Some(element) = element {
            let lists = column.as_list();
            return Self::Lists(lists, Box::new(Self::new(lists.values().as_ref(), wire, None)), element);
        }
        match wire {
            Wire::Bool => Self::Bool(column.as_boolean()),
            Wire::Int2 => Self::Int2(column.as_primitive::<Int16Type>()),
            Wire::Int4 => Self::Int4(column.as_primitive::<Int32Type>()),
            Wire::Int8 => Self::Int8(column.as_primitive::<Int64Type>()),
            Wire::Float4 => Self::Float4(column.as_primitive::<Float32Type>()),
            Wire::Float8 => Self::Float8(column.as_primitive::<Float64Type>()),
            Wire::Numeric => {
                let scale = if let DataType::Decimal128(_, scale) = column.data_type() { *scale } else { 0 };
                Self::Numeric(column.as_primitive::<Decimal128Type>(), scale.max(0) as u32)
            }
            Wire::Text | Wire::Jsonb | Wire::Uuid => Self::Text(column.as_string(), wire),
            Wire::Bytea => Self::Bytea(column.as_binary()),
            Wire::Date => Self::Date(column.as_primitive::<Date32Type>()),
            Wire::Time => Self::Time(column.as_primitive::<Time64MicrosecondType>()),
            Wire::Timestamp => Self::Timestamp(column.as_primitive::<TimestampMicrosecondType>()),
        }
    }

    fn array(&self) -> &dyn Array {
        match self {
            Self::Bool(values) => *values,
            Self::Int2(values) => *values,
            Self::Int4(values) => *values,
            Self::Int8(values) => *values,
            Self::Float4(values) => *values,
            Self::Float8(values) => *values,
            Self::Numeric(values, _) => *values,
            Self::Text(values, _) => *values,
            Self::Bytea(values) => *values,
            Self::Date(values) => *values,
            Self::Time(values) => *values,
            Self::Timestamp(values) => *values,
            Self::Lists(lists, ..) => *lists,
        }
    }

    fn put(&self, row: usize, out: &mut Vec<u8>) -> Put {
        if self.array().is_null(row) {
            out.extend((-1_i32).to_be_bytes());
            return Ok(());
        }
        match self {
            Self::Bool(values) => field(out, &[u8::from(values.value(row))]),
            Self::Int2(values) => field(out, &values.value(row).to_be_bytes()),
            Self::Int4(values) => field(out, &values.value(row).to_be_bytes()),
            Self::Int8(values) => field(out, &values.value(row).to_be_bytes()),
            Self::Float4(values) => field(out, &values.value(row).to_be_bytes()),
            Self::Float8(values) => field(out, &values.value(row).to_be_bytes()),
            Self::Numeric(values, scale) => {
                numeric(out, values.value(row), *scale);
                Ok(())
            }
            Self::Text(values, wire) => text(out, values.value(row), *wire),
            Self::Bytea(values) => field(out, values.value(row)),
            Self::Time(values) => field(out, &values.value(row).to_be_bytes()),
            Self::Date(values) => field(out, &(within::<Date32Type>(values.value(row), i64::from(EPOCH_DAYS), DAYS)? as i32).to_be_bytes()),
            Self::Timestamp(values) => field(out, &within::<TimestampMicrosecondType>(values.value(row), EPOCH_MICROS, MICROS)?.to_be_bytes()),
            Self::Lists(lists, elements, element) => {
                let offsets = lists.value_offsets();
                list(out, elements, offsets[row] as usize..offsets[row + 1] as usize, *element)
            }
        }
    }
}

/// Of no element there is no dimension.
fn list(out: &mut Vec<u8>, elements: &Values, mut range: Range<usize>, element: u32) -> Put {
    let start = out.len();
    let (dimensions, nulls) = (i32::from(!range.is_empty()), range.clone().any(|at| elements.array().is_null(at)));
    for part in [0, dimensions, i32::from(nulls)] {
        out.extend(part.to_be_bytes());
    }
    out.extend(element.to_be_bytes());
    if !range.is_empty() {
        // Lists are of less than 2^31 elements in memory, too.
        out.extend((range.len() as i32).to_be_bytes());
        out.extend(1_i32.to_be_bytes());
    }
    range.try_for_each(|at| elements.put(at, out))?;
    let length = i32::try_from(out.len() - start - 4).map_err(|_| LARGE.to_owned())?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

const LARGE: &str = "a value of more than 2 GB";

fn field(out: &mut Vec<u8>, bytes: &[u8]) -> Put {
    let length = i32::try_from(bytes.len()).map_err(|_| LARGE.to_owned())?;
    out.extend(length.to_be_bytes());
    out.extend(bytes);
    Ok(())
}

/// Since 2000 in place of 1970.
fn within<T: ArrowPrimitiveType>(value: T::Native, epoch: i64, range: RangeInclusive<i64>) -> Result<i64, String>
where
    T::Native: Into<i64>,
{
    let since = Into::<i64>::into(value).checked_sub(epoch).filter(|since| range.contains(since));
    since.ok_or_else(|| "a date before 4713 BC or past PostgreSQL's last".to_owned())
}

fn text(out: &mut Vec<u8>, value: &str, wire: Wire) -> Put {
    if let Some(at) = memchr(0, value.as_bytes()) {
        let before: String = value[..at].chars().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect();
        return Err(format!("the character U+0000 behind {before:?}, which PostgreSQL's texts cannot hold"));
    }
    match wire {
        Wire::Uuid => field(out, &uuid(value).ok_or_else(|| format!("{value:?}, which is no uuid"))?),
        Wire::Jsonb => {
            let length = i32::try_from(value.len() + 1).map_err(|_| LARGE.to_owned())?;
            out.extend(length.to_be_bytes());
            out.push(1);
            out.extend(value.as_bytes());
            Ok(())
        }
        _ => field(out, value.as_bytes()),
    }
}

/// As PostgreSQL reads it: hyphens behind any four digits, braces around all.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let bare = text.strip_prefix('{').map_or(Some(text), |inner| inner.strip_suffix('}'))?;
    let mut digits = Vec::with_capacity(32);
    for (at, character) in bare.chars().enumerate() {
        match character.to_digit(16) {
            Some(digit) => digits.push(digit as u8),
            None if character == '-' && at > 0 && digits.len() % 4 == 0 && !digits.is_empty() && digits.len() < 32 => {}
            None => return None,
        }
    }
    let pairs: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit)).collect();
    (digits.len() == 32).then(|| pairs.try_into().ok()).flatten()
}

/// Digits to the base of 10,000, aligned at the point.
fn numeric(out: &mut Vec<u8>, value: i128, scale: u32) {
    let (size, sign) = (value.unsigned_abs(), if value < 0 { 0x4000_u16 } else { 0 });
    let unit = 10_u128.pow(scale);
    let (mut whole, part) = (size / unit, size % unit);
    let mut groups = Vec::with_capacity(12);
    while whole > 0 {
        groups.push((whole % 10_000) as i16);
        whole /= 10_000;
    }
    groups.reverse();
    let mut weight = groups.len() as i16 - 1;
    // Of the digits behind the point the last group has one to four.
    let rest = scale % 4;
    let (mut full, last) = (part / 10_u128.pow(rest), part % 10_u128.pow(rest));
    let mut behind = vec![];
    if rest > 0 {
        behind.push((last * 10_u128.pow(4 - rest)) as i16);
    }
    for _ in 0..scale / 4 {
        behind.push((full % 10_000) as i16);
        full /= 10_000;
    }
    groups.extend(behind.into_iter().rev());
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= zeros as i16;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    out.extend((8 + 2 * groups.len() as i32).to_be_bytes());
    for part in [groups.len() as i16, weight, sign as i16, scale as i16].into_iter().chain(groups) {
        out.extend(part.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::ArrayRef,
        datatypes::{Field, Schema, TimeUnit},
    };

    use super::{super::decode::Decoder, *};

    fn encoded(columns: Vec<(Wire, ArrayRef)>) -> Result<Vec<u8>> {
        let element = |column: &ArrayRef| matches!(column.data_type(), DataType::List(_)).then_some(4711);
        let wires = columns.iter().enumerate().map(|(index, (wire, column))| CopiedColumn { name: index.to_string(), data_type: String::new(), wire: *wire, element: element(column) }).collect();
        let batch = RecordBatch::try_from_iter_with_nullable(columns.iter().enumerate().map(|(index, (_, column))| (index.to_string(), column.clone(), true))).unwrap();
        let mut bytes = HEADER.to_vec();
        let (mut encoder, mut row) = (Encoder::new("t", wires, 3), 0);
        while row < batch.num_rows() {
            // A row at a time.
            row = encoder.encode(&batch, row, bytes.len() + 1, &mut bytes)?;
        }
        bytes.extend(TRAILER);
        Ok(bytes)
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let decimals = |precision, scale, values: Vec<i128>| -> ArrayRef { Arc::new(Decimal128Array::from_iter_values(values).with_precision_and_scale(precision, scale).unwrap()) };
        let most = 10_i128.pow(38) - 1;
        let columns: Vec<(Wire, ArrayRef)> = vec![
            (Wire::Bool, Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
            (Wire::Int2, Arc::new(Int16Array::from(vec![i16::MIN, 0, i16::MAX]))),
            (Wire::Int4, Arc::new(Int32Array::from(vec![i32::MIN, 0, i32::MAX]))),
            (Wire::Int8, Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MAX]))),
            (Wire::Float4, Arc::new(Float32Array::from(vec![f32::MIN, -0.0, f32::INFINITY]))),
            (Wire::Float8, Arc::new(Float64Array::from(vec![f64::MIN_POSITIVE, -0.0, f64::NEG_INFINITY]))),
            (Wire::Numeric, decimals(10, 2, vec![123_456_789, -5, 0])),
            (Wire::Numeric, decimals(38, 0, vec![most, -most, 10_000])),
            (Wire::Numeric, decimals(38, 38, vec![most, -1, 10_i128.pow(37)])),
            (Wire::Numeric, decimals(38, 37, vec![most, -10_000, 10_i128.pow(37)])),
            (Wire::Text, Arc::new(StringArray::from(vec!["", "é😀", "a\\\n\t"]))),
            (Wire::Date, Arc::new(Date32Array::from(vec![0, -719_162, 2_932_896]))),
            (Wire::Time, Arc::new(Time64MicrosecondArray::from(vec![Some(0), None, Some(86_400_000_000)]))),
            (Wire::Timestamp, Arc::new(TimestampMicrosecondArray::from(vec![Some(0), None, Some(-1)]))),
            (Wire::Int4, Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None, Some(i32::MIN)]), None, Some(vec![])]))),
            // From the second list on.
            (Wire::Float8, Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(9.0)]), Some(vec![Some(-0.0)]), Some(vec![None]), Some(vec![Some(f64::MAX)])]).slice(1, 3))),
        ];
        let bytes = encoded(columns.clone()).unwrap();
        let fields: Vec<Field> = columns.iter().enumerate().map(|(index, (_, column))| Field::new(index.to_string(), column.data_type().clone(), true)).collect();
        let mut decoder = Decoder::new(&Arc::new(Schema::new(fields)));
        decoder.take(&mut bytes.as_slice(), usize::MAX).unwrap();
        assert!(decoder.complete());
        for ((_, column), back) in columns.iter().zip(decoder.finish()) {
            assert_eq!(&back, column);
        }
    }

    #[test]
    fn what_postgres_has_not_is_named() {
        let wrong = |wire, column: ArrayRef| encoded(vec![(wire, column)]).unwrap_err().message;
        let nul = wrong(Wire::Text, Arc::new(StringArray::from(vec!["fine", "before\0behind"])));
        assert_eq!(nul, "t: column 0 has the character U+0000 behind \"before\", which PostgreSQL's texts cannot hold, in row 1 of part 3");
        assert!(wrong(Wire::Uuid, Arc::new(StringArray::from(vec!["1-2"]))).contains("no uuid"));
        let days = ListArray::from_iter_primitive::<Date32Type, _, _>([None, Some(vec![Some(0), Some(i32::MAX)])]);
        assert_eq!(wrong(Wire::Date, Arc::new(days)), "t: column 0 has a date before 4713 BC or past PostgreSQL's last, in row 1 of part 3");
        for last in [i64::MIN, MICROS.start() + EPOCH_MICROS - 1] {
            assert!(wrong(Wire::Timestamp, Arc::new(TimestampMicrosecondArray::from(vec![last]))).contains("4713 BC"), "{last}");
        }
        assert!(wrong(Wire::Date, Arc::new(Date32Array::from(vec![i32::MAX]))).contains("4713 BC"));
    }

    #[test]
    fn uuids() {
        assert_eq!(uuid("00000000-0000-0000-0000-0000000000ff").unwrap()[15], 255);
        assert_eq!(uuid("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}").unwrap()[0], 0xa0);
        for wrong in ["", "-", "00000000-0000-0000-0000-0000000000f", "0000000-00000-0000-0000-0000000000ff", "00000000-0000-0000-0000-0000000000ff-", "{00000000000000000000000000000000", "g0000000000000000000000000000000"] {
            assert_eq!(uuid(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn zones_are_not_looked_at() {
        let zoned = TimestampMicrosecondArray::from(vec![7]).with_timezone("+02:00");
        assert_eq!(zoned.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("+02:00".into())));
        assert_eq!(encoded(vec![(Wire::Timestamp, Arc::new(zoned))]).unwrap(), encoded(vec![(Wire::Timestamp, Arc::new(TimestampMicrosecondArray::from(vec![7])))]).unwrap());
    }
}
