//! `covariance` of a sample, `covariancep` of a population and `corr`, of the rows that have both values: null of fewer than two.
use arrow::datatypes::DataType;

use super::Aggregate;
use super::sums::{Summary, Summed, Sums, products, spread_of, state};

pub(crate) static COVARIANCE: Aggregate = Aggregate { name: "covariance", result: |_| DataType::Float64, state: |_| state(6), groups: |_| Ok(Sums::of(Covariance { freedom: 1 })) };

pub(crate) static COVARIANCEP: Aggregate = Aggregate { name: "covariancep", groups: |_| Ok(Sums::of(Covariance { freedom: 0 })), ..COVARIANCE };

pub(crate) static CORR: Aggregate = Aggregate { name: "corr", state: |_| state(14), groups: |_| Ok(Sums::of(Correlation)), ..COVARIANCE };

#[derive(Clone, Copy)]
struct Covariance {
    /// What the means cost: 1 of a sample, 0 of a population.
    freedom: i64,
}

/// Σ x, Σ y, and Σ x · y in four parts.
impl Summary<2, 6> for Covariance {
    #[inline(always)]
    fn terms([x, y]: [f64; 2]) -> [f64; 6] {
        let [a, b, c, d] = products(x, y);
        [x, y, a, b, c, d]
    }

    fn answer(&self, sums: &Summed<6>) -> Option<f64> {
        let n = sums.count();
        let (spread, times) = (n > 1).then(|| sums.spread(2, 0, 1))?;
        Some(spread_of(spread / n as f64 / (n - self.freedom) as f64, times))
    }
}

#[derive(Clone, Copy)]
struct Correlation;

/// As of a covariance, and Σ x² and Σ y².
impl Summary<2, 14> for Correlation {
    #[inline(always)]
    fn terms([x, y]: [f64; 2]) -> [f64; 14] {
        let [xy, xx, yy] = [products(x, y), products(x, x), products(y, y)];
        [x, y, xy[0], xy[1], xy[2], xy[3], xx[0], xx[1], xx[2], xx[3], yy[0], yy[1], yy[2], yy[3]]
    }

    fn answer(&self, sums: &Summed<14>) -> Option<f64> {
        if sums.count() < 2 {
            return None;
        }
        let [(xy, up), (xx, x_times), (yy, y_times)] = [sums.spread(2, 0, 1), sums.spread(6, 0, 0), sums.spread(10, 1, 1)];
        // The root of 2^1200 is 2^600.
        Some(spread_of(xy / xx.sqrt() / yy.sqrt(), up - (x_times + y_times) / 2))
    }
}
