//! Sums of floats without rounding: the same bits in whatever order the values are added, and however they are grouped on the way.
//!
//! A sum is the total of two floats as long as they hold every bit of it, a window of 106 bits: enough for millions of values that
//! are within a few powers of ten. What they cannot hold goes into an integer that holds any sum of floats (R. Neal, "Fast exact
//! summation using small and large superaccumulators", 2015), which hardly any group needs. It is rounded once, when it is read.
use std::collections::HashMap;

/// `sum` + `lost`, exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Exact {
    pub sum: f64,
    pub lost: f64,
}

impl Exact {
    /// Adds a value. False: two floats do not hold the result, and nothing was added.
    #[inline(always)]
    #[must_use]
    pub fn add(&mut self, x: f64) -> bool {
        // D. Knuth's TwoSum, without a branch: what the addition rounds away.
        let sum = self.sum + x;
        let kept = sum - self.sum;
        let error = (self.sum - (sum - kept)) + (x - kept);
        let lost = self.lost + error;
        // Whichever of both was larger, taking it away leaves the other, unless the second addition has rounded, too. NaN is never equal.
        let exact = (lost - self.lost == error) & (lost - error == self.lost);
        if exact {
            *self = Self { sum, lost };
        }
        exact
    }

    /// The sum, rounded to nearest.
    pub fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// What the sums of some slots hold beyond two floats, by a key of the owner's.
#[derive(Debug, Default)]
pub struct Rests(HashMap<usize, Wide>);

impl Rests {
    /// Adds `x` to a sum whose two floats do not hold it: all goes here, and they begin again.
    #[cold]
    #[inline(never)]
    pub fn spill(&mut self, key: usize, exact: &mut Exact, x: f64) {
        let wide = self.0.entry(key).or_default();
        [exact.sum, exact.lost, x].into_iter().for_each(|part| wide.add(part));
        *exact = Exact::default();
    }

    /// A sum, rounded to nearest; of infinities of both signs NaN.
    pub fn value(&self, key: usize, exact: Exact) -> f64 {
        if self.0.is_empty() { exact.value() } else { self.whole(key, exact).map_or(exact.value(), |wide| wide.value()) }
    }

    /// Floats whose total is the sum times 2^-`shift`, but for what is too small for a float then.
    pub fn parts(&self, key: usize, exact: Exact, shift: u16) -> Vec<f64> {
        let scale = f64::from_bits((1023 - u64::from(shift)) << 52);
        self.whole(key, exact).map_or_else(|| vec![exact.sum * scale, exact.lost * scale], |wide| wide.parts(shift.into()))
    }

    /// The parts beyond two floats, of a sum that has some.
    pub fn rest(&self, key: usize) -> Option<Vec<f64>> {
        self.0.get(&key).cloned().map(|wide| wide.parts(0))
    }

    fn whole(&self, key: usize, exact: Exact) -> Option<Wide> {
        let mut wide = self.0.get(&key)?.clone();
        [exact.sum, exact.lost].into_iter().for_each(|part| wide.add(part));
        Some(wide)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The first `count` keys are gone, the others' numbers are so much smaller.
    pub fn shift(&mut self, count: usize) {
        self.0 = self.0.drain().filter(|(key, _)| *key >= count).map(|(key, wide)| (key - count, wide)).collect();
    }

    pub fn size(&self) -> usize {
        self.0.capacity() * size_of::<(usize, Wide)>() + self.0.len() * size_of::<[i64; LIMBS]>()
    }
}

/// One exact sum.
#[derive(Debug, Default)]
pub struct ExactSum {
    exact: Exact,
    rests: Rests,
}

impl ExactSum {
    pub fn add(&mut self, x: f64) {
        if !self.exact.add(x) {
            self.rests.spill(0, &mut self.exact, x);
        }
    }

    /// Adds a · b, unless it is too large or too small for a float.
    pub fn add_product(&mut self, a: f64, b: f64) {
        product(a, b).into_iter().for_each(|part| self.add(part));
    }

    pub fn value(&self) -> f64 {
        self.rests.value(0, self.exact)
    }
}

/// Two floats whose total is a · b; the second is 0 where the first is infinite or NaN.
pub fn product(a: f64, b: f64) -> [f64; 2] {
    let high = a * b;
    [high, if high.is_finite() { a.mul_add(b, -high) } else { 0.0 }]
}

/// From 2^-1074 to 2^1024, and room for 2^64 values.
const LIMBS: usize = 68;

/// Values that can be added before a limb may overflow.
const MOST: u32 = 1 << 30;

/// Any sum of floats: Σ limbs\[i\] · 2^(32 · i − 1074).
#[derive(Debug, Clone)]
struct Wide {
    limbs: Box<[i64; LIMBS]>,
    added: u32,
    /// Whether +∞ and -∞ are among the values.
    infinite: [bool; 2],
}

impl Default for Wide {
    fn default() -> Self {
        Self { limbs: Box::new([0; LIMBS]), added: 0, infinite: [false; 2] }
    }
}

impl Wide {
    fn add(&mut self, x: f64) {
        self.add_scaled(x, 0);
    }

    /// Adds x · 2^`by`.
    fn add_scaled(&mut self, x: f64, by: usize) {
        if !x.is_finite() {
            self.infinite[0] |= x.is_nan() || x > 0.0;
            self.infinite[1] |= x.is_nan() || x < 0.0;
            return;
        }
        let exponent = (x.to_bits() >> 52 & 0x7ff) as usize;
        let fraction = x.to_bits() & ((1 << 52) - 1);
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let shift = shift + by;
        let mut wide = u128::from(mantissa) << (shift % 32);
        for limb in &mut self.limbs[shift / 32..shift / 32 + 3] {
            let part = (wide & 0xffff_ffff) as i64;
            *limb += if x < 0.0 { -part } else { part };
            wide >>= 32;
        }
        self.added += 1;
        if self.added == MOST {
            self.carry();
        }
    }

    /// All limbs but the last are from 0 to 2^32 then.
    fn carry(&mut self) {
        for index in 0..LIMBS - 1 {
            let carried = self.limbs[index] >> 32;
            self.limbs[index] -= carried << 32;
            self.limbs[index + 1] += carried;
        }
        self.added = 0;
    }

    /// Rounded to nearest, ties to even.
    fn value(self) -> f64 {
        self.scaled(0)
    }

    /// The value times 2^-`by`; 0 where that is no normal float.
    fn scaled(mut self, by: usize) -> f64 {
        match self.infinite {
            [true, true] => return f64::NAN,
            [true, false] => return f64::INFINITY,
            [false, true] => return f64::NEG_INFINITY,
            [false, false] => {}
        }
        self.carry();
        let negative = self.limbs[LIMBS - 1] < 0;
        if negative {
            self.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            self.carry();
        }
        let size = self.rounded(by);
        if negative { -size } else { size }
    }

    /// Of limbs that are carried, and not negative.
    fn rounded(&self, by: usize) -> f64 {
        let Some(top) = self.limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let limb = |index: usize| self.limbs[index] as u128;
        let highest = 32 * top + 63 - self.limbs[top].leading_zeros() as usize;
        if by > 0 && highest < by + 53 {
            return 0.0;
        }
        if highest < 53 {
            // As many units of 2^-1074 are the bits of the float.
            return f64::from_bits((limb(1) << 32 | limb(0)) as u64);
        }
        // The bit that stands lowest in the result, and three limbs in which it, and the one below, are.
        let lowest = highest - 52;
        let base = top.saturating_sub(2);
        let bits = (base..=top).rev().fold(0, |bits, index| bits << 32 | limb(index));
        let below = lowest - 32 * base;
        let mut mantissa = (bits >> below) as u64;
        let half = bits >> (below - 1) & 1 == 1;
        let more = bits & ((1 << (below - 1)) - 1) != 0 || self.limbs[..base].iter().any(|limb| *limb != 0);
        if half && (more || mantissa & 1 == 1) {
            mantissa += 1;
        }
        // A mantissa that became 2^53 goes on into the exponent.
        let bits = (((lowest - by) as u64) << 52) + mantissa;
        if bits >= f64::INFINITY.to_bits() { f64::INFINITY } else { f64::from_bits(bits) }
    }

    /// Floats whose total it is, times 2^-`by`, the largest first.
    fn parts(mut self, by: usize) -> Vec<f64> {
        let mut parts: Vec<f64> = [f64::INFINITY, f64::NEG_INFINITY].into_iter().zip(self.infinite).filter_map(|(part, there)| there.then_some(part)).collect();
        self.infinite = [false; 2];
        loop {
            let value = self.clone().scaled(by);
            if value == 0.0 {
                return parts;
            }
            let part = value.clamp(f64::MIN, f64::MAX);
            self.add_scaled(-part, by);
            parts.push(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: impl IntoIterator<Item = f64>) -> ExactSum {
        let mut sum = ExactSum::default();
        values.into_iter().for_each(|x| sum.add(x));
        sum
    }

    /// Numbers of all sizes, by rule.
    fn numbers(count: u64) -> Vec<f64> {
        let number = |index: u64| {
            let bits = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index << 7);
            let exponent = 1023 - 40 + bits % if index % 10 == 0 { 900 } else { 80 };
            f64::from_bits((bits >> 12) | exponent << 52) * if bits & 1 == 0 { 1.0 } else { -1.0 }
        };
        (0..count).map(number).collect()
    }

    #[test]
    fn the_order_of_the_values_does_not_matter() {
        let mut values = numbers(5000);
        let right = sum(values.clone()).value();
        for round in 1..20 {
            values.rotate_left(37 * round);
            values.reverse();
            let whole = sum(values.clone());
            assert_eq!(whole.value().to_bits(), right.to_bits());
            // In groups, whose parts are added.
            let parts = values.chunks(100 + round).flat_map(|chunk| {
                let part = sum(chunk.iter().copied());
                part.rests.parts(0, part.exact, 0)
            });
            assert_eq!(sum(parts).value().to_bits(), right.to_bits());
        }
    }

    #[test]
    fn sums_are_rounded_once() {
        let cases: [(&[f64], f64); 12] = [
            (&[], 0.0),
            (&[-0.0], 0.0),
            (&[1e300, 1.0, -1e300, 1e-300], 1.0),
            (&[1.0, f64::EPSILON / 2.0], 1.0),
            (&[1.0, f64::EPSILON / 2.0, 1e-200], 1.0 + f64::EPSILON),
            (&[1.0, -f64::EPSILON / 4.0, -1e-200], 1.0 - f64::EPSILON / 2.0),
            (&[f64::MAX, f64::MAX, -f64::MAX], f64::MAX),
            (&[f64::MAX, f64::MAX], f64::INFINITY),
            (&[f64::MAX, 2f64.powi(970)], f64::INFINITY),
            (&[5e-324, 5e-324, 1.0, -1.0], 1e-323),
            (&[f64::MIN_POSITIVE, -5e-324, 1e200, -1e200], f64::MIN_POSITIVE - 5e-324),
            (&[f64::INFINITY, 1.0, f64::MAX], f64::INFINITY),
        ];
        for (values, right) in cases {
            assert_eq!(sum(values.iter().copied()).value(), right, "{values:?}");
            assert_eq!(sum(values.iter().map(|x| -x)).value(), -right, "{values:?}");
        }
        assert!(sum([f64::INFINITY, f64::NEG_INFINITY]).value().is_nan());
    }

    #[test]
    fn sums_past_the_largest_float_have_few_parts_of_a_smaller_scale() {
        let large = sum(std::iter::repeat_n(1e308, 1000));
        let parts = large.rests.parts(0, large.exact, 600);
        assert!(parts.len() < 5);
        let scale = 2f64.powi(-600);
        assert_eq!(sum(parts).value(), 1e308 * scale * 1000.0);
        let few = sum([0.5, 0.25]);
        assert_eq!(few.rests.parts(0, few.exact, 600), [0.75 * scale, 0.0]);
    }

    #[test]
    fn it_agrees_with_integers() {
        // Eighths of integers: what 128 bits hold exactly.
        let values: Vec<i128> = (0..10_000i128).map(|i| (i * 7_919_993 % 1_000_003 - 500_000) << (i % 60)).collect();
        let right: i128 = values.iter().sum();
        assert_eq!(sum(values.iter().map(|x| *x as f64 / 8.0)).value(), right as f64 / 8.0);
    }

    #[test]
    fn a_million_tenths_need_two_floats() {
        let tenths = sum(std::iter::repeat_n(0.1, 1_000_000));
        assert!(tenths.rests.is_empty());
        // 0.1 is a little more than a tenth: 1,000,000 · 0.1000000000000000055511151231257827…
        assert_eq!(tenths.value(), 100_000.000_000_000_005_551_115);
    }
}
