//! Statistics values in a form that travels: JSON has no int64, dates or decimals, so a bound is the raw value and
//! the schema says what it means.
use std::cmp::Ordering;

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use serde::{Deserialize, Serialize};

/// A minimum or maximum: integers, dates, timestamps and small decimals by their stored integer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    Boolean(bool),
    Integer(i64),
    /// Finite: infinite bounds are as good as none. It travels as text: JSON's parser is off by the last bit of some.
    Float(#[serde(with = "text")] f64),
    Text(String),
}

/// The shortest text that is this number and no other.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Bound {
    /// None for null and for types without a travelling form.
    pub fn from_scalar(value: &ScalarValue) -> Option<Self> {
        use ScalarValue as S;
        match value {
            S::Boolean(value) => value.map(Self::Boolean),
            S::Int8(value) => value.map(|value| Self::Integer(value.into())),
            S::Int16(value) => value.map(|value| Self::Integer(value.into())),
            S::Int32(value) | S::Date32(value) | S::Time32Second(value) | S::Time32Millisecond(value) => {
                value.map(|value| Self::Integer(value.into()))
            }
            S::Int64(value)
            | S::Date64(value)
            | S::Time64Microsecond(value)
            | S::Time64Nanosecond(value)
            | S::TimestampSecond(value, _)
            | S::TimestampMillisecond(value, _)
            | S::TimestampMicrosecond(value, _)
            | S::TimestampNanosecond(value, _) => value.map(Self::Integer),
            S::UInt8(value) => value.map(|value| Self::Integer(value.into())),
            S::UInt16(value) => value.map(|value| Self::Integer(value.into())),
            S::UInt32(value) => value.map(|value| Self::Integer(value.into())),
            S::UInt64(value) => value.and_then(|value| i64::try_from(value).ok()).map(Self::Integer),
            S::Decimal128(value, _, _) => value.and_then(|value| i64::try_from(value).ok()).map(Self::Integer),
            S::Float32(value) => value.filter(|value| value.is_finite()).map(|value| Self::Float(value.into())),
            S::Float64(value) => value.filter(|value| value.is_finite()).map(Self::Float),
            S::Utf8(value) | S::LargeUtf8(value) | S::Utf8View(value) => value.clone().map(Self::Text),
            S::Dictionary(_, value) => Self::from_scalar(value),
            _ => None,
        }
    }

    /// The value as `data_type` has it; None if it does not fit.
    pub fn to_scalar(&self, data_type: &DataType) -> Option<ScalarValue> {
        if let DataType::Dictionary(_, values) = data_type {
            return self.to_scalar(values);
        }
        match (self, data_type) {
            (Self::Boolean(value), DataType::Boolean) => Some(ScalarValue::Boolean(Some(*value))),
            (Self::Integer(value), DataType::Decimal128(precision, scale)) => {
                Some(ScalarValue::Decimal128(Some((*value).into()), *precision, *scale))
            }
            (Self::Integer(value), DataType::Date32) => Some(ScalarValue::Date32(Some(i32::try_from(*value).ok()?))),
            (Self::Integer(value), _) => ScalarValue::Int64(Some(*value)).cast_to(data_type).ok(),
            (Self::Float(value), DataType::Float16 | DataType::Float32 | DataType::Float64) => {
                ScalarValue::Float64(Some(*value)).cast_to(data_type).ok()
            }
            (Self::Text(value), _) => ScalarValue::Utf8(Some(value.clone())).cast_to(data_type).ok(),
            _ => None,
        }
    }

    pub fn least<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self.compare(other) == Some(Ordering::Greater) { other } else { self }
    }

    pub fn greatest<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self.compare(other) == Some(Ordering::Less) { other } else { self }
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn there_and_back() {
        let zone = Some("UTC".into());
        for value in [
            ScalarValue::Boolean(Some(true)),
            ScalarValue::Int8(Some(-3)),
            ScalarValue::Int64(Some(i64::MIN)),
            ScalarValue::UInt32(Some(u32::MAX)),
            ScalarValue::Date32(Some(19_000)),
            ScalarValue::Date64(Some(86_400_000)),
            ScalarValue::TimestampMicrosecond(Some(1), None),
            ScalarValue::TimestampMillisecond(Some(-1), zone),
            ScalarValue::Decimal128(Some(1234), 10, 2),
            ScalarValue::Float32(Some(0.5)),
            ScalarValue::Float64(Some(-1.5)),
            ScalarValue::Utf8(Some("é".into())),
            ScalarValue::LargeUtf8(Some(String::new())),
        ] {
            let bound: Bound = serde_json::from_str(&serde_json::to_string(&Bound::from_scalar(&value)).unwrap()).unwrap();
            assert_eq!(bound.to_scalar(&value.data_type()), Some(value));
        }
        assert_eq!(Bound::from_scalar(&ScalarValue::Float64(Some(f64::INFINITY))), None);
        assert_eq!(Bound::from_scalar(&ScalarValue::Utf8(None)), None);
        assert_eq!(Bound::Text("x".into()).to_scalar(&DataType::Timestamp(TimeUnit::Second, None)), None);
    }
}
