//! Truth: `!`, `Boolean(x)`, `x == null`, `[a, b].includes(x)`.

use arrow::array::{ArrayRef, AsArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use lockstep_plan::JsType;

use crate::arguments::{Arguments, Lane, booleans, relation};
use crate::function::Function;
use crate::function::Kind::{Any, Bigint, Boolean, Number, String};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("truthy", &[Any], JsType::Boolean, |a| booleans(truth(a)?)),
    Function::new("Boolean", &[Any], JsType::Boolean, |a| booleans(truth(a)?)),
    Function::new("not", &[Any], JsType::Boolean, |a| booleans(!&truth(a)?)),
    Function::new("isNull", &[Any], JsType::Boolean, |a| booleans(null_bits(a, 0))),
    Function::new("in", &[Number, Number], JsType::Boolean, |a| {
        member(a, |a, index| {
            let (x, y) = (a.number(0)?, a.number(index)?);
            Ok(relation(&x, &y, a.rows, |x, y| x == y || (x.is_nan() && y.is_nan())))
        })
    })
    .rest()
    .optional(1),
    Function::new("in", &[String, String], JsType::Boolean, |a| {
        member(a, |a, index| {
            let (x, y) = (a.string(0)?, a.string(index)?);
            Ok(BooleanBuffer::collect_bool(a.rows, |row| x.get(row) == y.get(row)))
        })
    })
    .rest()
    .optional(1),
    Function::new("in", &[Bigint, Bigint], JsType::Boolean, |a| {
        member(a, |a, index| Ok(relation(&a.bigint(0)?, &a.bigint(index)?, a.rows, |x, y| x == y)))
    })
    .rest()
    .optional(1),
    Function::new("in", &[Boolean, Boolean], JsType::Boolean, |a| {
        member(a, |a, index| Ok(relation(&a.boolean(0)?, &a.boolean(index)?, a.rows, |x, y| x == y)))
    })
    .rest()
    .optional(1),
];

/// JavaScript's truth of the first argument: null, false, 0, NaN, 0n and "" are false.
pub(crate) fn truth(a: &Arguments) -> Result<BooleanBuffer> {
    let bits = match a.values[0].data_type() {
        // Null reads as 0, false and an empty string already.
        DataType::Float64 => return Ok(holds(a, &a.number(0)?, |x| x != 0.0 && !x.is_nan())),
        DataType::Int64 => return Ok(holds(a, &a.bigint(0)?, |x| x != 0)),
        DataType::Boolean => {
            let array = a.array(0)?;
            array.as_boolean().values().clone()
        }
        DataType::Utf8 => {
            let text = a.string(0)?;
            return Ok(BooleanBuffer::collect_bool(a.rows, |row| text.get(row).is_some_and(|text| !text.is_empty())));
        }
        // Every object is true, an invalid date and an empty list too.
        DataType::Timestamp(_, _) | DataType::List(_) => BooleanBuffer::new_set(a.rows),
        other => return internal_err!("truth of {other}"),
    };
    Ok(match a.nulls(0) {
        Some(nulls) => &bits & nulls.inner(),
        None => bits,
    })
}

fn holds<T: Copy>(a: &Arguments, lane: &Lane<T>, f: impl Fn(T) -> bool) -> BooleanBuffer {
    relation(lane, lane, a.rows, |x, _| f(x))
}

/// SameValueZero with any of the arguments after the first (of an empty list: none); null is a member if null is listed.
fn member(a: &Arguments, equal: impl Fn(&Arguments, usize) -> Result<BooleanBuffer>) -> Result<ArrayRef> {
    let valid = |index: usize| a.nulls(index).map(NullBuffer::into_inner);
    let wanted = valid(0);
    let mut found = BooleanBuffer::new_unset(a.rows);
    for index in 1..a.len() {
        let mut same = equal(a, index)?;
        // What a null position reads as must not count: both null, or neither.
        match (&wanted, valid(index)) {
            (None, None) => {}
            (Some(valid), None) => same = &same & valid,
            (None, Some(valid)) => same = &same & &valid,
            (Some(left), Some(right)) => same = &(&(&same & left) & &right) | &!&(left | &right),
        }
        found = &found | &same;
    }
    booleans(found)
}

fn null_bits(a: &Arguments, index: usize) -> BooleanBuffer {
    a.nulls(index).map_or_else(|| BooleanBuffer::new_unset(a.rows), |nulls| !nulls.inner())
}

/// Booleans as int8 and back. The engine's optimizer turns a CASE of booleans into AND and OR, which evaluate
/// their right side on rows that do not reach it; a CASE of int8 it leaves alone.
pub(crate) mod boxed {
    use arrow::array::{ArrayRef, AsArray, BooleanArray, Int8Array};
    use arrow::datatypes::{DataType, Int8Type};
    use datafusion::common::Result;
    use datafusion::logical_expr::{
        ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    };
    use std::sync::{Arc, LazyLock};

    use crate::arguments::Arguments;
    use crate::function::run;

    pub(crate) fn wrap(boolean: Expr) -> Expr {
        static UDF: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf("box", DataType::Int8));
        UDF.call(vec![boolean])
    }

    pub(crate) fn unwrap(int8: Expr) -> Expr {
        static UDF: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf("unbox", DataType::Boolean));
        UDF.call(vec![int8])
    }

    fn udf(name: &'static str, to: DataType) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(Boxed { name, to, signature: Signature::any(1, Volatility::Immutable) }))
    }

    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Boxed {
        name: &'static str,
        to: DataType,
        signature: Signature,
    }

    impl ScalarUDFImpl for Boxed {
        fn name(&self) -> &str {
            self.name
        }

        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn return_type(&self, _: &[DataType]) -> Result<DataType> {
            Ok(self.to.clone())
        }

        fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
            run(if self.to == DataType::Int8 { to_int8 } else { to_boolean }, &args)
        }
    }

    fn to_int8(a: &Arguments) -> Result<ArrayRef> {
        let array = a.array(0)?;
        Ok(Arc::new(array.as_boolean().iter().map(|value| value.map(i8::from)).collect::<Int8Array>()))
    }

    fn to_boolean(a: &Arguments) -> Result<ArrayRef> {
        let array = a.array(0)?;
        Ok(Arc::new(array.as_primitive::<Int8Type>().iter().map(|value| value.map(|x| x != 0)).collect::<BooleanArray>()))
    }
}
