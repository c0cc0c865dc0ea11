//! Every function against what V8 answers (`test/unit/functions/vectors.mjs` writes the vectors).
use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Int64Type, Float64Type, Schema, TimestampMillisecondType};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use lockstep_functions::{RowError, arrow_type, lower};
use lockstep_plan::{Expression, JsType, Literal};
use serde_json::Value;

struct Case {
    function: String,
    types: Vec<JsType>,
    result: JsType,
    ulps: u64,
    zone: Option<String>,
    inputs: Vec<Vec<Value>>,
    results: Vec<Value>,
}

fn cases() -> Vec<Case> {
    let all: Vec<Value> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let js = |value: &Value| serde_json::from_value::<JsType>(value.clone()).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    all.iter()
        .map(|case| Case {
            function: case["function"].as_str().unwrap().to_owned(),
            types: list(&case["types"]).iter().map(js).collect(),
            result: js(&case["result"]),
            ulps: case["ulps"].as_u64().unwrap_or(0),
            zone: case["zone"].as_str().map(str::to_owned),
            inputs: list(&case["inputs"]).iter().map(list).collect(),
            results: list(&case["results"]),
        })
        .collect()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.parse().unwrap()),
        value => Some(value.as_f64().unwrap()),
    }
}

fn array(values: &[&Value], js: JsType) -> ArrayRef {
    let text = |value: &&Value| value.as_str().map(str::to_owned);
    match js {
        JsType::Number => Arc::new(values.iter().map(|value| number(value)).collect::<Float64Array>()),
        JsType::String => Arc::new(values.iter().map(text).collect::<StringArray>()),
        JsType::Boolean => Arc::new(values.iter().map(|value| value.as_bool()).collect::<BooleanArray>()),
        JsType::Bigint => {
            Arc::new(values.iter().map(|value| text(value).map(|text| text.parse::<i64>().unwrap())).collect::<Int64Array>())
        }
        JsType::Date => {
            // An invalid date as an expression has it.
            let ms = |value: &&Value| number(value).map(|ms| if ms.is_nan() { i64::MIN } else { ms as i64 });
            Arc::new(values.iter().map(ms).collect::<TimestampMillisecondArray>().with_timezone("UTC"))
        }
        list => {
            let element = list.element().unwrap();
            let elements: Vec<&Value> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
            let lengths = values.iter().map(|value| value.as_array().map_or(0, Vec::len));
            let nulls = NullBuffer::from_iter(values.iter().map(|value| !value.is_null()));
            let item = Arc::new(Field::new_list_field(arrow_type(element), true));
            Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), array(&elements, element), Some(nulls)))
        }
    }
}

fn literal(value: &Value, js: JsType) -> Expression {
    if let (Value::Array(values), Some(element)) = (value, js.element()) {
        let call = |function: &str, args| Expression::Call { function: function.to_owned(), args, js };
        // An empty list is a part of one that is not.
        return match values.as_slice() {
            [] => call("list.slice", vec![call("Array.of", vec![literal(&Value::Null, element)]), literal(&1.0.into(), JsType::Number)]),
            values => call("Array.of", values.iter().map(|value| literal(value, element)).collect()),
        };
    }
    let value = match value {
        Value::Null => Literal::Null,
        Value::Bool(value) => Literal::Boolean(*value),
        Value::Number(value) => Literal::Number(value.as_f64().unwrap()),
        Value::String(text) => Literal::String(text.clone()),
        other => panic!("{other}"),
    };
    Expression::Literal { js, value }
}

fn column(name: &str, js: JsType) -> Expression {
    Expression::Column { name: name.to_owned(), js }
}

/// The expression's value on rows, whose arguments are the columns c0, c1, ….
fn evaluate(case: &Case, args: Vec<Expression>, rows: &[Vec<&Value>]) -> Result<ArrayRef> {
    let (mut fields, mut columns) = (vec![], vec![]);
    for (index, &js) in case.types.iter().enumerate() {
        fields.push(Field::new(format!("c{index}"), arrow_type(js), true));
        columns.push(array(&rows.iter().map(|row| row[index]).collect::<Vec<_>>(), js));
    }
    let schema = Arc::new(Schema::new(fields));
    let expression = Expression::Call { function: case.function.clone(), args, js: case.result };
    let df_schema = DFSchema::try_from(Arc::clone(&schema))?;
    let expr = lower(&expression, &df_schema)?;
    let physical = create_physical_expr(&expr, &df_schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    let result = physical.evaluate(&RecordBatch::try_new(schema, columns)?)?.into_array(rows.len())?;
    assert_eq!(*result.data_type(), arrow_type(case.result), "{}", case.function);
    Ok(result)
}

fn equal(array: &ArrayRef, row: usize, expected: &Value, case: &Case) -> bool {
    if array.is_null(row) || expected.is_null() {
        return array.is_null(row) == (expected.is_null() || (case.result == JsType::Date && expected == "NaN"));
    }
    match array.data_type() {
        DataType::Float64 => {
            let (got, wanted) = (array.as_primitive::<Float64Type>().value(row), number(expected).unwrap());
            let close = (got.to_bits() as i64).wrapping_sub(wanted.to_bits() as i64).unsigned_abs() <= case.ulps;
            close || (got.is_nan() && wanted.is_nan())
        }
        DataType::Utf8 => array.as_string::<i32>().value(row) == expected.as_str().unwrap(),
        DataType::Boolean => Some(array.as_boolean().value(row)) == expected.as_bool(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string() == expected.as_str().unwrap(),
        DataType::List(_) => {
            let (elements, wanted) = (array.as_list::<i32>().value(row), expected.as_array().unwrap());
            let case = Case { result: case.result.element().unwrap(), function: case.function.clone(), types: vec![], zone: None, inputs: vec![], results: vec![], ..*case };
            elements.len() == wanted.len() && wanted.iter().enumerate().all(|(at, value)| equal(&elements, at, value, &case))
        }
        _ => Some(array.as_primitive::<TimestampMillisecondType>().value(row) as f64) == number(expected),
    }
}

fn check(case: &Case, failures: &mut Vec<String>) {
    let mut rows: Vec<Vec<&Value>> = vec![vec![]];
    for list in &case.inputs {
        rows = rows.iter().flat_map(|row| list.iter().map(|value| [row.as_slice(), &[value]].concat())).collect();
    }
    assert_eq!(rows.len(), case.results.len(), "{}", case.function);
    let columns = || case.types.iter().enumerate().map(|(index, &js)| column(&format!("c{index}"), js)).collect::<Vec<_>>();
    let mut compare = |how: &str, args: Vec<Expression>, picked: &[usize]| {
        let (throwing, fine): (Vec<usize>, Vec<usize>) = picked.iter().partition(|&&row| case.results[row].is_object());
        let of = |picked: &[usize]| picked.iter().map(|&row| rows[row].clone()).collect::<Vec<_>>();
        if !fine.is_empty() {
            match evaluate(case, args.clone(), &of(&fine)) {
                Err(error) => failures.push(format!("{}{:?} {how}: {error}", case.function, case.types)),
                Ok(array) => failures.extend(fine.iter().enumerate().filter(|&(at, &row)| !equal(&array, at, &case.results[row], case)).map(
                    |(at, &row)| {
                        let got = arrow::util::display::array_value_to_string(&array, at).unwrap();
                        format!("{}{:?} {how}: {got:?}, V8 {:?}", case.function, rows[row], case.results[row])
                    },
                )),
            }
        }
        for row in throwing {
            let wanted = case.results[row]["throws"].as_str().unwrap();
            let got = match evaluate(case, args.clone(), &of(&[row])) {
                Ok(array) => format!("{array:?}"),
                Err(error) => match RowError::of(&error) {
                    Some(error) if error.row == 0 && (error.message == wanted || (error.code == "LS2015" && wanted == "int64")) => continue,
                    _ => error.to_string(),
                },
            };
            failures.push(format!("{}{:?} {how}: {got}, V8 throws {wanted}", case.function, rows[row]));
        }
    };
    compare("columns", columns(), &(0..rows.len()).collect::<Vec<_>>());
    // The same with all arguments but the first constant.
    let tail = rows.len() / case.inputs[0].len();
    if case.inputs.len() > 1 && tail <= 400 {
        for combination in 0..tail {
            let mut args = columns();
            for (index, arg) in args.iter_mut().enumerate().skip(1) {
                *arg = literal(rows[combination][index], case.types[index]);
            }
            let picked: Vec<usize> = (0..case.inputs[0].len()).map(|first| first * tail + combination).collect();
            compare("constants", args, &picked);
        }
    }
    // All constant, one row at a time.
    for row in (0..rows.len()).step_by(rows.len().div_ceil(60)) {
        let args = rows[row].iter().zip(&case.types).map(|(value, &js)| literal(value, js)).collect();
        compare("literals", args, &[row]);
    }
}

fn run(zone: Option<&str>) {
    let mut failures = Vec::new();
    for case in cases().iter().filter(|case| case.zone.as_deref() == zone) {
        check(case, &mut failures);
    }
    let shown = failures.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} differences\n{shown}", failures.len());
}

/// The vitest side checks that every function of the compiler has vectors; this is ours.
#[test]
fn every_function_has_vectors() {
    let tested: std::collections::HashSet<String> = cases().into_iter().map(|case| case.function).collect();
    // Only `lower` calls it.
    let internal = ["date.startOfUTCDay"];
    let untested: Vec<&str> =
        lockstep_functions::catalogue().into_iter().map(|(name, _)| name).filter(|name| !tested.contains(*name) && !internal.contains(name)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn v8_vectors() {
    run(None);
}

/// The zone is the process's: each is tested in a process of its own.
#[test]
fn v8_vectors_of_local_time() {
    for zone in ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"] {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "vectors::local_time_of_one_zone", "--ignored", "--nocapture"])
            .env("TZ", zone)
            .status()
            .unwrap();
        assert!(status.success(), "{zone}");
    }
}

#[test]
#[ignore = "v8_vectors_of_local_time runs it for each zone"]
fn local_time_of_one_zone() {
    run(Some(&std::env::var("TZ").unwrap()));
}
