//! Aggregates that are functions of sums: of the values, of their squares, of products of two. The sums are exact, so the answer has
//! the same bits in whatever order rows come, and on however many ranks.
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::groups::{Groups, selected};
use crate::exact_sum::{Exact, ProductSum, Rests, Scaled, product};

/// What is summed up of a row of `A` values, in `N` sums: each value, and of each of `PRODUCTS` of two of them the two floats whose
/// total it is.
pub(crate) trait Summary<const A: usize, const N: usize>: Copy + Send + Sync + 'static {
    const PRODUCTS: &'static [(usize, usize)];

    /// What the sums say; None: null.
    fn answer(&self, sums: &Summed<A, N>) -> Option<f64>;
}

/// The sums of a group.
pub(crate) struct Summed<'a, const A: usize, const N: usize> {
    group: &'a Group<N>,
    rests: &'a Rests,
    first: usize,
}

impl<const A: usize, const N: usize> Summed<'_, A, N> {
    /// Rows with all values.
    pub(crate) fn count(&self) -> i64 {
        self.group.count
    }

    /// The sum of a value, rounded once.
    pub(crate) fn total(&self, value: usize) -> f64 {
        self.rests.value(self.first + value, self.group.sums[value])
    }

    /// n · Σ a · b − Σ a · Σ b of the `index`th product, rounded once: n² times a covariance.
    pub(crate) fn spread(&self, index: usize, (a, b): (usize, usize)) -> Scaled {
        let parts = |term: usize| self.rests.parts(self.first + term, self.group.sums[term]);
        let n = (self.group.count as f64, 0);
        let mut spread = ProductSum::default();
        for part in parts(A + 2 * index).into_iter().chain(parts(A + 2 * index + 1)) {
            spread.add(part, n);
        }
        let others = parts(b);
        for (part, power) in parts(a) {
            others.iter().for_each(|other| spread.add((-part, power), *other));
        }
        spread.value()
    }
}

#[derive(Debug, Clone, Copy)]
struct Group<const N: usize> {
    count: i64,
    sums: [Exact; N],
}

/// State: the count, each sum's two floats, and, where they do not hold it, the rest: of each part the term's number, its power of two
/// and the float.
pub(crate) struct Sums<S, const A: usize, const N: usize> {
    summary: S,
    groups: Vec<Group<N>>,
    /// By group · N + term.
    rests: Rests,
    rows: PhantomData<[f64; A]>,
}

impl<S: Summary<A, N>, const A: usize, const N: usize> Sums<S, A, N> {
    pub(crate) fn of(summary: S) -> Box<dyn Groups> {
        Box::new(Self::new(summary))
    }

    fn new(summary: S) -> Self {
        Self { summary, groups: vec![], rests: Rests::default(), rows: PhantomData }
    }

    #[inline(always)]
    fn add(&mut self, group: usize, row: [f64; A]) {
        self.groups[group].count += 1;
        row.into_iter().enumerate().for_each(|(value, x)| self.add_to(group, value, x));
        for (index, (a, b)) in S::PRODUCTS.iter().enumerate() {
            let term = A + 2 * index;
            match product(row[*a], row[*b]) {
                Some([high, low]) => {
                    self.add_to(group, term, high);
                    self.add_to(group, term + 1, low);
                }
                None => self.rests.spill_product(group * N + term, row[*a], row[*b]),
            }
        }
    }

    #[inline(always)]
    fn add_to(&mut self, group: usize, term: usize, x: f64) {
        let sum = &mut self.groups[group].sums[term];
        if !sum.add(x) {
            self.rests.spill(group * N + term, sum, x);
        }
    }

    /// The groups that leave, and what two floats do not hold of them.
    fn take<T>(&mut self, emit_to: EmitTo, with: impl FnOnce(&[Group<N>], &Rests, &S) -> T) -> T {
        let groups = emit_to.take_needed(&mut self.groups);
        let taken = with(&groups, &self.rests, &self.summary);
        match emit_to {
            EmitTo::All => self.rests.clear(),
            EmitTo::First(count) => self.rests.shift(count * N),
        }
        taken
    }
}

/// Columns of the state of `terms` sums.
pub(crate) fn state(terms: usize) -> Vec<DataType> {
    let sums = std::iter::repeat_n(DataType::Float64, 2 * terms);
    [DataType::Int64].into_iter().chain(sums).chain([DataType::Binary]).collect()
}

/// `f(row, values)` of every row that counts and has all values.
#[inline(always)]
fn each<const A: usize>(values: &[ArrayRef], filter: Option<&BooleanArray>, mut f: impl FnMut(usize, [f64; A])) {
    let arrays: [_; A] = std::array::from_fn(|of| values[of].as_primitive::<Float64Type>());
    let nulls = arrays.iter().fold(None, |nulls: Option<NullBuffer>, array| NullBuffer::union(nulls.as_ref(), array.nulls()));
    let rows = arrays[0].len();
    let values = arrays.map(|array| &array.values()[..rows]);
    let mut visit = |row: usize| {
        let values = values.map(|values| values[row]);
        if values.iter().all(|x| !x.is_nan()) {
            f(row, values);
        }
    };
    match selected(nulls.as_ref(), filter) {
        None => (0..rows).for_each(&mut visit),
        Some(rows) => rows.set_indices().for_each(&mut visit),
    }
}

impl<S: Summary<A, N>, const A: usize, const N: usize> Groups for Sums<S, A, N> {
    fn resize(&mut self, count: usize) {
        self.groups.resize(count, Group { count: 0, sums: [Exact::default(); N] });
    }
}

impl<S: Summary<A, N>, const A: usize, const N: usize> GroupsAccumulator for Sums<S, A, N> {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        each(values, filter, |row, values| self.add(groups[row], values));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let counts = states[0].as_primitive::<Int64Type>().values();
        let rests = states[2 * N + 1].as_binary::<i32>();
        for (&group, &count) in groups.iter().zip(counts) {
            self.groups[group].count += count;
        }
        for (column, state) in states[1..=2 * N].iter().enumerate() {
            let values = state.as_primitive::<Float64Type>().values();
            groups.iter().zip(values).for_each(|(&group, &x)| self.add_to(group, column / 2, x));
        }
        if rests.null_count() < rests.len() {
            for (&group, rest) in groups.iter().zip(rests) {
                for (term, part) in parts_in(rest.unwrap_or_default()) {
                    self.rests.add(group * N + term % N, part);
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let answers = self.take(emit_to, |groups, rests, summary| {
            let summed = groups.iter().enumerate().map(|(index, group)| Summed { group, rests, first: index * N });
            summed.map(|sums: Summed<A, N>| if sums.count() > 0 { summary.answer(&sums) } else { None }).collect::<Float64Array>()
        });
        Ok(Arc::new(answers))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(self.take(emit_to, |groups, rests, _| {
            let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(groups.iter().map(|group| group.count)))];
            for term in 0..N {
                for part in [|exact: &Exact| exact.sum, |exact: &Exact| exact.lost] {
                    columns.push(Arc::new(Float64Array::from_iter_values(groups.iter().map(|group| part(&group.sums[term])))));
                }
            }
            columns.push(Arc::new(rests_of::<N>(groups.len(), rests)));
            columns
        }))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut rows = Self::new(self.summary);
        let numbers: Vec<usize> = (0..values[0].len()).collect();
        rows.update_batch(values, &numbers, filter, numbers.len())?;
        rows.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Group<N>>() + self.rests.size()
    }
}

fn rests_of<const N: usize>(groups: usize, rests: &Rests) -> BinaryArray {
    if rests.is_empty() {
        return BinaryArray::new_null(groups);
    }
    let rest = |group: usize| {
        let of = |term: usize| rests.rest(group * N + term).unwrap_or_default().into_iter().map(move |part| (term, part));
        let bytes: Vec<u8> = (0..N).flat_map(of).flat_map(bytes_of).collect();
        (!bytes.is_empty()).then_some(bytes)
    };
    (0..groups).map(rest).collect()
}

fn bytes_of((term, (x, power)): (usize, Scaled)) -> impl Iterator<Item = u8> {
    (term as u32).to_le_bytes().into_iter().chain(power.to_le_bytes()).chain(x.to_le_bytes())
}

/// What [`bytes_of`] has written.
fn parts_in(bytes: &[u8]) -> impl Iterator<Item = (usize, Scaled)> {
    bytes.as_chunks::<16>().0.iter().map(|part| {
        let word = u128::from_le_bytes(*part);
        (word as u32 as usize, (f64::from_bits((word >> 64) as u64), (word >> 32) as i32))
    })
}
