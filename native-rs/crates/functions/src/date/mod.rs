//! Dates are timestamp(ms, UTC). Inside an expression an invalid date is [`INVALID`], so that `getTime()` of it is
//! NaN as in JavaScript; a stored one is null ([`store`]).
pub(crate) mod civil;
pub(crate) mod construct;
pub(crate) mod format;
pub(crate) mod getters;
pub(crate) mod parse;
mod tokens;
pub(crate) mod zone;

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, TimestampMillisecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use lockstep_plan::JsType;

use crate::function::run;
use crate::view::{UTC, arrow_type};

pub(crate) const MS_PER_DAY: i64 = 86_400_000;

/// The time value of an invalid date.
pub(crate) const INVALID: i64 = i64::MIN;

/// ±100 million days from 1970: what a Date can hold.
const LIMIT: i64 = 8_640_000_000_000_000;

/// ECMA-262 TimeClip.
pub(crate) fn time_clip(ms: f64) -> i64 {
    if ms.abs() <= LIMIT as f64 { ms as i64 } else { INVALID }
}

#[inline(always)]
pub(crate) fn time_value(ms: i64) -> f64 {
    if is_valid(ms) { ms as f64 } else { f64::NAN }
}

#[inline(always)]
pub(crate) fn is_valid(ms: i64) -> bool {
    (-LIMIT..=LIMIT).contains(&ms)
}

/// Makes invalid dates null: what leaves a row function.
pub(crate) fn store(date: Expr) -> Expr {
    static UDF: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::from(Store { signature: Signature::any(1, Volatility::Immutable) })));
    UDF.call(vec![date])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Store {
    signature: Signature,
}

impl ScalarUDFImpl for Store {
    fn name(&self) -> &str {
        "store.date"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(JsType::Date))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| Ok(valid_only(&arguments.array(0)?)), &args)
    }
}

fn valid_only(array: &ArrayRef) -> ArrayRef {
    let dates = array.as_primitive::<TimestampMillisecondType>();
    let valid = BooleanBuffer::collect_bool(dates.len(), |row| is_valid(dates.value(row)));
    if valid.count_set_bits() == dates.len() {
        return Arc::clone(array);
    }
    let nulls = NullBuffer::union(dates.nulls(), Some(&NullBuffer::new(valid)));
    Arc::new(PrimitiveArray::<TimestampMillisecondType>::new(dates.values().clone(), nulls).with_timezone(UTC))
}
