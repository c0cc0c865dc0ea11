//! What a predicate says of a column's bounds: in the engine's own operators, which know statistics.
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, Operator, binary_expr, ident};
use lockstep_plan::{Expression, JsType, Literal};

use crate::date::{MS_PER_DAY, is_valid};
use crate::lower::can_throw;
use crate::view::DIGITS;

/// A condition on stored columns that holds for every row on which `predicate` is true or throws: rows, or groups of
/// rows, that cannot meet it need not be read. None if nothing is known.
pub fn pruning_predicate(predicate: &Expression, schema: &DFSchema) -> Option<Expr> {
    match predicate {
        Expression::And { left, right, .. } => {
            let first = pruning_predicate(left, schema);
            if can_throw(left, schema).unwrap_or(true) {
                return first;
            }
            match (first, pruning_predicate(right, schema)) {
                (Some(left), Some(right)) => Some(left.and(right)),
                (left, right) => left.or(right),
            }
        }
        Expression::Or { left, right, .. } => {
            Some(pruning_predicate(left, schema)?.or(pruning_predicate(right, schema)?))
        }
        Expression::Column { name, js: JsType::Boolean } => bound(name, JsType::Boolean, Operator::Eq, &Literal::Boolean(true), schema),
        Expression::Call { function, args, .. } => match (function.as_str(), args.as_slice()) {
            ("isNull", [Expression::Column { name, .. }]) => Some(ident(name).is_null()),
            ("not", [condition]) => negated(condition, schema),
            ("in", [Expression::Column { name, js }, members @ ..]) if members.len() > MANY => between(name, *js, members, schema),
            ("in", [Expression::Column { name, js }, members @ ..]) => {
                let each = members.iter().map(|member| match member {
                    Expression::Literal { value, .. } => bound(name, *js, Operator::Eq, value, schema),
                    _ => None,
                });
                each.reduce(|all, one| Some(all?.or(one?)))?
            }
            (comparison, [left, right]) => {
                let operator = operator(comparison)?;
                match (written(left), written(right)) {
                    (None, Some(literal)) => compared(left, operator, literal, schema),
                    (Some(literal), None) => compared(right, operator.swap()?, literal, schema),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

/// As `pruning_predicate`, of the rows on which `predicate` is false or throws.
fn negated(predicate: &Expression, schema: &DFSchema) -> Option<Expr> {
    match predicate {
        Expression::And { left, right, .. } => Some(negated(left, schema)?.or(negated(right, schema)?)),
        Expression::Or { left, right, .. } => {
            let first = negated(left, schema);
            if can_throw(left, schema).unwrap_or(true) {
                return first;
            }
            match (first, negated(right, schema)) {
                (Some(left), Some(right)) => Some(left.and(right)),
                (left, right) => left.or(right),
            }
        }
        Expression::Column { name, js: JsType::Boolean } => {
            Some(bound(name, JsType::Boolean, Operator::Eq, &Literal::Boolean(false), schema)?.or(ident(name).is_null()))
        }
        Expression::Call { function, args, .. } => match (function.as_str(), args.as_slice()) {
            ("isNull", [Expression::Column { name, .. }]) => Some(ident(name).is_not_null()),
            ("not", [condition]) => pruning_predicate(condition, schema),
            (comparison, [left, right]) => {
                let operator = operator(comparison)?;
                match (written(left), written(right)) {
                    (None, Some(literal)) => otherwise(left, operator, literal, schema),
                    (Some(literal), None) => otherwise(right, operator.swap()?, literal, schema),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

/// Where a comparison does not hold: on the other side, for null, and for an invalid date, which is in no order. NaN is not in bounds.
fn otherwise(value: &Expression, operator: Operator, literal: &Literal, schema: &DFSchema) -> Option<Expr> {
    let (name, js) = match value {
        Expression::Column { name, js } if *js != JsType::Date || operator != Operator::Eq => (name, *js),
        Expression::Call { args, .. } => match args.as_slice() {
            [Expression::Column { name, js: JsType::Date }] => (name, JsType::Date),
            _ => return None,
        },
        _ => return None,
    };
    let stored = schema.field_with_unqualified_name(name).ok()?.data_type();
    let either = |one: Operator, other: Operator| Some(compared(value, one, literal, schema)?.or(compared(value, other, literal, schema)?));
    let known = match (operator, js) {
        _ if stored.is_floating() => return None,
        (Operator::Lt, _) => compared(value, Operator::GtEq, literal, schema)?,
        (Operator::LtEq, _) => compared(value, Operator::Gt, literal, schema)?,
        (Operator::Gt, _) => compared(value, Operator::LtEq, literal, schema)?,
        (Operator::GtEq, _) => compared(value, Operator::Lt, literal, schema)?,
        (_, JsType::String | JsType::Boolean) => match bound(name, js, Operator::Eq, literal, schema)? {
            Expr::BinaryExpr(equal) => binary_expr(*equal.left, Operator::NotEq, *equal.right),
            _ => return None,
        },
        _ => either(Operator::Lt, Operator::Gt)?,
    };
    let invalid = [(Operator::Lt, -LATEST), (Operator::Gt, LATEST)].into_iter().filter(|_| js == JsType::Date);
    let invalid = invalid.filter_map(|(operator, ms)| instant(name, stored, operator, ms));
    Some(invalid.fold(known.or(ident(name).is_null()), Expr::or))
}

/// Of the valid dates, in ms.
const LATEST: f64 = 8.64e15;

/// More members than these are known by the least and the greatest of them.
const MANY: usize = 100;

fn between(name: &str, js: JsType, members: &[Expression], schema: &DFSchema) -> Option<Expr> {
    let value = |member: &Expression| match member {
        Expression::Literal { value, .. } if js == JsType::Number => number(value),
        _ => None,
    };
    let values: Vec<f64> = members.iter().map(value).collect::<Option<_>>()?;
    let (least, greatest) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), x| (x.min(least), x.max(greatest)));
    let above = bound(name, js, Operator::GtEq, &Literal::Number(least), schema)?;
    Some(above.and(bound(name, js, Operator::LtEq, &Literal::Number(greatest), schema)?))
}

/// A literal, a date made of one, or the time value of one.
fn written(value: &Expression) -> Option<&Literal> {
    match value {
        Expression::Literal { value, .. } => Some(value),
        Expression::Call { function, args, .. } if function == "Date" => match args.as_slice() {
            // Of fractions a date cuts off, and past its ends it is invalid.
            [Expression::Literal { value: ms @ Literal::Number(number), .. }] if number.fract() == 0.0 && is_valid(*number as i64) => Some(ms),
            _ => None,
        },
        Expression::Call { function, args, .. } if matches!(function.as_str(), "date.getTime" | "Number" | "plus") => match args.as_slice() {
            [date] if date.js_type() == JsType::Date => written(date),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn operator(function: &str) -> Option<Operator> {
    Some(match function {
        "lt" => Operator::Lt,
        "le" => Operator::LtEq,
        "gt" => Operator::Gt,
        "ge" => Operator::GtEq,
        "eq" => Operator::Eq,
        _ => return None,
    })
}

/// `value` is a column, or the time value of one.
fn compared(value: &Expression, operator: Operator, literal: &Literal, schema: &DFSchema) -> Option<Expr> {
    match value {
        Expression::Column { name, js } if *js != JsType::Date || operator != Operator::Eq => {
            bound(name, *js, operator, literal, schema)
        }
        Expression::Call { function, args, .. } if matches!(function.as_str(), "date.getTime" | "Number" | "plus") => {
            let [Expression::Column { name, js: JsType::Date }] = args.as_slice() else { return None };
            let known = bound(name, JsType::Date, operator, literal, schema)?;
            // A null receiver throws.
            let nullable = schema.field_with_unqualified_name(name).ok()?.is_nullable();
            Some(if nullable && function == "date.getTime" { known.or(ident(name).is_null()) } else { known })
        }
        _ => None,
    }
}

fn bound(name: &str, js: JsType, operator: Operator, literal: &Literal, schema: &DFSchema) -> Option<Expr> {
    let field = schema.field_with_unqualified_name(name).ok()?;
    let stored = field.data_type();
    let (condition, null_holds) = match (js, literal) {
        (JsType::Number | JsType::Date, Literal::Number(_) | Literal::String(_)) => {
            let value = number(literal)?;
            let condition = if js == JsType::Date {
                // No order with an invalid date.
                is_valid(value as i64).then_some(())?;
                instant(name, stored, operator, value)?
            } else if stored.is_integer() {
                integer(name, stored, operator, value)?
            } else if let DataType::Decimal128(precision, scale) = *stored {
                decimal(name, precision, scale, operator, value)?
            } else {
                float(name, stored, operator, value)?
            };
            (condition, holds(0.0, operator, value))
        }
        (JsType::Bigint, Literal::String(text)) => {
            let value = ScalarValue::Int64(Some(text.parse().ok()?)).cast_to(stored).ok()?;
            (binary_expr(ident(name), operator, Expr::Literal(value, None)), holds(0.0, operator, text.parse().ok()?))
        }
        // Order by code units is not the statistics' order.
        (JsType::String, Literal::String(text)) if operator == Operator::Eq && stored.is_string() => {
            let value = ScalarValue::Utf8(Some(text.clone())).cast_to(stored).ok()?;
            (binary_expr(ident(name), operator, Expr::Literal(value, None)), false)
        }
        (JsType::Boolean, Literal::Boolean(value)) if operator == Operator::Eq && *stored == DataType::Boolean => {
            (binary_expr(ident(name), operator, Expr::Literal(ScalarValue::Boolean(Some(*value)), None)), false)
        }
        _ => return None,
    };
    // To an ordering null is 0.
    let null_holds = null_holds && operator != Operator::Eq && field.is_nullable();
    Some(if null_holds { condition.or(ident(name).is_null()) } else { condition })
}

fn number(literal: &Literal) -> Option<f64> {
    let value = match literal {
        Literal::Number(value) => *value,
        Literal::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (!value.is_nan()).then_some(value)
}

pub(crate) fn holds(x: f64, operator: Operator, y: f64) -> bool {
    match operator {
        Operator::Lt => x < y,
        Operator::LtEq => x <= y,
        Operator::Gt => x > y,
        Operator::GtEq => x >= y,
        _ => x == y,
    }
}

/// The comparison of an integer with `value`, which need not be one.
fn whole(operator: Operator, value: f64) -> Option<(Operator, i64)> {
    let value = match operator {
        Operator::Lt | Operator::GtEq => value.ceil(),
        Operator::LtEq | Operator::Gt => value.floor(),
        _ if value.fract() == 0.0 => value,
        _ => return None,
    };
    (value.abs() < 9e15).then_some((operator, value as i64))
}

fn integer(name: &str, stored: &DataType, operator: Operator, value: f64) -> Option<Expr> {
    let (operator, value) = whole(operator, value)?;
    let value = ScalarValue::Int64(Some(value)).cast_to(stored).ok().filter(|value| !value.is_null())?;
    Some(binary_expr(ident(name), operator, Expr::Literal(value, None)))
}

/// Decimals of up to 15 digits are numbers in their order: the one at which the comparison turns is near `value`.
fn decimal(name: &str, precision: u8, scale: i8, operator: Operator, value: f64) -> Option<Expr> {
    let unit = 10_f64.powi(scale.into());
    let near = Some((value * unit).round()).filter(|near| near.abs() < 1e15 && precision <= DIGITS && scale >= 0)? as i64;
    let meets = |digits: &i64| holds(*digits as f64 / unit, operator, value);
    let (operator, digits) = match operator {
        Operator::Gt | Operator::GtEq => (Operator::GtEq, (near - 2..=near + 2).find(meets)?),
        Operator::Lt | Operator::LtEq => (Operator::LtEq, (near - 2..=near + 2).rev().find(meets)?),
        operator => (operator, (near - 2..=near + 2).find(meets)?),
    };
    let digits = Some(i128::from(digits)).filter(|digits| digits.unsigned_abs() < 10_u128.pow(precision.into()))?;
    Some(binary_expr(ident(name), operator, Expr::Literal(ScalarValue::Decimal128(Some(digits), precision, scale), None)))
}

/// The engine orders -0 before 0: a bound of zero is the one that keeps both.
fn float(name: &str, stored: &DataType, operator: Operator, value: f64) -> Option<Expr> {
    let compare = |operator: Operator, value: f64| {
        Some(binary_expr(ident(name), operator, Expr::Literal(ScalarValue::Float64(Some(value)), None)))
    };
    match (stored, operator) {
        (DataType::Float64, Operator::Eq) if value == 0.0 => Some(compare(Operator::GtEq, -0.0)?.and(compare(Operator::LtEq, 0.0)?)),
        (DataType::Float64, Operator::GtEq | Operator::Gt) if value == 0.0 => compare(operator, -0.0),
        (DataType::Float64, Operator::LtEq | Operator::Lt) if value == 0.0 => compare(operator, 0.0),
        (DataType::Float64, _) => compare(operator, value),
        _ => None,
    }
}

/// `value` is in ms; the column in its own unit, of which JavaScript sees the floor.
fn instant(name: &str, stored: &DataType, operator: Operator, value: f64) -> Option<Expr> {
    let per_ms = match stored {
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 1_000_000,
        DataType::Date32 => {
            let (operator, days) = whole(operator, value / MS_PER_DAY as f64)?;
            let days = ScalarValue::Date32(Some(i32::try_from(days).ok()?));
            return Some(binary_expr(ident(name), operator, Expr::Literal(days, None)));
        }
        _ => return None,
    };
    let (operator, ms) = whole(operator, value)?;
    // floor(x) > ms and floor(x) <= ms turn at the next ms.
    let at = |ms: i64| Some(Expr::Literal(ScalarValue::Int64(Some(ms.checked_mul(per_ms)?)).cast_to(stored).ok()?, None));
    let column = || ident(name);
    Some(match operator {
        Operator::Gt => column().gt_eq(at(ms + 1)?),
        Operator::LtEq => column().lt(at(ms + 1)?),
        Operator::Eq => column().gt_eq(at(ms)?).and(column().lt(at(ms + 1)?)),
        operator => binary_expr(column(), operator, at(ms)?),
    })
}
