//! PostgreSQL's types → Arrow's, and how a column is asked for.
use arrow::datatypes::{DataType, TimeUnit};
use lockstep_plan::JsType;
use serde_json::json;

use crate::{
    declared::js_name,
    errors::{ConnectorError, Result},
    relation::sql::name,
};

/// A column as the server describes it.
pub struct Described {
    pub name: String,
    /// The number of its type.
    pub oid: u32,
    /// Precision and scale, or a length.
    pub modifier: i32,
    /// Its type as PostgreSQL prints it.
    pub printed: String,
    /// Of a type with a list of texts.
    pub labels: bool,
}

/// What is read of a column.
#[derive(Debug)]
pub struct Taken {
    pub data_type: DataType,
    /// Behind SELECT.
    pub sql: String,
}

/// `said`: what the option `types` says. A type that has no Arrow type here is a union of one that bears its name, which no
/// interface fits.
pub fn taken(column: &Described, said: Option<JsType>, source: &str) -> Result<Taken> {
    let quoted = name(&column.name);
    let plain = |data_type| Taken { data_type, sql: quoted.clone() };
    let cast = |data_type, to: &str| Taken { data_type, sql: format!("{quoted}::{to}") };
    let own = match column.oid {
        16 => plain(DataType::Boolean),
        21 => plain(DataType::Int16),
        23 => plain(DataType::Int32),
        20 => plain(DataType::Int64),
        700 => plain(DataType::Float32),
        701 => plain(DataType::Float64),
        1700 => plain(decimal(column.modifier).unwrap_or_else(|| other(&column.printed))),
        // text, varchar, char, name
        25 | 1043 | 1042 | 19 => plain(DataType::Utf8),
        // uuid, json, jsonb
        2950 | 114 | 3802 => cast(DataType::Utf8, "text"),
        _ if column.labels || column.printed == "citext" || column.printed.ends_with(".citext") => cast(DataType::Utf8, "text"),
        1082 => plain(DataType::Date32),
        1114 => plain(DataType::Timestamp(TimeUnit::Microsecond, None)),
        1184 => plain(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        1083 => plain(DataType::Time64(TimeUnit::Microsecond)),
        _ => plain(other(&column.printed)),
    };
    match said {
        None => Ok(own),
        Some(JsType::String) if own.data_type == DataType::Utf8 => Ok(own),
        Some(JsType::String) => Ok(cast(DataType::Utf8, "text")),
        Some(JsType::Number) if column.oid == 1700 => Ok(cast(DataType::Float64, "float8")),
        Some(JsType::Bigint) if own.data_type.is_integer() => Ok(own),
        Some(js) if crate::dataset::js_type(&own.data_type) == Some(js) => Ok(own),
        Some(js) => {
            let message = format!("types: column {} of {source} is {}, which cannot be seen as {}", column.name, column.printed, js_name(js).to_lowercase());
            Err(ConnectorError::new("LS2002", message, json!({ "source": source, "column": column.name })))
        }
    }
}

/// A type that is named and not read.
fn other(printed: &str) -> DataType {
    use arrow::datatypes::{Field, UnionFields, UnionMode};
    let named = UnionFields::try_new([0], [Field::new(printed, DataType::Null, true)]).expect("one type");
    DataType::Union(named, UnionMode::Sparse)
}

/// numeric(precision, scale), with digits before and behind the point as Arrow counts them. None where it says nothing, or too many.
fn decimal(modifier: i32) -> Option<DataType> {
    let said = modifier.checked_sub(4).filter(|said| *said >= 0)?;
    let precision = said >> 16;
    // Eleven bits with a sign.
    let scale = ((said & 0x7ff) ^ 1024) - 1024;
    let (precision, scale) = if scale < 0 { (precision - scale, 0) } else { (precision.max(scale), scale) };
    (precision <= 38).then_some(DataType::Decimal128(precision as u8, scale as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        let modifier = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(decimal(modifier(10, 2)), Some(DataType::Decimal128(10, 2)));
        assert_eq!(decimal(modifier(3, 5)), Some(DataType::Decimal128(5, 5)));
        assert_eq!(decimal(modifier(3, -2)), Some(DataType::Decimal128(5, 0)));
        assert_eq!(decimal(modifier(38, 38)), Some(DataType::Decimal128(38, 38)));
        assert_eq!(decimal(modifier(39, 0)), None);
        assert_eq!(decimal(-1), None);
    }

    #[test]
    fn what_has_no_type_here_bears_its_name() {
        let column = Described { name: "a\"b".into(), oid: 1007, modifier: -1, printed: "integer[]".into(), labels: false };
        let found = taken(&column, None, "t").unwrap();
        assert_eq!((crate::print_type(&found.data_type), crate::dataset::js_type(&found.data_type)), ("integer[]".to_owned(), None));
        let text = taken(&column, Some(JsType::String), "t").unwrap();
        assert_eq!((text.data_type, text.sql.as_str()), (DataType::Utf8, "\"a\"\"b\"::text"));
        assert_eq!(taken(&column, Some(JsType::Date), "t").unwrap_err().code, "LS2002");
    }
}
