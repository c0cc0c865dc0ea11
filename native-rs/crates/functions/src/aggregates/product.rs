//! `product`: rounded as multiplications are, but never too large or too small on the way, so that the order of the rows does not matter.
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Aggregate;
use super::groups::{Groups, each};

pub(crate) static PRODUCT: Aggregate = Aggregate {
    name: "product",
    result: |_| DataType::Float64,
    state: |_| vec![DataType::Float64, DataType::Int64, DataType::Int64],
    groups: |_| Ok(Box::new(Products { products: Vec::new() })),
};

/// 2^512: what a factor is scaled by.
const SCALE: f64 = f64::from_bits((1023 + 512) << 52);

/// `factor` · 2^(512 · `scale`), where |`factor`| is in [2^-256, 2^256), or is 0, infinite or NaN, which no other factor changes but by its sign.
#[derive(Debug, Clone, Copy)]
struct Product {
    factor: f64,
    scale: i64,
    count: i64,
}

impl Default for Product {
    fn default() -> Self {
        Self { factor: 1.0, scale: 0, count: 0 }
    }
}

impl Product {
    fn multiply(&mut self, other: Self) {
        let (factor, scale) = scaled(self.factor * other.factor);
        *self = Self { factor, scale: self.scale + other.scale + scale, count: self.count + other.count };
    }

    fn value(self) -> Option<f64> {
        let step = if self.scale > 0 { SCALE } else { SCALE.recip() };
        // Three steps take any number to infinity or to zero.
        (self.count > 0).then(|| (0..self.scale.abs().min(3)).fold(self.factor, |value, _| value * step))
    }
}

/// The number as a factor and a scale.
fn scaled(x: f64) -> (f64, i64) {
    const LARGE: f64 = f64::from_bits((1023 + 256) << 52);
    match x.abs() {
        size if size == 0.0 || !size.is_finite() => (x, 0),
        size if size >= LARGE => {
            let (factor, scale) = scaled(x / SCALE);
            (factor, scale + 1)
        }
        size if size < LARGE.recip() => {
            let (factor, scale) = scaled(x * SCALE);
            (factor, scale - 1)
        }
        _ => (x, 0),
    }
}

struct Products {
    products: Vec<Product>,
}

impl Groups for Products {
    fn resize(&mut self, count: usize) {
        self.products.resize(count, Product::default());
    }
}

impl GroupsAccumulator for Products {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        each(groups, values[0].as_primitive::<Float64Type>(), filter, |group, x| {
            if !x.is_nan() {
                let (factor, scale) = scaled(x);
                self.products[group].multiply(Product { factor, scale, count: 1 });
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let factors = states[0].as_primitive::<Float64Type>().values();
        let [scales, counts] = [1, 2].map(|field| states[field].as_primitive::<Int64Type>().values());
        for (row, &group) in groups.iter().enumerate() {
            self.products[group].multiply(Product { factor: factors[row], scale: scales[row], count: counts[row] });
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let products = emit_to.take_needed(&mut self.products);
        Ok(Arc::new(products.iter().map(|product| product.value()).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(columns(&emit_to.take_needed(&mut self.products)))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut each = Self { products: Vec::new() };
        let rows: Vec<usize> = (0..values[0].len()).collect();
        each.update_batch(values, &rows, filter, rows.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.products.capacity() * size_of::<Product>()
    }
}

fn columns(products: &[Product]) -> Vec<ArrayRef> {
    vec![
        Arc::new(Float64Array::from_iter_values(products.iter().map(|product| product.factor))),
        Arc::new(Int64Array::from_iter_values(products.iter().map(|product| product.scale))),
        Arc::new(Int64Array::from_iter_values(products.iter().map(|product| product.count))),
    ]
}
