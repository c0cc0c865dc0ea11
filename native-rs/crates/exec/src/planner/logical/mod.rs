//! Plan nodes → DataFusion logical plans. All columns are unqualified; hidden ones carry order.
mod aggregate;
mod apart;
mod asof;
mod bins;
mod built;
mod concat;
mod join;
mod scan;
mod unroll;
mod windows;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, SortExpr, ident};
use lockstep_functions::{Rows, ScriptHost, lower, lower_predicate, sort_key, untouched};
use lockstep_plan::{Node, NodeId, Plan, SortKey};

pub use self::built::{Built, leaf};
use self::built::{Unqualified, extension, filtered, named, order_keys, sorted, stored};
use super::Way;
use super::nodes::{Place, PlaceNode};
use super::order::{Order, Want, is_total, peers};
use crate::error::{EngineError, Result};

/// Where leaves come from.
pub trait Sources: Send + Sync {
    /// A leaf for a `Scan` of these columns, with a position column of this name.
    fn scan(&self, dataset: u32, columns: &[String], position: Option<&str>, filter: Option<&Expr>) -> Result<Built>;
}

pub struct Builder<'a> {
    pub plan: &'a Plan,
    pub wants: Vec<Option<Want>>,
    /// The nodes whose consumers ask which rows the sort in force found equal.
    pub peers: Vec<bool>,
    pub unique: Vec<Vec<Vec<String>>>,
    pub sources: &'a dyn Sources,
    /// Who runs the plan's scripts.
    pub scripts: Option<&'a Arc<dyn ScriptHost>>,
    way: Way,
    /// Tables that are computed elsewhere, by node.
    pub leaves: HashMap<NodeId, Built>,
    hidden: usize,
}

impl<'a> Builder<'a> {
    pub fn new(
        plan: &'a Plan,
        wants: Vec<Option<Want>>,
        unique: Vec<Vec<Vec<String>>>,
        sources: &'a dyn Sources,
        scripts: Option<&'a Arc<dyn ScriptHost>>,
        way: Way,
    ) -> Self {
        Self { plan, peers: peers(plan), wants, unique, sources, scripts, way, leaves: HashMap::new(), hidden: 0 }
    }

    pub(super) fn rows<'b>(&self, schema: &'b DFSchema) -> Rows<'b>
    where
        'a: 'b,
    {
        Rows { schema, scripts: self.scripts }
    }

    /// A name that no column has: those of a spool got theirs from the plan that filled it.
    pub(super) fn hidden(&mut self, what: &str) -> String {
        loop {
            self.hidden += 1;
            let name = format!("$lockstep:{what}:{}", self.hidden);
            if self.leaves.values().all(|leaf| leaf.schema().index_of_column_by_name(None, &name).is_none()) {
                return name;
            }
        }
    }

    /// The table of a sink: the visible columns, sorted if `ordered`.
    pub fn root(&mut self, id: NodeId, ordered: bool) -> Result<LogicalPlan> {
        let built = self.build(id)?;
        let visible: Vec<Expr> = built.visible.iter().map(ident).collect();
        let built = if ordered { sorted(built)? } else { built };
        Ok(built.builder().columns(visible)?.build()?)
    }

    /// The table of a node, with its order as far as it is wanted.
    pub fn build(&mut self, id: NodeId) -> Result<Built> {
        if let Some(leaf) = self.leaves.get(&id) {
            let leaf = leaf.clone();
            return self.as_wanted(leaf, self.want(id));
        }
        let node = &self.plan.nodes[id];
        let built = self.node(id, node).map_err(|error| error.at(node.site()))?;
        self.as_wanted(built, self.want(id)).map_err(|error| error.at(node.site()))
    }

    fn want(&self, id: NodeId) -> Want {
        self.wants[id].unwrap_or(Want::Nothing)
    }

    /// Numbers the rows if a position is wanted and the table has none.
    fn as_wanted(&mut self, built: Built, want: Want) -> Result<Built> {
        if want != Want::Position || matches!(built.order, Order::Position(_)) {
            return Ok(built);
        }
        let name = self.hidden("position");
        let (visible, below, peers) = (built.visible.clone(), built.below, built.peers.clone());
        let keys = order_keys(&built)?;
        let node = PlaceNode::new(Place::RowNumber { name: name.clone() }, vec![sorted(built)?.plan], keys)?;
        Ok(Built { plan: extension(node), visible, order: Order::Position(name), below, peers })
    }

    fn node(&mut self, id: NodeId, node: &Node) -> Result<Built> {
        match node {
            Node::Scan { dataset, columns, filter, .. } => self.scan(id, *dataset, columns, filter.as_ref()),
            Node::Filter { input, predicate, .. } => {
                let input = self.build(*input)?;
                let predicate = lower_predicate(predicate, self.rows(input.schema()))?;
                filtered(input, predicate)
            }
            Node::Derive { input, columns, .. } => {
                let input = self.build(*input)?;
                let mut output: Vec<(String, Expr)> = input.visible.iter().map(|name| (name.clone(), ident(name))).collect();
                for column in columns {
                    let value = lower(&column.expression, self.rows(input.schema()))?;
                    match output.iter_mut().find(|(name, _)| *name == column.name) {
                        Some((_, replaced)) => *replaced = value,
                        None => output.push((column.name.clone(), value)),
                    }
                }
                self.projected(input, output)
            }
            Node::Select { input, columns, .. } => {
                let input = self.build(*input)?;
                let output = columns.iter().map(|column| (column.name.clone(), ident(&column.from))).collect();
                self.projected(input, output)
            }
            Node::Join(join) => self.join(id, join),
            Node::AsofJoin(join) => self.asof(id, join),
            Node::Aggregate(aggregate) if self.is_apart(aggregate) => self.aggregate_apart(id, aggregate),
            Node::Aggregate(aggregate) => self.aggregate(id, aggregate),
            Node::Sort { input, keys, .. } => self.sort(id, *input, keys),
            Node::Window(window) => self.window(window),
            Node::Slice { input, start, end, keys, .. } if !keys.is_empty() => self.slice_groups(*input, *start, *end, keys),
            Node::Slice { input, start, end, .. } => {
                let built = self.build(*input)?;
                let keys = order_keys(&built)?;
                let built = sorted(built)?;
                let place = Place::Slice { start: *start, end: *end };
                // What was sorted for the slice comes out in order; a position still serves whoever asks for one.
                let order = match &built.order {
                    Order::Keys(_) => Order::Natural,
                    other => other.clone(),
                };
                let node = PlaceNode::new(place, vec![built.plan], keys)?;
                Ok(Built { plan: extension(node), visible: built.visible, order, below: built.below, peers: vec![] })
            }
            Node::Concat { inputs, .. } => self.concat(id, inputs),
            Node::Unroll { input, lists, index, limit, .. } => {
                self.unroll(id, *input, lists, index.as_ref(), *limit)
            }
            Node::Dedupe { input, keys, last, .. } => self.dedupe(*input, keys, *last),
            Node::Rebalance { input, step, .. } => self.rebalance(id, *input, *step),
            Node::Spool { input, .. } => self.build(*input),
        }
    }

    /// A projection to `output`; columns that order needs and that are no longer there stay under hidden names.
    pub(super) fn projected(&mut self, input: Built, output: Vec<(String, Expr)>) -> Result<Built> {
        let mut moved = HashMap::new();
        let mut expressions: Vec<Expr> = output.iter().map(|(name, value)| named(value.clone(), name)).collect();
        let mut needed: Vec<_> = input.order_columns().into_iter().collect();
        needed.sort();
        for name in needed {
            match output.iter().find(|(_, value)| *value == ident(&name)) {
                Some((new, _)) => drop(moved.insert(name, new.clone())),
                None if output.iter().any(|(taken, _)| *taken == name) => {
                    let hidden = self.hidden("order");
                    expressions.push(named(ident(&name), &hidden));
                    moved.insert(name, hidden);
                }
                None => expressions.push(ident(&name)),
            }
        }
        let moved_keys = |keys: Vec<SortExpr>| keys.into_iter().map(|key| renamed(key, &moved)).collect::<Result<Vec<_>>>();
        let order = match input.order.clone() {
            Order::Position(name) => Order::Position(moved.get(&name).cloned().unwrap_or(name)),
            Order::Keys(keys) => Order::Keys(moved_keys(keys)?),
            other => other,
        };
        let (below, peers) = (input.below, moved_keys(input.peers.clone())?);
        let plan = input.builder().columns(expressions)?.build()?;
        Ok(Built { plan, visible: output.into_iter().map(|(name, _)| name).collect(), order, below, peers })
    }

    /// Rows are dealt by their number, which is their position from then on.
    fn rebalance(&mut self, id: NodeId, input: NodeId, step: Option<u64>) -> Result<Built> {
        let input = self.build(input)?;
        let name = self.hidden("number");
        let (visible, below, peers) = (input.visible.clone(), input.below, input.peers.clone());
        let unseen = self.want(id) == Want::Nothing;
        let keys = if unseen { vec![] } else { order_keys(&input)? };
        let plan = if unseen { input.plan } else { sorted(input)?.plan };
        let node = PlaceNode::new(Place::Deal { name: name.clone(), step }, vec![plan], keys)?;
        let order = if unseen { Order::Nothing } else { Order::Position(name) };
        Ok(Built { plan: extension(node), visible, order, below, peers: if unseen { vec![] } else { peers } })
    }

    /// A sort is a promise: rows are sorted where somebody sees it.
    fn sort(&mut self, id: NodeId, input: NodeId, keys: &[SortKey]) -> Result<Built> {
        let total = is_total(&self.plan.nodes[id], &self.unique[input]);
        let mut built = self.build(input)?;
        if self.want(id) == Want::Nothing {
            return Ok(Built { order: Order::Nothing, peers: vec![], ..built });
        }
        let mut order = vec![];
        for key in keys {
            let mut value = stored(&key.expression, self.rows(built.schema()))?;
            let data_type = value.get_type(built.schema())?;
            if untouched(&key.expression).is_none() {
                let name = self.hidden("key");
                let mut columns: Vec<Expr> = built.schema().fields().iter().map(|field| ident(field.name())).collect();
                columns.push(named(value, &name));
                built.plan = LogicalPlanBuilder::from(built.plan).columns(columns)?.build()?;
                value = ident(name);
            }
            let key = sort_key(value, &data_type, key.descending);
            // A key that stands there already breaks no ties.
            if order.iter().all(|other: &SortExpr| other.expr != key.expr) {
                order.push(key);
            }
        }
        let peers = if self.peers[id] { order.clone() } else { vec![] };
        match &built.order {
            Order::Position(name) => order.push(ident(name).sort(true, false)),
            _ if total => {}
            _ => return Err(EngineError::bug("a sort with ties has no positions to break them")),
        }
        Ok(Built { order: Order::Keys(order), peers, ..built })
    }
}

/// The same key over renamed columns.
fn renamed(key: SortExpr, names: &HashMap<String, String>) -> Result<SortExpr> {
    let expr = key.expr.transform(|expr| {
        Ok(match &expr {
            Expr::Column(column) => match names.get(&column.name) {
                Some(name) => Transformed::yes(ident(name)),
                None => Transformed::no(expr),
            },
            _ => Transformed::no(expr),
        })
    });
    Ok(SortExpr { expr: expr.data()?, ..key })
}
