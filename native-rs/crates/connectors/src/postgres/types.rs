//! PostgreSQL's types → Arrow's, and how a column is asked for.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit, UnionFields, UnionMode};
use lockstep_functions::DIGITS;
use lockstep_plan::JsType;
use serde_json::json;

use crate::{
    dataset::js_type,
    declared::{is_whole, js_name},
    errors::{ConnectorError, Result},
    relation::sql,
};

/// A type as the server describes it.
pub struct Type {
    /// Its number.
    pub oid: u32,
    /// Precision and scale, or a length.
    pub modifier: i32,
    /// As PostgreSQL prints it.
    pub printed: String,
    /// With a list of texts.
    pub labels: bool,
}

/// A column as the server describes it.
pub struct Described {
    pub name: String,
    pub of: Type,
    /// Of an array: what its elements are, below a domain.
    pub element: Option<Type>,
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
    let Described { name, of, element } = column;
    let array = element.as_ref().and_then(|element| match said {
        None => Some(own(element)).filter(|(data_type, _)| is_read(data_type)),
        Some(said) => seen(element, said.element()?),
    });
    let found = match (array, said) {
        (Some((data_type, cast)), _) => Some((DataType::List(Arc::new(Field::new_list_field(data_type, true))), cast.map(|to| format!("{to}[]")))),
        (None, None) => Some(own(of)).map(|(data_type, cast)| (data_type, cast.map(str::to_owned))),
        (None, Some(said)) => seen(of, said).map(|(data_type, cast)| (data_type, cast.map(str::to_owned))),
    };
    let Some((data_type, cast)) = found else {
        let said = said.map_or_else(String::new, |said| js_name(said).to_lowercase());
        let message = format!("types: column {name} of {source} is {}, which cannot be seen as {said}", of.printed);
        return Err(ConnectorError::new("LS2002", message, json!({ "source": source, "column": name })));
    };
    let quoted = sql::name(name);
    Ok(Taken { data_type, sql: cast.map_or(quoted.clone(), |to| format!("{quoted}::{to}")) })
}

/// What is read of a type, and as what it is asked for, if not as itself.
type Read = (DataType, Option<&'static str>);

fn own(of: &Type) -> Read {
    match of.oid {
        16 => (DataType::Boolean, None),
        21 => (DataType::Int16, None),
        23 => (DataType::Int32, None),
        20 => (DataType::Int64, None),
        700 => (DataType::Float32, None),
        701 => (DataType::Float64, None),
        1700 => (decimal(of.modifier).unwrap_or_else(|| other(&of.printed)), None),
        // text, varchar, char, name
        25 | 1043 | 1042 | 19 => (DataType::Utf8, None),
        // uuid, json, jsonb
        2950 | 114 | 3802 => (DataType::Utf8, Some("text")),
        _ if of.labels || of.printed == "citext" || of.printed.ends_with(".citext") => (DataType::Utf8, Some("text")),
        1082 => (DataType::Date32, None),
        1114 => (DataType::Timestamp(TimeUnit::Microsecond, None), None),
        1184 => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), None),
        1083 => (DataType::Time64(TimeUnit::Microsecond), None),
        _ => (other(&of.printed), None),
    }
}

/// The same where the program says what it sees; None: that cannot be.
fn seen(of: &Type, said: JsType) -> Option<Read> {
    let own = own(of);
    match said {
        JsType::String if own.0 != DataType::Utf8 => Some((DataType::Utf8, Some("text"))),
        // Longer ones are looked at in the server's rounding.
        JsType::Number if of.oid == 1700 && !matches!(own.0, DataType::Decimal128(..=DIGITS, _)) => Some((DataType::Float64, Some("float8"))),
        JsType::Bigint => is_whole(&own.0).then_some(own),
        said => (js_type(&own.0) == Some(said)).then_some(own),
    }
}

/// Whether more than the name of a type is known here.
fn is_read(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Union(..))
}

/// A type that is named and not read.
fn other(printed: &str) -> DataType {
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

    fn of(oid: u32, printed: &str) -> Type {
        Type { oid, modifier: -1, printed: printed.into(), labels: false }
    }

    #[test]
    fn what_has_no_type_here_bears_its_name() {
        for (of, element) in [(of(1186, "interval"), None), (of(1187, "interval[]"), Some(of(1186, "interval")))] {
            let column = Described { name: "a\"b".into(), of, element };
            let found = taken(&column, None, "t").unwrap();
            assert_eq!((crate::print_type(&found.data_type), js_type(&found.data_type)), (column.of.printed.clone(), None));
            let text = taken(&column, Some(JsType::String), "t").unwrap();
            assert_eq!((text.data_type, text.sql.as_str()), (DataType::Utf8, "\"a\"\"b\"::text"));
            assert_eq!(taken(&column, Some(JsType::Date), "t").unwrap_err().code, "LS2002");
        }
    }

    #[test]
    fn decimals_are_seen_as_they_are_where_nothing_is_lost() {
        let seen = |precision: i32, scale: i32, said| {
            let column = Described { name: "x".into(), of: Type { modifier: ((precision << 16) | scale) + 4, ..of(1700, "a decimal") }, element: None };
            taken(&column, Some(said), "t").map(|found| format!("{} {}", crate::print_type(&found.data_type), found.sql)).map_err(|error| error.code)
        };
        let found = |text: &str| Ok(text.to_owned());
        assert_eq!(seen(15, 2, JsType::Number), found("decimal128(15, 2) \"x\""));
        assert_eq!(seen(16, 2, JsType::Number), found("float64 \"x\"::float8"));
        assert_eq!(seen(20, 0, JsType::Bigint), found("decimal128(20, 0) \"x\""));
        assert_eq!(seen(20, 1, JsType::Bigint), Err("LS2002"));
    }

    #[test]
    fn arrays_are_seen_as_their_elements() {
        let array = |oid: u32, said| {
            let column = Described { name: "x".into(), of: of(1, "an array"), element: Some(of(oid, "")) };
            taken(&column, said, "t").map(|found| format!("{} {}", crate::print_type(&found.data_type), found.sql)).map_err(|error| error.message)
        };
        let wrong = |said: &str| Err(format!("types: column x of t is an array, which cannot be seen as {said}"));
        let found = |text: &str| Ok(text.to_owned());
        assert_eq!(array(23, None), found("list<int32> \"x\""));
        assert_eq!(array(23, Some(JsType::Bigints)), found("list<int32> \"x\""));
        assert_eq!(array(23, Some(JsType::Strings)), found("list<string> \"x\"::text[]"));
        assert_eq!(array(23, Some(JsType::String)), found("string \"x\"::text"));
        assert_eq!(array(2950, None), found("list<string> \"x\"::text[]"));
        assert_eq!(array(1083, None), found("list<time64[us]> \"x\""));
        assert_eq!(array(1700, None), found("an array \"x\""));
        assert_eq!(array(1700, Some(JsType::Numbers)), found("list<float64> \"x\"::float8[]"));
        assert_eq!(array(1186, Some(JsType::Strings)), found("list<string> \"x\"::text[]"));
        assert_eq!(array(23, Some(JsType::Number)), wrong("number"));
        assert_eq!(array(25, Some(JsType::Bigints)), wrong("bigint[]"));
        assert_eq!(array(23, Some(JsType::Numbers.list())), wrong("number[][]"));
    }
}
