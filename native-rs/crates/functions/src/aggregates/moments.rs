//! `variance` and `stdev` of a sample, `variancep` and `stdevp` of a population: null of fewer than two values.
use arrow::datatypes::DataType;

use super::Aggregate;
use super::sums::{Summary, Summed, Sums, state};
use crate::exact_sum::unscaled;

pub(crate) static VARIANCE: Aggregate = Aggregate { name: "variance", result: |_| DataType::Float64, state: |_| state(3), groups: |_| Ok(Sums::of(Spread { root: false, freedom: 1 })) };

pub(crate) static STDEV: Aggregate = Aggregate { name: "stdev", groups: |_| Ok(Sums::of(Spread { root: true, freedom: 1 })), ..VARIANCE };

pub(crate) static VARIANCEP: Aggregate = Aggregate { name: "variancep", groups: |_| Ok(Sums::of(Spread { root: false, freedom: 0 })), ..VARIANCE };

pub(crate) static STDEVP: Aggregate = Aggregate { name: "stdevp", groups: |_| Ok(Sums::of(Spread { root: true, freedom: 0 })), ..VARIANCE };

#[derive(Clone, Copy)]
struct Spread {
    root: bool,
    /// What the mean costs: 1 of a sample, 0 of a population.
    freedom: i64,
}

impl Summary<1, 3> for Spread {
    const PRODUCTS: &'static [(usize, usize)] = &[(0, 0)];

    fn answer(&self, sums: &Summed<1, 3>) -> Option<f64> {
        let n = sums.count();
        if n < 2 {
            return None;
        }
        let (spread, power) = sums.spread(0, (0, 0));
        let variance = finite(unscaled((spread / n as f64 / (n - self.freedom) as f64, power)));
        Some(if self.root { variance.sqrt() } else { variance })
    }
}

/// Infinities have no spread, nor what is too large.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}
