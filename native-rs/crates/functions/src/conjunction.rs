//! `&&` of predicates that cannot throw. The engine's AND evaluates its right side on the rows that the left one leaves, where they
//! are few: choosing them costs more than a comparison of numbers, so those are evaluated on all rows, and first.
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction};
use datafusion::logical_expr::{ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::arguments::{Arguments, booleans};
use crate::function::{Call, Kind, run};
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
    let first = (cheap.len() > 1).then(|| all(std::mem::take(&mut cheap)));
    first.into_iter().chain(cheap).chain(others).reduce(Expr::and).expect("two predicates")
}

/// What an AND joins.
fn parts(predicate: Expr) -> Vec<Expr> {
    match predicate {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => [parts(*left), parts(*right)].concat(),
        Expr::ScalarFunction(call) if call.func.inner().downcast_ref::<All>().is_some() => call.args,
        other => vec![other],
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
                None => matches!(func.name(), "within" | "earlier" | "earlier or same" | "later" | "later or same" | "view.number" | "view.date"),
            };
            numeric && args.iter().all(is_cheap)
        }
        _ => false,
    }
}

/// `all(a, b, …)`: the AND of predicates that are never null.
fn all(predicates: Vec<Expr>) -> Expr {
    let udf = All { signature: Signature::variadic_any(Volatility::Immutable) };
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(udf)), predicates))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct All {
    signature: Signature,
}

impl ScalarUDFImpl for All {
    fn name(&self) -> &str {
        "all"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Field::new(self.name(), DataType::Boolean, false).into())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bits = |arguments: &Arguments| {
            let mut all = BooleanBuffer::new_set(arguments.rows);
            for index in 0..arguments.len() {
                let array = arguments.array(index)?;
                let one: &BooleanArray = array.as_boolean();
                all = &all & one.values();
            }
            booleans(all)
        };
        run(bits, &args)
    }
}
