//! Joins: keys in one type, columns of both sides, the order of the result.
use std::collections::{HashMap, HashSet};

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::{Expr, ExprSchemable, JoinType as LogicalJoin, LogicalPlanBuilder, ident, lit, try_cast, when};
use lockstep_functions::{Rows, integer_as_float, join_key, lower, lower_predicate};
use lockstep_plan::{Join, JoinCondition, JoinKey, JoinSide, JoinType, NodeId};

use super::Builder;
use super::built::{Built, Unqualified, cast, named, stored};
use super::concat::{column_as, common_type};
use crate::error::{EngineError, Result};
use crate::planner::order::{Order, Want, keeps_left_only};

impl Builder<'_> {
    pub(super) fn join(&mut self, id: NodeId, join: &Join) -> Result<Built> {
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
        let condition = join.condition.as_ref().map(|condition| self.condition(condition, &left, &right, rename)).transpose()?;
        if join.on.is_empty() && join.join_type != JoinType::Inner && condition.is_some() {
            // A side whose rows come out without a match must not be held by every rank. Joins by hash see to that: one key for all rows makes it one.
            left_keys.push(self.key_column(lit(1i64), &mut left_columns, |name| name.to_owned()));
            right_keys.push(self.key_column(lit(1i64), &mut right_columns, rename));
        }
        let merged = self.merged_keys(join, &left, &right, &mut left_columns, &mut right_columns)?;
        let (left_order, right_order) = (left.order.clone(), right.order.clone());
        let (left_below, right_below) = (left.below, right.below);
        let (left_visible, left_all) = (left.visible.clone(), all(&left));
        let right_plan = right.builder().columns(right_columns)?.build()?;
        let left = if left_columns.len() > left_all.len() { left.builder().columns(left_columns)? } else { left.builder() };
        let kind = match join.join_type {
            JoinType::Inner => LogicalJoin::Inner,
            JoinType::Left | JoinType::Lookup => LogicalJoin::Left,
            JoinType::Right => LogicalJoin::Right,
            JoinType::Full => LogicalJoin::Full,
            JoinType::Semi => LogicalJoin::LeftSemi,
            JoinType::Anti => LogicalJoin::LeftAnti,
        };
        let columns = |names: Vec<String>| names.into_iter().map(Column::new_unqualified).collect::<Vec<_>>();
        let joined = if join.on.is_empty() && condition.is_none() {
            left.cross_join(right_plan)?.build()?
        } else {
            left.join(right_plan, kind, (columns(left_keys), columns(right_keys)), condition)?.build()?
        };

        if left_only {
            let plan = LogicalPlanBuilder::from(joined).columns(left_all.iter().map(ident))?.build()?;
            let order = if ordered { left_order } else { Order::Nothing };
            return Ok(Built { plan, visible: left_visible, order, below: left_below, peers: vec![] });
        }
        let mut output: Vec<Expr> = vec![];
        for column in &join.columns {
            let value = match column.side {
                JoinSide::Left => ident(&column.from),
                JoinSide::Right => ident(rename(&column.from)),
                JoinSide::Both => merged[&column.from].clone(),
            };
            output.push(named(value, &column.name));
        }
        let visible = join.columns.iter().map(|column| column.name.clone()).collect();
        let below = if join.join_type == JoinType::Lookup { left_below } else { left_below.saturating_mul(right_below).saturating_add(left_below).saturating_add(right_below) };
        let order = match (ordered, left_order, right_order) {
            (true, Order::Position(left), _) if join.join_type == JoinType::Lookup => {
                let name = self.hidden("position");
                output.push(named(ident(left), &name));
                Order::Position(name)
            }
            (true, Order::Position(left), Order::Position(right)) => {
                let right = rename(&right);
                self.joined_order(&left, &right, left_below, right_below, join.join_type, &mut output)?
            }
            _ => Order::Nothing,
        };
        let plan = LogicalPlanBuilder::from(joined).columns(output)?.build()?;
        Ok(Built { plan, visible, order, below, peers: vec![] })
    }

    /// The condition over the columns of the joined tables, of which `rename` gives the right ones' names.
    fn condition(&self, condition: &JoinCondition, left: &Built, right: &Built, rename: impl Fn(&str) -> String) -> Result<Expr> {
        let (mut fields, mut places) = (vec![], HashMap::new());
        for column in &condition.columns {
            let (side, place) = if column.side == JoinSide::Left { (left, column.from.clone()) } else { (right, rename(&column.from)) };
            let field = side.schema().field_with_unqualified_name(&column.from)?;
            fields.push(field.as_ref().clone().with_name(&column.name));
            places.insert(column.name.clone(), place);
        }
        let schema = DFSchema::from_unqualified_fields(fields.into(), Default::default())?;
        let lowered = lower_predicate(&condition.expression, self.rows(&schema))?;
        let placed = lowered.transform(|expr| {
            Ok(match &expr {
                Expr::Column(column) => Transformed::yes(ident(&places[&column.name])),
                _ => Transformed::no(expr),
            })
        });
        Ok(placed.data()?)
    }

    /// The merged columns of a full join, by name; what they are computed of goes into both sides' columns. A row of either
    /// side has the hidden column that says so.
    fn merged_keys(&mut self, join: &Join, left: &Built, right: &Built, left_columns: &mut Vec<Expr>, right_columns: &mut Vec<Expr>) -> Result<HashMap<String, Expr>> {
        let mut merged = HashMap::new();
        let names: Vec<&String> = join.columns.iter().filter(|column| column.side == JoinSide::Both).map(|column| &column.from).collect();
        if names.is_empty() {
            return Ok(merged);
        }
        let there = self.hidden("left");
        left_columns.push(named(lit(true), &there));
        for name in names {
            let data_type = common_type(name, &[left, right])?;
            let (own, other) = (self.hidden("key"), self.hidden("key"));
            left_columns.push(named(column_as(name, &data_type, self.rows(left.schema()))?.unalias(), &own));
            right_columns.push(named(column_as(name, &data_type, self.rows(right.schema()))?.unalias(), &other));
            merged.insert(name.clone(), when(ident(&there).is_not_null(), ident(own)).otherwise(ident(other))?);
        }
        Ok(merged)
    }

    /// Left position, then right position, packed into one number where it fits; unmatched left rows after all others, and
    /// unmatched right rows after those.
    fn joined_order(
        &mut self,
        left: &str,
        right: &str,
        left_below: u64,
        right_below: u64,
        join_type: JoinType,
        output: &mut Vec<Expr>,
    ) -> Result<Order> {
        let keeps_left = matches!(join_type, JoinType::Left | JoinType::Full);
        let keeps_right = matches!(join_type, JoinType::Right | JoinType::Full);
        let pairs = left_below.saturating_mul(right_below);
        let fits = i64::try_from(pairs.saturating_add(left_below).saturating_add(right_below)).is_ok();
        if fits {
            let name = self.hidden("position");
            let mut position = ident(left) * lit(right_below as i64) + ident(right);
            if keeps_left {
                position = when(ident(right).is_null(), ident(left) + lit(pairs as i64)).otherwise(position)?;
            }
            if keeps_right {
                position = when(ident(left).is_null(), ident(right) + lit((pairs + left_below) as i64)).otherwise(position)?;
            }
            output.push(named(position, &name));
            return Ok(Order::Position(name));
        }
        let (hidden_left, hidden_right) = (self.hidden("left"), self.hidden("right"));
        output.push(named(ident(left), &hidden_left));
        output.push(named(ident(right), &hidden_right));
        let mut keys = vec![ident(&hidden_left).sort(true, false), ident(&hidden_right).sort(true, false)];
        if keeps_left {
            keys.insert(0, ident(&hidden_right).is_null().sort(true, false));
        }
        if keeps_right {
            keys.insert(0, ident(&hidden_left).is_null().sort(true, false));
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
}

/// Both sides of a join key in one type: as stored if that is one type, integers as int64, integers and floats as float64,
/// else as JavaScript sees them. A number that the type does not hold has no equal on the other side: null, as a key.
pub(super) fn key_pair(key: &JoinKey, left: Rows<'_>, right: Rows<'_>) -> Result<(Expr, Expr)> {
    let (stored_left, stored_right) = (stored(&key.left, left)?, stored(&key.right, right)?);
    let (left_type, right_type) = (stored_left.get_type(left.schema)?, stored_right.get_type(right.schema)?);
    if left_type == right_type {
        return Ok((join_key(stored_left, &left_type), join_key(stored_right, &left_type)));
    }
    if left_type.is_integer() && right_type.is_integer() {
        return Ok((as_int64(stored_left, &left_type), as_int64(stored_right, &right_type)));
    }
    let numeric = |data_type: &DataType| data_type.is_integer() || data_type.is_floating();
    if numeric(&left_type) && numeric(&right_type) {
        return Ok((as_float64(stored_left, &left_type)?, as_float64(stored_right, &right_type)?));
    }
    let (seen_left, seen_right) = (lower(&key.left, left)?, lower(&key.right, right)?);
    let (left_type, right_type) = (seen_left.get_type(left.schema)?, seen_right.get_type(right.schema)?);
    if left_type != right_type {
        return Err(EngineError::bug(format!("join keys of types {left_type} and {right_type}")));
    }
    Ok((join_key(seen_left, &left_type), join_key(seen_right, &left_type)))
}

fn as_int64(key: Expr, data_type: &DataType) -> Expr {
    if *data_type == DataType::UInt64 { try_cast(key, DataType::Int64) } else { cast(key, &DataType::Int64) }
}

fn as_float64(key: Expr, data_type: &DataType) -> Result<Expr> {
    let float = if data_type.is_integer() { integer_as_float(key, data_type)? } else { cast(key, &DataType::Float64) };
    Ok(join_key(float, &DataType::Float64))
}
