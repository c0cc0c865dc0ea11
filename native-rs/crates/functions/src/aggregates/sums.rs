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
use crate::exact_sum::{Exact, ExactSum, Rests, product};

/// What is summed up of a row of `A` values, and what `N` sums say.
pub(crate) trait Summary<const A: usize, const N: usize>: Copy + Send + Sync + 'static {
    fn terms(row: [f64; A]) -> [f64; N];

    /// None: null.
    fn answer(&self, sums: &Summed<N>) -> Option<f64>;
}

/// The sums of a group.
pub(crate) struct Summed<'a, const N: usize> {
    group: &'a Group<N>,
    rests: &'a Rests,
    first: usize,
}

impl<const N: usize> Summed<'_, N> {
    /// Rows with all values.
    pub(crate) fn count(&self) -> i64 {
        self.group.count
    }

    /// A sum, rounded once.
    pub(crate) fn value(&self, term: usize) -> f64 {
        self.rests.value(self.first + term, self.group.sums[term])
    }

    /// n · Σ a · b − Σ a · Σ b, rounded once: n² times a covariance. `products`: the first of the terms that [`products`] made of
    /// the terms `a` and `b`. Where numbers are large, the answer is to be multiplied by 2^600 so many times.
    pub(crate) fn spread(&self, products: usize, a: usize, b: usize) -> (f64, i32) {
        let parts = |term: usize, shift: u16| self.rests.parts(self.first + term, self.group.sums[term], shift);
        let large = [products + 2, products + 3].map(|term| self.value(term)) != [0.0; 2];
        let shift = if large { SHIFT } else { 0 };
        let mut spread = ExactSum::default();
        let n = self.group.count as f64;
        let scaled = if large { n * SMALL } else { n };
        for (term, n, shift) in [(0, scaled, shift), (1, scaled, shift), (2, n, 0), (3, n, 0)] {
            parts(products + term, shift).into_iter().for_each(|part| spread.add_product(n, part));
        }
        let others = parts(b, shift);
        for part in parts(a, shift) {
            others.iter().for_each(|other| spread.add_product(part, -other));
        }
        (spread.value(), if large { 2 } else { 0 })
    }
}

/// What the larger of two numbers is scaled by, where their product may be too large.
const SMALL: f64 = f64::from_bits((1023 - SHIFT as u64) << 52);
const SHIFT: u16 = 600;
const LARGE: f64 = f64::from_bits((1023 + 500) << 52);

/// x · y as four terms: two floats whose total it is, or, of large numbers, two whose total it is times 2^-1200.
#[inline(always)]
pub(crate) fn products(x: f64, y: f64) -> [f64; 4] {
    if x.abs().max(y.abs()) < LARGE || !(x.is_finite() && y.is_finite()) {
        let [high, low] = product(x, y);
        return [high, low, 0.0, 0.0];
    }
    let [high, low] = product(x * SMALL, y * SMALL);
    [0.0, 0.0, high, low]
}

/// `value` · 2^(600 · `times`); of an infinite one, and of what overflows, NaN: infinities have no spread.
pub(crate) fn spread_of(value: f64, times: i32) -> f64 {
    let step = if times > 0 { SMALL.recip() } else { SMALL };
    let value = (0..times.abs()).fold(value, |value, _| value * step);
    if value.is_finite() { value } else { f64::NAN }
}

#[derive(Debug, Clone, Copy)]
struct Group<const N: usize> {
    count: i64,
    sums: [Exact; N],
}

/// State: the count, each sum's two floats, and, where they do not hold it, the rest: pairs of a term's number and a float.
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
        let slot = &mut self.groups[group];
        slot.count += 1;
        for (term, x) in S::terms(row).into_iter().enumerate() {
            // Terms of large numbers nearly always are 0.
            if x != 0.0 && !slot.sums[term].add(x) {
                self.rests.spill(group * N + term, &mut slot.sums[term], x);
            }
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
        let mut add = |group: usize, term: usize, x: f64| {
            let sum = &mut self.groups[group].sums[term];
            if !sum.add(x) {
                self.rests.spill(group * N + term, sum, x);
            }
        };
        for (column, state) in states[1..=2 * N].iter().enumerate() {
            let values = state.as_primitive::<Float64Type>().values();
            groups.iter().zip(values).for_each(|(&group, &x)| add(group, column / 2, x));
        }
        if rests.null_count() < rests.len() {
            for (&group, rest) in groups.iter().zip(rests) {
                for pair in rest.unwrap_or_default().as_chunks::<16>().0 {
                    let word = |from: usize| <[u8; 8]>::try_from(&pair[from..from + 8]).map_or(0, u64::from_le_bytes);
                    add(group, word(0) as usize % N, f64::from_bits(word(8)));
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let answers = self.take(emit_to, |groups, rests, summary| {
            let summed = groups.iter().enumerate().map(|(index, group)| Summed { group, rests, first: index * N });
            summed.map(|sums| if sums.count() > 0 { summary.answer(&sums) } else { None }).collect::<Float64Array>()
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
        let pairs = (0..N).flat_map(|term| rests.rest(group * N + term).unwrap_or_default().into_iter().map(move |part| [term as u64, part.to_bits()]));
        let bytes: Vec<u8> = pairs.flatten().flat_map(u64::to_le_bytes).collect();
        (!bytes.is_empty()).then_some(bytes)
    };
    (0..groups).map(rest).collect()
}
