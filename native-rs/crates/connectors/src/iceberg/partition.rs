//! Iceberg's partition transforms (the table spec, "Partition Transforms" and appendix B): which partition a row is in. Plain
//! Node has the same in `runtime/src/connectors/iceberg/partition.ts`.
use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray},
    compute::cast,
    datatypes::{DataType, Date32Type, Decimal128Type, Int32Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType},
    error::ArrowError,
    row::{OwnedRow, RowConverter, Rows, SortField},
};
use datafusion::scalar::ScalarValue;
use lockstep_plan::PartitionField;
use serde_json::json;

use super::request::Constant;
use crate::errors::{ConnectorError, Result};

/// What a partition spec makes of rows.
pub struct Keys {
    fields: Vec<(usize, Transform)>,
    converter: RowConverter,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Transform {
    Identity,
    Year,
    Month,
    Day,
    Hour,
    Bucket(i64),
    Truncate(i64),
}

const MICROS_OF_DAY: i64 = 86_400_000_000;

impl Keys {
    /// LS2015: a transform that there is not, or not of this column's type.
    pub fn new(partition: &[PartitionField], schema: &Schema) -> Result<Self> {
        let mut fields = vec![];
        let mut types = vec![];
        for field in partition {
            let index = schema.index_of(&field.column).map_err(|error| bug(&error))?;
            let transform = Transform::parse(&field.transform).ok_or_else(|| unsupported(field))?;
            let of = schema.field(index).data_type();
            types.push(SortField::new(transform.result(of).ok_or_else(|| unsupported(field))?));
            fields.push((index, transform));
        }
        Ok(Self { fields, converter: RowConverter::new(types).map_err(|error| bug(&error))? })
    }

    /// The key of every row.
    pub fn of(&self, batch: &RecordBatch) -> Result<Rows> {
        let columns = self.fields.iter().map(|(index, transform)| transform.apply(batch.column(*index)).map_err(|error| bug(&error)));
        self.converter.convert_columns(&columns.collect::<Result<Vec<_>>>()?).map_err(|error| bug(&error))
    }

    /// A key's values.
    pub fn values(&self, key: &OwnedRow) -> Result<Vec<Option<Constant>>> {
        let columns = self.converter.convert_rows([key.row()]).map_err(|error| bug(&error))?;
        columns.iter().map(|column| ScalarValue::try_from_array(column, 0).map_err(|error| bug(&error)).and_then(|value| constant(&value))).collect()
    }
}

impl Transform {
    fn parse(text: &str) -> Option<Self> {
        let number = |open: &str| text.strip_prefix(open)?.strip_suffix(']')?.parse::<i64>().ok().filter(|number| *number > 0);
        match text {
            "identity" => Some(Self::Identity),
            "year" => Some(Self::Year),
            "month" => Some(Self::Month),
            "day" => Some(Self::Day),
            "hour" => Some(Self::Hour),
            _ => number("bucket[").map(Self::Bucket).or_else(|| number("truncate[").map(Self::Truncate)),
        }
    }

    /// The type of its values, as rows are told apart by them; None: it is none of such a column.
    fn result(self, of: &DataType) -> Option<DataType> {
        let of = match of {
            DataType::Dictionary(_, values) => values,
            other => other,
        };
        let whole = matches!(of, DataType::Int32 | DataType::Int64 | DataType::Decimal128(_, _));
        let time = matches!(of, DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _));
        match self {
            Self::Identity => (whole || time || matches!(of, DataType::Utf8 | DataType::Boolean)).then(|| of.clone()),
            Self::Year | Self::Month | Self::Day => time.then_some(DataType::Int32),
            Self::Hour => matches!(of, DataType::Timestamp(..)).then_some(DataType::Int32),
            Self::Bucket(_) => (whole || time || *of == DataType::Utf8).then_some(DataType::Int32),
            Self::Truncate(_) => (whole || *of == DataType::Utf8).then(|| of.clone()),
        }
    }

    fn apply(self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let plain = match column.data_type() {
            DataType::Dictionary(_, values) => cast(column, values)?,
            _ => column.clone(),
        };
        Ok(match self {
            Self::Identity => plain,
            Self::Year => self.of_days(&plain, |days| civil(days).0 - 1970),
            Self::Month => self.of_days(&plain, |days| (civil(days).0 - 1970) * 12 + civil(days).1 - 1),
            Self::Day => self.of_days(&plain, |days| days),
            Self::Hour => {
                let micros = plain.as_primitive::<TimestampMicrosecondType>();
                Arc::new(micros.unary::<_, Int32Type>(|micros| micros.div_euclid(MICROS_OF_DAY / 24) as i32))
            }
            Self::Bucket(count) => Arc::new(hashes(&plain)?.unary::<_, Int32Type>(|hash| (i64::from(hash & i32::MAX) % count) as i32)),
            Self::Truncate(width) => truncated(&plain, width)?,
        })
    }

    fn of_days(self, column: &ArrayRef, value: impl Fn(i64) -> i64) -> ArrayRef {
        Arc::new(match column.data_type() {
            DataType::Date32 => column.as_primitive::<Date32Type>().unary::<_, Int32Type>(|days| value(days.into()) as i32),
            _ => {
                let micros = column.as_primitive::<TimestampMicrosecondType>();
                micros.unary::<_, Int32Type>(|micros| value(micros.div_euclid(MICROS_OF_DAY)) as i32)
            }
        })
    }
}

/// Year and month (1 … 12) of a day since 1970-01-01 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month)
}

/// In which of `of` buckets the values are; None: such values are in none that we know.
pub fn buckets(values: &ArrayRef, of: u32) -> Option<Int32Array> {
    let transform = Transform::Bucket(of.into());
    transform.result(values.data_type())?;
    Some(transform.apply(values).ok()?.as_primitive::<Int32Type>().clone())
}

fn hashes(column: &ArrayRef) -> Result<Int32Array, ArrowError> {
    let of_long = |value: i64| murmur3(&value.to_le_bytes());
    Ok(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().map(|text| text.map(|text| murmur3(text.as_bytes()))).collect(),
        DataType::Decimal128(..) => column.as_primitive::<Decimal128Type>().unary(|value| murmur3(shortest(&value.to_be_bytes()))),
        _ => cast(column, &DataType::Int64)?.as_primitive::<Int64Type>().unary(of_long),
    })
}

/// Two's complement without bytes that only repeat the sign.
fn shortest(bytes: &[u8]) -> &[u8] {
    let repeats = |pair: &[u8]| (pair[0] == 0 && pair[1] < 0x80) || (pair[0] == 0xff && pair[1] >= 0x80);
    let first = bytes.windows(2).position(|pair| !repeats(pair)).unwrap_or(bytes.len() - 1);
    &bytes[first..]
}

fn truncated(column: &ArrayRef, width: i64) -> Result<ArrayRef, ArrowError> {
    let cut = |text: &str| text.chars().take(width as usize).collect::<String>();
    Ok(match column.data_type() {
        DataType::Int32 => Arc::new(column.as_primitive::<Int32Type>().unary::<_, Int32Type>(|value| (i64::from(value) - i64::from(value).rem_euclid(width)) as i32)),
        DataType::Int64 => Arc::new(column.as_primitive::<Int64Type>().unary::<_, Int64Type>(|value| value.wrapping_sub(value.rem_euclid(width)))),
        DataType::Decimal128(..) => {
            let values = column.as_primitive::<Decimal128Type>().unary::<_, Decimal128Type>(|value| value - value.rem_euclid(width.into()));
            Arc::new(values.with_data_type(column.data_type().clone()))
        }
        _ => Arc::new(column.as_string::<i32>().iter().map(|text| text.map(cut)).collect::<StringArray>()),
    })
}

/// Murmur3, 32 bits, seed 0.
fn murmur3(bytes: &[u8]) -> i32 {
    let mix = |part: u32| part.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = 0_u32;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        hash = (hash ^ mix(word)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let rest = words.remainder().iter().rev().fold(0_u32, |rest, byte| rest << 8 | u32::from(*byte));
    if !words.remainder().is_empty() {
        hash ^= mix(rest);
    }
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    (hash ^ hash >> 16) as i32
}

fn constant(value: &ScalarValue) -> Result<Option<Constant>> {
    if value.is_null() {
        return Ok(None);
    }
    Ok(Some(match value {
        ScalarValue::Boolean(Some(value)) => Constant::Boolean(*value),
        ScalarValue::Utf8(Some(text)) => Constant::Text(text.clone()),
        ScalarValue::Int32(Some(value)) | ScalarValue::Date32(Some(value)) => Constant::Integer(value.to_string()),
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => Constant::Integer(value.to_string()),
        ScalarValue::Decimal128(Some(value), _, _) => Constant::Integer(value.to_string()),
        other => return Err(bug(&format!("{} is no partition's value", other.data_type()))),
    }))
}

fn unsupported(field: &PartitionField) -> ConnectorError {
    let message = format!("the transform {} of the column {} is not supported", field.transform, field.column);
    ConnectorError::unsupported(message, json!({ "column": field.column }))
}

fn bug(error: &impl ToString) -> ConnectorError {
    ConnectorError::new("LS2099", error.to_string(), json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table spec's appendix B.
    #[test]
    fn hashes_as_the_specification_says() {
        let long = |value: i64| murmur3(&value.to_le_bytes());
        assert_eq!([long(34), long(17_486), long(81_068_000_000), long(1_510_871_468_000_000)], [2_017_239_379, -653_330_422, -662_762_989, -2_047_944_441]);
        assert_eq!([murmur3(b"iceberg"), murmur3(shortest(&1420_i128.to_be_bytes())), murmur3(&[0, 1, 2, 3])], [1_210_000_089, -500_754_589, -188_683_207]);
        assert_eq!(shortest(&(-1_i128).to_be_bytes()), [0xff]);
        assert_eq!(shortest(&128_i128.to_be_bytes()), [0, 0x80]);
    }

    #[test]
    fn months_and_hours_before_1970() {
        let dates: ArrayRef = Arc::new(arrow::array::Date32Array::from(vec![-1, 0, 17_486, -719_528]));
        let of = |transform: Transform| transform.apply(&dates).unwrap().as_primitive::<Int32Type>().values().to_vec();
        assert_eq!(of(Transform::Month), [-1, 0, 574, -1970 * 12]);
        assert_eq!(of(Transform::Year), [-1, 0, 47, -1970]);
        let times: ArrayRef = Arc::new(arrow::array::TimestampMicrosecondArray::from(vec![-1, 3_600_000_000]));
        assert_eq!(Transform::Hour.apply(&times).unwrap().as_primitive::<Int32Type>().values(), &[-1, 1]);
        assert_eq!(Transform::Day.apply(&times).unwrap().as_primitive::<Int32Type>().values(), &[-1, 0]);
    }

    #[test]
    fn truncates_downwards_and_by_characters() {
        let of = |column: ArrayRef, width| truncated(&column, width).unwrap();
        assert_eq!(of(Arc::new(Int32Array::from(vec![1, -1])), 10).as_primitive::<Int32Type>().values(), &[0, -10]);
        assert_eq!(of(Arc::new(StringArray::from(vec!["a😀bc"])), 2).as_string::<i32>().value(0), "a😀");
    }
}
