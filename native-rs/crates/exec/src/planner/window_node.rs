//! The logical node of windows, and how it becomes an operator.
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, DFSchemaRef, Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, SortExpr, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_expr::aggregate::LoweredAggregateBuilder;
use datafusion::physical_expr::{LexOrdering, create_physical_sort_exprs};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use lockstep_plan::WindowFunction;

use crate::operators::WindowExec;
use crate::windows::{AggregateFrame, FunctionCall, RowsFrame, WindowCall, WindowSpec, Windows};

/// A column that a window computes, of input columns by name.
#[derive(Debug, Clone)]
pub struct PlannedWindow {
    pub name: String,
    pub call: PlannedCall,
}

#[derive(Debug, Clone)]
pub enum PlannedCall {
    Function { function: WindowFunction, arg: Option<String>, number: f64, default: Option<ScalarValue>, frame: RowsFrame },
    Aggregate { expr: Expr, frame: Option<PlannedFrame> },
}

#[derive(Debug, Clone)]
pub enum PlannedFrame {
    Rows(RowsFrame),
    Range { on: String, preceding: f64, following: f64 },
}

impl PlannedCall {
    /// What the column holds, given the node's input.
    fn data_type(&self, input: &DFSchema) -> Result<DataType> {
        use WindowFunction as F;
        use datafusion::logical_expr::ExprSchemable;
        match self {
            Self::Aggregate { expr, .. } => expr.get_type(input),
            Self::Function { arg: Some(arg), .. } => Ok(input.field_with_unqualified_name(arg)?.data_type().clone()),
            Self::Function { function: F::AvgRank | F::PercentRank | F::CumeDist, .. } => Ok(DataType::Float64),
            Self::Function { .. } => Ok(DataType::Int64),
        }
    }

    fn columns(&self) -> Vec<String> {
        match self {
            Self::Function { arg, .. } => arg.iter().cloned().collect(),
            Self::Aggregate { expr, frame } => {
                let mut names: Vec<String> = expr.column_refs().iter().map(|column| column.name.clone()).collect();
                if let Some(PlannedFrame::Range { on, .. }) = frame {
                    names.push(on.clone());
                }
                names.sort();
                names
            }
        }
    }
}

/// Adds the windows' columns. All input columns stay, under their names: none of the expressions here is to be rewritten.
#[derive(Debug, Clone)]
pub struct WindowNode {
    pub input: LogicalPlan,
    pub columns: Vec<PlannedWindow>,
    pub keys: Vec<String>,
    pub peers: Vec<String>,
    /// The order of the rows, within groups if there are keys.
    pub order: Vec<SortExpr>,
    schema: DFSchemaRef,
}

impl WindowNode {
    pub fn new(input: LogicalPlan, columns: Vec<PlannedWindow>, keys: Vec<String>, peers: Vec<String>, order: Vec<SortExpr>) -> Result<Self> {
        let mut fields: Vec<_> = input.schema().fields().to_vec();
        for column in &columns {
            fields.push(Arc::new(Field::new(&column.name, column.call.data_type(input.schema())?, true)));
        }
        let schema = Arc::new(DFSchema::from_unqualified_fields(fields.into(), Default::default())?);
        Ok(Self { input, columns, keys, peers, order, schema })
    }

    /// What tells two nodes apart.
    fn text(&self) -> String {
        format!("{:?} {:?} {:?} {:?}", self.columns, self.keys, self.peers, self.order)
    }
}

impl PartialEq for WindowNode {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input && self.text() == other.text()
    }
}

impl Eq for WindowNode {}

impl Hash for WindowNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.text().hash(state);
    }
}

impl PartialOrd for WindowNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.text().partial_cmp(&other.text())
    }
}

impl UserDefinedLogicalNodeCore for WindowNode {
    fn name(&self) -> &str {
        "Window"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![]
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        write!(f, "Window: {}", names.join(", "))
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        Self::new(inputs.swap_remove(0), self.columns.clone(), self.keys.clone(), self.peers.clone(), self.order.clone())
    }
}

/// Turns the node into its operator.
pub struct WindowPlanner;

#[async_trait]
impl ExtensionPlanner for WindowPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<WindowNode>() else { return Ok(None) };
        let props = session.execution_props();
        let input = node.input.schema();
        let order = LexOrdering::new(create_physical_sort_exprs(&node.order, input, props, context)?);

        let mut names: Vec<String> = node.columns.iter().flat_map(|column| column.call.columns()).collect();
        names.extend(node.keys.iter().chain(&node.peers).cloned());
        if names.is_empty() {
            // A column that nobody reads, for its rows.
            names.push(input.field(0).name().clone());
        }
        names.sort();
        names.dedup();
        let place = |name: &String| names.binary_search(name).map_err(|_| internal_datafusion_err!("no column {name}"));
        let places = |names: &[String]| names.iter().map(place).collect::<Result<Vec<_>>>();
        let index = |name: &String| input.index_of_column_by_name(None, name).ok_or_else(|| internal_datafusion_err!("no column {name}"));
        let reads = names.iter().map(index).collect::<Result<Vec<_>>>()?;
        let read_fields: Vec<_> = reads.iter().map(|&index| input.field(index).clone()).collect();
        let read = DFSchema::from_unqualified_fields(read_fields.into(), Default::default())?;

        let mut specs = vec![];
        for column in &node.columns {
            let field = node.schema.field_with_unqualified_name(&column.name)?.clone();
            let call = match &column.call {
                PlannedCall::Function { function, arg, number, default, frame } => WindowCall::Function(FunctionCall {
                    function: *function,
                    arg: arg.as_ref().map(place).transpose()?,
                    number: *number,
                    default: default.clone(),
                    frame: *frame,
                }),
                PlannedCall::Aggregate { expr, frame } => {
                    let expr = LoweredAggregateBuilder::new(expr, &read, read.as_arrow(), props, context).build()?.aggregate;
                    let frame = match frame {
                        None => None,
                        Some(PlannedFrame::Rows(frame)) => Some(AggregateFrame::Rows(*frame)),
                        Some(PlannedFrame::Range { on, preceding, following }) => {
                            Some(AggregateFrame::Range { on: place(on)?, preceding: *preceding, following: *following })
                        }
                    };
                    WindowCall::Aggregate { expr, frame }
                }
            };
            specs.push(WindowSpec { field, call });
        }
        let windows = Windows { specs, reads, keys: places(&node.keys)?, peers: places(&node.peers)? };
        Ok(Some(Arc::new(WindowExec::new(inputs[0].clone(), windows, order, session.config().target_partitions()))))
    }
}
