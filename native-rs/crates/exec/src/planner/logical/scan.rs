//! Scans. What is known of a row before it is read: the scan's own filter, and the filters right above it.
use lockstep_functions::{lower_predicate, pruning_predicate};
use lockstep_plan::{ColumnType, Expression, JsType, Node, NodeId, Plan};

use super::Builder;
use super::built::{Built, filtered};
use crate::error::Result;
use crate::planner::order::Want;

/// Row groups, and rows of a database, that the scan's filter and these above it leave nothing of are not read. The compiler
/// pushes into a scan what it knows before the call; filters by values of the call stay where they are, and are applied there.
impl Builder<'_> {
    pub(super) fn scan(&mut self, id: NodeId, dataset: u32, columns: &[ColumnType], filter: Option<&Expression>) -> Result<Built> {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let position = (self.want(id) == Want::Position).then(|| self.hidden("position"));
        let bare = self.sources.scan(dataset, &names, position.as_deref(), None)?;
        let above = filters_above(self.plan, id);
        // In the order in which a row meets them: no row is kept from one that may throw.
        let all = filter.into_iter().chain(above).cloned().reduce(and);
        let bounds = all.and_then(|all| pruning_predicate(&all, bare.schema()));
        let read = match &bounds {
            Some(bounds) => self.sources.scan(dataset, &names, position.as_deref(), Some(bounds))?,
            None => bare,
        };
        let Some(filter) = filter else { return Ok(read) };
        let filter = lower_predicate(filter, self.rows(read.schema()))?;
        filtered(read, filter)
    }
}

fn and(left: Expression, right: Expression) -> Expression {
    Expression::And { left: Box::new(left), right: Box::new(right), js: JsType::Boolean }
}

/// The filters that all rows of a node pass through, in their order.
fn filters_above(plan: &Plan, mut id: NodeId) -> Vec<&Expression> {
    let mut filters = vec![];
    while let Some((filter, predicate)) = only_filter(plan, id) {
        filters.push(predicate);
        id = filter;
    }
    filters
}

/// The filter that alone reads a node.
fn only_filter(plan: &Plan, id: NodeId) -> Option<(NodeId, &Expression)> {
    let sinks = plan.sinks.iter().filter(|sink| sink.input() == id).count();
    let mut readers = plan.nodes.iter().enumerate().flat_map(|(reader, node)| node.inputs().into_iter().filter(|input| *input == id).map(move |_| (reader, node)));
    match (sinks, readers.next(), readers.next()) {
        (0, Some((reader, Node::Filter { predicate, .. })), None) => Some((reader, predicate)),
        _ => None,
    }
}
