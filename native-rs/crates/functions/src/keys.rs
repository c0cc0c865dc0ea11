//! Group, join and sort keys.
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, LargeStringArray, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, SortExpr, Volatility,
};

use crate::function::run;

/// The key under which equal values are bytewise equal: of floats -0 becomes 0 and every NaN one NaN. The value
/// itself for other types.
pub fn canonical_key(expr: Expr, data_type: &DataType) -> Expr {
    static UDF: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| key("key", Nan::Positive));
    if data_type.is_floating() { UDF.call(vec![expr]) } else { expr }
}

/// As [`canonical_key`], for a join: NaN, as null, matches nothing.
pub fn join_key(expr: Expr, data_type: &DataType) -> Expr {
    static UDF: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| key("join_key", Nan::Null));
    if data_type.is_floating() { UDF.call(vec![expr]) } else { expr }
}

/// Arquero's order: ascending null, NaN, values; descending the reverse. Strings by UTF-16 code units.
pub fn sort_key(expr: Expr, data_type: &DataType, descending: bool) -> SortExpr {
    static UDF: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| key("sort", Nan::Negative));
    let expr = if has_own_order(data_type) { UDF.call(vec![expr]) } else { expr };
    expr.sort(!descending, !descending)
}

/// Types whose order in Arrow is not JavaScript's.
fn has_own_order(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => has_own_order(values),
        other => other.is_floating() || other.is_string(),
    }
}

fn key(name: &'static str, nan: Nan) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Key { name, nan, signature: Signature::any(1, Volatility::Immutable) }))
}

/// What stands for all NaNs. Arrow's total order puts the negative one before every number, where Arquero has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Nan {
    Positive,
    Negative,
    Null,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    name: &'static str,
    nan: Nan,
    signature: Signature,
}

impl ScalarUDFImpl for Key {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn return_field_from_args(
        &self,
        args: datafusion::logical_expr::ReturnFieldArgs,
    ) -> Result<arrow::datatypes::FieldRef> {
        let field = Arc::clone(&args.arg_fields[0]);
        Ok(match self.nan {
            Nan::Null => Arc::new(field.as_ref().clone().with_nullable(true)),
            _ => field,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| Ok(keyed(arguments.array(0)?, self.nan)), &args)
    }
}

/// The array under [`canonical_key`].
pub(crate) fn canonical(array: &ArrayRef) -> ArrayRef {
    if array.data_type().is_floating() { keyed(Arc::clone(array), Nan::Positive) } else { Arc::clone(array) }
}

fn keyed(array: ArrayRef, nan: Nan) -> ArrayRef {
    let sign = if nan == Nan::Negative { -1.0 } else { 1.0 };
    match array.data_type() {
        DataType::Float64 => floats::<Float64Type>(&array, nan, |x| if x.is_nan() { f64::NAN.copysign(sign) } else { x + 0.0 }),
        DataType::Float32 => {
            floats::<Float32Type>(&array, nan, |x| if x.is_nan() { f32::NAN.copysign(sign as f32) } else { x + 0.0 })
        }
        DataType::Float16 => {
            let zero = <Float16Type as ArrowPrimitiveType>::Native::default();
            let positive = <Float16Type as ArrowPrimitiveType>::Native::NAN;
            let one = if nan == Nan::Negative { -positive } else { positive };
            floats::<Float16Type>(&array, nan, |x| if x.is_nan() { one } else { x + zero })
        }
        DataType::Utf8 => strings(&array, array.as_string::<i32>().iter(), |rows| Arc::new(StringArray::from_iter(rows))),
        DataType::LargeUtf8 => {
            strings(&array, array.as_string::<i64>().iter(), |rows| Arc::new(LargeStringArray::from_iter(rows)))
        }
        DataType::Utf8View => {
            strings(&array, array.as_string_view().iter(), |rows| Arc::new(StringViewArray::from_iter(rows)))
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            dictionary.with_values(keyed(Arc::clone(dictionary.values()), nan))
        }
        _ => array,
    }
}

fn floats<T: ArrowPrimitiveType>(array: &ArrayRef, nan: Nan, f: impl Fn(T::Native) -> T::Native) -> ArrayRef {
    let array = array.as_primitive::<T>();
    if nan != Nan::Null {
        return Arc::new(array.unary::<_, T>(f));
    }
    // NaN is what no comparison holds for.
    let number = |x: &T::Native| x.partial_cmp(x).is_some();
    Arc::new(array.unary_opt::<_, T>(|x| number(&x).then(|| f(x))))
}

/// Strings whose order by code points is the given ones' order by UTF-16 code units; the array itself unless it
/// holds one of the few characters for which that differs.
fn strings<'a, I: Iterator<Item = Option<&'a str>> + Clone>(
    array: &ArrayRef,
    rows: I,
    collect: impl Fn(Box<dyn Iterator<Item = Option<String>> + 'a>) -> ArrayRef,
) -> ArrayRef
where
    I: 'a,
{
    let special = |text: &str| text.bytes().any(|byte| byte >= 0xEE) && text.chars().any(|c| escape(c).is_some());
    match rows.clone().flatten().any(special) {
        true => collect(Box::new(rows.map(|row| row.map(escaped)))),
        false => Arc::clone(array),
    }
}

/// In UTF-16, U+E000–U+FFFF stand above the pairs of U+10000–U+10FFFF. Behind the last code point as a prefix
/// they do in code points too; the last two code points make room for the prefix.
fn escape(character: char) -> Option<char> {
    match character {
        '\u{E000}'..='\u{FFFF}' => Some('\u{10FFFF}'),
        '\u{10FFFE}' | '\u{10FFFF}' => Some('\u{10FFFE}'),
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    text.chars().flat_map(|character| escape(character).into_iter().chain([character])).collect()
}
