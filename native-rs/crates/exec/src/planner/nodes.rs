//! Logical nodes of ours that DataFusion has no word for: rows chosen or numbered by their place in the table.
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use async_trait::async_trait;
use datafusion::common::{DFSchema, DFSchemaRef, Result, internal_datafusion_err};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, SortExpr, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::catalog::Session;
use datafusion::physical_expr::expressions::col as physical_column;
use datafusion::physical_expr::{LexOrdering, create_physical_sort_exprs};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use crate::operators::{ConcatExec, DealExec, GroupTopKExec, RowNumberExec, SliceExec};

/// What one of our nodes does to its inputs, whose rows come in table order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Rows start..end, as `Array.slice`.
    Slice { start: i64, end: Option<i64> },
    /// Adds the row's number as an int64 column of this name.
    RowNumber { name: String },
    /// Adds the row's number, by which rows are dealt to the ranks: evenly, of the whole table or of so many rows after so many.
    Deal { name: String, step: Option<u64> },
    /// The rows of all inputs.
    Concat,
    /// Of the groups by these columns at least the first rows, so many.
    TopOfGroups { keys: Vec<String>, rows: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlaceNode {
    pub place: Place,
    pub inputs: Vec<LogicalPlan>,
    /// How the input is sorted. Said here, because the optimizer may put a projection between the sort and this node, behind
    /// which nobody sees the order. No expression of this node's own: all input columns stay, under their names.
    order: Vec<SortExpr>,
    schema: DFSchemaRef,
}

impl PlaceNode {
    pub fn new(place: Place, inputs: Vec<LogicalPlan>, order: Vec<SortExpr>) -> Result<Self> {
        let schema = match &place {
            Place::Slice { .. } | Place::TopOfGroups { .. } => inputs[0].schema().clone(),
            Place::RowNumber { name } | Place::Deal { name, .. } => {
                let mut fields: Vec<_> = inputs[0].schema().fields().to_vec();
                fields.push(Arc::new(Field::new(name, DataType::Int64, false)));
                Arc::new(DFSchema::from_unqualified_fields(fields.into(), Default::default())?)
            }
            // A column is nullable if it is in any input.
            Place::Concat => {
                let field = |(index, field): (usize, &Arc<Field>)| {
                    let nullable = inputs.iter().any(|input| input.schema().field(index).is_nullable());
                    Arc::new(Field::new(field.name(), field.data_type().clone(), nullable))
                };
                let fields: Vec<_> = inputs[0].schema().fields().iter().enumerate().map(field).collect();
                Arc::new(DFSchema::from_unqualified_fields(fields.into(), Default::default())?)
            }
        };
        Ok(Self { place, inputs, order, schema })
    }
}

impl PartialOrd for PlaceNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.place.partial_cmp(&other.place)
    }
}

impl UserDefinedLogicalNodeCore for PlaceNode {
    fn name(&self) -> &str {
        match self.place {
            Place::Slice { .. } => "Slice",
            Place::RowNumber { .. } => "RowNumber",
            Place::Deal { .. } => "Deal",
            Place::Concat => "Concat",
            Place::TopOfGroups { .. } => "TopOfGroups",
        }
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.inputs.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![]
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.place)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        Self::new(self.place.clone(), inputs, self.order.clone())
    }
}

/// Turns our logical nodes into our operators.
pub struct PlacePlanner;

#[async_trait]
impl ExtensionPlanner for PlacePlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<PlaceNode>() else { return Ok(None) };
        let partitions = session.config().target_partitions();
        let order = create_physical_sort_exprs(&node.order, node.inputs[0].schema(), session.execution_props(), context)?;
        let order = LexOrdering::new(order);
        Ok(Some(match &node.place {
            Place::Slice { start, end } => Arc::new(SliceExec::new(inputs[0].clone(), *start, *end, order, partitions)),
            Place::RowNumber { name } => Arc::new(RowNumberExec::new(inputs[0].clone(), name, order, partitions)),
            Place::Deal { name, step } => Arc::new(DealExec::new(inputs[0].clone(), name, *step, order, partitions)),
            Place::Concat => Arc::new(ConcatExec::new(inputs.to_vec(), node.schema.inner().clone())),
            Place::TopOfGroups { keys, rows } => {
                let schema = inputs[0].schema();
                let keys = keys.iter().map(|key| physical_column(key, &schema)).collect::<Result<Vec<_>>>()?;
                let order = order.ok_or_else(|| internal_datafusion_err!("the top of groups in no order"))?;
                Arc::new(GroupTopKExec::new(inputs[0].clone(), keys, order, *rows as usize))
            }
        }))
    }
}
