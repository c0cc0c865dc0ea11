//! Casts that keep every value, or say which column holds one that does not fit.
use arrow::array::{Array, ArrayRef};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TryCast, Volatility, when,
};

use crate::error::RowError;
use crate::function::run;

/// `value` in a type that may be too narrow: LS2015 names `column` and the first value that does not fit.
pub fn exact_cast(value: Expr, column: &str, to: &DataType) -> Expr {
    let cast = ExactCast { column: column.to_owned(), to: to.clone(), signature: Signature::any(1, Volatility::Immutable) };
    Expr::ScalarFunction(ScalarFunction::new_udf(ScalarUDF::from(cast).into(), vec![value]))
}

/// An integer key beside a float one: float64 where one equals it, null, which no key equals, elsewhere.
pub fn integer_as_float(value: Expr, integer: &DataType) -> Result<Expr> {
    let float = Expr::Cast(Cast::new(Box::new(value.clone()), DataType::Float64));
    if !matches!(integer, DataType::Int64 | DataType::UInt64) {
        return Ok(float);
    }
    let back = Expr::TryCast(TryCast::new(Box::new(float.clone()), integer.clone()));
    when(back.eq(value), float).end()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactCast {
    /// For the message.
    column: String,
    to: DataType,
    signature: Signature,
}

impl ScalarUDFImpl for ExactCast {
    fn name(&self) -> &str {
        "exact_cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Field::new(self.name(), self.to.clone(), args.arg_fields[0].is_nullable()).into())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| exactly(&arguments.array(0)?, &self.column, &self.to), &args)
    }
}

/// The array in a type that may be too narrow: LS2015 names `column` and the first value that does not fit.
pub(crate) fn exactly(array: &ArrayRef, column: &str, to: &DataType) -> Result<ArrayRef> {
    let out = cast_with_options(array, to, &CastOptions { safe: true, ..CastOptions::default() })?;
    if out.null_count() > array.null_count()
        && let Some(row) = (0..array.len()).find(|&row| out.is_null(row) && array.is_valid(row))
    {
        let value = ArrayFormatter::try_new(array, &FormatOptions::default())?.value(row).to_string();
        return RowError::throw("LS2015", "Error", row, format!("column \"{column}\" holds {value}, which does not fit {}", name(to)));
    }
    Ok(out)
}

/// As Arrow prints it.
fn name(data_type: &DataType) -> String {
    match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, _) => "timestamp[ns]".to_owned(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => "timestamp[us]".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}
