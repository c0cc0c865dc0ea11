//! `&&` of predicates that cannot throw. The engine's AND evaluates its right side on the rows that the left one leaves, where they
//! are few: choosing them costs more than a comparison of numbers, so those are evaluated on all rows, and first.
use arrow::array::{ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use datafusion::common::Result;
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction};
use datafusion::logical_expr::{Expr, Operator};

use crate::arguments::{Arguments, booleans};
use crate::function::{Call, Kind};
use crate::harmless::is_plain;
use crate::predicate::Predicate;
use crate::stored::intersection;

/// Both are booleans that are never null.
pub(crate) fn conjunction(left: Expr, right: Expr) -> Expr {
    let (mut cheap, mut others): (Vec<Expr>, Vec<Expr>) = (Vec::new(), Vec::new());
    for predicate in parts(left).into_iter().chain(parts(right)) {
        let joined = cheap.iter().enumerate().find_map(|(index, known)| Some((index, intersection(known, &predicate)?)));
        match joined {
            Some((index, both)) => cheap[index] = both,
            None if is_cheap(&predicate) => cheap.push(predicate),
            None => others.push(predicate),
        }
    }
    let first = (cheap.len() > 1).then(|| All.on(std::mem::take(&mut cheap)));
    first.into_iter().chain(cheap).chain(others).reduce(Expr::and).expect("two predicates")
}

/// What an AND joins.
fn parts(predicate: Expr) -> Vec<Expr> {
    match predicate {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => [parts(*left), parts(*right)].concat(),
        other => match All::of(&other) {
            Some((_, predicates)) => predicates.to_vec(),
            None => vec![other],
        },
    }
}

/// Arithmetic and comparisons of numbers and dates.
fn is_cheap(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::Cast(cast) => is_cheap(&cast.expr),
        Expr::Not(inner) => is_cheap(inner),
        Expr::ScalarFunction(ScalarFunction { func, args }) => {
            let numeric = match func.inner().downcast_ref::<Call>() {
                Some(call) => {
                    let takes = |kind| matches!(kind, Some(Kind::Number | Kind::Date | Kind::Bigint | Kind::Boolean));
                    matches!(func.name(), "lt" | "le" | "gt" | "ge" | "eq" | "ne" | "add" | "sub" | "mul" | "neg") && takes(call.function.parameter(0))
                }
                None => is_plain(func.name()),
            };
            numeric && args.iter().all(is_cheap)
        }
        _ => false,
    }
}

/// `all(a, b, …)`: the AND of predicates that are never null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct All;

impl Predicate for All {
    fn name(&self) -> &str {
        "all"
    }

    fn holds(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let mut all = BooleanBuffer::new_set(arguments.rows);
        for index in 0..arguments.len() {
            all = &all & arguments.array(index)?.as_boolean().values();
        }
        booleans(all)
    }
}
