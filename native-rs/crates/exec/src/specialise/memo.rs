//! Functions of a small domain, computed once per distinct value instead of once per row.
//!
//! `getUTCMonth(t) + 1` depends on the day of `t` alone: over five years that is 1,827 values. The rule evaluates the
//! expression itself on one representative of each, and a row becomes a look-up in that table. A row outside the
//! domain sends its batch through the expression, so statistics that lie cost time, not answers.

use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, RecordBatch, RecordBatchOptions, StringArray, new_null_array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use lockstep_functions::compare_utf16;

use super::domain::{Domain, domains};
use super::entries::{Index, Part};

/// Of a table of values at most.
const MOST_BYTES: usize = 16 << 20;

/// Values that are computed before their size is looked at.
const LOOK: usize = 64;

/// Replaces expressions of one small-domain column in projections by look-ups.
pub fn memoise(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|plan| {
        let Some(projection) = plan.downcast_ref::<ProjectionExec>() else { return Ok(Transformed::no(plan)) };
        let input = projection.input();
        let known = domains(input);
        let mut changed = false;
        let outputs: Vec<ProjectionExpr> = projection
            .expr()
            .iter()
            .map(|output| match MemoExpr::try_new(&output.expr, &known, &input.schema()) {
                Some(memo) => {
                    changed = true;
                    ProjectionExpr { expr: Arc::new(memo), alias: output.alias.clone() }
                }
                None => output.clone(),
            })
            .collect();
        if !changed {
            return Ok(Transformed::no(plan));
        }
        Ok(Transformed::yes(Arc::new(ProjectionExec::try_new(outputs, input.clone())?) as Arc<dyn ExecutionPlan>))
    })
    .data()
}

/// `table[index(column)]`, and the expression itself where a value lies outside the domain.
#[derive(Debug, Clone)]
pub struct MemoExpr {
    expression: Arc<dyn PhysicalExpr>,
    column: usize,
    index: Index,
    /// `index.entries + 1` values of the output type.
    table: ArrayRef,
    domain: Domain,
    nullable: bool,
}

impl MemoExpr {
    /// None if the expression has no small domain, or fails on some value of it.
    fn try_new(expression: &Arc<dyn PhysicalExpr>, known: &[Domain], schema: &Schema) -> Option<Self> {
        if expression.is::<Column>() || expression.is::<Literal>() || expression.is::<Self>() {
            return None;
        }
        let column = only_column(expression)?;
        let data_type = schema.field(column).data_type();
        let index = Index::new(Part::of(expression), &known[column], data_type)?;
        let representatives = index.representatives(data_type)?;
        let table = evaluate_on(expression, column, &representatives, schema).ok()?;
        let nullable = expression.nullable(schema).ok()?;
        if !nullable && table.slice(0, index.entries).null_count() > 0 {
            return None;
        }
        let domain = Domain::of_values(&table.slice(0, index.entries));
        Some(Self { expression: expression.clone(), column, index, table, domain, nullable })
    }

    /// What it has the values of.
    pub fn expression(&self) -> &Arc<dyn PhysicalExpr> {
        &self.expression
    }

    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The same function with string values as codes of one dictionary, in JavaScript's order.
    pub fn as_labels(&self) -> Option<Self> {
        let Domain::Labels(labels) = &self.domain else { return None };
        let strings = self.table.as_string_opt::<i32>()?;
        let code = |value: &str| labels.binary_search_by(|label| compare_utf16(label, value)).ok().map(|code| code as i32);
        let codes: Int32Array = strings.iter().map(|value| value.and_then(code)).collect();
        let values = Arc::new(StringArray::from_iter_values(labels.iter()));
        Some(Self { table: Arc::new(DictionaryArray::new(codes, values)), ..self.clone() })
    }
}

/// The one column an expression reads.
pub fn only_column(expression: &Arc<dyn PhysicalExpr>) -> Option<usize> {
    fn visit(expression: &Arc<dyn PhysicalExpr>, found: &mut Option<usize>) -> bool {
        if let Some(column) = expression.downcast_ref::<Column>() {
            return *found.get_or_insert(column.index()) == column.index();
        }
        !expression.is_volatile_node() && expression.children().into_iter().all(|child| visit(child, found))
    }
    let mut found = None;
    if visit(expression, &mut found) { found } else { None }
}

/// The expression on one value per entry and on null. An error, too, where all of that is more than [`MOST_BYTES`].
fn evaluate_on(
    expression: &Arc<dyn PhysicalExpr>,
    column: usize,
    values: &ArrayRef,
    schema: &Schema,
) -> Result<ArrayRef> {
    let nullable: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let rows = values.len();
    let columns = schema.fields().iter().enumerate().map(|(at, field)| match at == column {
        true => values.clone(),
        false => new_null_array(field.data_type(), rows),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(nullable)), columns.collect(), &options)?;
    // Null is evaluated by itself: where it throws, and the column has none, it does not matter.
    let (mut parts, mut bytes, mut start) = (vec![], 0, 0);
    while start < rows - 1 {
        // As many again as are known to be small.
        let count = LOOK.max(start).min(rows - 1 - start);
        let part = expression.evaluate(&batch.slice(start, count))?.into_array(count)?;
        start += count;
        bytes += part.get_array_memory_size();
        if bytes / start * (rows - 1) > MOST_BYTES {
            return Err(DataFusionError::ResourcesExhausted("a table of values would be large".into()));
        }
        parts.push(part);
    }
    if parts.is_empty() {
        parts.push(expression.evaluate(&batch.slice(0, 0))?.into_array(0)?);
    }
    let some = arrow::compute::concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?;
    let none = match expression.evaluate(&batch.slice(rows - 1, 1)) {
        Ok(value) => value.into_array(1)?,
        Err(error) if schema.field(column).is_nullable() => return Err(error),
        Err(_) => new_null_array(some.data_type(), 1),
    };
    Ok(arrow::compute::concat(&[&some, &none])?)
}

impl PhysicalExpr for MemoExpr {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(self.table.data_type().clone())
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(self.nullable)
    }

    fn return_field(&self, _: &Schema) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.to_string(), self.table.data_type().clone(), self.nullable)))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let column = batch.column(self.column);
        match self.index.entries_of(column) {
            Some(entries) => Ok(ColumnarValue::Array(take(&self.table, &entries, None)?)),
            None => {
                let values = self.expression.evaluate(batch)?.into_array(batch.num_rows())?;
                Ok(ColumnarValue::Array(cast(&values, self.table.data_type())?))
            }
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.expression]
    }

    /// Called when columns move to other places: the table stays, the column is found again.
    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let [expression] = children.as_slice() else {
            return Err(DataFusionError::Internal("a memo has one child".into()));
        };
        let column = only_column(expression)
            .ok_or_else(|| DataFusionError::Internal("a memo's expression reads one column".into()))?;
        Ok(Arc::new(Self { expression: expression.clone(), column, ..self.as_ref().clone() }))
    }

    fn fmt_sql(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.expression.fmt_sql(f)
    }
}

impl Display for MemoExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "memo[{}]({})", self.index.entries, self.expression)
    }
}

impl PartialEq for MemoExpr {
    fn eq(&self, other: &Self) -> bool {
        self.expression.eq(&other.expression)
            && self.index == other.index
            && self.table.data_type() == other.table.data_type()
    }
}

impl Eq for MemoExpr {}

impl Hash for MemoExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expression.hash(state);
        self.index.hash(state);
    }
}
