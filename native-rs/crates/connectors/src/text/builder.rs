//! Texts of values → arrays.
use std::{borrow::Cow, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListArray, StringBuilder, StringDictionaryBuilder, StructArray, TimestampMillisecondBuilder},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, FieldRef, Fields, Int32Type},
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
    List(Box<ListBuilder>),
    Object(Box<ObjectBuilder>),
}

/// Objects of what other builders take.
pub struct ObjectBuilder {
    pub members: Vec<(FieldRef, Builder)>,
    pub valid: Vec<bool>,
}

impl ObjectBuilder {
    fn new(fields: &Fields) -> Self {
        Self { members: fields.iter().map(|field| (Arc::clone(field), Builder::new(field.data_type()))).collect(), valid: Vec::new() }
    }

    /// Which member has the name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|(field, _)| field.name() == name)
    }

    fn null(&mut self) {
        self.members.iter_mut().for_each(|(_, builder)| builder.append_null());
        self.valid.push(false);
    }

    fn finish(&mut self) -> StructArray {
        let valid = std::mem::take(&mut self.valid);
        let (fields, columns): (Vec<_>, Vec<_>) = self.members.iter_mut().map(|(field, builder)| (Arc::clone(field), builder.finish())).unzip();
        StructArray::new(fields.into(), columns, Some(valid.into()))
    }
}

/// Lists of what another builder takes.
pub struct ListBuilder {
    pub elements: Builder,
    element: DataType,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl ListBuilder {
    fn new(element: &DataType) -> Self {
        Self { elements: Builder::new(element), element: element.clone(), lengths: Vec::new(), valid: Vec::new() }
    }

    /// Ends a list, of the last `length` elements.
    pub fn end(&mut self, length: usize, valid: bool) {
        self.lengths.push(length);
        self.valid.push(valid);
    }

    fn finish(&mut self) -> ListArray {
        let item = Arc::new(Field::new_list_field(self.element.clone(), true));
        let (lengths, valid) = (std::mem::take(&mut self.lengths), std::mem::take(&mut self.valid));
        ListArray::new(item, OffsetBuffer::from_lengths(lengths), self.elements.finish(), Some(valid.into()))
    }
}

impl Builder {
    pub fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Float64 => Self::Number(Float64Builder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Bigint(Int64Builder::new()),
            DataType::Timestamp(..) => Self::Date(TimestampMillisecondBuilder::new().with_data_type(data_type.clone())),
            DataType::Dictionary(..) => Self::Dictionary(StringDictionaryBuilder::new()),
            DataType::List(item) => Self::List(Box::new(ListBuilder::new(item.data_type()))),
            DataType::Struct(fields) => Self::Object(Box::new(ObjectBuilder::new(fields))),
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
            Self::List(_) | Self::Object(_) => return Err(self.expected()),
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
            Self::List(builder) => builder.end(0, false),
            Self::Object(builder) => builder.null(),
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
            Self::List(lists) => match lists.elements {
                Self::Number(_) => Wrong::Not("a list, each of it a number"),
                Self::Boolean(_) => Wrong::Not("a list, each of it true or false"),
                Self::Bigint(_) => Wrong::Not("a list, each of it an integer of 64 bits"),
                Self::Date(_) => Wrong::Not("a list, each of it a date such as 2024-01-31 or 2024-01-31T12:00:00Z"),
                Self::List(_) | Self::Object(_) => Wrong::Not("a list of what the lists before have"),
                _ => Wrong::Not("a list, each of it a text"),
            },
            Self::Object(_) => Wrong::Not("an object of the members that those before have, each of its type"),
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
            Self::List(builder) => Arc::new(builder.finish()),
            Self::Object(builder) => Arc::new(builder.finish()),
        }
    }
}
