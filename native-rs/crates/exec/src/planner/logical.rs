//! Plan nodes → DataFusion logical plans. All columns are unqualified; hidden ones carry order.
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchema, DFSchemaRef};
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::{first_value, min};
use datafusion::logical_expr::{
    Cast, Expr, ExprSchemable, JoinType as LogicalJoin, LogicalPlan, LogicalPlanBuilder, SortExpr, ident, lit, when,
};
use datafusion::scalar::ScalarValue;
use lockstep_functions::{Rows, ScriptHost, aggregate, any, canonical_key, join_key, lower, lower_predicate, pruning_predicate, sort_key, untouched};
use lockstep_plan::{
    Aggregate, AggregateFunction, Expression, Join, JoinKey, JoinSide, JoinType, JsType, NamedAggregate, Node, NodeId, Plan, SortKey,
};

use super::leaf::Leaf;
use super::nodes::{Place, PlaceNode};
use super::order::{Order, Want, is_total, keeps_left_only, peers};
use crate::error::{EngineError, Result};

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

    fn builder(self) -> LogicalPlanBuilder {
        LogicalPlanBuilder::from(self.plan)
    }

    /// The columns that order needs, and peers.
    fn order_columns(&self) -> HashSet<String> {
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
    ) -> Self {
        Self { plan, peers: peers(plan), wants, unique, sources, scripts, leaves: HashMap::new(), hidden: 0 }
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
        Ok(built.builder().project(visible)?.build()?)
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
            Node::Scan { dataset, columns, filter, .. } => {
                let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
                let position = (self.want(id) == Want::Position).then(|| self.hidden("position"));
                let bare = self.sources.scan(*dataset, &names, position.as_deref(), None)?;
                let Some(filter) = filter else { return Ok(bare) };
                let bounds = pruning_predicate(filter, bare.schema());
                let filter = lower_predicate(filter, self.rows(bare.schema()))?;
                let pruned = self.sources.scan(*dataset, &names, position.as_deref(), bounds.as_ref())?;
                filtered(pruned, filter)
            }
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
            Node::Dedupe { input, keys, .. } => self.dedupe(*input, keys),
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
        let plan = input.builder().project(expressions)?.build()?;
        Ok(Built { plan, visible: output.into_iter().map(|(name, _)| name).collect(), order, below, peers })
    }

    fn join(&mut self, id: NodeId, join: &Join) -> Result<Built> {
        let left = self.build(join.left)?;
        let right = self.build(join.right)?;
        let ordered = self.want(id) != Want::Nothing;
        let left_only = keeps_left_only(join.join_type);

        // Both sides may have columns of one name: the right side's get another.
        let taken: HashSet<String> = left.schema().fields().iter().map(|field| field.name().clone()).collect();
        let rename = |name: &str| {
            let mut name = format!("{name}#right");
            while taken.contains(&name) {
                name.push('\'');
            }
            name
        };
        let all = |built: &Built| -> Vec<String> { built.schema().fields().iter().map(|f| f.name().clone()).collect() };
        let mut left_columns: Vec<Expr> = all(&left).iter().map(ident).collect();
        let mut right_columns: Vec<Expr> = all(&right).iter().map(|name| named(ident(name), &rename(name))).collect();
        let (mut left_keys, mut right_keys) = (vec![], vec![]);
        for key in &join.on {
            let (on_left, on_right) = key_pair(key, self.rows(left.schema()), self.rows(right.schema()))?;
            left_keys.push(self.key_column(on_left, &mut left_columns, |name| name.to_owned()));
            right_keys.push(self.key_column(on_right, &mut right_columns, rename));
        }
        let (left_order, right_order) = (left.order.clone(), right.order.clone());
        let (left_below, right_below) = (left.below, right.below);
        let (left_visible, left_all) = (left.visible.clone(), all(&left));
        let right_plan = right.builder().project(right_columns)?.build()?;
        let left = if left_columns.len() > left_all.len() { left.builder().project(left_columns)? } else { left.builder() };
        let kind = match join.join_type {
            JoinType::Inner => LogicalJoin::Inner,
            JoinType::Left => LogicalJoin::Left,
            JoinType::Semi => LogicalJoin::LeftSemi,
            JoinType::Anti => LogicalJoin::LeftAnti,
        };
        let columns = |names: Vec<String>| names.into_iter().map(Column::new_unqualified).collect::<Vec<_>>();
        let joined = left.join(right_plan, kind, (columns(left_keys), columns(right_keys)), None)?.build()?;

        if left_only {
            let plan = LogicalPlanBuilder::from(joined).project(left_all.iter().map(ident))?.build()?;
            let order = if ordered { left_order } else { Order::Nothing };
            return Ok(Built { plan, visible: left_visible, order, below: left_below, peers: vec![] });
        }
        let mut output: Vec<Expr> = vec![];
        for column in &join.columns {
            let from = match column.side {
                JoinSide::Left => column.from.clone(),
                JoinSide::Right => rename(&column.from),
            };
            output.push(named(ident(from), &column.name));
        }
        let visible = join.columns.iter().map(|column| column.name.clone()).collect();
        let below = left_below.saturating_mul(right_below.saturating_add(1));
        let order = match (ordered, left_order, right_order) {
            (true, Order::Position(left), Order::Position(right)) => {
                let right = rename(&right);
                let unmatched_last = join.join_type == JoinType::Left;
                self.joined_order(&left, &right, left_below, right_below, unmatched_last, &mut output)?
            }
            _ => Order::Nothing,
        };
        let plan = LogicalPlanBuilder::from(joined).project(output)?.build()?;
        Ok(Built { plan, visible, order, below, peers: vec![] })
    }

    /// Left position, then right position, packed into one number where it fits; unmatched left rows after all others.
    fn joined_order(
        &mut self,
        left: &str,
        right: &str,
        left_below: u64,
        right_below: u64,
        unmatched_last: bool,
        output: &mut Vec<Expr>,
    ) -> Result<Order> {
        let fits = i64::try_from(left_below.saturating_mul(right_below.saturating_add(1))).is_ok();
        if fits {
            let name = self.hidden("position");
            let matched = ident(left) * lit(right_below as i64) + ident(right);
            let position = if unmatched_last {
                let unmatched = ident(left) + lit((left_below * right_below) as i64);
                when(ident(right).is_null(), unmatched).otherwise(matched)?
            } else {
                matched
            };
            output.push(named(position, &name));
            return Ok(Order::Position(name));
        }
        let (hidden_left, hidden_right) = (self.hidden("left"), self.hidden("right"));
        output.push(named(ident(left), &hidden_left));
        output.push(named(ident(right), &hidden_right));
        let mut keys = vec![ident(&hidden_left).sort(true, false), ident(&hidden_right).sort(true, false)];
        if unmatched_last {
            keys.insert(0, ident(&hidden_right).is_null().sort(true, false));
        }
        Ok(Order::Keys(keys))
    }

    /// The name of a column that holds a join key; added to `columns` if the key is computed.
    fn key_column(&mut self, key: Expr, columns: &mut Vec<Expr>, rename: impl Fn(&str) -> String) -> String {
        if let Expr::Column(column) = &key {
            return rename(&column.name);
        }
        let name = self.hidden("key");
        columns.push(named(key, &name));
        name
    }

    fn aggregate(&mut self, id: NodeId, node: &Aggregate) -> Result<Built> {
        let input = self.build(node.input)?;
        let schema = input.schema().clone();
        let mut keys = vec![];
        for key in &node.keys {
            let value = stored(&key.expression, self.rows(&schema))?;
            let data_type = value.get_type(&schema)?;
            keys.push(named(canonical_key(value, &data_type), &key.name));
        }
        let position = match &input.order {
            Order::Position(name) => Some(name.clone()),
            _ => None,
        };
        let mut aggregates = vec![];
        for item in &node.aggregates {
            let arg = item.arg.as_ref().map(|arg| stored(arg, self.rows(&schema))).transpose()?;
            let data_type = arg.as_ref().map_or(Ok(DataType::Null), |arg| arg.get_type(&schema))?;
            aggregates.push(aggregate_of(item, arg, &data_type, position.as_deref())?.alias(&item.name));
        }
        let names = node.keys.iter().map(|key| &key.name).chain(node.aggregates.iter().map(|item| &item.name));
        let visible: Vec<String> = names.cloned().collect();
        let first_seen = self.want(id) != Want::Nothing && !keys.is_empty();
        let order = match position {
            Some(position) if first_seen => {
                let name = self.hidden("position");
                aggregates.push(min(ident(position)).alias(&name));
                Order::Position(name)
            }
            _ if keys.is_empty() => Order::Natural,
            _ => Order::Nothing,
        };
        if keys.is_empty() && aggregates.is_empty() {
            // Nobody reads its columns, but there is a row.
            aggregates.push(aggregate(AggregateFunction::Count, None, &DataType::Null)?.alias(self.hidden("rows")));
        }
        let below = if keys.is_empty() { 1 } else { input.below };
        let plan = input.builder().aggregate(keys, aggregates)?.build()?;
        Ok(Built { plan, visible, order, below, peers: vec![] })
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
                built.plan = LogicalPlanBuilder::from(built.plan).project(columns)?.build()?;
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

    fn concat(&mut self, id: NodeId, inputs: &[NodeId]) -> Result<Built> {
        let inputs = inputs.iter().map(|&input| self.build(input)).collect::<Result<Vec<_>>>()?;
        let visible = inputs[0].visible.clone();
        let types = visible.iter().map(|name| common_type(name, &inputs)).collect::<Result<Vec<_>>>()?;
        let position = (self.want(id) != Want::Nothing).then(|| self.hidden("position"));
        let (mut below, mut parts) = (0u64, vec![]);
        for input in inputs {
            let value = |(name, data_type): (&String, &DataType)| -> Result<Expr> {
                if !input.visible.contains(name) {
                    return Ok(named(lit(ScalarValue::try_from(data_type)?), name));
                }
                let stored = ident(name).get_type(input.schema())?;
                let column = ident(name);
                Ok(if stored == *data_type {
                    column
                } else if *data_type == DataType::Float64 {
                    // Looked at, so that an integer past 2^53 is an error.
                    let number = Expression::Column { name: name.clone(), js: JsType::Number };
                    named(lower(&number, self.rows(input.schema()))?, name)
                } else {
                    named(cast(column, data_type), name)
                })
            };
            let mut columns = visible.iter().zip(&types).map(value).collect::<Result<Vec<_>>>()?;
            if let (Some(name), Order::Position(own)) = (&position, &input.order) {
                columns.push(named(ident(own) + lit(below as i64), name));
            }
            below = below.saturating_add(input.below);
            parts.push(input.builder().project(columns)?.build()?);
        }
        if i64::try_from(below).is_err() {
            return Err(EngineError::unsupported("this table may have more than 2^63 rows"));
        }
        let plan = extension(PlaceNode::new(Place::Concat, parts, vec![])?);
        Ok(Built { plan, visible, order: position.map_or(Order::Nothing, Order::Position), below, peers: vec![] })
    }

    fn dedupe(&mut self, input: NodeId, keys: &[Expression]) -> Result<Built> {
        let input = self.build(input)?;
        let Order::Position(position) = input.order.clone() else {
            return Err(EngineError::bug("a dedupe has no positions to choose by"));
        };
        let schema = input.schema().clone();
        let mut groups = vec![];
        for key in keys {
            let value = stored(key, self.rows(&schema))?;
            let data_type = value.get_type(&schema)?;
            groups.push(named(canonical_key(value, &data_type), &self.hidden("key")));
        }
        let first = |name: &String| first_value(ident(name), vec![ident(&position).sort(true, false)]).alias(name);
        let mut values: Vec<Expr> = input.visible.iter().map(first).collect();
        values.push(min(ident(&position)).alias(&position));
        let (visible, below) = (input.visible.clone(), input.below);
        let output: Vec<Expr> = visible.iter().chain([&position]).map(ident).collect();
        let plan = input.builder().aggregate(groups, values)?.project(output)?.build()?;
        Ok(Built { plan, visible, order: Order::Position(position), below, peers: vec![] })
    }
}

/// A leaf as a table whose columns are unqualified.
pub fn leaf(leaf: Arc<Leaf>, visible: Vec<String>, order: Order, below: u64, peers: Vec<SortExpr>) -> Result<Built> {
    use datafusion::catalog::TableProvider;
    let columns: Vec<Expr> = leaf.schema().fields().iter().map(|field| ident(field.name()).alias(field.name())).collect();
    let plan = LogicalPlanBuilder::scan("leaf", provider_as_source(leaf), None)?.project(columns)?.build()?;
    Ok(Built { plan, visible, order, below, peers })
}

/// An aggregate of its argument, which has that type; `position` is the column that table order is told by, where it is known.
pub(super) fn aggregate_of(item: &NamedAggregate, arg: Option<Expr>, arg_type: &DataType, position: Option<&str>) -> Result<Expr> {
    Ok(match (item.function, arg, position) {
        (AggregateFunction::Any, Some(arg), Some(position)) => any(arg, ident(position)),
        (function, arg, _) => aggregate(function, arg, arg_type)?,
    })
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
fn sorted(built: Built) -> Result<Built> {
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

fn extension(node: PlaceNode) -> LogicalPlan {
    LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) })
}

/// The value under a name; a column under its own name as it is, so that plans stay recognisable.
pub(super) fn named(value: Expr, name: &str) -> Expr {
    if value == ident(name) { value } else { value.alias(name) }
}

fn cast(value: Expr, data_type: &DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(value), data_type.clone()))
}

/// A column as it is stored, anything else as JavaScript computes it.
pub(super) fn stored(expression: &Expression, rows: Rows<'_>) -> Result<Expr> {
    match untouched(expression) {
        Some(name) => Ok(ident(name)),
        None => Ok(lower(expression, rows)?),
    }
}

/// Both sides of a join key in one type: as stored if that is one type, integers as int64, else as JavaScript sees them.
fn key_pair(key: &JoinKey, left: Rows<'_>, right: Rows<'_>) -> Result<(Expr, Expr)> {
    let (stored_left, stored_right) = (stored(&key.left, left)?, stored(&key.right, right)?);
    let (left_type, right_type) = (stored_left.get_type(left.schema)?, stored_right.get_type(right.schema)?);
    if left_type == right_type {
        return Ok((join_key(stored_left, &left_type), join_key(stored_right, &left_type)));
    }
    if left_type.is_integer() && right_type.is_integer() {
        return Ok((cast(stored_left, &DataType::Int64), cast(stored_right, &DataType::Int64)));
    }
    let (seen_left, seen_right) = (lower(&key.left, left)?, lower(&key.right, right)?);
    let (left_type, right_type) = (seen_left.get_type(left.schema)?, seen_right.get_type(right.schema)?);
    if left_type != right_type {
        return Err(EngineError::bug(format!("join keys of types {left_type} and {right_type}")));
    }
    Ok((join_key(seen_left, &left_type), join_key(seen_right, &left_type)))
}

/// The type that a column of several tables has in their concatenation.
fn common_type(name: &str, inputs: &[Built]) -> Result<DataType> {
    let having = inputs.iter().filter(|input| input.visible.iter().any(|column| column == name));
    let mut types = having.map(|input| Ok(ident(name).get_type(input.schema())?)).collect::<Result<Vec<_>>>()?.into_iter();
    let first = types.next().unwrap_or(DataType::Null);
    types.try_fold(first, |all, next| {
        if all == next {
            return Ok(all);
        }
        one_type(&all, &next).ok_or_else(|| {
            EngineError::unsupported(format!("column {name} is {all} in one table and {next} in another: concat needs one type"))
        })
    })
}

/// Of two types that JavaScript sees as one: numbers float64, text utf8, days and instants the finest instant.
fn one_type(a: &DataType, b: &DataType) -> Option<DataType> {
    fn unit(data_type: &DataType) -> Option<TimeUnit> {
        match data_type {
            DataType::Timestamp(unit, _) => Some(*unit),
            DataType::Date64 => Some(TimeUnit::Millisecond),
            DataType::Date32 => Some(TimeUnit::Second),
            _ => None,
        }
    }
    fn text(data_type: &DataType) -> bool {
        match data_type {
            DataType::Dictionary(_, values) => text(values),
            other => other.is_string(),
        }
    }
    match (a, b) {
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        _ if a.is_numeric() && b.is_numeric() => Some(DataType::Float64),
        _ if text(a) && text(b) => Some(DataType::Utf8),
        // Time units are ordered from the coarsest.
        _ => Some(DataType::Timestamp(unit(a)?.max(unit(b)?), Some("UTC".into()))),
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
