//! What PostgreSQL can be asked of a filter.
use arrow::datatypes::{Decimal128Type, DecimalType};
use datafusion::scalar::ScalarValue;

use super::schema::PostgresRelation;
use crate::relation::sql::{Dialect, date, quoted, timestamp};

impl Dialect for PostgresRelation {
    fn column(&self, name: &str) -> Option<String> {
        self.columns.iter().find(|asked| asked.name == name).map(|asked| asked.sql.clone())
    }

    fn literal(&self, value: &ScalarValue, equality: bool) -> Option<String> {
        literal(value, equality)
    }
}

fn literal(value: &ScalarValue, equality: bool) -> Option<String> {
    use ScalarValue as S;
    match value {
        S::Boolean(Some(value)) => Some(value.to_string()),
        S::Int16(Some(value)) => Some(format!("({value})")),
        S::Int32(Some(value)) => Some(format!("({value})")),
        S::Int64(Some(value)) => Some(format!("({value})")),
        S::Float64(Some(value)) if value.is_infinite() => Some(format!("'{}Infinity'::float8", if *value < 0.0 { "-" } else { "" })),
        S::Float64(Some(value)) if value.is_finite() => Some(format!("'{value:e}'::float8")),
        S::Decimal128(Some(digits), precision, scale) if *scale >= 0 => Some(format!("'{}'::numeric", Decimal128Type::format_decimal(*digits, *precision, *scale))),
        // No text of theirs holds it.
        S::Utf8(Some(text)) if equality && !text.contains('\0') => Some(quoted(text)),
        S::Date32(Some(days)) => Some(format!("'{}'::date", date(i64::from(*days))?)),
        S::TimestampMicrosecond(Some(ticks), Some(_)) => Some(format!("'{}+00'::timestamptz", timestamp(*ticks)?)),
        S::TimestampMicrosecond(Some(ticks), None) => Some(format!("'{}'::timestamp", timestamp(*ticks)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        assert_eq!(literal(&ScalarValue::Utf8(Some("O'Brien \\".into())), true).unwrap(), "'O''Brien \\'");
        assert_eq!(literal(&ScalarValue::Utf8(Some("x".into())), false), None);
        assert_eq!(literal(&ScalarValue::Utf8(Some("\0".into())), true), None);
        assert_eq!(literal(&ScalarValue::Float64(Some(-0.0)), true).unwrap(), "'-0e0'::float8");
        assert_eq!(literal(&ScalarValue::Int64(Some(i64::MIN)), true).unwrap(), "(-9223372036854775808)");
        assert_eq!(literal(&ScalarValue::Decimal128(Some(-5), 10, 2), false).unwrap(), "'-0.05'::numeric");
        assert_eq!(literal(&ScalarValue::Int64(None), true), None);
        assert_eq!(literal(&ScalarValue::TimestampMicrosecond(Some(-1), Some("UTC".into())), true).unwrap(), "'1969-12-31 23:59:59.999999+00'::timestamptz");
    }
}
