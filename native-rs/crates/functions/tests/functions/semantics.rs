//! Conditionals, locals and views, through the engine's own planner and optimizer.
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::{DataFrame, SessionContext};
use lockstep_functions::*;
use lockstep_plan::JsType;
use serde_json::{Value, json};

use crate::frames::*;

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
        ("d", Arc::new(Decimal128Array::from(vec![Some(-150), Some(0), None, Some(1), Some(50), Some(500_000)]).with_precision_and_scale(15, 2).unwrap())),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true), Some(false), Some(true)]))),
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
            for name in ["i", "x", "d"] {
                if operator != "eq" || value.fract() == 0.0 || name != "i" {
                    check(call(operator, "boolean", &[column(name, "number"), number(value)]));
                    check(call(operator, "boolean", &[number(value), column(name, "number")]));
                }
            }
            if operator != "eq" {
                check(call(operator, "boolean", &[column("us", "date"), date(value.floor())]));
                check(call(operator, "boolean", &[column("us", "date"), call("Date", "date", &[number(value.floor())])]));
                check(call(operator, "boolean", &[column("day", "date"), date(value.floor().min(9.0) * 43_200_000.0)]));
            }
        }
    }
    let not = |condition: Value| call("not", "boolean", &[condition]);
    for operator in ["lt", "le", "gt", "ge", "eq"] {
        for value in [-1.0f64, 0.0, 1.0, 2.0, 5_000.0] {
            for name in ["i", "d"] {
                check(not(call(operator, "boolean", &[column(name, "number"), number(value)])));
                check(not(not(call(operator, "boolean", &[number(value), column(name, "number")]))));
            }
            for (name, ms) in [("us", value), ("day", value.min(9.0) * 43_200_000.0)] {
                let time = call("plus", "number", &[column(name, "date")]);
                check(not(call(operator, "boolean", &[time.clone(), call("date.getTime", "number", &[date(ms)])])));
                check(not(call(operator, "boolean", &[time, call("plus", "number", &[call("Date", "date", &[number(ms)])])])));
            }
            // NaN is in no bounds.
            assert!(pruning_predicate(&expression(not(call(operator, "boolean", &[column("x", "number"), number(value)]))), &schema).is_none());
        }
    }
    check(not(column("b", "boolean")));
    check(not(call("isNull", "boolean", &[column("i", "number")])));
    let below = || call("lt", "boolean", &[column("i", "number"), number(1.0)]);
    check(not(logical("or", below(), call("gt", "boolean", &[column("d", "number"), number(0.0)]), "boolean")));
    check(not(logical("and", below(), column("b", "boolean"), "boolean")));
    check(call("in", "boolean", &[column("i", "number"), number(1.0), number(9.0)]));
    check(call("isNull", "boolean", &[column("i", "number")]));
    check(column("b", "boolean"));
    for (name, ms) in [("us", 1.0), ("day", 86_400_000.0)] {
        check(call("ge", "boolean", &[call("plus", "number", &[column(name, "date")]), call("date.getTime", "number", &[date(ms)])]));
    }
    // A date cuts fractions off, and one past the ends is in no order with anything.
    for ms in [0.5, 8.7e15, -8.7e15] {
        let made = || call("Date", "date", &[number(ms)]);
        assert!(pruning_predicate(&expression(call("ge", "boolean", &[column("us", "date"), made()])), &schema).is_none());
        let time = || call("date.getTime", "number", &[made()]);
        assert!(pruning_predicate(&expression(not(call("lt", "boolean", &[column("i", "number"), time()]))), &schema).is_none());
    }
    let both = |left, right| logical("and", left, right, "boolean");
    let above = || call("gt", "boolean", &[column("i", "number"), number(1.0)]);
    check(both(above(), call("lt", "boolean", &[column("x", "number"), column("i", "number")])));
    // What may throw must see its rows, unless a test before it already failed.
    let throws = || call("eq", "boolean", &[call("date.getUTCMonth", "number", &[column("us", "date")]), number(0.0)]);
    assert!(pruning_predicate(&expression(both(throws(), above())), &schema).is_none());
    assert!(pruning_predicate(&expression(both(above(), throws())), &schema).is_some());
}

#[test]
fn nothing_is_in_an_empty_list() {
    let empty = |name: &str, js: &str| call("in", "boolean", &[column(name, js)]);
    for (name, js) in [("s", "string"), ("x", "number"), ("b", "boolean")] {
        assert_eq!(values(&strings(), empty(name, js)).unwrap(), ["false"; 4]);
    }
}

#[test]
fn many_members_are_looked_up_as_few_are_compared() {
    let frame = table(vec![
        ("x", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::NAN), Some(-f64::NAN), Some(0.0), Some(-0.0), Some(0.5), Some(1e300)]))),
        ("s", Arc::new(StringArray::from(vec![Some("s1"), None, Some(""), Some("ß"), Some("s19"), Some("S1"), Some("null"), Some("s1 ")]))),
        ("n", Arc::new(Int64Array::from(vec![Some(1), None, Some(0), Some(i64::MAX), Some(i64::MIN), Some(19), Some(20), Some(-1)]))),
    ]);
    let literal = |js: &str, value: Value| json!({ "kind": "literal", "type": js, "value": value });
    let special: [(&str, &str, Vec<Value>); 3] = [
        ("x", "number", vec!["NaN".into(), Value::Null, "-0".into(), 1e300.into()]),
        ("s", "string", vec!["".into(), Value::Null, "ß".into(), "null".into()]),
        ("n", "bigint", vec!["0".into(), Value::Null, "9223372036854775807".into(), "-9223372036854775808".into()]),
    ];
    for (name, js, special) in special {
        for chosen in 0..16u32 {
            let plain = (1..20).map(|i| if js == "string" { format!("s{i}").into() } else if js == "bigint" { i.to_string().into() } else { Value::from(i) });
            let chosen = special.iter().enumerate().filter(|(i, _)| chosen & (1 << i) != 0).map(|(_, value)| value.clone());
            let members: Vec<Value> = plain.chain(chosen).map(|value| literal(js, value)).collect();
            let among = |members: &[Value]| call("in", "boolean", &[&[column(name, js)], members].concat());
            let (some, others) = members.split_at(10);
            let few = logical("or", among(some), logical("or", among(&others[..5]), among(&others[5..]), "boolean"), "boolean");
            assert_eq!(values(&frame, among(&members)).unwrap(), values(&frame, few).unwrap(), "{members:?}");
        }
        let members: Vec<Value> = (0..300).map(|i| literal(js, if js == "number" { i.into() } else { i.to_string().into() })).collect();
        let predicate = expression(call("in", "boolean", &[&[column(name, js)], members.as_slice()].concat()));
        let bounds = pruning_predicate(&predicate, &unqualified(&frame)).map(|bounds| bounds.to_string());
        assert_eq!(bounds.as_deref(), (js == "number").then_some("(x >= Float64(-0) OR x IS NULL) AND (x <= Float64(299) OR x IS NULL)"));
    }
}

#[test]
fn unknown_functions_are_named() {
    let error = values(&strings(), call("Math.magic", "number", &[number(1.0)])).unwrap_err();
    let error = RowError::of(&error).unwrap();
    assert_eq!((error.code, error.message.as_str()), ("LS2015", "no native function Math.magic"));
}
