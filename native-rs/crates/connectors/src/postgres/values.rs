//! The binary form of values → arrays of Arrow's.
use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int16Builder, Int32Builder, Int64Builder, ListArray, StringBuilder,
        Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
    },
    buffer::OffsetBuffer,
    datatypes::{DataType, FieldRef},
};

use super::decode::{int16, int32, length, part};

/// From 1970-01-01 to 2000-01-01.
pub(super) const EPOCH_DAYS: i32 = 10_957;
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// PostgreSQL's arrays have no more.
const MOST_DIMENSIONS: i32 = 6;

/// The values of a column.
pub(super) enum Column {
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
    List(Box<Lists>),
}

/// What arrays are made of.
pub(super) struct Lists {
    item: FieldRef,
    elements: Column,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

/// `None`: the bytes are wrong; else what the value is that no column here holds.
type Appended = Result<(), Option<&'static str>>;

impl Column {
    pub(super) fn new(data_type: &DataType) -> Self {
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
            DataType::List(item) => Self::List(Box::new(Lists { item: Arc::clone(item), elements: Self::new(item.data_type()), lengths: Vec::new(), valid: Vec::new() })),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    pub(super) fn append_null(&mut self) {
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
            Self::List(lists) => lists.end(0, false),
        }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Appended {
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
            Self::List(lists) => lists.append(bytes)?,
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
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
            Self::List(lists) => Arc::new(lists.finish()),
        }
    }
}

impl Lists {
    /// `dimensions nulls type`, of each dimension `elements first`, all of 32 bits, and the elements as rows have their fields: of none
    /// there is no dimension. Room is made for what comes, not for what is said.
    fn append(&mut self, mut bytes: &[u8]) -> Appended {
        let mut next = || int32(&mut bytes).map_err(|_| None);
        let (dimensions, nulls, _type) = (next()?, next()?, next()?);
        let said = match dimensions {
            0 => 0,
            1 => {
                // Lists begin with their first element, whatever its number.
                let (said, _first) = (next()?, next()?);
                length(said).map_err(|_| None)?
            }
            2..=MOST_DIMENSIONS => return Err(Some("an array of several dimensions")),
            _ => return Err(None),
        };
        for _ in 0..said {
            match int32(&mut bytes).map_err(|_| None)? {
                -1 => self.elements.append_null(),
                size => self.elements.append(length(size).and_then(|size| part(&mut bytes, size)).map_err(|_| None)?)?,
            }
        }
        if !matches!(nulls, 0 | 1) || !bytes.is_empty() {
            return Err(None);
        }
        self.end(said, true);
        Ok(())
    }

    /// Ends a list, of the last `length` elements.
    fn end(&mut self, length: usize, valid: bool) {
        self.lengths.push(length);
        self.valid.push(valid);
    }

    fn finish(&mut self) -> ListArray {
        let (lengths, valid) = (std::mem::take(&mut self.lengths), std::mem::take(&mut self.valid));
        ListArray::new(Arc::clone(&self.item), OffsetBuffer::from_lengths(lengths), self.elements.finish(), Some(valid.into()))
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
        datatypes::{Decimal128Type, Field, Int32Type, TimeUnit},
    };

    use super::{super::decode::tests::numeric, *};

    /// A value, alone in its column.
    fn read(data_type: &DataType, bytes: &[u8]) -> Result<ArrayRef, Option<&'static str>> {
        let mut column = Column::new(data_type);
        let outcome = column.append(bytes);
        let array = column.finish();
        // Also of a value that broke off.
        array.to_data().validate_full().unwrap();
        outcome.map(|()| array)
    }

    fn list_of(element: DataType) -> DataType {
        DataType::List(Arc::new(Field::new_list_field(element, true)))
    }

    fn words(words: &[i32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn lists() {
        let read = |words: &[i32]| read(&list_of(DataType::Int32), &self::words(words)).map(|column| column.as_list::<i32>().value(0).as_primitive::<Int32Type>().iter().collect::<Vec<_>>());
        assert_eq!(read(&[0, 0, 23]), Ok(vec![]));
        assert_eq!(read(&[1, 1, 23, 3, 1, 4, 7, -1, 4, 9]), Ok(vec![Some(7), None, Some(9)]));
        assert_eq!(read(&[1, 0, 23, 1, -5, 4, 7]), Ok(vec![Some(7)]));
        for dimensions in 2..=6 {
            assert_eq!(read(&[dimensions, 0, 23, 1, 1, 1, 1, 4, 7]), Err(Some("an array of several dimensions")));
        }
    }

    #[test]
    fn lists_that_are_none_are_errors_and_take_no_room() {
        let wrong: [&[i32]; 14] = [
            &[], &[0], &[0, 0], &[-1, 0, 23], &[7, 0, 23], &[i32::MAX, 0, 23], &[0, 2, 23], &[0, 0, 23, 4], &[1, 0, 23], &[1, 0, 23, 1],
            // So many elements are said, and one is there, or bytes of one; or more than are said.
            &[1, 0, 23, i32::MAX, 1, 4, 7], &[1, 0, 23, -1, 1, 4, 7], &[1, 0, 23, 1, 1, i32::MAX, 7], &[1, 0, 23, 1, 1, 4, 7, 4, 7],
        ];
        for words in wrong {
            assert_eq!(read(&list_of(DataType::Int32), &self::words(words)).err(), Some(None), "{words:?}");
        }
        assert_eq!(read(&list_of(DataType::Int32), &words(&[1, 0, 23, 1, 1, -2, 7])).err(), Some(None));
        assert_eq!(read(&list_of(DataType::Int64), &words(&[1, 0, 23, 1, 1, 4, 7])).err(), Some(None));
        assert_eq!(read(&list_of(DataType::Date32), &words(&[1, 0, 1082, 2, 1, 4, 7, 4, i32::MAX])).err(), Some(Some("infinity, which is no day")));
    }

    #[test]
    fn numbers_of_digits() {
        let value = |bytes: &[u8], precision: u8, scale: i8| read(&DataType::Decimal128(precision, scale), bytes).map(|column| column.as_primitive::<Decimal128Type>().value(0));
        let wrong = |what| Err(Some(what));
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
            assert_eq!(value(&bytes, 10, 2), Err(None));
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
            let outcome = read(&data_type, &bytes);
            assert!(matches!(outcome, Err(Some(said)) if said.contains(what)), "{outcome:?}");
        }
    }
}
