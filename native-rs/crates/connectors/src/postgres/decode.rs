//! Binary COPY → arrays. What comes was sent by a server that may be any: nothing in it is taken on trust.
//!
//! ```text
//! "PGCOPY\n\xff\r\n\0" flags:i32 length:i32 … ── once a statement
//! fields:i16 (length:i32 bytes)…              ── a row; length −1: null
//! −1:i16                                      ── the end
//! ```
use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder,
        TimestampMicrosecondBuilder,
    },
    datatypes::{DataType, SchemaRef},
};

pub(super) const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// From 1970-01-01 to 2000-01-01.
pub(super) const EPOCH_DAYS: i32 = 10_957;
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Why bytes are no rows of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// They are not what the protocol promises.
    Bytes,
    /// The value of a column, by number, that its type here does not have.
    Value { column: usize, what: &'static str },
}

/// Takes blocks of whole rows, statement after statement.
pub struct Decoder {
    columns: Vec<Column>,
    /// Between the statements.
    outside: bool,
    /// Rows that wait to be a batch, and their bytes.
    rows: usize,
    bytes: usize,
}

/// Bytes of a batch, about: a row may have gigabytes, a column's texts in a batch may not.
const BATCH_BYTES: usize = 16 << 20;

impl Decoder {
    pub fn new(schema: &SchemaRef) -> Self {
        Self { columns: schema.fields().iter().map(|field| Column::new(field.data_type())).collect(), outside: true, rows: 0, bytes: 0 }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there are enough for a batch.
    pub fn full(&self, most: usize) -> bool {
        self.rows >= most || self.bytes >= BATCH_BYTES
    }

    /// Whether the last statement's rows have all come.
    pub fn complete(&self) -> bool {
        self.outside
    }

    /// Reads rows off the front of `bytes` until there are enough, `most` or less, or the bytes are used up.
    pub fn take(&mut self, bytes: &mut &[u8], most: usize) -> Result<(), Wrong> {
        while !bytes.is_empty() && !self.full(most) {
            let before = bytes.len();
            if self.outside {
                let rest = bytes.strip_prefix(SIGNATURE).ok_or(Wrong::Bytes)?;
                *bytes = rest;
                let _flags = int32(bytes)?;
                let extension = length(int32(bytes)?)?;
                part(bytes, extension)?;
                self.outside = false;
                continue;
            }
            match int16(bytes)? {
                -1 => self.outside = true,
                fields if fields as usize == self.columns.len() && fields >= 0 => {
                    for (column, builder) in self.columns.iter_mut().enumerate() {
                        match int32(bytes)? {
                            -1 => builder.append_null(),
                            size => builder.append(part(bytes, length(size)?)?).map_err(|what| what.map_or(Wrong::Bytes, |what| Wrong::Value { column, what }))?,
                        }
                    }
                    self.rows += 1;
                    self.bytes += before - bytes.len();
                }
                _ => return Err(Wrong::Bytes),
            }
        }
        Ok(())
    }

    /// The rows so far.
    pub fn finish(&mut self) -> Vec<ArrayRef> {
        (self.rows, self.bytes) = (0, 0);
        self.columns.iter_mut().map(Column::finish).collect()
    }
}

fn part<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Wrong> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Wrong::Bytes)?;
    *bytes = rest;
    Ok(taken)
}

fn int16(bytes: &mut &[u8]) -> Result<i16, Wrong> {
    Ok(i16::from_be_bytes(part(bytes, 2)?.try_into().expect("two bytes")))
}

fn int32(bytes: &mut &[u8]) -> Result<i32, Wrong> {
    Ok(i32::from_be_bytes(part(bytes, 4)?.try_into().expect("four bytes")))
}

fn length(said: i32) -> Result<usize, Wrong> {
    usize::try_from(said).map_err(|_| Wrong::Bytes)
}

enum Column {
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, i8),
    Text(StringBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Time(Time64MicrosecondBuilder),
}

/// `None`: the bytes are wrong; else what the value is that no column here holds.
type Appended = Result<(), Option<&'static str>>;

impl Column {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int16 => Self::Int16(Int16Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float32 => Self::Float32(Float32Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Decimal128(_, scale) => Self::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()), *scale),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => Self::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone())),
            DataType::Time64(_) => Self::Time(Time64MicrosecondBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Int16(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Float32(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Decimal(builder, _) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Appended {
        match self {
            Self::Boolean(builder) => match bytes {
                [value @ (0 | 1)] => builder.append_value(*value == 1),
                _ => return Err(None),
            },
            Self::Int16(builder) => builder.append_value(i16::from_be_bytes(fixed(bytes)?)),
            Self::Int32(builder) => builder.append_value(i32::from_be_bytes(fixed(bytes)?)),
            Self::Int64(builder) => builder.append_value(i64::from_be_bytes(fixed(bytes)?)),
            Self::Float32(builder) => builder.append_value(f32::from_be_bytes(fixed(bytes)?)),
            Self::Float64(builder) => builder.append_value(f64::from_be_bytes(fixed(bytes)?)),
            Self::Decimal(builder, scale) => builder.append_value(decimal(bytes, *scale)?),
            Self::Text(builder) => builder.append_value(std::str::from_utf8(bytes).map_err(|_| Some("no UTF-8 (the database has no encoding)"))?),
            Self::Date(builder) => {
                let days = i32::from_be_bytes(fixed(bytes)?);
                let days = (days != i32::MAX && days != i32::MIN).then_some(days).ok_or(Some("infinity, which is no day"))?;
                builder.append_value(days.checked_add(EPOCH_DAYS).ok_or(None)?);
            }
            Self::Timestamp(builder) => {
                let micros = i64::from_be_bytes(fixed(bytes)?);
                let micros = (micros != i64::MAX && micros != i64::MIN).then_some(micros).ok_or(Some("infinity, which is no time"))?;
                builder.append_value(micros.checked_add(EPOCH_MICROS).ok_or(Some("a time past the year 294246, the last that microseconds since 1970 reach"))?);
            }
            Self::Time(builder) => builder.append_value(i64::from_be_bytes(fixed(bytes)?)),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Int16(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float32(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder, _) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
        }
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Option<&'static str>> {
    bytes.try_into().map_err(|_| None)
}

/// `digits weight sign scale`, each of 16 bits, and so many digits to the base of 10,000, the first of which counts 10,000^weight.
fn decimal(mut bytes: &[u8], scale: i8) -> Result<i128, Option<&'static str>> {
    let mut next = || int16(&mut bytes).map_err(|_| None);
    let (digits, weight, sign, _printed) = (next()?, i32::from(next()?), next()? as u16, next()?);
    match sign {
        0x0000 | 0x4000 => {}
        0xc000 => return Err(Some("NaN, which is no decimal")),
        0xd000 | 0xf000 => return Err(Some("infinity, which is no decimal")),
        _ => return Err(None),
    }
    let mut value = 0_i128;
    for place in 0..i32::from(digits) {
        let digit = i128::from(next()?);
        if !(0..10_000).contains(&digit) {
            return Err(None);
        }
        // Digits after the point that the column has are in the value; of those behind them there are none.
        let power = 4 * (weight - place) + i32::from(scale);
        let scaled = match u32::try_from(power) {
            _ if digit == 0 => Some(0),
            Ok(power) => 10_i128.checked_pow(power).and_then(|power| digit.checked_mul(power)),
            Err(_) => 10_i128.checked_pow(power.unsigned_abs()).filter(|divisor| digit % divisor == 0).map(|divisor| digit / divisor),
        };
        value = scaled.and_then(|scaled| value.checked_add(scaled)).ok_or(Some("more digits than its type says"))?;
    }
    if digits < 0 || !bytes.is_empty() {
        return Err(None);
    }
    Ok(if sign == 0 { value } else { -value })
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{Array, AsArray},
        datatypes::{Decimal128Type, Field, Schema, TimeUnit},
    };

    use super::*;

    fn decoder(types: &[DataType]) -> Decoder {
        let fields: Vec<Field> = types.iter().enumerate().map(|(index, data_type)| Field::new(index.to_string(), data_type.clone(), true)).collect();
        Decoder::new(&Arc::new(Schema::new(fields)))
    }

    fn statement(rows: &[&[Option<&[u8]>]]) -> Vec<u8> {
        let mut bytes = [SIGNATURE, &[0, 0, 0, 0, 0, 0, 0, 2, 7, 7]].concat();
        for row in rows {
            bytes.extend((row.len() as i16).to_be_bytes());
            for value in *row {
                bytes.extend(value.map_or(-1, |value| value.len() as i32).to_be_bytes());
                bytes.extend(value.unwrap_or_default());
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        bytes
    }

    fn numeric(weight: i16, sign: u16, digits: &[i16]) -> Vec<u8> {
        let head = [digits.len() as i16, weight, sign as i16, 0];
        head.iter().chain(digits).flat_map(|part| part.to_be_bytes()).collect()
    }

    #[test]
    fn rows_of_several_statements() {
        let types = [DataType::Int32, DataType::Utf8];
        let bytes = [statement(&[&[Some(&[0, 0, 0, 5]), Some("é".as_bytes())], &[None, None]]), statement(&[]), statement(&[&[Some(&[255; 4]), Some(b"")]])].concat();
        let mut decoder = decoder(&types);
        let mut rest = bytes.as_slice();
        decoder.take(&mut rest, 2).unwrap();
        assert_eq!((decoder.rows(), decoder.complete()), (2, false));
        let first = decoder.finish();
        assert_eq!((first[0].null_count(), first[1].as_string::<i32>().value(0)), (1, "é"));
        decoder.take(&mut rest, 2).unwrap();
        assert!(rest.is_empty() && decoder.complete() && decoder.rows() == 1);
        assert_eq!(decoder.finish()[0].as_primitive::<arrow::datatypes::Int32Type>().value(0), -1);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_an_answer() {
        let types = [DataType::Int64, DataType::Utf8, DataType::Decimal128(10, 2), DataType::Date32, DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Boolean];
        let whole = statement(&[&[Some(&[1; 8]), Some(b"text"), Some(&numeric(1, 0, &[12, 3400])), Some(&[0; 4]), Some(&[0; 8]), Some(&[1])], &[None; 6]]);
        for end in 0..whole.len() {
            let mut cut = decoder(&types);
            let outcome = cut.take(&mut &whole[..end], usize::MAX);
            assert!(outcome.is_err() || !cut.complete() || end == 0, "cut at {end}");
        }
        for place in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] = value;
                let mut decoder = decoder(&types);
                let _ = decoder.take(&mut changed.as_slice(), usize::MAX);
                decoder.finish().iter().for_each(|column| column.to_data().validate_full().unwrap());
            }
        }
    }

    #[test]
    fn numbers_of_digits() {
        let value = |bytes: &[u8], precision: u8, scale: i8| {
            let mut decoder = decoder(&[DataType::Decimal128(precision, scale)]);
            decoder.take(&mut statement(&[&[Some(bytes)]]).as_slice(), 9)?;
            Ok(decoder.finish()[0].as_primitive::<Decimal128Type>().value(0))
        };
        let wrong = |what| Err(Wrong::Value { column: 0, what });
        // 1234567.89, −0.05, 0, 10^37, and all digits that there are.
        assert_eq!(value(&numeric(1, 0, &[123, 4567, 8900]), 10, 2), Ok(123_456_789));
        assert_eq!(value(&numeric(-1, 0x4000, &[500]), 10, 2), Ok(-5));
        assert_eq!(value(&numeric(0, 0, &[]), 10, 2), Ok(0));
        assert_eq!(value(&numeric(9, 0, &[10]), 38, 0), Ok(10_i128.pow(37)));
        let nines = numeric(9, 0x4000, &[99, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999]);
        assert_eq!(value(&nines, 38, 0), Ok(1 - 10_i128.pow(38)));
        assert_eq!(value(&numeric(-1, 0, &[9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9900]), 38, 38), Ok(10_i128.pow(38) - 1));
        assert_eq!(value(&numeric(0, 0xc000, &[]), 10, 2), wrong("NaN, which is no decimal"));
        assert_eq!(value(&numeric(0, 0xf000, &[]), 10, 2), wrong("infinity, which is no decimal"));
        assert_eq!(value(&numeric(-1, 0, &[555]), 10, 2), wrong("more digits than its type says"));
        assert_eq!(value(&numeric(i16::MAX, 0, &[1]), 38, 0), wrong("more digits than its type says"));
        assert_eq!(value(&numeric(i16::MIN, 0, &[1]), 38, 38), wrong("more digits than its type says"));
        for bytes in [numeric(0, 0, &[10_000]), numeric(0, 0, &[-1]), numeric(0, 0x1234, &[1]), numeric(0, 0, &[1])[..9].to_vec(), [numeric(0, 0, &[1]), vec![0]].concat()] {
            assert_eq!(value(&bytes, 10, 2), Err(Wrong::Bytes));
        }
    }

    #[test]
    fn times_that_are_none() {
        for (data_type, bytes, what) in [
            (DataType::Date32, i32::MAX.to_be_bytes().to_vec(), "infinity"),
            (DataType::Timestamp(TimeUnit::Microsecond, None), i64::MIN.to_be_bytes().to_vec(), "infinity"),
            (DataType::Timestamp(TimeUnit::Microsecond, None), (i64::MAX - 1).to_be_bytes().to_vec(), "past the year"),
            (DataType::Utf8, vec![0xff], "no UTF-8"),
        ] {
            let outcome = decoder(&[data_type]).take(&mut statement(&[&[Some(&bytes)]]).as_slice(), 9);
            assert!(matches!(outcome, Err(Wrong::Value { column: 0, what: said }) if said.contains(what)), "{outcome:?}");
        }
    }
}
