//! Conditionals, locals, views, keys and aggregates, through the engine's own planner and optimizer.
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{DFSchema, Result};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use lockstep_functions::*;
use lockstep_plan::{AggregateFunction, Expression, JsType};
use serde_json::{Value, json};

fn expression(value: Value) -> Expression {
    serde_json::from_value(value).unwrap()
}

fn column(name: &str, js: &str) -> Value {
    json!({ "kind": "column", "name": name, "type": js })
}

fn text(value: &str) -> Value {
    json!({ "kind": "literal", "type": "string", "value": value })
}

fn number(value: f64) -> Value {
    json!({ "kind": "literal", "type": "number", "value": value })
}

fn call(function: &str, js: &str, args: &[Value]) -> Value {
    json!({ "kind": "call", "function": function, "type": js, "args": args })
}

fn local(name: &str, js: &str) -> Value {
    json!({ "kind": "local", "name": name, "type": js })
}

fn let_in(name: &str, value: Value, body: Value) -> Value {
    json!({ "kind": "let", "name": name, "value": value, "body": body })
}

fn when(test: Value, then: Value, otherwise: Value, js: &str) -> Value {
    json!({ "kind": "if", "test": test, "then": then, "else": otherwise, "type": js })
}

fn logical(kind: &str, left: Value, right: Value, js: &str) -> Value {
    json!({ "kind": kind, "left": left, "right": right, "type": js })
}

fn table(columns: Vec<(&str, ArrayRef)>) -> DataFrame {
    partitions(vec![RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()])
}

/// A table with one partition a batch: two-phase aggregation with a repartition between.
fn partitions(batches: Vec<RecordBatch>) -> DataFrame {
    let schema = batches[0].schema();
    let config = SessionConfig::new().with_target_partitions(batches.len().max(2));
    let table = MemTable::try_new(schema, batches.into_iter().map(|batch| vec![batch]).collect()).unwrap();
    SessionContext::new_with_config(config).read_table(Arc::new(table)).unwrap()
}

fn collect(frame: DataFrame) -> Result<Vec<RecordBatch>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(frame.collect())
}

/// The values of one expression, printed.
fn values(frame: &DataFrame, value: Value) -> Result<Vec<String>> {
    let expr = lower(&expression(value), &unqualified(frame))?.alias("result");
    column_of(frame.clone().select(vec![expr])?)
}

fn column_of(frame: DataFrame) -> Result<Vec<String>> {
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

fn unqualified(frame: &DataFrame) -> DFSchema {
    DFSchema::try_from(frame.schema().as_arrow().clone()).unwrap()
}

fn strings() -> DataFrame {
    table(vec![
        ("s", Arc::new(StringArray::from(vec![Some("  a "), None, Some(""), Some("bc")]))),
        ("x", Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(0.0)]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
    ])
}

fn trim() -> Value {
    call("string.trim", "string", &[column("s", "string")])
}

#[test]
fn branches_see_only_their_rows() {
    let not_null = call("not", "boolean", &[call("isNull", "boolean", &[column("s", "string")])]);
    let guarded = when(not_null.clone(), trim(), text("none"), "string");
    assert_eq!(values(&strings(), guarded).unwrap(), ["a", "none", "", "bc"]);
    // Boolean branches, which the optimizer would make AND and OR.
    let starts = call("string.startsWith", "boolean", &[column("s", "string"), text("b")]);
    let guarded = logical("and", not_null.clone(), starts.clone(), "boolean");
    assert_eq!(values(&strings(), guarded.clone()).unwrap(), ["false", "false", "false", "true"]);
    let schema = unqualified(&strings());
    let predicate = lower_predicate(&expression(guarded), &schema).unwrap();
    assert_eq!(collect(strings().filter(predicate).unwrap()).unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    let error = values(&strings(), starts).unwrap_err();
    let error = RowError::of(&error).unwrap();
    assert_eq!((error.code, error.row), ("LS2009", 1));
    assert_eq!(error.message, "Cannot read properties of null (reading 'startsWith')");
}

#[test]
fn a_constant_that_throws_does_so_only_where_it_is_reached() {
    let bad = call("string.repeat", "string", &[text("x"), number(-1.0)]);
    let never = when(call("lt", "boolean", &[column("x", "number"), number(-5.0)]), bad.clone(), text("ok"), "string");
    assert_eq!(values(&strings(), never).unwrap(), ["ok"; 4]);
    assert_eq!(RowError::of(&values(&strings(), bad).unwrap_err()).unwrap().message, "Invalid count value: -1");
}

#[test]
fn a_chain_of_constants_is_one_look_up() {
    let below = |limit: f64| call("lt", "boolean", &[column("x", "number"), number(limit)]);
    let chain = when(below(0.5), text("low"), when(below(2.0), text("middle"), text("high"), "string"), "string");
    // NaN is below nothing, null is 0.
    assert_eq!(values(&strings(), chain.clone()).unwrap(), ["middle", "high", "low", "low"]);
    let expr = lower(&expression(chain), &unqualified(&strings())).unwrap().to_string();
    assert!(expr.starts_with("choose(") && !expr.contains("CASE"), "{expr}");
    let numbers = when(below(0.5), number(1.0), number(2.0), "number");
    assert_eq!(values(&strings(), numbers).unwrap(), ["2.0", "2.0", "1.0", "1.0"]);
    // A test that throws is evaluated in its turn only.
    let second = call("string.includes", "boolean", &[column("s", "string"), text("c")]);
    let chain = when(below(0.5), text("low"), when(second, text("c"), text("none"), "string"), "string");
    assert!(values(&strings(), chain.clone()).is_err());
    let known = when(call("isNull", "boolean", &[column("s", "string")]), text("null"), chain, "string");
    assert_eq!(values(&strings(), known).unwrap(), ["none", "null", "low", "low"]);
}

#[test]
fn logic_has_javascript_values() {
    let x = || column("x", "number");
    assert_eq!(values(&strings(), logical("and", x(), number(7.0), "number")).unwrap(), ["7.0", "NaN", "null", "0.0"]);
    assert_eq!(values(&strings(), logical("or", x(), number(7.0), "number")).unwrap(), ["1.0", "7.0", "7.0", "7.0"]);
    assert_eq!(values(&strings(), logical("nullish", x(), number(7.0), "number")).unwrap(), ["1.0", "NaN", "7.0", "0.0"]);
    let b = || column("b", "boolean");
    let f = || json!({ "kind": "literal", "type": "boolean", "value": false });
    assert_eq!(values(&strings(), logical("and", b(), f(), "boolean")).unwrap(), ["false", "null", "false", "false"]);
    assert_eq!(values(&strings(), logical("or", b(), column("b", "boolean"), "boolean")).unwrap(), ["true", "null", "false", "true"]);
    assert_eq!(values(&strings(), call("not", "boolean", &[b()])).unwrap(), ["false", "true", "true", "false"]);
}

#[test]
fn long_chains_of_logic_do_not_grow_exponentially() {
    let x = || call("add", "number", &[column("x", "number"), number(0.0)]);
    let chain = |kind: &str, count: usize| (0..count).fold(x(), |left, _| logical(kind, left, x(), "number"));
    // null + 0 is 0.
    assert_eq!(values(&strings(), chain("or", 60)).unwrap(), ["1.0", "NaN", "0.0", "0.0"]);
    assert_eq!(values(&strings(), chain("and", 60)).unwrap(), ["1.0", "NaN", "0.0", "0.0"]);
    assert_eq!(values(&strings(), chain("nullish", 60)).unwrap(), ["1.0", "NaN", "0.0", "0.0"]);
    let b = || column("b", "boolean");
    let flags = (0..60).fold(b(), |left, _| logical("or", left, b(), "boolean"));
    assert_eq!(values(&strings(), flags).unwrap(), ["true", "null", "false", "true"]);
}

#[test]
fn invalid_dates_do_not_lose_rows() {
    let day = |d: Value| {
        let part = |name: &str| call(&format!("date.getUTC{name}"), "number", &[d.clone()]);
        call("Date", "date", &[call("Date.UTC", "number", &[part("FullYear"), part("Month"), part("Date")])])
    };
    let date = call("Date", "date", &[column("x", "number")]);
    assert_eq!(values(&strings(), day(date)).unwrap(), ["1970-01-01T00:00:00Z", "null", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]);
}

#[test]
fn locals_are_evaluated_before_the_body() {
    // `const t = d.s.trim(); return d.s == null ? "none" : t` throws on null, whatever the branch.
    let body = when(call("isNull", "boolean", &[column("s", "string")]), text("none"), local("t", "string"), "string");
    assert!(values(&strings(), let_in("t", trim(), body.clone())).is_err());
    // In a guarded one it does not.
    let guarded = when(
        call("isNull", "boolean", &[column("s", "string")]),
        text("none"),
        let_in("t", trim(), call("concat", "string", &[local("t", "string"), local("t", "string")])),
        "string",
    );
    assert_eq!(values(&strings(), guarded).unwrap(), ["aa", "none", "", "bcbc"]);
}

#[test]
fn nested_locals_do_not_grow_exponentially() {
    let depth = 200;
    let mut body = local(&format!("v{depth}"), "number");
    for level in (1..=depth).rev() {
        let previous = || match level {
            1 => column("x", "number"),
            level => local(&format!("v{}", level - 1), "number"),
        };
        let halves = call("div", "number", &[call("add", "number", &[previous(), previous()]), number(2.0)]);
        body = let_in(&format!("v{level}"), halves, body);
    }
    let run = std::thread::Builder::new().stack_size(256 << 20).spawn(move || values(&strings(), body).unwrap()).unwrap();
    assert_eq!(run.join().unwrap(), ["1.0", "NaN", "0.0", "0.0"]);
}

#[test]
fn common_calls_are_computed_once() {
    let upper = || call("string.toUpperCase", "string", &[column("s", "string")]);
    let schema = unqualified(&strings());
    let twice: Vec<Expr> = ["a", "b"]
        .iter()
        .map(|suffix| {
            lower(&expression(call("concat", "string", &[upper(), text(suffix)])), &schema).unwrap().alias(*suffix)
        })
        .collect();
    let plan = strings().select(twice).unwrap().into_optimized_plan().unwrap().display_indent().to_string();
    assert_eq!(plan.matches("toUpperCase").count(), 1, "{plan}");
}

#[test]
fn views_are_bare_where_the_types_agree() {
    assert_eq!(view("x", JsType::Number, &DataType::Float64).unwrap(), ident("x"));
    assert_eq!(view("s", JsType::String, &DataType::Utf8).unwrap(), ident("s"));
    assert!(view("s", JsType::Number, &DataType::Utf8).is_err());
    assert_eq!(untouched(&expression(column("a.b", "number"))), Some("a.b"));
}

#[test]
fn views_convert() {
    let us = TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1_500)]);
    let dictionary: DictionaryArray<arrow::datatypes::Int8Type> = vec![Some("a"), None, Some("b")].into_iter().collect();
    let frame = table(vec![
        ("us", Arc::new(us)),
        ("day", Arc::new(Date32Array::from(vec![Some(-1), Some(0), None]))),
        ("big", Arc::new(Int64Array::from(vec![Some(1 << 53), None, Some(-5)]))),
        ("word", Arc::new(dictionary)),
        ("money", Arc::new(Decimal128Array::from(vec![Some(12345), None, Some(-1)]).with_precision_and_scale(10, 2).unwrap())),
    ]);
    let time = |name: &str| call("date.getTime", "number", &[column(name, "date")]);
    let safe = |name: &str| when(call("isNull", "boolean", &[column(name, "date")]), number(7.0), time(name), "number");
    assert_eq!(values(&frame, safe("us")).unwrap(), ["-1.0", "7.0", "1.0"]);
    assert_eq!(values(&frame, column("us", "date")).unwrap(), ["1969-12-31T23:59:59.999Z", "null", "1970-01-01T00:00:00.001Z"]);
    assert_eq!(values(&frame, safe("day")).unwrap(), ["-86400000.0", "0.0", "7.0"]);
    assert_eq!(values(&frame, column("big", "number")).unwrap(), ["9007199254740992.0", "null", "-5.0"]);
    assert_eq!(values(&frame, column("big", "bigint")).unwrap(), ["9007199254740992", "null", "-5"]);
    assert_eq!(values(&frame, column("word", "string")).unwrap(), ["a", "null", "b"]);
    assert_eq!(values(&frame, column("money", "number")).unwrap(), ["123.45", "null", "-0.01"]);
}

#[test]
fn an_integer_past_the_exact_range_is_an_error() {
    let frame = table(vec![("id", Arc::new(Int64Array::from(vec![Some(1), None, Some((1 << 53) + 1)])))]);
    let error = values(&frame, call("add", "number", &[column("id", "number"), number(1.0)])).unwrap_err();
    let error = RowError::of(&error).unwrap();
    assert_eq!((error.code, error.row), ("LS2004", 2));
    assert!(error.message.contains("\"id\" holds 9007199254740993"), "{}", error.message);
    let unsigned = table(vec![("id", Arc::new(UInt64Array::from(vec![u64::MAX])))]);
    assert!(values(&unsigned, column("id", "number")).is_err());
}

#[test]
fn invalid_dates_are_nan_inside_and_null_outside() {
    let invalid = || call("Date", "date", &[number(1e300)]);
    assert_eq!(values(&strings(), call("date.getTime", "number", &[invalid()])).unwrap(), ["NaN"; 4]);
    assert_eq!(values(&strings(), invalid()).unwrap(), ["null"; 4]);
}

#[test]
fn the_day_of_a_date_is_found_without_its_parts() {
    let day = |d: Value| {
        let part = |name: &str| call(&format!("date.getUTC{name}"), "number", &[d.clone()]);
        call("Date", "date", &[call("Date.UTC", "number", &[part("FullYear"), part("Month"), part("Date")])])
    };
    let ms = vec![Some(-1), Some(1_706_745_600_123), Some(-61_820_000_000_000)];
    let frame = table(vec![("d", Arc::new(TimestampMillisecondArray::from(ms)))]);
    // The year 11 becomes 1911.
    let wanted = ["1969-12-31T00:00:00Z", "2024-02-01T00:00:00Z", "1911-01-01T00:00:00Z"];
    assert_eq!(values(&frame, day(column("d", "date"))).unwrap(), wanted);
    let expr = lower(&expression(day(column("d", "date"))), &unqualified(&frame)).unwrap();
    assert!(expr.to_string().contains("startOfUTCDay(d)"), "{expr}");
}

#[test]
fn the_first_failing_row_is_found_behind_a_branch() {
    let guarded = when(call("gt", "boolean", &[column("x", "number"), number(5.0)]), trim(), text("small"), "string");
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Float64, true), Field::new("s", DataType::Utf8, true)]));
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(Float64Array::from(vec![1.0, 9.0, 2.0, 8.0, 8.0])),
            Arc::new(StringArray::from(vec![None, Some("a"), None, None, None])),
        ],
    )
    .unwrap();
    let schema = DFSchema::try_from(schema).unwrap();
    let expr = lower(&expression(guarded), &schema).unwrap();
    let physical = SessionContext::new().create_physical_expr(expr, &schema).unwrap();
    let relative = physical.evaluate(&batch).unwrap_err();
    assert_eq!(RowError::of(&relative).unwrap().row, 1);
    assert_eq!(first_failure(&[physical], &batch).unwrap().row, 3);
}

#[test]
fn predicates_bound_columns_without_losing_a_row() {
    let us = TimestampMicrosecondArray::from(vec![Some(-1), Some(0), Some(999), None, Some(1_000), Some(5_000_500)]);
    let frame = table(vec![
        ("us", Arc::new(us)),
        ("day", Arc::new(Date32Array::from(vec![Some(-1), Some(0), None, Some(1), Some(2), Some(9)]))),
        ("i", Arc::new(Int32Array::from(vec![Some(-1), Some(0), None, Some(1), Some(2), Some(9)]))),
        ("x", Arc::new(Float64Array::from(vec![Some(-1.5), Some(-0.0), None, Some(0.0), Some(0.5), Some(f64::INFINITY)]))),
    ]);
    let schema = unqualified(&frame);
    let date = |ms: f64| json!({ "kind": "literal", "type": "date", "value": ms });
    let rows = |frame: DataFrame| collect(frame).unwrap().iter().map(RecordBatch::num_rows).sum::<usize>();
    let check = |predicate: Value| {
        let predicate = expression(predicate);
        let Some(bounds) = pruning_predicate(&predicate, &schema) else { panic!("nothing known of {predicate:?}") };
        let exact = lower_predicate(&predicate, &schema).unwrap();
        let kept = frame.clone().filter(bounds.clone()).unwrap();
        let wanted = rows(frame.clone().filter(exact.clone()).unwrap());
        assert_eq!(rows(kept.filter(exact).unwrap()), wanted, "{predicate:?}: {bounds}");
        // Nothing but null is kept in vain by these.
        let kept = rows(frame.clone().filter(bounds.clone()).unwrap());
        assert!(kept <= wanted + 1, "{predicate:?}: {bounds} keeps {kept}, {wanted} wanted");
    };
    for operator in ["lt", "le", "gt", "ge", "eq"] {
        for value in [-1.5f64, -1.0, -0.5, 0.0, -0.0, 0.5, 1.0, 2.0, 5_000.0, 1e9] {
            for name in ["i", "x"] {
                if operator != "eq" || value.fract() == 0.0 || name == "x" {
                    check(call(operator, "boolean", &[column(name, "number"), number(value)]));
                    check(call(operator, "boolean", &[number(value), column(name, "number")]));
                }
            }
            if operator != "eq" {
                check(call(operator, "boolean", &[column("us", "date"), date(value.floor())]));
                check(call(operator, "boolean", &[column("day", "date"), date(value.floor().min(9.0) * 43_200_000.0)]));
            }
        }
    }
    check(call("in", "boolean", &[column("i", "number"), number(1.0), number(9.0)]));
    check(call("isNull", "boolean", &[column("i", "number")]));
    let both = |left, right| logical("and", left, right, "boolean");
    let above = || call("gt", "boolean", &[column("i", "number"), number(1.0)]);
    check(both(above(), call("lt", "boolean", &[column("x", "number"), column("i", "number")])));
    // What may throw must see its rows, unless a test before it already failed.
    let throws = || call("eq", "boolean", &[call("date.getUTCMonth", "number", &[column("us", "date")]), number(0.0)]);
    assert!(pruning_predicate(&expression(both(throws(), above())), &schema).is_none());
    assert!(pruning_predicate(&expression(both(above(), throws())), &schema).is_some());
}

#[test]
fn unknown_functions_are_named() {
    let error = values(&strings(), call("Math.magic", "number", &[number(1.0)])).unwrap_err();
    let error = RowError::of(&error).unwrap();
    assert_eq!((error.code, error.message.as_str()), ("LS2015", "no native function Math.magic"));
}

#[test]
fn sorting_puts_null_and_nan_first() {
    let floats = Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(f64::NEG_INFINITY), Some(-0.0), Some(-f64::NAN)]);
    let frame = table(vec![("x", Arc::new(floats))]);
    let sorted = |descending| column_of(frame.clone().sort(vec![sort_key(ident("x"), &DataType::Float64, descending)]).unwrap()).unwrap();
    assert_eq!(sorted(false), ["null", "NaN", "NaN", "-inf", "-0.0", "1.0"]);
    assert_eq!(sorted(true), ["1.0", "-0.0", "-inf", "NaN", "NaN", "null"]);
}

#[test]
fn strings_sort_by_code_units() {
    let words = ["\u{E000}", "😀", "\u{FFFF}", "z", "\u{10FFFF}", "\u{10FFFE}", "\u{D7FF}", "\u{E000}a", "\u{10FFFF}\u{FFFF}"];
    let mut wanted = words.to_vec();
    wanted.sort_by_key(|word| word.encode_utf16().collect::<Vec<_>>());
    for array in [
        Arc::new(StringArray::from(words.to_vec())) as ArrayRef,
        Arc::new(StringViewArray::from(words.to_vec())),
        Arc::new(LargeStringArray::from(words.to_vec())),
        Arc::new(words.into_iter().collect::<DictionaryArray<arrow::datatypes::Int32Type>>()),
    ] {
        let data_type = array.data_type().clone();
        let frame = table(vec![("s", array)]);
        let sorted = frame.clone().sort(vec![sort_key(ident("s"), &data_type, false)]).unwrap();
        assert_eq!(column_of(sorted).unwrap(), wanted, "{data_type}");
        for (function, extreme) in [(AggregateFunction::Min, wanted[0]), (AggregateFunction::Max, wanted[words.len() - 1])] {
            let expr = aggregate(function, Some(ident("s")), &data_type).unwrap();
            assert_eq!(column_of(frame.clone().aggregate(vec![], vec![expr]).unwrap()).unwrap(), [extreme]);
        }
    }
}

#[test]
fn equal_keys_group_together() {
    let floats = Float64Array::from(vec![Some(0.0), Some(-0.0), Some(f64::NAN), Some(-f64::NAN), None, None]);
    let frame = table(vec![("x", Arc::new(floats))]);
    let key = canonical_key(ident("x"), &DataType::Float64);
    let groups = frame.aggregate(vec![key], vec![aggregate(AggregateFunction::Count, None, &DataType::Null).unwrap()]).unwrap();
    let mut keys = column_of(groups).unwrap();
    keys.sort();
    assert_eq!(keys, ["0.0", "NaN", "null"]);
    assert_eq!(canonical_key(ident("x"), &DataType::Int64), ident("x"));
}

/// Every aggregate of `array`, without groups and grouped by a constant over two partitions.
fn aggregates(array: ArrayRef) -> Vec<String> {
    use AggregateFunction as F;
    let data_type = array.data_type().clone();
    let positions = Arc::new(Int64Array::from_iter_values((0..array.len() as i64).rev())) as ArrayRef;
    let group = Arc::new(Int64Array::from(vec![1; array.len()])) as ArrayRef;
    let all = RecordBatch::try_from_iter_with_nullable([("x", array, true), ("position", positions, true), ("g", group, true)]).unwrap();
    let half = all.num_rows() / 2;
    let frame = partitions(vec![all.slice(0, half), all.slice(half, all.num_rows() - half)]);
    [F::Count, F::Valid, F::Distinct, F::Sum, F::Mean, F::Min, F::Max, F::Variance, F::Stdev, F::Median, F::Any]
        .into_iter()
        .map(|function| {
            let expr = match function {
                F::Any => Ok(any(ident("x"), ident("position"))),
                function => aggregate(function, Some(ident("x")), &data_type),
            };
            let Ok(expr) = expr else { return "-".to_owned() };
            let whole = column_of(frame.clone().aggregate(vec![], vec![expr.clone().alias("v")]).unwrap()).unwrap().remove(0);
            let grouped = frame.clone().aggregate(vec![ident("g")], vec![expr.alias("v")]).unwrap();
            assert_eq!(column_of(grouped.select_columns(&["v"]).unwrap()).unwrap(), [whole.as_str()], "{function:?}");
            whole
        })
        .collect()
}

#[test]
fn aggregates_follow_arquero() {
    let none = "null".to_owned();
    let floats = |values: Vec<Option<f64>>| aggregates(Arc::new(Float64Array::from(values)));
    assert_eq!(
        floats(vec![Some(1.0), None, Some(f64::NAN), Some(4.0), Some(2.0), Some(2.0), None]),
        ["7", "4", "4", "9.0", "2.25", "1.0", "4.0", "1.5833333333333333", "1.2583057392117916", "2.0", "2.0"]
    );
    assert_eq!(floats(vec![Some(3.0), None]), ["2", "1", "2", "3.0", "3.0", "3.0", "3.0", &none, &none, "3.0", "3.0"]);
    assert_eq!(floats(vec![None, Some(f64::NAN)]), ["2", "0", "1", &none, &none, &none, &none, &none, &none, &none, &none]);
    assert_eq!(floats(vec![Some(f64::INFINITY), Some(1.0)])[3..5], ["inf", "inf"]);
    let integers = aggregates(Arc::new(Int32Array::from(vec![Some(5), None, Some(-2), Some(5)])));
    assert_eq!(integers[..7], ["4", "3", "3", "8", "2.6666666666666665", "-2", "5"]);
    let words = aggregates(Arc::new(StringArray::from(vec![Some("b"), None, Some("a"), Some("b")])));
    assert_eq!(words, ["4", "3", "3", "-", "-", "a", "b", "-", "-", "-", "b"]);
    let flags = aggregates(Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])));
    assert_eq!(flags[..7], ["3", "2", "3", "1.0", "0.5", "false", "true"]);
    let times = aggregates(Arc::new(TimestampMicrosecondArray::from(vec![Some(5), None, Some(3)]).with_timezone("UTC")));
    assert_eq!(times[5..7], ["1970-01-01T00:00:00.000003Z", "1970-01-01T00:00:00.000005Z"]);
}

#[test]
fn sums_are_compensated_and_integers_checked() {
    let floats: Vec<Option<f64>> = [1.0, 1e100, 1.0, -1e100].into_iter().cycle().take(4000).map(Some).collect();
    assert_eq!(aggregates(Arc::new(Float64Array::from(floats)))[3], "2000.0");
    let frame = table(vec![("x", Arc::new(Int64Array::from(vec![i64::MAX, 1])))]);
    let sum = aggregate(AggregateFunction::Sum, Some(ident("x")), &DataType::Int64).unwrap();
    let error = collect(frame.aggregate(vec![], vec![sum]).unwrap()).unwrap_err();
    assert_eq!(RowError::of(&error).unwrap().message, "sum leaves the range of int64");
}

#[test]
fn many_groups_agree_with_one_at_a_time() {
    use AggregateFunction as F;
    let rows = 30_000;
    let group = |row: usize| (row * 7919 % 5003) as i64;
    let value = |row: usize| (row % 11 != 0).then_some((row * 31 % 1009) as f64 / 8.0);
    let word = |row: usize| (row % 13 != 0).then(|| format!("w{}", row * 17 % 4001));
    let batch = |from: usize, to: usize| {
        RecordBatch::try_from_iter_with_nullable([
            ("g", Arc::new(Int64Array::from_iter_values((from..to).map(group))) as ArrayRef, true),
            ("x", Arc::new((from..to).map(value).collect::<Float64Array>()), true),
            ("s", Arc::new((from..to).map(word).collect::<StringArray>()), true),
            ("position", Arc::new(UInt64Array::from_iter_values((from..to).map(|row| row as u64))), true),
        ])
        .unwrap()
    };
    let frame = partitions((0..3).map(|part| batch(part * rows / 3, (part + 1) * rows / 3)).collect());
    let x = |function| aggregate(function, Some(ident("x")), &DataType::Float64).unwrap();
    let result = frame
        .aggregate(
            vec![ident("g")],
            vec![
                x(F::Sum).alias("sum"),
                x(F::Mean).alias("mean"),
                x(F::Median).alias("median"),
                x(F::Variance).alias("variance"),
                x(F::Distinct).alias("distinct"),
                aggregate(F::Max, Some(ident("s")), &DataType::Utf8).unwrap().alias("max"),
                any(ident("s"), ident("position")).alias("any"),
            ],
        )
        .unwrap()
        .sort(vec![ident("g").sort(true, true)])
        .unwrap();
    let batches = collect(result).unwrap();
    let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    assert_eq!(all.num_rows(), 5003);
    for row in (0..5003).step_by(97) {
        let members: Vec<usize> = (0..rows).filter(|&member| group(member) == row as i64).collect();
        let mut values: Vec<f64> = members.iter().filter_map(|&member| value(member)).collect();
        values.sort_by(f64::total_cmp);
        let sum: f64 = values.iter().sum();
        let mean = sum / values.len() as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0);
        let median = (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0;
        let distinct: std::collections::HashSet<Option<u64>> = members.iter().map(|&member| value(member).map(f64::to_bits)).collect();
        let float = |name: &str| all.column_by_name(name).unwrap().as_primitive::<arrow::datatypes::Float64Type>().value(row);
        let string = |name: &str| {
            let words = all.column_by_name(name).unwrap().as_string::<i32>();
            (!words.is_null(row)).then(|| words.value(row).to_owned())
        };
        assert_eq!(float("sum"), sum);
        assert_eq!(float("median"), median);
        assert!((float("mean") - mean).abs() < 1e-12 * sum && (float("variance") - variance).abs() < 1e-9 * sum);
        let counted = all.column_by_name("distinct").unwrap().as_primitive::<arrow::datatypes::Int64Type>().value(row);
        assert_eq!(counted as usize, distinct.len());
        assert_eq!(string("max"), members.iter().filter_map(|&member| word(member)).max());
        assert_eq!(string("any"), members.iter().find_map(|&member| word(member)));
    }
}

#[test]
fn the_catalogue_has_every_function_once() {
    let names: Vec<&str> = catalogue().iter().map(|(name, _)| *name).collect();
    assert!(names.is_sorted() && names.contains(&"Math.hypot"));
    let (_, slice) = &catalogue()[names.iter().position(|name| *name == "string.slice").unwrap()];
    assert_eq!(slice, "string.slice(string, number?, number?) → string");
}
