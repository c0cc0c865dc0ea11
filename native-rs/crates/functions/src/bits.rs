//! Bit operators on numbers: ToInt32 / ToUint32, then 32-bit arithmetic.
use lockstep_plan::JsType;

use crate::arguments::{binary, unary};
use crate::function::Function;
use crate::function::Kind::Number;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("bit.and", &[Number, Number], JsType::Number, |a| binary(a, |x, y| (to_int32(x) & to_int32(y)) as f64)),
    Function::new("bit.or", &[Number, Number], JsType::Number, |a| binary(a, |x, y| (to_int32(x) | to_int32(y)) as f64)),
    Function::new("bit.xor", &[Number, Number], JsType::Number, |a| binary(a, |x, y| (to_int32(x) ^ to_int32(y)) as f64)),
    Function::new("bit.not", &[Number], JsType::Number, |a| unary(a, |x| !to_int32(x) as f64)),
    Function::new("bit.shl", &[Number, Number], JsType::Number, |a| {
        binary(a, |x, y| to_int32(x).wrapping_shl(to_int32(y) as u32) as f64)
    }),
    Function::new("bit.shr", &[Number, Number], JsType::Number, |a| {
        binary(a, |x, y| to_int32(x).wrapping_shr(to_int32(y) as u32) as f64)
    }),
    Function::new("bit.ushr", &[Number, Number], JsType::Number, |a| {
        binary(a, |x, y| (to_int32(x) as u32).wrapping_shr(to_int32(y) as u32) as f64)
    }),
];

/// ECMA-262 ToInt32: truncated, modulo 2^32; NaN and infinities are 0.
#[inline(always)]
pub(crate) fn to_int32(x: f64) -> i32 {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if x.abs() < TWO_63 { x as i64 as i32 } else { large_to_int32(x) }
}

#[cold]
fn large_to_int32(x: f64) -> i32 {
    if x.is_finite() { (x % 4_294_967_296.0) as i64 as i32 } else { 0 }
}
