//! `Math.*`. Exactly specified functions are exact; the transcendental ones are within 1 ulp of V8's.
use arrow::array::ArrayRef;
use datafusion::common::Result;
use lockstep_plan::JsType;

use crate::arguments::{Arguments, binary, numbers, unary};
use crate::arithmetic::power;
use crate::bits::to_int32;
use crate::function::Function;
use crate::function::Kind::Number;

const fn one(name: &'static str, kernel: crate::function::Kernel) -> Function {
    Function::new(name, &[Number], JsType::Number, kernel)
}

pub(crate) const FUNCTIONS: &[Function] = &[
    one("Math.abs", |a| unary(a, f64::abs)),
    one("Math.acos", |a| unary(a, f64::acos)),
    // libm answers a number to large negative ones.
    one("Math.acosh", |a| unary(a, |x| if x < 1.0 { f64::NAN } else { libm::acosh(x) })),
    one("Math.asin", |a| unary(a, f64::asin)),
    one("Math.asinh", |a| unary(a, libm::asinh)),
    one("Math.atan", |a| unary(a, f64::atan)),
    Function::new("Math.atan2", &[Number, Number], JsType::Number, |a| binary(a, f64::atan2)),
    one("Math.atanh", |a| unary(a, libm::atanh)),
    one("Math.cbrt", |a| unary(a, f64::cbrt)),
    one("Math.ceil", |a| unary(a, ceil)),
    one("Math.clz32", |a| unary(a, |x| to_int32(x).leading_zeros() as f64)),
    one("Math.cos", |a| unary(a, f64::cos)),
    one("Math.cosh", |a| unary(a, f64::cosh)),
    one("Math.exp", |a| unary(a, f64::exp)),
    one("Math.expm1", |a| unary(a, f64::exp_m1)),
    one("Math.floor", |a| unary(a, floor)),
    one("Math.fround", |a| unary(a, |x| x as f32 as f64)),
    Function::new("Math.hypot", &[Number], JsType::Number, hypot).rest(),
    Function::new("Math.imul", &[Number, Number], JsType::Number, |a| {
        binary(a, |x, y| to_int32(x).wrapping_mul(to_int32(y)) as f64)
    }),
    one("Math.log", |a| unary(a, f64::ln)),
    one("Math.log10", |a| unary(a, f64::log10)),
    one("Math.log1p", |a| unary(a, f64::ln_1p)),
    one("Math.log2", |a| unary(a, f64::log2)),
    Function::new("Math.max", &[Number], JsType::Number, |a| fold(a, max)).rest(),
    Function::new("Math.min", &[Number], JsType::Number, |a| fold(a, min)).rest(),
    Function::new("Math.pow", &[Number, Number], JsType::Number, |a| binary(a, power)),
    one("Math.round", |a| unary(a, round)),
    one("Math.sign", |a| unary(a, |x| if x == 0.0 || x.is_nan() { x } else { x.signum() })),
    one("Math.sin", |a| unary(a, f64::sin)),
    one("Math.sinh", |a| unary(a, f64::sinh)),
    one("Math.sqrt", |a| unary(a, f64::sqrt)),
    one("Math.tan", |a| unary(a, f64::tan)),
    one("Math.tanh", |a| unary(a, f64::tanh)),
    one("Math.trunc", |a| unary(a, |x| floor(x.abs()).copysign(x))),
];

/// Adding 2^52 leaves no room for a fraction, so this vectorises without the instruction that old processors lack.
#[inline(always)]
pub(crate) fn floor(x: f64) -> f64 {
    const NO_FRACTION: f64 = 4_503_599_627_370_496.0;
    let size = x.abs();
    let near = ((size + NO_FRACTION) - NO_FRACTION).copysign(x);
    let below = if near > x { near - 1.0 } else { near };
    // From 2^52 on there are no fractions; NaN and infinities stay too.
    if size < NO_FRACTION { below } else { x }
}

#[inline(always)]
pub(crate) fn ceil(x: f64) -> f64 {
    -floor(-x)
}

/// Half goes up, towards +∞; -0.5 … -0 give -0.
#[inline(always)]
pub(crate) fn round(x: f64) -> f64 {
    let below = floor(x);
    (if x - below >= 0.5 { below + 1.0 } else { below }).copysign(x)
}

/// NaN wins; 0 is more than -0.
#[inline(always)]
pub(crate) fn max(x: f64, y: f64) -> f64 {
    if x > y {
        x
    } else if y > x {
        y
    } else if x == y {
        f64::from_bits(x.to_bits() & y.to_bits())
    } else {
        f64::NAN
    }
}

#[inline(always)]
pub(crate) fn min(x: f64, y: f64) -> f64 {
    if x < y {
        x
    } else if y < x {
        y
    } else if x == y {
        f64::from_bits(x.to_bits() | y.to_bits())
    } else {
        f64::NAN
    }
}

/// Any number of arguments, from left to right.
#[inline(always)]
fn fold(a: &Arguments, f: impl Fn(f64, f64) -> f64) -> Result<ArrayRef> {
    match a.len() {
        1 => unary(a, |x| x),
        2 => binary(a, f),
        count => {
            let lanes = (0..count).map(|index| a.number(index)).collect::<Result<Vec<_>>>()?;
            numbers((0..a.rows).map(|row| lanes[1..].iter().fold(lanes[0].get(row), |x, lane| f(x, lane.get(row)))).collect())
        }
    }
}

/// V8's algorithm: scaled by the largest, with Kahan's compensation.
fn hypot(a: &Arguments) -> Result<ArrayRef> {
    let lanes = (0..a.len()).map(|index| a.number(index)).collect::<Result<Vec<_>>>()?;
    let mut values = vec![0.0; lanes.len()];
    numbers(
        (0..a.rows)
            .map(|row| {
                for (value, lane) in values.iter_mut().zip(&lanes) {
                    *value = lane.get(row).abs();
                }
                hypotenuse(&values)
            })
            .collect(),
    )
}

fn hypotenuse(values: &[f64]) -> f64 {
    if values.contains(&f64::INFINITY) {
        return f64::INFINITY;
    }
    if values.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let largest = values.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return 0.0;
    }
    let (mut sum, mut compensation) = (0.0, 0.0);
    for x in values {
        let scaled = x / largest;
        let summand = scaled * scaled - compensation;
        let preliminary = sum + summand;
        compensation = (preliminary - sum) - summand;
        sum = preliminary;
    }
    f64::sqrt(sum) * largest
}
