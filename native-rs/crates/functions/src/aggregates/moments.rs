//! `variance` and `stdev` of a sample, `variancep` and `stdevp` of a population: null of fewer than two values.
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Aggregate;
use super::groups::{Groups, each};

pub(crate) static VARIANCE: Aggregate = Aggregate {
    name: "variance",
    result: |_| DataType::Float64,
    state: |_| vec![DataType::Int64, DataType::Float64, DataType::Float64],
    groups: |_| Ok(Moments::of(false, 1)),
};

pub(crate) static STDEV: Aggregate = Aggregate {
    name: "stdev",
    result: |_| DataType::Float64,
    state: |_| vec![DataType::Int64, DataType::Float64, DataType::Float64],
    groups: |_| Ok(Moments::of(true, 1)),
};

pub(crate) static VARIANCEP: Aggregate = Aggregate { name: "variancep", groups: |_| Ok(Moments::of(false, 0)), ..VARIANCE };

pub(crate) static STDEVP: Aggregate = Aggregate { name: "stdevp", groups: |_| Ok(Moments::of(true, 0)), ..STDEV };

/// Welford's running moments.
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    count: i64,
    mean: f64,
    /// Σ (x − mean)²
    deviations: f64,
}

impl Moment {
    #[inline(always)]
    fn add(&mut self, x: f64) {
        self.count += 1;
        let delta = x - self.mean;
        self.mean += delta / self.count as f64;
        self.deviations += delta * (x - self.mean);
    }

    /// T. Chan, G. Golub, R. LeVeque, "Updating formulae" (1979).
    fn merge(&mut self, other: Self) {
        let count = self.count + other.count;
        if other.count == 0 {
            return;
        }
        let (own, theirs) = (self.count as f64, other.count as f64);
        let delta = other.mean - self.mean;
        self.mean += delta * (theirs / count as f64);
        self.deviations += other.deviations + delta * (delta * (own * theirs / count as f64));
        self.count = count;
    }
}

struct Moments {
    moments: Vec<Moment>,
    root: bool,
    /// What the mean costs: 1 of a sample, 0 of a population.
    freedom: i64,
}

impl Moments {
    fn of(root: bool, freedom: i64) -> Box<dyn Groups> {
        Box::new(Self { moments: Vec::new(), root, freedom })
    }
}

impl Groups for Moments {
    fn resize(&mut self, count: usize) {
        self.moments.resize(count, Moment::default());
    }
}

impl GroupsAccumulator for Moments {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        each(groups, values[0].as_primitive::<Float64Type>(), filter, |group, x| {
            if !x.is_nan() {
                self.moments[group].add(x);
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let counts = states[0].as_primitive::<Int64Type>().values();
        let means = states[1].as_primitive::<Float64Type>().values();
        let deviations = states[2].as_primitive::<Float64Type>().values();
        for (row, &group) in groups.iter().enumerate() {
            self.moments[group].merge(Moment { count: counts[row], mean: means[row], deviations: deviations[row] });
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let moments = emit_to.take_needed(&mut self.moments);
        let value = |moment: &Moment| {
            let variance = (moment.count > 1).then(|| moment.deviations / (moment.count - self.freedom) as f64)?;
            // Infinities have no spread, and what overflows has none that is alike in every order of the rows.
            let variance = if variance.is_finite() { variance } else { f64::NAN };
            Some(if self.root { variance.sqrt() } else { variance })
        };
        Ok(Arc::new(moments.iter().map(value).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let moments = emit_to.take_needed(&mut self.moments);
        Ok(columns(&moments))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut moments = vec![Moment::default(); values[0].len()];
        let rows: Vec<usize> = (0..moments.len()).collect();
        each(&rows, values[0].as_primitive::<Float64Type>(), filter, |row, x| {
            if !x.is_nan() {
                moments[row].add(x);
            }
        });
        Ok(columns(&moments))
    }

    fn size(&self) -> usize {
        self.moments.capacity() * size_of::<Moment>()
    }
}

fn columns(moments: &[Moment]) -> Vec<ArrayRef> {
    vec![
        Arc::new(Int64Array::from_iter_values(moments.iter().map(|moment| moment.count))),
        Arc::new(Float64Array::from_iter_values(moments.iter().map(|moment| moment.mean))),
        Arc::new(Float64Array::from_iter_values(moments.iter().map(|moment| moment.deviations))),
    ]
}
