//! Row functions that only V8 runs, with a host that stands for it.
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::Float64Type;
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use lockstep_functions::{RowError, Rows, ScriptHost, can_throw, lower, lower_predicate};
use lockstep_plan::{Expression, JsType};
use serde_json::json;

/// Function 0 doubles its column, null where it is 2; any other throws on its second row. Notes the rows of each call.
#[derive(Default)]
struct Host(Mutex<Vec<usize>>);

impl ScriptHost for Host {
    fn call(&self, function: u32, columns: RecordBatch, _: JsType) -> Result<ArrayRef> {
        self.0.lock().unwrap().push(columns.num_rows());
        if function != 0 {
            return Err(RowError::script(function, 1, "no such luck"));
        }
        let values = columns.column(0).as_primitive::<Float64Type>();
        let doubled = values.iter().map(|value| value.filter(|value| *value != 2.0).map(|value| value * 2.0));
        Ok(Arc::new(doubled.collect::<Float64Array>()))
    }
}

fn script(function: u32) -> Expression {
    let columns = json!([{ "name": "n", "type": "number", "nullable": true }]);
    let script = json!({ "kind": "script", "function": function, "columns": columns, "source": "d => …", "type": "number" });
    serde_json::from_value(script).unwrap()
}

/// Over an int64 column 1, 2, 3: the engine sends what JavaScript sees.
fn evaluate(expression: &Expression, scripts: Option<&Arc<dyn ScriptHost>>, predicate: bool, rows: usize) -> Result<ArrayRef> {
    let table = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef)])?.slice(0, rows);
    let schema = DFSchema::try_from(table.schema())?;
    let over = Rows { schema: &schema, scripts };
    assert!(can_throw(expression, &schema)?);
    let expr = if predicate { lower_predicate(expression, over)? } else { lower(expression, over)? };
    let physical = create_physical_expr(&expr, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    physical.evaluate(&table)?.into_array(table.num_rows())
}

#[test]
fn a_batch_is_one_call() {
    let host = Arc::new(Host::default());
    let scripts: Arc<dyn ScriptHost> = host.clone();
    let values = evaluate(&script(0), Some(&scripts), false, 3).unwrap();
    assert_eq!(values.as_primitive::<Float64Type>(), &Float64Array::from(vec![Some(2.0), None, Some(6.0)]));
    let truth = evaluate(&script(0), Some(&scripts), true, 3).unwrap();
    assert_eq!(truth.as_boolean().iter().collect::<Vec<_>>(), [Some(true), Some(false), Some(true)]);
    assert_eq!(evaluate(&script(0), Some(&scripts), false, 0).unwrap().len(), 0);
    assert_eq!(*host.0.lock().unwrap(), [3, 3]);
}

#[test]
fn what_it_throws_has_its_row_and_function() {
    let scripts: Arc<dyn ScriptHost> = Arc::new(Host::default());
    let error = evaluate(&script(7), Some(&scripts), false, 3).unwrap_err();
    let thrown = RowError::of(&error).unwrap();
    assert_eq!((thrown.code, thrown.row, thrown.script, thrown.message.as_str()), ("LS2009", 1, Some(7), "no such luck"));
    assert!(evaluate(&script(0), None, false, 3).unwrap_err().to_string().contains("script#0 has nobody to run it"));
}
