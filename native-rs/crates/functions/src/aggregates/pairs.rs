//! `covariance` of a sample, `covariancep` of a population and `corr`, of the rows that have both values: null of fewer than two.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::groups::{Groups, selected};
use super::Aggregate;

pub(crate) static COVARIANCE: Aggregate = Aggregate {
    name: "covariance",
    result: |_| DataType::Float64,
    state: |_| [DataType::Int64].into_iter().chain([const { DataType::Float64 }; 5]).collect(),
    groups: |_| Ok(Pairs::of(Answer::Sample)),
};

pub(crate) static COVARIANCEP: Aggregate = Aggregate { name: "covariancep", groups: |_| Ok(Pairs::of(Answer::Population)), ..COVARIANCE };

pub(crate) static CORR: Aggregate = Aggregate { name: "corr", groups: |_| Ok(Pairs::of(Answer::Correlation)), ..COVARIANCE };

#[derive(Clone, Copy)]
enum Answer {
    Sample,
    Population,
    Correlation,
}

/// Running moments of pairs, as Welford's.
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    count: i64,
    mean: [f64; 2],
    /// Σ (x − mean)² of each
    deviations: [f64; 2],
    /// Σ (x − mean of x) · (y − mean of y)
    products: f64,
}

impl Moment {
    fn add(&mut self, [x, y]: [f64; 2]) {
        self.count += 1;
        let [dx, dy] = [x - self.mean[0], y - self.mean[1]];
        self.mean[0] += dx / self.count as f64;
        self.mean[1] += dy / self.count as f64;
        self.deviations[0] += dx * (x - self.mean[0]);
        self.deviations[1] += dy * (y - self.mean[1]);
        self.products += dx * (y - self.mean[1]);
    }

    /// T. Chan, G. Golub, R. LeVeque, "Updating formulae" (1979).
    fn merge(&mut self, other: Self) {
        if other.count == 0 {
            return;
        }
        let count = (self.count + other.count) as f64;
        let share = self.count as f64 * other.count as f64 / count;
        let delta = [0, 1].map(|of| other.mean[of] - self.mean[of]);
        for of in [0, 1] {
            self.mean[of] += delta[of] * (other.count as f64 / count);
            self.deviations[of] += other.deviations[of] + delta[of] * (delta[of] * share);
        }
        self.products += other.products + delta[0] * (delta[1] * share);
        self.count += other.count;
    }

    fn answer(&self, answer: Answer) -> Option<f64> {
        let value = (self.count > 1).then(|| match answer {
            Answer::Sample => self.products / (self.count - 1) as f64,
            Answer::Population => self.products / self.count as f64,
            Answer::Correlation => self.products / (self.deviations[0].sqrt() * self.deviations[1].sqrt()),
        })?;
        // As of a spread.
        Some(if value.is_finite() { value } else { f64::NAN })
    }
}

struct Pairs {
    moments: Vec<Moment>,
    answer: Answer,
}

impl Pairs {
    fn of(answer: Answer) -> Box<dyn Groups> {
        Box::new(Self { moments: Vec::new(), answer })
    }
}

/// `f(row, pair)` of every row that counts and has both values.
fn each(values: &[ArrayRef], filter: Option<&BooleanArray>, mut f: impl FnMut(usize, [f64; 2])) {
    let [x, y] = [0, 1].map(|of| values[of].as_primitive::<Float64Type>());
    let rows = selected(NullBuffer::union(x.nulls(), y.nulls()).as_ref(), filter);
    for row in 0..x.len() {
        let pair = [x.value(row), y.value(row)];
        if rows.as_ref().is_none_or(|rows| rows.value(row)) && !pair.iter().any(|x| x.is_nan()) {
            f(row, pair);
        }
    }
}

impl Groups for Pairs {
    fn resize(&mut self, count: usize) {
        self.moments.resize(count, Moment::default());
    }
}

impl GroupsAccumulator for Pairs {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        each(values, filter, |row, pair| self.moments[groups[row]].add(pair));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let counts = states[0].as_primitive::<Int64Type>().values();
        let [x, y, xx, yy, xy] = [1, 2, 3, 4, 5].map(|field| states[field].as_primitive::<Float64Type>().values());
        for (row, &group) in groups.iter().enumerate() {
            let other = Moment { count: counts[row], mean: [x[row], y[row]], deviations: [xx[row], yy[row]], products: xy[row] };
            self.moments[group].merge(other);
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let moments = emit_to.take_needed(&mut self.moments);
        Ok(Arc::new(moments.iter().map(|moment| moment.answer(self.answer)).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(columns(&emit_to.take_needed(&mut self.moments)))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut moments = vec![Moment::default(); values[0].len()];
        each(values, filter, |row, pair| moments[row].add(pair));
        Ok(columns(&moments))
    }

    fn size(&self) -> usize {
        self.moments.capacity() * size_of::<Moment>()
    }
}

fn columns(moments: &[Moment]) -> Vec<ArrayRef> {
    let counts = Int64Array::from_iter_values(moments.iter().map(|moment| moment.count));
    let floats = |of: fn(&Moment) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(moments.iter().map(of))) };
    vec![Arc::new(counts), floats(|m| m.mean[0]), floats(|m| m.mean[1]), floats(|m| m.deviations[0]), floats(|m| m.deviations[1]), floats(|m| m.products)]
}
