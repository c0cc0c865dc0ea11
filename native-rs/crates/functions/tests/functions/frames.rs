//! Expressions as the compiler writes them, on tables of a few rows.
use std::sync::Arc;

use arrow::array::*;
use datafusion::common::{DFSchema, Result};
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use lockstep_functions::*;
use lockstep_plan::Expression;
use serde_json::{Value, json};

pub fn expression(value: Value) -> Expression {
    serde_json::from_value(value).unwrap()
}

pub fn column(name: &str, js: &str) -> Value {
    json!({ "kind": "column", "name": name, "type": js })
}

pub fn text(value: &str) -> Value {
    json!({ "kind": "literal", "type": "string", "value": value })
}

pub fn number(value: f64) -> Value {
    json!({ "kind": "literal", "type": "number", "value": value })
}

pub fn call(function: &str, js: &str, args: &[Value]) -> Value {
    json!({ "kind": "call", "function": function, "type": js, "args": args })
}

pub fn local(name: &str, js: &str) -> Value {
    json!({ "kind": "local", "name": name, "type": js })
}

pub fn let_in(name: &str, value: Value, body: Value) -> Value {
    json!({ "kind": "let", "name": name, "value": value, "body": body })
}

pub fn when(test: Value, then: Value, otherwise: Value, js: &str) -> Value {
    json!({ "kind": "if", "test": test, "then": then, "else": otherwise, "type": js })
}

pub fn logical(kind: &str, left: Value, right: Value, js: &str) -> Value {
    json!({ "kind": kind, "left": left, "right": right, "type": js })
}

pub fn table(columns: Vec<(&str, ArrayRef)>) -> DataFrame {
    partitions(vec![RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()])
}

/// A table with one partition a batch: two-phase aggregation with a repartition between.
pub fn partitions(batches: Vec<RecordBatch>) -> DataFrame {
    let schema = batches[0].schema();
    let config = SessionConfig::new().with_target_partitions(batches.len().max(2));
    let table = MemTable::try_new(schema, batches.into_iter().map(|batch| vec![batch]).collect()).unwrap();
    SessionContext::new_with_config(config).read_table(Arc::new(table)).unwrap()
}

pub fn collect(frame: DataFrame) -> Result<Vec<RecordBatch>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(frame.collect())
}

/// The values of one expression, printed.
pub fn values(frame: &DataFrame, value: Value) -> Result<Vec<String>> {
    let expr = lower(&expression(value), &unqualified(frame))?.alias("result");
    column_of(frame.clone().select(vec![expr])?)
}

pub fn column_of(frame: DataFrame) -> Result<Vec<String>> {
    let batches = collect(frame)?;
    let printed = batches.iter().flat_map(|batch| {
        (0..batch.num_rows()).map(|row| {
            if batch.column(0).is_null(row) {
                return "null".to_owned();
            }
            arrow::util::display::array_value_to_string(batch.column(0), row).unwrap()
        })
    });
    Ok(printed.collect())
}

pub fn unqualified(frame: &DataFrame) -> DFSchema {
    DFSchema::try_from(frame.schema().as_arrow().clone()).unwrap()
}

pub fn strings() -> DataFrame {
    table(vec![
        ("s", Arc::new(StringArray::from(vec![Some("  a "), None, Some(""), Some("bc")]))),
        ("x", Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(0.0)]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
    ])
}

pub fn trim() -> Value {
    call("string.trim", "string", &[column("s", "string")])
}
