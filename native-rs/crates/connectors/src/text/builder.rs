//! Texts of values → arrays.
use std::{borrow::Cow, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, StringDictionaryBuilder, TimestampMillisecondBuilder},
    datatypes::{DataType, Int32Type},
};

use super::{errors::Wrong, values};

const NUMBER: Wrong = Wrong::Not("a number");
const BOOLEAN: Wrong = Wrong::Not("true or false");
const BIGINT: Wrong = Wrong::Not("an integer of 64 bits");
const DATE: Wrong = Wrong::Not("a date such as 2024-01-31 or 2024-01-31T12:00:00Z");
const TEXT: Wrong = Wrong::Not("a text");

pub enum Builder {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Bigint(Int64Builder),
    Date(TimestampMillisecondBuilder),
    Text(StringBuilder),
    Dictionary(StringDictionaryBuilder<Int32Type>),
}

impl Builder {
    pub fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Float64 => Self::Number(Float64Builder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Bigint(Int64Builder::new()),
            DataType::Timestamp(..) => Self::Date(TimestampMillisecondBuilder::new().with_data_type(data_type.clone())),
            DataType::Dictionary(..) => Self::Dictionary(StringDictionaryBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// `value` as it stands in the file; `text` of it, for columns of strings.
    pub fn append<'a>(&mut self, value: &[u8], text: impl FnOnce() -> Cow<'a, str>) -> Result<(), Wrong> {
        match self {
            Self::Text(builder) => builder.append_value(text()),
            Self::Dictionary(builder) => builder.append_value(text()),
            Self::Number(builder) => {
                let number = values::number(value).ok_or(NUMBER)?;
                if values::loses(value, number) {
                    return Err(Wrong::Loses);
                }
                builder.append_value(number);
            }
            Self::Boolean(builder) => builder.append_value(values::boolean(value).ok_or(BOOLEAN)?),
            Self::Bigint(builder) => builder.append_value(values::bigint(value).ok_or(BIGINT)?),
            Self::Date(builder) => builder.append_value(values::date(value).ok_or(DATE)?),
        }
        Ok(())
    }

    pub fn append_null(&mut self) {
        match self {
            Self::Number(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Bigint(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Dictionary(builder) => builder.append_null(),
        }
    }

    /// What a value has to be.
    pub fn expected(&self) -> Wrong {
        match self {
            Self::Number(_) => NUMBER,
            Self::Boolean(_) => BOOLEAN,
            Self::Bigint(_) => BIGINT,
            Self::Date(_) => DATE,
            Self::Text(_) | Self::Dictionary(_) => TEXT,
        }
    }

    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Number(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Bigint(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Dictionary(builder) => Arc::new(builder.finish()),
        }
    }
}
