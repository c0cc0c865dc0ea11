//! Nanoseconds a row of the kernels that jobs spend their time in:
//! `cargo run --release -p lockstep-functions --features measure --example kernels`.
use std::sync::Arc;
use std::time::Instant;

use arrow::array::*;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::ident;
use datafusion::prelude::SessionContext;
use lockstep_functions::{aggregate, lower, lower_predicate};
use lockstep_plan::{AggregateFunction, Expression};
use serde_json::{Value, json};

const ROWS: usize = 8192;
const BATCHES: usize = 2000;

fn column(name: &str, js: &str) -> Value {
    json!({ "kind": "column", "name": name, "type": js })
}

fn call(function: &str, js: &str, args: &[Value]) -> Value {
    json!({ "kind": "call", "function": function, "type": js, "args": args })
}

fn number(value: f64) -> Value {
    json!({ "kind": "literal", "type": "number", "value": value })
}

fn text(value: &str) -> Value {
    json!({ "kind": "literal", "type": "string", "value": value })
}

fn batch() -> RecordBatch {
    let row = || 0..ROWS as i64;
    let names = ["HV0003", "HV0005", "a rather longer name", "Zürich"];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("us", Arc::new(TimestampMicrosecondArray::from_iter_values(row().map(|i| 1_706_745_600_123_456 + i * 77_000_000)))),
        ("id", Arc::new(Int64Array::from_iter_values(row().map(|i| i * 7919 % 263)))),
        ("hour", Arc::new(Float64Array::from_iter_values(row().map(|i| (i * 31 % 24) as f64)))),
        ("x", Arc::new(Float64Array::from_iter_values(row().map(|i| (i * 7919 % 1009) as f64 / 8.0)))),
        ("s", Arc::new(StringArray::from_iter_values(row().map(|i| names[(i * 7 % 4) as usize])))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn time_bucket() -> Value {
    let hour = || column("hour", "number");
    let between = |low: f64, high: f64| {
        json!({ "kind": "and", "type": "boolean", "left": call("ge", "boolean", &[hour(), number(low)]), "right": call("le", "boolean", &[hour(), number(high)]) })
    };
    let arms = [(8.0, 10.0, "morning"), (11.0, 15.0, "midday"), (16.0, 18.0, "afternoon"), (19.0, 21.0, "evening")];
    arms.iter().rev().fold(text("other"), |otherwise, (low, high, label)| {
        json!({ "kind": "if", "type": "string", "test": between(*low, *high), "then": text(label), "else": otherwise })
    })
}

fn expressions() -> Vec<(&'static str, Value)> {
    let (us, x, s) = (|| column("us", "date"), || column("x", "number"), || column("s", "string"));
    let part = |name: &str| call(&format!("date.getUTC{name}"), "number", &[us()]);
    vec![
        ("int64 seen as number", column("id", "number")),
        ("x + id * 2", call("add", "number", &[x(), call("mul", "number", &[column("id", "number"), number(2.0)])])),
        ("x > 0.1", call("gt", "boolean", &[x(), number(0.1)])),
        ("x === id", call("eq", "boolean", &[x(), column("id", "number")])),
        ("x % 7", call("mod", "number", &[x(), number(7.0)])),
        ("Math.floor(x)", call("Math.floor", "number", &[x()])),
        ("Math.round(x)", call("Math.round", "number", &[x()])),
        ("us.getUTCMonth() + 1", call("add", "number", &[part("Month"), number(1.0)])),
        ("us.getUTCHours()", part("Hours")),
        ("start of day", call("Date", "date", &[call("Date.UTC", "number", &[part("FullYear"), part("Month"), part("Date")])])),
        ("us.toISOString()", call("date.toISOString", "string", &[us()])),
        ("timeBucket(hour)", time_bucket()),
        ("s === \"HV0003\"", call("eq", "boolean", &[s(), text("HV0003")])),
        ("s.length", call("string.length", "number", &[s()])),
        ("s.slice(0, 4)", call("string.slice", "string", &[s(), number(0.0), number(4.0)])),
        ("s.includes(\"00\")", call("string.includes", "boolean", &[s(), text("00")])),
        ("s.toUpperCase()", call("string.toUpperCase", "string", &[s()])),
        ("`${s}-${x}`", call("concat", "string", &[s(), text("-"), x()])),
    ]
}

fn main() {
    let batch = batch();
    let schema = DFSchema::try_from(batch.schema()).unwrap();
    let context = SessionContext::new();
    for (name, tree) in expressions() {
        let expression: Expression = serde_json::from_value(tree).unwrap();
        let expr = match expression.js_type() {
            lockstep_plan::JsType::Boolean => lower_predicate(&expression, &schema).unwrap(),
            _ => lower(&expression, &schema).unwrap(),
        };
        let physical = context.create_physical_expr(expr, &schema).unwrap();
        let start = Instant::now();
        for _ in 0..BATCHES / 4 {
            std::hint::black_box(physical.evaluate(&batch).unwrap());
        }
        report(name, start, ROWS * BATCHES / 4);
    }
    for groups in [1000usize, 6_600_000] {
        let udaf = match aggregate(AggregateFunction::Mean, Some(ident("x")), &DataType::Float64).unwrap() {
            datafusion::logical_expr::Expr::AggregateFunction(call) => call.func,
            _ => unreachable!(),
        };
        let arguments = datafusion::physical_expr::aggregate::AggregateExprBuilder::new(
            udaf,
            vec![Arc::new(datafusion::physical_expr::expressions::Column::new("x", 3))],
        )
        .schema(Arc::new(Schema::clone(&batch.schema())))
        .alias("mean")
        .build()
        .unwrap();
        let mut accumulator = arguments.create_groups_accumulator().unwrap();
        let values = [Arc::clone(batch.column(3))];
        let start = Instant::now();
        let mut state = 1u64;
        let mut indices = vec![0; ROWS];
        for _ in 0..BATCHES {
            for index in &mut indices {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *index = ((state >> 33) as usize * groups) >> 31;
            }
            accumulator.update_batch(&values, &indices, None, groups).unwrap();
        }
        report(&format!("mean of {groups} groups"), start, ROWS * BATCHES);
    }
}

fn report(name: &str, start: Instant, rows: usize) {
    println!("{name:24} {:8.2} ns", start.elapsed().as_nanos() as f64 / rows as f64);
}
