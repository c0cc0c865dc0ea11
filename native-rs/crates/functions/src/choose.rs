//! `a ? "x" : b ? "y" : "z"` of constants: all tests at once, then one look-up a row, where CASE would split the
//! batch at every test.
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Float64Array, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::arguments::Arguments;
use crate::function::run;

/// Tests fit a byte.
const MAX_ARGUMENTS: usize = 500;

/// `test ? then : otherwise` if both are constant numbers or strings, or `otherwise` is such a choice itself; `test`
/// must be a boolean that is never null and cannot throw.
pub(crate) fn choice(test: &Expr, then: &Expr, otherwise: &Expr) -> Option<Expr> {
    let constant = |expr: &Expr| {
        matches!(expr, Expr::Literal(ScalarValue::Float64(Some(_)) | ScalarValue::Utf8(Some(_)), _))
    };
    let mut arguments = vec![test.clone(), then.clone()];
    match otherwise {
        _ if !constant(then) => return None,
        Expr::ScalarFunction(call) if call.func.name() == NAME && call.args.len() < MAX_ARGUMENTS => {
            arguments.extend(call.args.iter().cloned());
        }
        last if constant(last) => arguments.push(last.clone()),
        _ => return None,
    }
    Some(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&UDF), arguments)))
}

const NAME: &str = "choose";

static UDF: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(Choose { signature: Signature::variadic_any(Volatility::Immutable) })));

/// `choose(test, value, test, value, …, value)`
#[derive(Debug, PartialEq, Eq, Hash)]
struct Choose {
    signature: Signature,
}

impl ScalarUDFImpl for Choose {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[1].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(NAME, args.arg_fields[1].data_type().clone(), false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(choose, &args)
    }
}

fn choose(a: &Arguments) -> Result<ArrayRef> {
    let arms = a.len() / 2;
    let mut chosen = vec![arms as u8; a.rows];
    // From the last to the first, because the first test that holds decides.
    for arm in (0..arms).rev() {
        match &a.values[2 * arm] {
            ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))) => chosen.fill(arm as u8),
            ColumnarValue::Scalar(_) => {}
            ColumnarValue::Array(test) => {
                test.as_boolean().values().set_indices().for_each(|row| chosen[row] = arm as u8);
            }
        }
    }
    let value = |arm: usize| &a.values[(2 * arm + 1).min(a.len() - 1)];
    match value(0).data_type() {
        DataType::Float64 => {
            let values = (0..=arms).map(|arm| number(value(arm))).collect::<Result<Vec<_>>>()?;
            Ok(Arc::new(Float64Array::from_iter_values(chosen.iter().map(|&arm| values[arm as usize]))))
        }
        _ => {
            let labels = (0..=arms).map(|arm| label(value(arm))).collect::<Result<Vec<_>>>()?;
            let longest = labels.iter().map(|label| label.len()).max().unwrap_or(0);
            let mut out = StringBuilder::with_capacity(a.rows, a.rows * longest);
            chosen.iter().for_each(|&arm| out.append_value(labels[arm as usize]));
            Ok(Arc::new(out.finish()))
        }
    }
}

fn number(value: &ColumnarValue) -> Result<f64> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Float64(Some(value))) => Ok(*value),
        other => internal_err!("a choice of {}", other.data_type()),
    }
}

fn label(value: &ColumnarValue) -> Result<&str> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(value))) => Ok(value),
        other => internal_err!("a choice of {}", other.data_type()),
    }
}
