//! Aggregates of a whole table that would keep all its values, where memory is short: each is a table of its own, made by operators
//! that spread over the ranks and spill.
//!
//! ```text
//! rollup({ n: count(), kinds: distinct("zone"), middle: median("miles") })
//!
//!         ┌─ the other aggregates ─────────────────────────────────────────┐
//! table ──┼─ group by zone ── count ───────────────────────────────────────┼─ one row
//!         └─ sort by miles ── number the rows ── those around the middle ──┘
//! ```
//! The table is read once for each; one that is more than a scan is computed once, and read as often.
use arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{first_value, max, min};
use datafusion::logical_expr::{Case, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ident, lit};
use lockstep_functions::{aggregate, canonical_key, lower_predicate, valid, valid_number};
use lockstep_plan::{Aggregate, AggregateFunction, NamedAggregate, Node, NodeId};

use super::Builder;
use super::built::{Built, Unqualified, cast, extension, filtered, named, stored};
use crate::error::{EngineError, Result};
use crate::planner::Way;
use crate::planner::nodes::{Place, PlaceNode};
use crate::planner::order::Order;

/// Lists keep theirs in any case: they are one value of one row.
fn keeps_values(item: &NamedAggregate) -> bool {
    use AggregateFunction as F;
    matches!(item.function, F::Distinct | F::Median | F::Quantile | F::Mode)
}

impl Builder<'_> {
    pub(super) fn is_apart(&self, node: &Aggregate) -> bool {
        self.way == Way::Merging && node.keys.is_empty() && node.aggregates.iter().any(keeps_values)
    }

    /// How often the inputs of a node are read.
    pub fn reads(&self, node: &Node) -> usize {
        let Node::Aggregate(node) = node else { return 1 };
        if !self.is_apart(node) {
            return 1;
        }
        let apart = node.aggregates.iter().filter(|item| keeps_values(item));
        // What is sorted is counted, too.
        let reads = |item: &NamedAggregate| if matches!(item.function, AggregateFunction::Median | AggregateFunction::Quantile) { 2 } else { 1 };
        apart.map(reads).sum::<usize>() + usize::from(!node.aggregates.iter().all(keeps_values))
    }

    /// One row, whose columns are each made by a plan of its own; those that keep no values by one.
    pub(super) fn aggregate_apart(&mut self, id: NodeId, node: &Aggregate) -> Result<Built> {
        let (apart, together): (Vec<_>, Vec<_>) = node.aggregates.iter().cloned().partition(|item| keeps_values(item));
        let mut row: Option<LogicalPlanBuilder> = None;
        let mut beside = |plan: LogicalPlan| -> Result<()> {
            row = Some(match row.take() {
                Some(row) => row.cross_join(plan)?,
                None => LogicalPlanBuilder::from(plan),
            });
            Ok(())
        };
        if !together.is_empty() {
            beside(self.aggregate(id, &Aggregate { aggregates: together, ..node.clone() })?.plan)?;
        }
        for item in &apart {
            let input = self.build(node.input)?;
            beside(self.apart(input, item)?)?;
        }
        let visible: Vec<String> = node.aggregates.iter().map(|item| item.name.clone()).collect();
        let row = row.ok_or_else(|| EngineError::bug("an aggregate of nothing apart"))?;
        let plan = row.columns(visible.iter().map(ident))?.build()?;
        Ok(Built { plan, visible, order: Order::Natural, below: 1, peers: vec![] })
    }

    fn apart(&mut self, input: Built, item: &NamedAggregate) -> Result<LogicalPlan> {
        let input = match &item.filter {
            Some(filter) => {
                let filter = lower_predicate(filter, self.rows(input.schema()))?;
                filtered(input, filter)?
            }
            None => input,
        };
        let argument = item.arg.as_ref().ok_or_else(|| EngineError::bug(format!("{} of nothing", item.function)))?;
        let argument = stored(argument, self.rows(input.schema()))?;
        match (item.function, item.fraction) {
            (AggregateFunction::Distinct, _) => self.distinct(input, argument, &item.name),
            (AggregateFunction::Mode, _) => self.mode(input, argument, &item.name),
            (AggregateFunction::Median, _) => self.quantile(input, argument, 0.5, item),
            (AggregateFunction::Quantile, Some(fraction)) => self.quantile(input, argument, fraction.0, item),
            (function, _) => Err(EngineError::bug(format!("{function} apart"))),
        }
    }

    /// Groups of equal values, counted. Null and NaN are one.
    fn distinct(&mut self, input: Built, argument: Expr, name: &str) -> Result<LogicalPlan> {
        let value = self.hidden("value");
        let data_type = argument.get_type(input.schema())?;
        let key = canonical_key(valid(argument, &data_type), &data_type);
        let groups = input.builder().groups(vec![named(key, &value)], vec![])?;
        let rows = aggregate(AggregateFunction::Count, None, &DataType::Null)?;
        Ok(groups.groups(vec![], vec![rows.alias(name)])?.build()?)
    }

    /// Of the groups of equal values the largest, of several the one that begins first.
    fn mode(&mut self, input: Built, argument: Expr, name: &str) -> Result<LogicalPlan> {
        let Order::Position(position) = input.order.clone() else {
            return Err(EngineError::bug("mode has no positions to choose by"));
        };
        let [value, rows, first] = ["value", "rows", "first"].map(|what| self.hidden(what));
        let data_type = argument.get_type(input.schema())?;
        let key = named(canonical_key(valid(argument, &data_type), &data_type), &value);
        let count = aggregate(AggregateFunction::Count, None, &DataType::Null)?;
        let groups = input.builder().groups(vec![key], vec![count.alias(&rows), min(ident(position)).alias(&first)])?.filter(ident(&value).is_not_null())?;
        let order = vec![ident(&rows).sort(false, false), ident(&first).sort(true, false)];
        Ok(groups.groups(vec![], vec![first_value(ident(&value), order).alias(name)])?.build()?)
    }

    /// Of the sorted values the one at the fraction, or between the two around it: as `lockstep_functions` has it of values in memory.
    fn quantile(&mut self, input: Built, argument: Expr, fraction: f64, item: &NamedAggregate) -> Result<LogicalPlan> {
        let [value, place, rows] = ["value", "place", "rows"].map(|what| self.hidden(what));
        let data_type = argument.get_type(input.schema())?;
        let number = valid_number(item.function, argument, &data_type)?;
        let values = input.builder().columns(vec![number.alias(&value)])?.filter(ident(&value).is_not_null())?.build()?;
        let count = aggregate(AggregateFunction::Count, None, &DataType::Null)?;
        let counted = LogicalPlanBuilder::from(values.clone()).groups(vec![], vec![count.alias(&rows)])?;
        let order = vec![ident(&value).sort(true, true)];
        let sorted = LogicalPlanBuilder::from(values).sort(order.clone())?.build()?;
        let numbered = extension(PlaceNode::new(Place::RowNumber { name: place.clone() }, vec![sorted], order)?);

        let float = |value: Expr| cast(value, &DataType::Float64);
        let at = |rows: Expr| (float(rows) - lit(1.0)) * lit(fraction.clamp(0.0, 1.0));
        // Positions are not negative.
        let whole = |position: Expr| cast(position, &DataType::Int64);
        let below = whole(at(ident(&rows)));
        let around = ident(&place).gt_eq(below.clone()).and(ident(&place).lt_eq(below + lit(1i64)));
        let [least, most, all] = ["least", "most", "all"].map(|what| self.hidden(what));
        let two = vec![min(ident(&value)).alias(&least), max(ident(&value)).alias(&most), max(ident(&rows)).alias(&all)];
        let two = counted.cross_join(numbered)?.filter(around)?.groups(vec![], two)?;

        let position = at(ident(&all));
        let between = ident(&least) + (ident(&most) - ident(&least)) * (position.clone() - float(whole(position)));
        let result = match fraction > 0.0 && fraction < 1.0 {
            true => Expr::Case(Case::new(None, vec![(Box::new(ident(&all).eq(lit(1i64))), Box::new(ident(&least)))], Some(Box::new(between)))),
            false => ident(&least),
        };
        Ok(two.columns(vec![result.alias(&item.name)])?.build()?)
    }
}
