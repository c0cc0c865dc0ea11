//! A condition on stored columns as SQL. It only has to hold wherever the program's own does, which is applied to what comes: what
//! PostgreSQL would understand otherwise, or not at all, is left out.
use arrow::datatypes::{Decimal128Type, DecimalType};
use datafusion::{
    logical_expr::{BinaryExpr, Expr, Operator},
    scalar::ScalarValue,
};

use super::{schema::Relation, session::quoted};

/// In microseconds, and in seconds.
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// None: nothing of it can be said.
pub fn condition(filter: &Expr, relation: &Relation) -> Option<String> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => match (condition(left, relation), condition(right, relation)) {
            (Some(left), Some(right)) => Some(format!("{left} AND {right}")),
            (left, right) => left.or(right),
        },
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(format!("({} OR {})", condition(left, relation)?, condition(right, relation)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (Expr::Column(column), Expr::Literal(value, _)) = (left.as_ref(), right.as_ref()) else { return None };
            let op = match op {
                Operator::Eq => "=",
                Operator::Lt => "<",
                Operator::LtEq => "<=",
                Operator::Gt => ">",
                Operator::GtEq => ">=",
                _ => return None,
            };
            // Texts only have equality in common: their order is the collation's.
            Some(format!("{} {op} {}", sql_of(&column.name, relation)?, literal(value, op == "=")?))
        }
        Expr::IsNull(inner) => Some(format!("{} IS NULL", sql_of(column_of(inner)?, relation)?)),
        Expr::IsNotNull(inner) => Some(format!("{} IS NOT NULL", sql_of(column_of(inner)?, relation)?)),
        _ => None,
    }
}

fn column_of(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Column(column) => Some(&column.name),
        _ => None,
    }
}

fn sql_of<'a>(column: &str, relation: &'a Relation) -> Option<&'a str> {
    relation.columns.iter().find(|asked| asked.name == column).map(|asked| asked.sql.as_str())
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
        S::TimestampMicrosecond(Some(ticks), zone) => timestamp(*ticks, zone.is_some()),
        _ => None,
    }
}

fn timestamp(ticks: i64, zoned: bool) -> Option<String> {
    let (day, rest) = (date(ticks.div_euclid(DAY * SECOND))?, ticks.rem_euclid(DAY * SECOND));
    let (seconds, micros) = (rest / SECOND, rest % SECOND);
    let time = format!("{:02}:{:02}:{:02}.{micros:06}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(if zoned { format!("'{day} {time}+00'::timestamptz") } else { format!("'{day} {time}'::timestamp") })
}

/// `2024-01-31`, of the years 1 to 9999.
fn date(days: i64) -> Option<String> {
    // Years that begin in March, in eras of 400.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year_of_era + i64::from(month >= 10), if month < 10 { month + 3 } else { month - 9 });
    (1..=9999).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants() {
        for (days, text) in [(0, "1970-01-01"), (19_753, "2024-01-31"), (-1, "1969-12-31"), (19_782, "2024-02-29"), (-719_162, "0001-01-01"), (2_932_896, "9999-12-31")] {
            assert_eq!(date(days).as_deref(), Some(text));
        }
        assert_eq!((date(-719_163), date(2_932_897)), (None, None));
        assert_eq!(timestamp(-1, true).unwrap(), "'1969-12-31 23:59:59.999999+00'::timestamptz");
        assert_eq!(timestamp(1_706_745_599_000_001, false).unwrap(), "'2024-01-31 23:59:59.000001'::timestamp");
    }

    #[test]
    fn literals() {
        assert_eq!(literal(&ScalarValue::Utf8(Some("O'Brien \\".into())), true).unwrap(), "'O''Brien \\'");
        assert_eq!(literal(&ScalarValue::Utf8(Some("x".into())), false), None);
        assert_eq!(literal(&ScalarValue::Utf8(Some("\0".into())), true), None);
        assert_eq!(literal(&ScalarValue::Float64(Some(-0.0)), true).unwrap(), "'-0e0'::float8");
        assert_eq!(literal(&ScalarValue::Int64(Some(i64::MIN)), true).unwrap(), "(-9223372036854775808)");
        assert_eq!(literal(&ScalarValue::Decimal128(Some(-5), 10, 2), false).unwrap(), "'-0.05'::numeric");
        assert_eq!(literal(&ScalarValue::Int64(None), true), None);
    }
}
