//! A table while its plan is built, and what is done to it as a whole.
use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DFSchemaRef};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Aggregate, Cast, Expr, Extension, LogicalPlan, LogicalPlanBuilder, SortExpr, ident};
use lockstep_functions::{Rows, lower, untouched};
use lockstep_plan::Expression;

use crate::error::{EngineError, Result};
use crate::planner::leaf::Leaf;
use crate::planner::nodes::PlaceNode;
use crate::planner::order::Order;

/// A table under construction.
#[derive(Clone)]
pub struct Built {
    pub plan: LogicalPlan,
    /// The columns the program sees, in its order.
    pub visible: Vec<String>,
    pub order: Order,
    /// Exclusive bound of the positions, or of the number of rows.
    pub below: u64,
    /// The keys of the sort in force: equal in peers. Empty if there is none, or nobody asks.
    pub peers: Vec<SortExpr>,
}

impl Built {
    pub(super) fn schema(&self) -> &DFSchemaRef {
        self.plan.schema()
    }

    pub(super) fn builder(self) -> LogicalPlanBuilder {
        LogicalPlanBuilder::from(self.plan)
    }

    /// The columns that order needs, and peers.
    pub(super) fn order_columns(&self) -> HashSet<String> {
        let read = |keys: &[SortExpr]| keys.iter().flat_map(|key| key.expr.column_refs()).map(|c| c.name.clone()).collect();
        let mut columns: HashSet<String> = match &self.order {
            Order::Nothing | Order::Natural => HashSet::new(),
            Order::Position(name) => HashSet::from([name.clone()]),
            Order::Keys(keys) => read(keys),
        };
        columns.extend::<HashSet<String>>(read(&self.peers));
        columns
    }
}

/// Steps of a plan whose columns nobody qualifies: the builder's own look each column up in the whole plan, which takes minutes where there
/// are thousands.
pub(super) trait Unqualified: Sized {
    fn columns(self, columns: impl IntoIterator<Item = Expr>) -> Result<Self>;
    fn groups(self, keys: Vec<Expr>, values: Vec<Expr>) -> Result<Self>;
}

impl Unqualified for LogicalPlanBuilder {
    fn columns(self, columns: impl IntoIterator<Item = Expr>) -> Result<Self> {
        Ok(self.project_with_validation(columns.into_iter().map(|column| (column, false)).collect())?)
    }

    fn groups(self, keys: Vec<Expr>, values: Vec<Expr>) -> Result<Self> {
        Ok(Self::new(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(self.build()?), keys, values)?)))
    }
}

/// A leaf as a table whose columns are unqualified.
pub fn leaf(leaf: Arc<Leaf>, visible: Vec<String>, order: Order, below: u64, peers: Vec<SortExpr>) -> Result<Built> {
    let column = |name: &String| Expr::Column(Column::new(Some("leaf"), name)).alias(name);
    let columns: Vec<Expr> = leaf.schema().fields().iter().map(|field| column(field.name())).collect();
    let plan = LogicalPlanBuilder::scan("leaf", provider_as_source(leaf), None)?.columns(columns)?.build()?;
    Ok(Built { plan, visible, order, below, peers })
}

/// What brings the rows into table order; nothing if they are.
pub(super) fn order_keys(built: &Built) -> Result<Vec<SortExpr>> {
    match &built.order {
        Order::Natural => Ok(vec![]),
        Order::Position(name) => Ok(vec![ident(name).sort(true, false)]),
        Order::Keys(keys) => Ok(keys.clone()),
        Order::Nothing => Err(EngineError::bug("the order of a table is observed but was not kept")),
    }
}

/// The same rows in table order.
pub(super) fn sorted(built: Built) -> Result<Built> {
    let keys = order_keys(&built)?;
    if keys.is_empty() {
        return Ok(built);
    }
    let Built { plan, visible, order, below, peers } = built;
    Ok(Built { plan: LogicalPlanBuilder::from(plan).sort(keys)?.build()?, visible, order, below, peers })
}

pub(super) fn filtered(input: Built, predicate: Expr) -> Result<Built> {
    let Built { plan, visible, order, below, peers } = input;
    Ok(Built { plan: LogicalPlanBuilder::from(plan).filter(predicate)?.build()?, visible, order, below, peers })
}

pub(super) fn extension(node: PlaceNode) -> LogicalPlan {
    LogicalPlan::Extension(Extension { node: Arc::new(node) })
}

/// The value under a name; a column under its own name as it is, so that plans stay recognisable.
pub(super) fn named(value: Expr, name: &str) -> Expr {
    if value == ident(name) { value } else { value.alias(name) }
}

pub(super) fn cast(value: Expr, data_type: &DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(value), data_type.clone()))
}

/// A column as it is stored, anything else as JavaScript computes it.
pub(super) fn stored(expression: &Expression, rows: Rows<'_>) -> Result<Expr> {
    match untouched(expression) {
        Some(name) => Ok(ident(name)),
        None => Ok(lower(expression, rows)?),
    }
}
