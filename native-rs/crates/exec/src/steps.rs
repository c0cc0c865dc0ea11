//! Values at equal distances from each other: what domains, packed keys, memos and look-up tables have in common.
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

/// Types whose values are integers that fit int64: integers, dates, timestamps in their unit.
pub fn is_integer_like(data_type: &DataType) -> bool {
    use DataType as D;
    matches!(
        data_type,
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 | D::Date32 | D::Date64 | D::Timestamp(..)
    )
}

/// The integers of such a column; of 64 bits without a copy.
pub fn integers(array: &ArrayRef) -> Option<Int64Array> {
    if !is_integer_like(array.data_type()) {
        return None;
    }
    Some(cast(array, &DataType::Int64).ok()?.as_primitive::<Int64Type>().clone())
}

/// The largest distance of which all distances from `min` are multiples, 1 if there are none; None where one does not fit
/// 64 bits.
pub fn stride(values: impl Iterator<Item = i64>, min: i64) -> Option<i64> {
    let mut stride = 0;
    for value in values {
        stride = gcd(stride, value.checked_sub(min)?);
    }
    Some(stride.max(1))
}

fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Division of many numbers by one: a division of 64 bits takes ten times as long as a multiplication.
///
/// With `unit = odd · 2^shift` the quotient of `n` is that of `n' = n / 2^shift` by `odd`, and `⌊n' · ⌈2^64 / odd⌉ / 2^64⌋` is it
/// exactly while `n' · odd < 2^64` (Granlund, Montgomery, "Division by invariant integers", 1994). For larger `n` it is never
/// too small, so that what lies outside a domain stays outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Divisor {
    One,
    Reciprocal { shift: u32, inverse: u64 },
    Plain(u64),
}

impl Divisor {
    /// Exact for quotients below `quotients`.
    pub fn new(unit: u64, quotients: u64) -> Self {
        let shift = unit.trailing_zeros();
        let odd = unit >> shift;
        let exact = u128::from(quotients) * u128::from(odd) * u128::from(odd) < 1 << 64;
        match (unit, odd) {
            (1, _) => Self::One,
            (_, 2..) if exact => Self::Reciprocal { shift, inverse: u64::MAX / odd + 1 },
            _ => Self::Plain(unit),
        }
    }

    /// `each(n, quotient of n)` of all numbers. The kind of division is decided once, outside of the loop.
    #[inline(always)]
    pub fn map<T>(self, numbers: impl Iterator<Item = u64>, mut each: impl FnMut(u64, u64) -> T) -> Vec<T> {
        match self {
            Self::One => numbers.map(|n| each(n, n)).collect(),
            Self::Reciprocal { shift, inverse } => {
                numbers.map(|n| each(n, ((u128::from(n >> shift) * u128::from(inverse)) >> 64) as u64)).collect()
            }
            Self::Plain(unit) => numbers.map(|n| each(n, n / unit)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_exact_and_never_too_small() {
        for unit in [1u64, 2, 3, 7, 24, 1 << 20, 3_600_000_000, 86_400_000_000, 86_399_999_999] {
            let quotients = 100_000u64;
            let divisor = Divisor::new(unit, quotients);
            let borders = (0..quotients).step_by(97).flat_map(|q| [q * unit, q * unit + unit - 1, q * unit + unit / 2]);
            divisor.map(borders, |n, quotient| assert_eq!(quotient, n / unit, "{n} / {unit}"));
            let outside = [quotients * unit, u64::MAX / 3, u64::MAX - 1, u64::MAX];
            divisor.map(outside.into_iter(), |n, quotient| assert!(quotient >= n / unit, "{n} / {unit}"));
        }
        assert!(matches!(Divisor::new(86_400_000_000, 36_500), Divisor::Reciprocal { .. }));
        assert!(matches!(Divisor::new(86_400_000_000, 1 << 40), Divisor::Plain(_)));
    }

    #[test]
    fn strides_divide_all_distances() {
        assert_eq!(stride([10, 40, 100].into_iter(), 10), Some(30));
        assert_eq!(stride([5].into_iter(), 5), Some(1));
        assert_eq!(stride([i64::MIN, i64::MAX].into_iter(), i64::MIN), None);
    }
}
