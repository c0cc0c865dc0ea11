//! A condition on stored columns as SQL. It only has to hold wherever the program's own does, which is applied to what comes: what a
//! server would understand otherwise, or not at all, is left out.
use datafusion::{
    logical_expr::{BinaryExpr, Expr, Operator},
    scalar::ScalarValue,
};

/// How a server writes what a condition is made of; None: not at all, or not for sure.
pub trait Dialect {
    fn column(&self, name: &str) -> Option<String>;

    /// `equality`: it is compared by =, in which texts agree; their order is the collation's.
    fn literal(&self, value: &ScalarValue, equality: bool) -> Option<String>;
}

/// None: nothing of it can be said.
pub fn condition(filter: &Expr, dialect: &impl Dialect) -> Option<String> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => match (condition(left, dialect), condition(right, dialect)) {
            (Some(left), Some(right)) => Some(format!("{left} AND {right}")),
            (left, right) => left.or(right),
        },
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(format!("({} OR {})", condition(left, dialect)?, condition(right, dialect)?))
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
            Some(format!("{} {op} {}", dialect.column(&column.name)?, dialect.literal(value, op == "=")?))
        }
        Expr::IsNull(inner) => Some(format!("{} IS NULL", dialect.column(column_of(inner)?)?)),
        Expr::IsNotNull(inner) => Some(format!("{} IS NOT NULL", dialect.column(column_of(inner)?)?)),
        _ => None,
    }
}

fn column_of(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Column(column) => Some(&column.name),
        _ => None,
    }
}

/// `2024-01-31`, of the years 1 to 9999.
pub fn date(days: i64) -> Option<String> {
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

/// `2024-01-31 23:59:59.000001`, of microseconds.
pub fn timestamp(micros: i64) -> Option<String> {
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;
    let (day, rest) = (date(micros.div_euclid(DAY))?, micros.rem_euclid(DAY));
    let (seconds, micros) = (rest / SECOND, rest % SECOND);
    Some(format!("{day} {:02}:{:02}:{:02}.{micros:06}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// A text as SQL writes it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL writes it.
pub fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A text that begins as a statement does; a table's name has no blank outside of quotes.
pub fn is_query(text: &str) -> bool {
    let first = text.trim_start().split(|character: char| character.is_whitespace() || character == '(').next().unwrap_or("");
    let more = first.len() < text.trim().len();
    more && ["select", "with", "values", "table"].iter().any(|word| first.eq_ignore_ascii_case(word)) || text.trim_start().starts_with('(')
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
        assert_eq!(timestamp(-1).unwrap(), "1969-12-31 23:59:59.999999");
        assert_eq!(timestamp(1_706_745_599_000_001).unwrap(), "2024-01-31 23:59:59.000001");
    }

    #[test]
    fn queries_begin_as_statements() {
        for query in ["SELECT 1", " with x as (select 1) table x", "(select 1)", "values (1)", "select(1)", "select\n*"] {
            assert!(is_query(query), "{query}");
        }
        for table in ["selected", "select", "orders", "with.values", "\"select me\""] {
            assert!(!is_query(table), "{table}");
        }
    }
}
