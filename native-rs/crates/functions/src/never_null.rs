//! A CASE whose test keeps null away: `d.y > 0 && d.x !== null ? d.x : 0`.
//!
//! DataFusion infers whether it can be null of the logical and of the physical expression, by rules that differ: the logical one knows
//! that a column without nulls is never `IS NULL`, and that no part of an AND may fail; the physical one tries the test with null in
//! the place of the branch, which it cannot where the test reads something else first. A group-by refuses an input that may be null
//! where its logical schema says that it is not. So what the logical rule proves is said by a function, which both ask.
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub(crate) const NAME: &str = "never_null";

static UDF: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(ScalarUDF::from(NeverNull { signature: Signature::any(1, Volatility::Immutable) })));

/// `case`, and whether it may be null.
pub(crate) fn proven(case: Case, schema: &DFSchema) -> Result<(Expr, bool)> {
    // Of `x ?? y` the physical rule knows as much.
    let told = |(test, then): &&(Box<Expr>, Box<Expr>)| !matches!(&**test, Expr::IsNotNull(value) if value == then);
    let mut may_be_null = case.else_expr.is_none();
    for branch in case.when_then_expr.iter().filter(told).map(|(_, then)| then).chain(&case.else_expr) {
        may_be_null = may_be_null || branch.nullable(schema)?;
    }
    let case = Expr::Case(case);
    if !may_be_null {
        return Ok((case, false));
    }
    let nullable = case.nullable(schema)?;
    Ok((if nullable { case } else { UDF.call(vec![case]) }, nullable))
}

/// `never_null(value)`: the value.
#[derive(Debug, PartialEq, Eq, Hash)]
struct NeverNull {
    signature: Signature,
}

impl ScalarUDFImpl for NeverNull {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(NAME, args.arg_fields[0].data_type().clone(), false)))
    }

    /// A null in it would be found by the batch that takes the column.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args[0].clone())
    }
}
