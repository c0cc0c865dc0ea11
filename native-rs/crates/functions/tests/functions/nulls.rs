//! Which values are known to be never null, by the logical and by the physical planner.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::DFSchema;
use datafusion::logical_expr::ExprSchemable;
use datafusion::prelude::SessionContext;
use lockstep_functions::lower;
use serde_json::{Value, json};

use crate::frames::*;

/// Every test of one or two conditions over columns with and without nulls, with every pair of branches, also as the test of another:
/// a group-by refuses what may be null of the physical expression alone.
#[test]
fn what_a_test_keeps_away_is_never_null_for_both_planners() {
    let field = |name: &str, data_type: DataType, nullable: bool| Field::new(name, data_type, nullable);
    let date = || DataType::Timestamp(TimeUnit::Microsecond, None);
    let arrow = Arc::new(Schema::new(vec![
        field("at", date(), false),
        field("seen", date(), true),
        field("x", DataType::Float64, true),
        field("y", DataType::Int32, false),
    ]));
    let schema = DFSchema::try_from(Arc::clone(&arrow)).unwrap();
    let session = SessionContext::new();
    let agree = |value: &Value| {
        let expr = lower(&expression(value.clone()), &schema).unwrap();
        let nullable = expr.nullable(&schema).unwrap();
        let physical = session.create_physical_expr(expr.clone(), &schema).unwrap();
        assert!(nullable || !physical.nullable(&arrow).unwrap(), "{expr}");
        nullable
    };
    let null = |js: &str| json!({ "kind": "literal", "type": js, "value": null });
    let is_null = |name: &str, js: &str| call("isNull", "boolean", &[column(name, js)]);
    let not = |condition: Value| call("not", "boolean", &[condition]);
    let time = |name: &str| call("date.getTime", "number", &[column(name, "date")]);
    let above = |name: &str| call("gt", "boolean", &[column(name, "number"), number(0.0)]);
    let plain = [is_null("at", "date"), is_null("seen", "date"), is_null("x", "number"), above("x"), above("y")];
    let single: Vec<Value> = plain.iter().flat_map(|test| [test.clone(), not(test.clone())]).collect();
    let tests: Vec<Value> = single.iter().flat_map(|left| {
        let both = single.iter().flat_map(|right| ["and", "or"].map(|kind| logical(kind, left.clone(), right.clone(), "boolean")));
        both.chain([left.clone()])
    }).collect();
    let branches = [null("number"), column("x", "number"), column("y", "number"), time("at"), time("seen"), number(7.0)];
    let mut without_null = 0;
    for test in tests {
        for then in &branches {
            for otherwise in &branches {
                let choice = when(test.clone(), then.clone(), otherwise.clone(), "number");
                without_null += usize::from(!agree(&choice));
                agree(&call("add", "number", &[choice.clone(), number(1.0)]));
                agree(&when(call("isNull", "boolean", &[choice.clone()]), null("number"), choice.clone(), "number"));
                agree(&logical("nullish", choice.clone(), column("y", "number"), "number"));
            }
        }
    }
    assert!(without_null > 1000, "{without_null} are known to be never null");
    let guarded = logical("and", above("y"), not(is_null("x", "number")), "boolean");
    assert!(!agree(&when(guarded, column("x", "number"), number(0.0), "number")));
    assert!(!agree(&when(is_null("at", "date"), null("number"), time("at"), "number")));
}
