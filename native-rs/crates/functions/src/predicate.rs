//! Predicates of ours beside the catalogue's functions: one generic scalar UDF runs them.
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::arguments::Arguments;
use crate::function::run;

/// A predicate that is never null.
pub(crate) trait Predicate: Debug + Eq + Hash + Send + Sync + 'static {
    fn name(&self) -> &str;
    fn holds(&self, arguments: &Arguments) -> Result<ArrayRef>;

    fn on(self, arguments: Vec<Expr>) -> Expr
    where
        Self: Sized,
    {
        let udf = Udf { predicate: self, signature: Signature::variadic_any(Volatility::Immutable) };
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(udf)), arguments))
    }

    /// The predicate that an expression calls, and its arguments.
    fn of(expr: &Expr) -> Option<(&Self, &[Expr])>
    where
        Self: Sized,
    {
        let Expr::ScalarFunction(call) = expr else { return None };
        Some((&call.func.inner().downcast_ref::<Udf<Self>>()?.predicate, &call.args))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Udf<P> {
    predicate: P,
    signature: Signature,
}

impl<P: Predicate> ScalarUDFImpl for Udf<P> {
    fn name(&self) -> &str {
        self.predicate.name()
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
        run(|arguments| self.predicate.holds(arguments), &args)
    }
}
