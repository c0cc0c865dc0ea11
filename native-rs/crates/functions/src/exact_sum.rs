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
        [exact.sum, exact.lost, x].into_iter().for_each(|part| wide.add(part, 0));
        *exact = Exact::default();
    }

    /// Adds a · b, whose size is no float's.
    #[cold]
    #[inline(never)]
    pub fn spill_product(&mut self, key: usize, a: f64, b: f64) {
        self.0.entry(key).or_default().add_product(a, b);
    }

    /// Adds a [part](Self::rest) of another's.
    pub fn add(&mut self, key: usize, (x, power): Scaled) {
        self.0.entry(key).or_default().add(x, power);
    }

    /// A sum, rounded to nearest; of infinities of both signs NaN.
    pub fn value(&self, key: usize, exact: Exact) -> f64 {
        match self.0.get(&key) {
            None => exact.value(),
            Some(wide) => unscaled(wide.with(exact).rounded()),
        }
    }

    /// The parts of a sum beyond two floats, of one that has some.
    pub fn rest(&self, key: usize) -> Option<Vec<Scaled>> {
        self.0.get(&key).cloned().map(Wide::parts)
    }

    /// As [`rest`](Self::rest), in floats: what is too large for one comes in halves.
    pub fn floats(&self, key: usize) -> Vec<f64> {
        let halved = |(x, power): Scaled| {
            let halvings = (0..).find(|by| unscaled((x, power - by)).is_finite() || !x.is_finite()).unwrap_or(0);
            std::iter::repeat_n(unscaled((x, power - halvings)), 1 << halvings)
        };
        self.rest(key).unwrap_or_default().into_iter().flat_map(halved).collect()
    }

    /// Numbers whose total is the sum.
    pub fn parts(&self, key: usize, exact: Exact) -> Vec<Scaled> {
        let mut parts = vec![(exact.sum, 0), (exact.lost, 0)];
        parts.extend(self.rest(key).unwrap_or_default());
        parts
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

/// x · 2^power.
pub type Scaled = (f64, i32);

/// As a float, ±∞ or 0 where it has no such size.
pub fn unscaled((x, power): Scaled) -> f64 {
    // In steps that are floats themselves: each but the last is exact.
    let mut value = x;
    let mut left = power;
    while left != 0 {
        let step = left.clamp(-900, 900);
        value *= f64::from_bits(((1023 + step) as u64) << 52);
        left -= step;
    }
    value
}

/// Σ a · b of pairs of numbers, exactly.
#[derive(Debug, Default)]
pub struct ProductSum(Wide);

impl ProductSum {
    pub fn add(&mut self, (a, a_power): Scaled, (b, b_power): Scaled) {
        // What is scaled is a part of a sum of products, and the other a count.
        self.0.add_scaled_product(a, b, a_power + b_power);
    }

    /// Rounded to nearest.
    pub fn value(self) -> Scaled {
        self.0.rounded()
    }
}

/// Two floats whose total is a · b; None where there are no such two.
#[inline(always)]
pub fn product(a: f64, b: f64) -> Option<[f64; 2]> {
    let high = a * b;
    let size = high.abs();
    // Room for n² of them above, and for their last bits below.
    if (size < f64::from_bits((1023 + 800) << 52) && size > f64::from_bits((1023 - 800) << 52)) || a == 0.0 || b == 0.0 {
        // Zero times infinity is none.
        return high.is_finite().then(|| [high, a.mul_add(b, -high)]);
    }
    None
}

/// The lowest bit of limb 0 is 2^-2148, that of the product of two least floats. Above the product of two largest ones there is
/// room for 2^120 of them.
const LOWEST: i32 = -2148;
const LIMBS: usize = 136;

/// Values that can be added before a limb may overflow.
const MOST: u32 = 1 << 30;

/// Any sum of floats, and of products of two: Σ limbs\[i\] · 2^(32 · i − 2148).
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

/// A float's integer of 53 bits, and its power of two.
fn taken_apart(x: f64) -> (u64, i32) {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32;
    let fraction = x.to_bits() & ((1 << 52) - 1);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

impl Wide {
    /// Adds x · 2^`power`.
    fn add(&mut self, x: f64, power: i32) {
        self.add_scaled_product(x, 1.0, power);
    }

    fn add_product(&mut self, a: f64, b: f64) {
        self.add_scaled_product(a, b, 0);
    }

    fn add_scaled_product(&mut self, a: f64, b: f64, power: i32) {
        if !(a.is_finite() && b.is_finite()) {
            let x = a * b;
            self.infinite[0] |= x.is_nan() || x > 0.0;
            self.infinite[1] |= x.is_nan() || x < 0.0;
            return;
        }
        let ((a_bits, a_power), (b_bits, b_power)) = (taken_apart(a), taken_apart(b));
        let mut bits = u128::from(a_bits) * u128::from(b_bits);
        let mut shift = a_power + b_power + power - LOWEST;
        // Below the lowest bit are the zeros that multiplying by 1 has put there.
        if shift < 0 {
            bits >>= -shift;
            shift = 0;
        }
        let (first, within) = (shift as usize / 32, shift as usize % 32);
        // 106 bits, moved by up to 31: the low 96 and the rest.
        let (mut low, mut index) = ((bits & ((1 << 64) - 1)) << within, first);
        let high = (bits >> 64) << within;
        let negative = (a < 0.0) != (b < 0.0);
        let put = |limbs: &mut [i64; LIMBS], index: usize, part: u128| {
            let part = (part & 0xffff_ffff) as i64;
            limbs[index] += if negative { -part } else { part };
        };
        while low > 0 {
            put(&mut self.limbs, index, low);
            (low, index) = (low >> 32, index + 1);
        }
        let (mut high, mut index) = (high, first + 2);
        while high > 0 {
            put(&mut self.limbs, index, high);
            (high, index) = (high >> 32, index + 1);
        }
        self.added += 1;
        if self.added == MOST / 2 {
            self.carry();
        }
    }

    fn with(&self, exact: Exact) -> Self {
        let mut whole = self.clone();
        [exact.sum, exact.lost].into_iter().for_each(|part| whole.add(part, 0));
        whole
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

    /// To the nearest number of 53 bits, of two the even one; of infinities what their sum is.
    fn rounded(mut self) -> Scaled {
        match self.infinite {
            [true, true] => return (f64::NAN, 0),
            [true, false] => return (f64::INFINITY, 0),
            [false, true] => return (f64::NEG_INFINITY, 0),
            [false, false] => {}
        }
        self.carry();
        let negative = self.limbs[LIMBS - 1] < 0;
        if negative {
            self.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            self.carry();
        }
        let Some(top) = self.limbs.iter().rposition(|limb| *limb != 0) else { return (0.0, 0) };
        // The highest limbs, and the number of bits in them.
        let base = top.saturating_sub(2);
        let bits = (base..=top).rev().fold(0, |bits, index| bits << 32 | self.limbs[index] as u128);
        let below = (u128::BITS - bits.leading_zeros()).saturating_sub(53);
        let mut mantissa = (bits >> below) as u64;
        if below > 0 {
            let half = bits >> (below - 1) & 1 == 1;
            let more = bits & ((1 << (below - 1)) - 1) != 0 || self.limbs[..base].iter().any(|limb| *limb != 0);
            mantissa += u64::from(half && (more || mantissa & 1 == 1));
        }
        let size = mantissa as f64;
        (if negative { -size } else { size }, LOWEST + 32 * base as i32 + below as i32)
    }

    /// Numbers whose total it is, the largest first.
    fn parts(mut self) -> Vec<Scaled> {
        let mut parts: Vec<Scaled> = [f64::INFINITY, f64::NEG_INFINITY].into_iter().zip(self.infinite).filter_map(|(part, there)| there.then_some((part, 0))).collect();
        self.infinite = [false; 2];
        loop {
            let (x, power) = self.clone().rounded();
            if x == 0.0 {
                return parts;
            }
            self.add(-x, power);
            parts.push((x, power));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One exact sum.
    #[derive(Default)]
    struct Sum {
        exact: Exact,
        rests: Rests,
    }

    impl Sum {
        fn add(&mut self, x: f64) {
            if !self.exact.add(x) {
                self.rests.spill(0, &mut self.exact, x);
            }
        }

        fn value(&self) -> f64 {
            self.rests.value(0, self.exact)
        }
    }

    fn sum(values: impl IntoIterator<Item = f64>) -> Sum {
        let mut sum = Sum::default();
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
            let mut whole = Sum::default();
            for part in values.chunks(100 + round).map(|chunk| sum(chunk.iter().copied())) {
                part.rests.parts(0, part.exact).into_iter().for_each(|part| whole.rests.add(0, part));
            }
            assert_eq!(whole.value().to_bits(), right.to_bits());
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
    fn sums_past_the_largest_float_have_few_parts() {
        let large = sum(std::iter::repeat_n(1e308, 1000));
        assert!(large.rests.parts(0, large.exact).len() < 6);
        let mut again = sum(large.rests.floats(0));
        [large.exact.sum, large.exact.lost].into_iter().for_each(|part| again.add(part));
        std::iter::repeat_n(-1e308, 999).for_each(|x| again.add(x));
        assert_eq!(again.value(), 1e308);
        assert_eq!(large.value(), f64::INFINITY);
    }

    #[test]
    fn products_are_exact_whatever_their_size() {
        let total = |pairs: &[(f64, f64)]| {
            let mut sum = ProductSum::default();
            pairs.iter().for_each(|(a, b)| sum.add((*a, 0), (*b, 0)));
            unscaled(sum.value())
        };
        assert_eq!(total(&[(1e300, 1e300), (3.0, 0.5), (-1e300, 1e300)]), 1.5);
        assert_eq!(total(&[(f64::MAX, f64::MAX), (5e-324, 5e-324), (-f64::MAX, f64::MAX)]), 0.0);
        assert_eq!(total(&[(1e200, 1e-200)]), (1e200f64 * 1e-200f64));
        assert_eq!(total(&[(0.1, 0.1), (-0.1, 0.1)]), 0.0);
        assert_eq!(total(&[(1e300, 1e10), (-2e300, 1e10)]), f64::NEG_INFINITY);
        assert!(total(&[(0.0, f64::INFINITY)]).is_nan());
        let mut least = ProductSum::default();
        least.add((5e-324, 0), (5e-324, 0));
        assert_eq!(least.value(), (1.0, -2148));
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
