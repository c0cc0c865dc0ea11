//! `op.bins` and `bin`: functions of the least and the greatest value, which are aggregates as others are, and few to send.
use lockstep_plan::{Bins, ExactNumber, Expression, JsType, Literal};

/// Of no values NaN, NaN and the width, or null.
pub(super) fn bins_of(least: &str, most: &str, bins: &Bins, null_of_nothing: bool) -> Expression {
    let value = call("bins", JsType::Numbers, [vec![number(least), number(most)], parameters(bins)].concat());
    if null_of_nothing { unless_null(least, value, JsType::Numbers) } else { value }
}

/// The lower boundary of the value's bin; of null, null.
pub(super) fn bin_of(value: &str, least: &str, most: &str, bins: &Bins, offset: ExactNumber) -> Expression {
    let arguments = [vec![number(value), number(least), number(most)], parameters(bins), vec![literal(offset)]].concat();
    unless_null(value, call("binOf", JsType::Number, arguments), JsType::Number)
}

/// As the functions take them.
fn parameters(bins: &Bins) -> Vec<Expression> {
    let nice = Expression::Literal { js: JsType::Boolean, value: Literal::Boolean(bins.nice) };
    vec![literal(bins.maxbins), nice, literal(bins.minstep), literal(bins.step.unwrap_or(ExactNumber(0.0)))]
}

fn unless_null(column: &str, value: Expression, js: JsType) -> Expression {
    Expression::If {
        test: Box::new(call("isNull", JsType::Boolean, vec![number(column)])),
        then: Box::new(Expression::Literal { js, value: Literal::Null }),
        otherwise: Box::new(value),
        js,
    }
}

fn number(column: &str) -> Expression {
    Expression::Column { name: column.to_owned(), js: JsType::Number }
}

fn literal(value: ExactNumber) -> Expression {
    Expression::Literal { js: JsType::Number, value: value.into() }
}

fn call(function: &str, js: JsType, args: Vec<Expression>) -> Expression {
    Expression::Call { function: function.to_owned(), args, js }
}
