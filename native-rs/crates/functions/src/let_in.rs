//! `const name = value; body` as one UDF: the value is an argument, so it is computed once and before the body.
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, ident,
};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use lockstep_plan::Expression;

use crate::lower::{Scope, Value};
use crate::view::arrow_type;

pub(crate) fn let_in(scope: &mut Scope, name: &str, value: Value, body: &Expression) -> Result<Value> {
    // A name that no column has.
    let local = format!("const {name}#{}", scope.schema.fields().len());
    let field = Field::new(&local, arrow_type(value.js), value.nullable);
    let outer = scope.schema.as_arrow();
    let fields: Vec<FieldRef> = outer.fields().iter().cloned().chain([Arc::new(field)]).collect();
    let schema = DFSchema::try_from(Schema::new(fields))?;
    let reference = Value { expr: ident(&local), size: 1, throws: false, ..value.clone() };
    let body = scope.over(&schema).with(name, reference, |scope| scope.value(body))?;

    let used: BTreeSet<String> = body.expr.column_refs().iter().map(|column| column.name.clone()).collect();
    let fields = used.iter().map(|name| Ok(Arc::clone(schema.field_with_unqualified_name(name)?))).collect::<Result<Vec<_>>>()?;
    let parameters = Arc::new(Schema::new(fields));
    let physical = create_physical_expr(
        &body.expr,
        &DFSchema::try_from(Arc::clone(&parameters))?,
        &ExecutionProps::new(),
        &PhysicalPlanningContext::default(),
    )?;
    let mut arguments: Vec<Expr> =
        used.iter().map(|column| if *column == local { value.expr.clone() } else { ident(column) }).collect();
    // A value that the body does not read is still evaluated: it may throw.
    if !used.contains(&local) {
        arguments.push(value.expr);
    }
    let body_kind = body.clone();
    let udf = LetIn {
        name: format!("let({})", body.expr),
        body: body.expr,
        parameters,
        physical,
        signature: Signature::any(arguments.len(), Volatility::Immutable),
        result: arrow_type(body.js),
        nullable: body.nullable,
    };
    let expr = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(udf)), arguments));
    Ok(Value { expr, throws: value.throws || body_kind.throws, size: value.size + 1, ..body_kind })
}

#[derive(Debug)]
struct LetIn {
    /// Holds the body, because equal names mean equal expressions to the engine.
    name: String,
    body: Expr,
    /// The columns of the body, in the order of the arguments.
    parameters: SchemaRef,
    physical: Arc<dyn PhysicalExpr>,
    signature: Signature,
    result: DataType,
    nullable: bool,
}

impl PartialEq for LetIn {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body && self.parameters == other.parameters
    }
}

impl Eq for LetIn {}

impl Hash for LetIn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for LetIn {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(&self.name, self.result.clone(), self.nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = args.args[..self.parameters.fields().len()]
            .iter()
            .map(|value| value.to_array(rows))
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        self.physical.evaluate(&RecordBatch::try_new_with_options(Arc::clone(&self.parameters), columns, &options)?)
    }
}
