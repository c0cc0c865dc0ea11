//! `variance` and `stdev` of a sample, `variancep` and `stdevp` of a population: null of fewer than two values.
use arrow::datatypes::DataType;

use super::Aggregate;
use super::sums::{Summary, Summed, Sums, products, spread_of, state};

pub(crate) static VARIANCE: Aggregate = Aggregate { name: "variance", result: |_| DataType::Float64, state: |_| state(5), groups: |_| Ok(Sums::of(Spread { root: false, freedom: 1 })) };

pub(crate) static STDEV: Aggregate = Aggregate { name: "stdev", groups: |_| Ok(Sums::of(Spread { root: true, freedom: 1 })), ..VARIANCE };

pub(crate) static VARIANCEP: Aggregate = Aggregate { name: "variancep", groups: |_| Ok(Sums::of(Spread { root: false, freedom: 0 })), ..VARIANCE };

pub(crate) static STDEVP: Aggregate = Aggregate { name: "stdevp", groups: |_| Ok(Sums::of(Spread { root: true, freedom: 0 })), ..VARIANCE };

#[derive(Clone, Copy)]
struct Spread {
    root: bool,
    /// What the mean costs: 1 of a sample, 0 of a population.
    freedom: i64,
}

/// Σ x, and Σ x² in four parts.
impl Summary<1, 5> for Spread {
    #[inline(always)]
    fn terms([x]: [f64; 1]) -> [f64; 5] {
        let [a, b, c, d] = products(x, x);
        [x, a, b, c, d]
    }

    fn answer(&self, sums: &Summed<5>) -> Option<f64> {
        let n = sums.count();
        if n < 2 {
            return None;
        }
        let (spread, times) = sums.spread(1, 0, 0);
        let variance = spread_of(spread / n as f64 / (n - self.freedom) as f64, times);
        // Squares that are too small for a float may leave less than nothing.
        let variance = if variance < 0.0 { 0.0 } else { variance };
        Some(if self.root { variance.sqrt() } else { variance })
    }
}
