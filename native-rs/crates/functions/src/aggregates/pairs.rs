//! `covariance` of a sample, `covariancep` of a population and `corr`, of the rows that have both values: null of fewer than two.
use arrow::datatypes::DataType;

use super::Aggregate;
use super::moments::finite;
use super::sums::{Summary, Summed, Sums, state};
use crate::exact_sum::{Scaled, unscaled};

pub(crate) static COVARIANCE: Aggregate = Aggregate { name: "covariance", result: |_| DataType::Float64, state: |_| state(4), groups: |_| Ok(Sums::of(Covariance { freedom: 1 })) };

pub(crate) static COVARIANCEP: Aggregate = Aggregate { name: "covariancep", groups: |_| Ok(Sums::of(Covariance { freedom: 0 })), ..COVARIANCE };

pub(crate) static CORR: Aggregate = Aggregate { name: "corr", state: |_| state(8), groups: |_| Ok(Sums::of(Correlation)), ..COVARIANCE };

#[derive(Clone, Copy)]
struct Covariance {
    /// What the means cost: 1 of a sample, 0 of a population.
    freedom: i64,
}

impl Summary<2, 4> for Covariance {
    const PRODUCTS: &'static [(usize, usize)] = &[(0, 1)];

    fn answer(&self, sums: &Summed<2, 4>) -> Option<f64> {
        let n = sums.count();
        let (spread, power) = (n > 1).then(|| sums.spread(0, (0, 1)))?;
        Some(finite(unscaled((spread / n as f64 / (n - self.freedom) as f64, power))))
    }
}

#[derive(Clone, Copy)]
struct Correlation;

impl Summary<2, 8> for Correlation {
    const PRODUCTS: &'static [(usize, usize)] = &[(0, 1), (0, 0), (1, 1)];

    fn answer(&self, sums: &Summed<2, 8>) -> Option<f64> {
        if sums.count() < 2 {
            return None;
        }
        let [both, x, y] = [0, 1, 2].map(|index| sums.spread(index, Self::PRODUCTS[index]));
        let [x, y] = [x, y].map(root);
        Some(finite(unscaled((both.0 / x.0 / y.0, both.1 - x.1 - y.1))))
    }
}

fn root((x, power): Scaled) -> Scaled {
    // An odd power leaves a factor of 2.
    if power % 2 == 0 { (x.sqrt(), power / 2) } else { ((2.0 * x).sqrt(), (power - 1) / 2) }
}
