//! What is sent for a table or a query of the program's, where it is asked for once and as a whole.
use arrow::datatypes::{Decimal128Type, DecimalType};
use datafusion::{logical_expr::Expr, scalar::ScalarValue};

use super::sql::{self, Dialect, date, is_query, name, quoted, timestamp};

/// What a program reads.
#[derive(Debug)]
pub struct Asked {
    /// Behind FROM.
    from: String,
    /// The query as it is, if it is one.
    query: Option<String>,
}

impl Asked {
    pub fn new(text: &str) -> Self {
        if !is_query(text) {
            return Self { from: text.trim().to_owned(), query: None };
        }
        let query = text.trim().trim_end_matches(';').trim_end();
        // On lines of its own: it may end with a comment.
        Self { from: format!("(\n{query}\n) AS source"), query: Some(query.to_owned()) }
    }

    pub fn is_query(&self) -> bool {
        self.query.is_some()
    }

    /// Its columns, and no row.
    pub fn describing(&self) -> String {
        format!("SELECT * FROM {} WHERE 1 = 0", self.from)
    }

    /// Whether it can be sent in another form. The order of a query's rows would be lost in another one around it.
    pub fn is_open(&self) -> bool {
        self.query.as_deref().is_none_or(|query| !has_order(query))
    }

    /// These columns of the rows that a condition leaves, the first of them; `all`: they are all that there are.
    pub fn reading(&self, columns: &[String], all: bool, condition: Option<&str>, limit: Option<u64>) -> String {
        if let Some(query) = self.query.as_ref().filter(|_| !self.is_open() || all && condition.is_none() && limit.is_none()) {
            return query.clone();
        }
        let named: Vec<String> = columns.iter().map(|column| name(column)).collect();
        let columns = if all { "*".to_owned() } else if columns.is_empty() { "1".to_owned() } else { named.join(", ") };
        let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        format!("SELECT {columns} FROM {}{condition}{limit}", self.from)
    }
}

/// Whether ORDER BY stands anywhere in it.
fn has_order(query: &str) -> bool {
    let words: Vec<String> = query.split(|character: char| !character.is_alphanumeric() && character != '_').filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.windows(2).any(|pair| pair[0] == "order" && pair[1] == "by")
}

/// What of a filter every server understands alike: SQL's own literals.
pub fn condition(filter: &Expr) -> Option<String> {
    sql::condition(filter, &Standard)
}

struct Standard;

impl Dialect for Standard {
    fn column(&self, column: &str) -> Option<String> {
        Some(name(column))
    }

    fn literal(&self, value: &ScalarValue, equality: bool) -> Option<String> {
        use ScalarValue as S;
        match value {
            S::Boolean(Some(value)) => Some(if *value { "TRUE" } else { "FALSE" }.to_owned()),
            S::Int8(Some(_)) | S::Int16(Some(_)) | S::Int32(Some(_)) | S::UInt8(Some(_)) | S::UInt16(Some(_)) | S::UInt32(Some(_)) | S::UInt64(Some(_)) => Some(signed(value.to_string())),
            // Whose digits without the sign are no number of 64 bits.
            S::Int64(Some(number)) => (*number > i64::MIN).then(|| signed(number.to_string())),
            S::Float64(Some(number)) if number.is_finite() => Some(signed(format!("{number:e}"))),
            S::Decimal128(Some(digits), precision, scale) if *scale >= 0 => Some(signed(Decimal128Type::format_decimal(*digits, *precision, *scale))),
            S::Utf8(Some(text)) if equality && !text.contains('\0') && !text.contains('\\') => Some(quoted(text)),
            S::Date32(Some(days)) => Some(format!("DATE '{}'", date(i64::from(*days))?)),
            S::TimestampSecond(Some(ticks), None) => instant(ticks.checked_mul(1_000_000)?),
            S::TimestampMillisecond(Some(ticks), None) => instant(ticks.checked_mul(1_000)?),
            S::TimestampMicrosecond(Some(ticks), None) => instant(*ticks),
            S::TimestampNanosecond(Some(ticks), None) => (ticks % 1_000 == 0).then(|| instant(ticks / 1_000))?,
            // How an instant with a zone is written is each server's own.
            _ => None,
        }
    }
}

fn signed(number: String) -> String {
    if number.starts_with('-') { format!("({number})") } else { number }
}

fn instant(micros: i64) -> Option<String> {
    Some(format!("TIMESTAMP '{}'", timestamp(micros)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent() {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let table = Asked::new("sales.orders");
        assert_eq!(table.describing(), "SELECT * FROM sales.orders WHERE 1 = 0");
        assert_eq!(table.reading(&columns(&["id", "a\"b"]), false, Some("\"id\" > 5"), None), "SELECT \"id\", \"a\"\"b\" FROM sales.orders WHERE \"id\" > 5");
        assert_eq!(table.reading(&columns(&["id"]), true, None, None), "SELECT * FROM sales.orders");
        assert_eq!(table.reading(&[], false, None, Some(7)), "SELECT 1 FROM sales.orders LIMIT 7");
        let query = Asked::new(" select a, b from t -- all;\n; ");
        assert_eq!(query.reading(&columns(&["a", "b"]), true, None, None), "select a, b from t -- all;");
        assert_eq!(query.reading(&columns(&["a"]), false, None, None), "SELECT \"a\" FROM (\nselect a, b from t -- all;\n) AS source");
        let ordered = Asked::new("select a, b from t order\n by a limit 5");
        assert_eq!(ordered.reading(&columns(&["a"]), false, Some("x"), Some(2)), "select a, b from t order\n by a limit 5");
    }

    #[test]
    fn literals() {
        let literal = |value: &ScalarValue, equality| Standard.literal(value, equality);
        assert_eq!(literal(&ScalarValue::Utf8(Some("O'Brien".into())), true).unwrap(), "'O''Brien'");
        assert_eq!(literal(&ScalarValue::Utf8(Some("x".into())), false), None);
        assert_eq!(literal(&ScalarValue::Utf8(Some("a\\b".into())), true), None);
        assert_eq!(literal(&ScalarValue::Float64(Some(-2858.5)), true).unwrap(), "(-2.8585e3)");
        assert_eq!(literal(&ScalarValue::Float64(Some(f64::INFINITY)), true), None);
        assert_eq!(literal(&ScalarValue::Int64(Some(-5)), true).unwrap(), "(-5)");
        assert_eq!(literal(&ScalarValue::Int64(Some(i64::MIN)), true), None);
        assert_eq!(literal(&ScalarValue::UInt64(Some(u64::MAX)), true).unwrap(), "18446744073709551615");
        assert_eq!(literal(&ScalarValue::Decimal128(Some(-5), 10, 2), false).unwrap(), "(-0.05)");
        assert_eq!(literal(&ScalarValue::Date32(Some(19_753)), false).unwrap(), "DATE '2024-01-31'");
        assert_eq!(literal(&ScalarValue::TimestampNanosecond(Some(1_000), None), true).unwrap(), "TIMESTAMP '1970-01-01 00:00:00.000001'");
        assert_eq!(literal(&ScalarValue::TimestampNanosecond(Some(1), None), true), None);
        assert_eq!(literal(&ScalarValue::TimestampMicrosecond(Some(0), Some("UTC".into())), true), None);
    }
}
