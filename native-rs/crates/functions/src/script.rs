//! A row function that only V8 runs, as one UDF: its columns in, one column out, a batch at a time.
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use lockstep_plan::{ColumnType, JsType};

use crate::lower::Value;
use crate::view::{arrow_type, as_stored, view};

/// Where the program's own functions run.
pub trait ScriptHost: Send + Sync {
    /// The function's values, of type `arrow_type(result)`, one for each row of `columns`. Blocks the calling worker. What
    /// the function throws is [`RowError::script`](crate::RowError::script).
    fn call(&self, function: u32, columns: RecordBatch, result: JsType) -> Result<ArrayRef>;
}

/// What a row function stands over: a table's columns, and who runs what only V8 can.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub schema: &'a DFSchema,
    pub scripts: Option<&'a Arc<dyn ScriptHost>>,
}

impl<'a> From<&'a DFSchema> for Rows<'a> {
    fn from(schema: &'a DFSchema) -> Self {
        Self { schema, scripts: None }
    }
}

/// The call of script `function`; without a host it can be planned, not run.
pub(crate) fn script(
    function: u32,
    columns: &[ColumnType],
    js: JsType,
    schema: &DFSchema,
    host: Option<&Arc<dyn ScriptHost>>,
) -> Result<Value> {
    let (mut arguments, mut fields) = (vec![], vec![]);
    for ColumnType { name, js, .. } in columns {
        let stored = schema.field_with_unqualified_name(name)?.data_type();
        arguments.push(view(name, *js, stored)?);
        fields.push(Field::new(name, arrow_type(as_stored(*js, stored)), true));
    }
    let udf = Script {
        name: format!("script#{function}"),
        function,
        parameters: Arc::new(Schema::new(fields)),
        result: js,
        host: host.cloned(),
        // Volatile: evaluated as often as the program says, on the rows it says.
        signature: match columns.len() {
            0 => Signature::nullary(Volatility::Volatile),
            count => Signature::any(count, Volatility::Volatile),
        },
    };
    let expr = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(udf)), arguments));
    Ok(Value { expr, js, nullable: true, throws: true, may_be_invalid: false, size: 1 + columns.len() })
}

struct Script {
    name: String,
    function: u32,
    parameters: SchemaRef,
    result: JsType,
    host: Option<Arc<dyn ScriptHost>>,
    signature: Signature,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Within a plan a function's number says all.
impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function && self.parameters == other.parameters && self.result == other.result
    }
}

impl Eq for Script {}

impl Hash for Script {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.hash(state);
    }
}

impl ScalarUDFImpl for Script {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.result))
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(&self.name, arrow_type(self.result), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (rows, expected) = (args.number_rows, arrow_type(self.result));
        if rows == 0 {
            return Ok(ColumnarValue::Array(new_empty_array(&expected)));
        }
        let Some(host) = &self.host else { return internal_err!("{} has nobody to run it", self.name) };
        let columns = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.parameters), columns, &options)?;
        let values = host.call(self.function, batch, self.result)?;
        if values.len() != rows || *values.data_type() != expected {
            return internal_err!("{} gave {} values of type {} for {rows} rows", self.name, values.len(), values.data_type());
        }
        Ok(ColumnarValue::Array(values))
    }
}
