//! Strings that the files have as codes of a dictionary stay codes while a filter looks at them: it is evaluated once per entry
//! instead of once per row, and only rows that are left become text.
use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AnyDictionaryArray, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

use super::memo::only_column;
use super::packed_aggregate::reads;
use crate::operators::ScanExec;

/// Filters over scans: columns that the filter looks at entry by entry are scanned as codes.
pub fn filter_codes(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|plan| {
        let coded = plan.downcast_ref::<FilterExec>().map(over_codes).transpose()?.flatten();
        Ok(coded.map_or_else(|| Transformed::no(plan), Transformed::yes))
    })
    .data()
}

fn over_codes(filter: &FilterExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(scan) = filter.input().downcast_ref::<ScanExec>() else { return Ok(None) };
    let mut predicate = filter.predicate().clone();
    let mut coded = Vec::new();
    for column in (0..scan.columns().len()).filter(|column| scan.has_codes(*column)) {
        if !reads(&predicate, column) {
            continue;
        }
        let entries = by_entry(predicate.clone(), column, &scan.schema())?;
        if !reads_rows(&entries, column) {
            predicate = entries;
            coded.push(column);
        }
    }
    if coded.is_empty() {
        return Ok(None);
    }
    let input: Arc<dyn ExecutionPlan> = Arc::new(scan.coded(&coded)?);
    let projection: Option<Vec<usize>> = filter.projection().as_ref().map(|columns| columns.to_vec());
    let outputs = projection.clone().unwrap_or_else(|| (0..input.schema().fields().len()).collect());
    let filtered = Arc::new(FilterExecBuilder::new(predicate, input).apply_projection(projection)?.build()?);
    if !outputs.iter().any(|column| coded.contains(column)) {
        return Ok(Some(filtered));
    }
    let schema = filtered.schema();
    let text = |(at, column): (usize, &usize)| {
        let name = schema.field(at).name();
        let place: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, at));
        let expr = if coded.contains(column) { Arc::new(CastExpr::new(place, DataType::Utf8, None)) as _ } else { place };
        ProjectionExpr { expr, alias: name.clone() }
    };
    let texts = outputs.iter().enumerate().map(text).collect::<Vec<_>>();
    Ok(Some(Arc::new(ProjectionExec::try_new(texts, filtered)?)))
}

/// The largest conditions that look at `column` alone, entry by entry.
fn by_entry(predicate: Arc<dyn PhysicalExpr>, column: usize, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    let replaced = predicate.transform_down(|expression| {
        let condition = only_column(&expression) == Some(column) && expression.data_type(schema)? == DataType::Boolean;
        Ok(match condition {
            true => Transformed::new(Arc::new(ByEntry::new(expression, column, schema)?) as _, true, TreeNodeRecursion::Jump),
            false => Transformed::no(expression),
        })
    });
    replaced.data()
}

/// Whether an expression looks at the column otherwise than by entry.
fn reads_rows(expression: &Arc<dyn PhysicalExpr>, column: usize) -> bool {
    match expression.downcast_ref::<Column>() {
        Some(found) => found.index() == column,
        None if expression.is::<ByEntry>() => false,
        None => expression.children().into_iter().any(|child| reads_rows(child, column)),
    }
}

/// A condition on a string column that comes as codes.
#[derive(Debug)]
pub struct ByEntry {
    /// The column.
    place: Arc<dyn PhysicalExpr>,
    /// Bound to it alone.
    condition: Arc<dyn PhysicalExpr>,
    schema: Arc<Schema>,
}

impl ByEntry {
    /// What is asked of each entry, and of which columns.
    pub fn condition(&self) -> (&Arc<dyn PhysicalExpr>, &Schema) {
        (&self.condition, &self.schema)
    }

    fn new(condition: Arc<dyn PhysicalExpr>, column: usize, schema: &Schema) -> Result<Self> {
        let field = schema.field(column);
        let alone = |expression: Arc<dyn PhysicalExpr>| {
            Ok(match expression.is::<Column>() {
                true => Transformed::yes(Arc::new(Column::new(field.name(), 0)) as Arc<dyn PhysicalExpr>),
                false => Transformed::no(expression),
            })
        };
        let condition = condition.transform_up(alone).data()?;
        let schema = Arc::new(Schema::new(vec![Field::new(field.name(), DataType::Utf8, true)]));
        Ok(Self { place: Arc::new(Column::new(field.name(), column)), condition, schema })
    }

    /// Of each value.
    fn holds(&self, values: ArrayRef) -> Result<BooleanBuffer> {
        let rows = values.len();
        let batch = RecordBatch::try_new(self.schema.clone(), vec![values])?;
        let held = self.condition.evaluate(&batch)?.into_array(rows)?;
        let held = held.as_boolean();
        Ok(match held.nulls() {
            Some(valid) => held.values() & valid.inner(),
            None => held.values().clone(),
        })
    }

    fn of(&self, column: &dyn AnyDictionaryArray) -> Result<BooleanBuffer> {
        let keys = column.keys().as_primitive::<Int32Type>();
        // Where entries outnumber rows, rows are evaluated; and where it throws of an entry, which may be in no row.
        let few = column.values().len() <= column.len();
        let entries = if few { self.holds(cast(column.values(), &DataType::Utf8)?).ok() } else { None };
        let Some(entries) = entries else { return self.holds(cast(&column.slice(0, column.len()), &DataType::Utf8)?) };
        let entry = |row: usize| entries.value(keys.value(row) as usize);
        match keys.nulls().filter(|valid| valid.null_count() > 0) {
            None => Ok(BooleanBuffer::collect_bool(keys.len(), entry)),
            Some(valid) => {
                let of_null = self.holds(new_null_array(&DataType::Utf8, 1))?.value(0);
                Ok(BooleanBuffer::collect_bool(keys.len(), |row| if valid.is_valid(row) { entry(row) } else { of_null }))
            }
        }
    }
}

impl PhysicalExpr for ByEntry {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(false)
    }

    fn return_field(&self, _: &Schema) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.to_string(), DataType::Boolean, false)))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let column = self.place.evaluate(batch)?.into_array(batch.num_rows())?;
        let bits = match column.as_any_dictionary_opt() {
            Some(codes) => self.of(codes)?,
            None => self.holds(column)?,
        };
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(bits, None))))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.place]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let Ok([place]) = <[_; 1]>::try_from(children) else {
            return Err(DataFusionError::Internal("a condition by entry has one child".into()));
        };
        Ok(Arc::new(Self { place, condition: self.condition.clone(), schema: self.schema.clone() }))
    }

    fn fmt_sql(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.condition.fmt_sql(f)
    }
}

impl Display for ByEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "codes({})", self.condition)
    }
}

impl PartialEq for ByEntry {
    fn eq(&self, other: &Self) -> bool {
        self.place.eq(&other.place) && self.condition.eq(&other.condition)
    }
}

impl Eq for ByEntry {}

impl Hash for ByEntry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
        self.condition.hash(state);
    }
}
