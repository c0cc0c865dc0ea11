//! Arrow types as text: the names users write in `types` and read in `explain`, and schemas inside JSON.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use lockstep_functions::kinds::UUID;

use crate::{
    errors::{ConnectorError, Result},
    files::map_of,
};

/// Simple types by their printed name; aliases follow the name that is printed.
const SIMPLE: &[(&str, DataType)] = &[
    ("null", DataType::Null),
    ("bool", DataType::Boolean),
    ("boolean", DataType::Boolean),
    ("int8", DataType::Int8),
    ("int16", DataType::Int16),
    ("int32", DataType::Int32),
    ("int64", DataType::Int64),
    ("uint8", DataType::UInt8),
    ("uint16", DataType::UInt16),
    ("uint32", DataType::UInt32),
    ("uint64", DataType::UInt64),
    ("float16", DataType::Float16),
    ("float32", DataType::Float32),
    ("float64", DataType::Float64),
    ("float", DataType::Float32),
    ("double", DataType::Float64),
    ("string", DataType::Utf8),
    ("utf8", DataType::Utf8),
    ("large_string", DataType::LargeUtf8),
    ("large_utf8", DataType::LargeUtf8),
    ("string_view", DataType::Utf8View),
    ("binary", DataType::Binary),
    ("large_binary", DataType::LargeBinary),
    ("uuid", UUID),
    ("date32", DataType::Date32),
    ("date64", DataType::Date64),
    ("interval[month_day_nano]", DataType::Interval(IntervalUnit::MonthDayNano)),
];

const UNITS: &[(&str, TimeUnit)] = &[
    ("s", TimeUnit::Second),
    ("ms", TimeUnit::Millisecond),
    ("us", TimeUnit::Microsecond),
    ("ns", TimeUnit::Nanosecond),
];

/// `int32`, `timestamp[ms, tz=UTC]`, `decimal128(10, 2)`, `dictionary<values=string, indices=int32>`, `list<float64>`.
pub fn print_type(data_type: &DataType) -> String {
    if let Some((name, _)) = SIMPLE.iter().find(|(_, simple)| simple == data_type) {
        return (*name).to_owned();
    }
    let unit = |unit: &TimeUnit| UNITS.iter().find(|(_, known)| known == unit).map_or("", |(name, _)| name);
    match data_type {
        DataType::Timestamp(of, None) => format!("timestamp[{}]", unit(of)),
        DataType::Timestamp(of, Some(zone)) => format!("timestamp[{}, tz={zone}]", unit(of)),
        DataType::Time32(of) => format!("time32[{}]", unit(of)),
        DataType::Time64(of) => format!("time64[{}]", unit(of)),
        DataType::Duration(of) => format!("duration[{}]", unit(of)),
        DataType::Decimal128(precision, scale) => format!("decimal128({precision}, {scale})"),
        DataType::Decimal256(precision, scale) => format!("decimal256({precision}, {scale})"),
        DataType::FixedSizeBinary(width) => format!("fixed_size_binary[{width}]"),
        DataType::Dictionary(indices, values) => {
            format!("dictionary<values={}, indices={}>", print_type(values), print_type(indices))
        }
        DataType::List(item) => format!("list<{}>", print_type(item.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => format!("map<{}, {}>", print_type(fields[0].data_type()), print_type(fields[1].data_type())),
            other => format!("map<{}>", print_type(other)),
        },
        DataType::LargeList(item) => format!("large_list<{}>", print_type(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|field| format!("{}: {}", field.name(), print_type(field.data_type()))).collect();
            format!("struct<{}>", fields.join(", "))
        }
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field.name().as_str()).collect::<Vec<_>>().join(" | "),
        other => other.to_string().to_lowercase(),
    }
}

/// A printed type that a writer can produce. LS2015 otherwise, with the list of those it can.
pub fn parse_type(text: &str) -> Result<DataType> {
    parse(text.trim()).ok_or_else(|| {
        let message = format!(
            "\"{text}\" is not a type that can be written: use int8 … int64, uint8 … uint64, float32, float64, bool, string, \
             uuid, date32, time32[s|ms], time64[us|ns], timestamp[s|ms|us|ns], timestamp[ms, tz=UTC], decimal128(precision, scale), \
             dictionary<values=string, indices=int32>, list<float64>, struct<x: float64>, map<string, float64>"
        );
        ConnectorError::unsupported(message, serde_json::json!({ "type": text }))
    })
}

fn parse(text: &str) -> Option<DataType> {
    if let Some((_, simple)) = SIMPLE.iter().find(|(name, _)| *name == text) {
        return Some(simple.clone());
    }
    let inside = |open: &str, close: char| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(arguments) = inside("timestamp[", ']') {
        let (unit, zone) = match arguments.split_once(',') {
            Some((unit, zone)) => (unit, Some(zone.trim().strip_prefix("tz=")?)),
            None => (arguments, None),
        };
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim())?.1;
        return Some(DataType::Timestamp(unit, zone.map(Into::into)));
    }
    let unit = |text: &str| UNITS.iter().find(|(name, _)| *name == text).map(|(_, unit)| *unit);
    if let Some(of) = inside("time32[", ']') {
        return unit(of).filter(|unit| *unit <= TimeUnit::Millisecond).map(DataType::Time32);
    }
    if let Some(of) = inside("time64[", ']') {
        return unit(of).filter(|unit| *unit > TimeUnit::Millisecond).map(DataType::Time64);
    }
    if let Some(arguments) = inside("map<", '>') {
        let types = parts(arguments).into_iter().map(|text| parse(text.trim())).collect::<Option<Vec<_>>>()?;
        let [key, value] = <[DataType; 2]>::try_from(types).ok()?;
        return map_of(&DataType::Struct(vec![Field::new("key", key, true), Field::new("value", value, true)].into()));
    }
    if let Some(arguments) = inside("decimal128(", ')').or_else(|| inside("decimal(", ')')) {
        let (precision, scale) = arguments.split_once(',')?;
        let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
        return (1..=38).contains(&precision).then_some(DataType::Decimal128(precision, scale));
    }
    if let Some(item) = inside("list<", '>') {
        return Some(DataType::List(Arc::new(Field::new("element", parse(item.trim())?, true))));
    }
    if let Some(fields) = inside("struct<", '>') {
        let field = |field: &str| {
            let (name, text) = field.split_once(':')?;
            Some(Field::new(name.trim(), parse(text.trim())?, true))
        };
        return Some(DataType::Struct(parts(fields).into_iter().map(field).collect::<Option<_>>()?));
    }
    let arguments = inside("dictionary<", '>')?;
    let (mut values, mut indices) = (None, None);
    for argument in arguments.split(',') {
        match argument.split_once('=')? {
            (name, text) if name.trim() == "values" => values = parse(text.trim()),
            (name, text) if name.trim() == "indices" => indices = parse(text.trim()).filter(DataType::is_dictionary_key_type),
            (name, _) if name.trim() == "ordered" => {}
            _ => return None,
        }
    }
    Some(DataType::Dictionary(Box::new(indices?), Box::new(values?)))
}

/// What stands between commas, but for those inside of a type.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c| {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

/// A schema inside JSON: the Arrow IPC schema message in hexadecimal.
pub(crate) mod schema_text {
    use std::{fmt::Write, sync::Arc};

    use arrow::{datatypes::SchemaRef, ipc::{reader::StreamReader, writer::StreamWriter}};
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::Error as _};

    pub fn serialize<S: Serializer>(schema: &SchemaRef, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        StreamWriter::try_new(&mut bytes, schema).and_then(|mut writer| writer.finish()).map_err(S::Error::custom)?;
        let mut text = String::with_capacity(bytes.len() * 2);
        bytes.iter().for_each(|byte| write!(text, "{byte:02x}").expect("a string grows"));
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SchemaRef, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes: Option<Vec<u8>> = (0..text.len() / 2)
            .map(|index| text.get(index * 2..index * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        let bytes = bytes.ok_or_else(|| D::Error::custom("a schema in hexadecimal is expected"))?;
        let reader = StreamReader::try_new(bytes.as_slice(), None).map_err(D::Error::custom)?;
        Ok(Arc::clone(&reader.schema()))
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Fields;

    use super::*;

    #[test]
    fn printed_types_parse_back() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let named = [
            ("int32", DataType::Int32),
            ("string", DataType::Utf8),
            ("uuid", UUID),
            ("time32[ms]", DataType::Time32(TimeUnit::Millisecond)),
            ("time64[us]", DataType::Time64(TimeUnit::Microsecond)),
            ("bool", DataType::Boolean),
            ("float64", DataType::Float64),
            ("timestamp[us]", DataType::Timestamp(TimeUnit::Microsecond, None)),
            ("timestamp[ms, tz=UTC]", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))),
            ("decimal128(10, 2)", DataType::Decimal128(10, 2)),
            ("dictionary<values=string, indices=int32>", dictionary),
            (
                "struct<at: timestamp[ms, tz=UTC], in: struct<x: decimal128(10, 2), tags: list<string>>>",
                DataType::Struct(Fields::from(vec![
                    Field::new("at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
                    Field::new(
                        "in",
                        DataType::Struct(Fields::from(vec![
                            Field::new("x", DataType::Decimal128(10, 2), true),
                            Field::new("tags", DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))), true),
                        ])),
                        true,
                    ),
                ])),
            ),
            ("list<timestamp[ms, tz=UTC]>", DataType::List(Arc::new(Field::new("element", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true)))),
        ];
        for (text, data_type) in named {
            assert_eq!(print_type(&data_type), text);
            assert_eq!(parse_type(text).unwrap(), data_type);
        }
        assert_eq!(parse_type("double").unwrap(), DataType::Float64);
        for wrong in ["int", "dictionary<int32>", "dictionary<values=string, indices=string>", "decimal128(99, 2)", "time32[us]", "time64[s]", "map<string>", "map<string, int32, int32>", ""] {
            assert_eq!(parse_type(wrong).unwrap_err().code, "LS2015");
        }
    }
}
