//! Whole row functions, read by the compiler, against V8's answers (`test/unit/plugin-babel/row-function/native-vectors.ts`
//! writes `row_functions.json`).
use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, TimestampMillisecondType};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use lockstep_functions::{RowError, arrow_type, lower};
use lockstep_plan::{Expression, JsType, Member};
use serde_json::Value;

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.parse().unwrap()),
        value => value.as_f64(),
    }
}

fn array(values: &[Value], js: JsType) -> ArrayRef {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match js {
        JsType::Number => Arc::new(values.iter().map(number).collect::<Float64Array>()),
        JsType::String => Arc::new(values.iter().map(text).collect::<StringArray>()),
        JsType::Boolean => Arc::new(values.iter().map(Value::as_bool).collect::<BooleanArray>()),
        JsType::Bigint => Arc::new(values.iter().map(|v| v.as_str().map(|v| v.parse::<i64>().unwrap())).collect::<Int64Array>()),
        JsType::Date => Arc::new(values.iter().map(Value::as_i64).collect::<TimestampMillisecondArray>().with_timezone("UTC")),
        JsType::Object(members) => {
            let nulls = NullBuffer::from_iter(values.iter().map(|value| !value.is_null()));
            let member = |member: &Member| array(&values.iter().map(|value| value[&member.name].clone()).collect::<Vec<_>>(), member.js);
            let DataType::Struct(fields) = arrow_type(js) else { unreachable!() };
            Arc::new(StructArray::new(fields, members.iter().map(member).collect(), Some(nulls)))
        }
        list => {
            let element = list.element().unwrap();
            let elements: Vec<Value> = values.iter().filter_map(Value::as_array).flatten().cloned().collect();
            let lengths = values.iter().map(|value| value.as_array().map_or(0, Vec::len));
            let nulls = NullBuffer::from_iter(values.iter().map(|value| !value.is_null()));
            let item = Arc::new(Field::new_list_field(arrow_type(element), true));
            Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), array(&elements, element), Some(nulls)))
        }
    }
}

fn table(columns: &Value) -> RecordBatch {
    let (mut fields, mut arrays) = (vec![], vec![]);
    for column in columns.as_array().unwrap() {
        let js = serde_json::from_value(column["type"].clone()).unwrap();
        fields.push(Field::new(column["name"].as_str().unwrap(), arrow_type(js), true));
        arrays.push(array(column["values"].as_array().unwrap(), js));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn evaluate(expression: &Expression, table: &RecordBatch) -> Result<ArrayRef> {
    let schema = DFSchema::try_from(table.schema())?;
    let expr = lower(expression, &schema)?;
    let physical = create_physical_expr(&expr, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    physical.evaluate(table)?.into_array(table.num_rows())
}

fn threw(expected: &Value) -> bool {
    expected.get("throws").is_some()
}

/// Equal, within two units in the last place where libraries of mathematics differ.
fn equal(array: &ArrayRef, row: usize, expected: &Value) -> bool {
    if array.is_null(row) || expected.is_null() {
        return array.is_null(row) && expected.is_null();
    }
    match array.data_type() {
        DataType::Float64 => {
            let (got, wanted) = (array.as_primitive::<Float64Type>().value(row), number(expected).unwrap());
            (got.to_bits() as i64).wrapping_sub(wanted.to_bits() as i64).unsigned_abs() <= 2 || (got.is_nan() && wanted.is_nan())
        }
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)) == expected.as_str(),
        DataType::Boolean => Some(array.as_boolean().value(row)) == expected.as_bool(),
        DataType::Int64 => Some(array.as_primitive::<Int64Type>().value(row).to_string().as_str()) == expected.as_str(),
        DataType::List(_) => {
            let (elements, wanted) = (array.as_list::<i32>().value(row), expected.as_array().unwrap());
            elements.len() == wanted.len() && wanted.iter().enumerate().all(|(at, value)| equal(&elements, at, value))
        }
        DataType::Struct(fields) => fields.iter().all(|field| {
            let member = array.as_struct().column_by_name(field.name()).unwrap();
            equal(member, row, &expected[field.name()])
        }),
        _ => Some(array.as_primitive::<TimestampMillisecondType>().value(row)) == expected.as_i64(),
    }
}

#[test]
fn row_functions_as_v8_runs_them() {
    let all: Value = serde_json::from_str(include_str!("row_functions.json")).unwrap();
    let table = table(&all["columns"]);
    let mut failures: Vec<String> = vec![];
    for case in all["cases"].as_array().unwrap() {
        let source = case["source"].as_str().unwrap();
        let expression: Expression = serde_json::from_value(case["expression"].clone()).unwrap();
        let js: JsType = serde_json::from_value(case["type"].clone()).unwrap();
        let results = case["results"].as_array().unwrap();
        for (row, expected) in results.iter().enumerate().filter(|(_, expected)| threw(expected)) {
            let wanted = expected["throws"].as_str().unwrap();
            match evaluate(&expression, &table.slice(row, 1)) {
                Ok(got) => failures.push(format!("{source}\n  row {row}: {got:?}, V8 throws {wanted}")),
                Err(error) if RowError::of(&error).is_some_and(|error| error.message == wanted) => {}
                Err(error) => failures.push(format!("{source}\n  row {row}: {error}, V8 throws {wanted}")),
            }
        }
        let fine: BooleanArray = results.iter().map(|expected| Some(!threw(expected))).collect();
        let kept = arrow::compute::filter_record_batch(&table, &fine).unwrap();
        let expected: Vec<_> = results.iter().filter(|expected| !threw(expected)).collect();
        match evaluate(&expression, &kept) {
            Err(error) => failures.push(format!("{source}\n  {error}")),
            Ok(array) => {
                if *array.data_type() != arrow_type(js) {
                    failures.push(format!("{source}\n  {} instead of {js}", array.data_type()));
                }
                if let Some(row) = (0..expected.len()).find(|&row| !equal(&array, row, expected[row])) {
                    let got = arrow::util::display::array_value_to_string(&array, row).unwrap();
                    failures.push(format!("{source}\n  {got:?}, V8 {}", expected[row]));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}
