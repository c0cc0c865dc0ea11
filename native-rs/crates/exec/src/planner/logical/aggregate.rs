//! Group-by, and the first row of each group.
use arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{first_value, max, min};
use datafusion::logical_expr::{Expr, ExprFunctionExt, ExprSchemable, ident};
use lockstep_functions::{aggregate, by_order, canonical_key, extremes, lower, lower_predicate, of_pairs, quantile};
use lockstep_plan::{Aggregate, AggregateFunction, Bins, Expression, NamedAggregate, NodeId};

use super::Builder;
use super::bins::bins_of;
use super::built::{Built, Unqualified, named, stored};
use crate::error::{EngineError, Result};
use crate::planner::order::{Order, Want};

impl Builder<'_> {
    pub(super) fn aggregate(&mut self, id: NodeId, node: &Aggregate) -> Result<Built> {
        let input = self.build(node.input)?;
        let schema = input.schema().clone();
        // An aggregate of a key's name takes the key's place.
        let replaced = |key: &str| node.aggregates.iter().any(|item| item.name == key);
        let mut keys = vec![];
        for key in &node.keys {
            let value = stored(&key.expression, self.rows(&schema))?;
            let data_type = value.get_type(&schema)?;
            let name = if replaced(&key.name) { self.hidden("key") } else { key.name.clone() };
            keys.push(named(canonical_key(value, &data_type), &name));
        }
        let position = match &input.order {
            Order::Position(name) => Some(name.clone()),
            _ => None,
        };
        // Of bins the columns are functions of two aggregates.
        let mut binned = vec![];
        let mut aggregates = vec![];
        for item in &node.aggregates {
            let mut arguments = vec![];
            for argument in item.arguments() {
                let argument = stored(argument, self.rows(&schema))?;
                let data_type = argument.get_type(&schema)?;
                arguments.push((argument, data_type));
            }
            let values = match (item.function, arguments.first()) {
                (AggregateFunction::Bins, Some((argument, data_type))) => {
                    let [least, most] = extremes(argument.clone(), data_type)?;
                    let names = [self.hidden("least"), self.hidden("most")];
                    let value = bins_of(&names[0], &names[1], scheme(item)?, item.filter.is_some());
                    binned.push((item.name.clone(), value));
                    names.into_iter().zip([least, most]).collect()
                }
                _ => vec![(item.name.clone(), aggregate_of(item, arguments, position.as_deref())?)],
            };
            for (name, value) in values {
                let of = match &item.filter {
                    Some(filter) => value.filter(lower_predicate(filter, self.rows(&schema))?).build()?,
                    None => value,
                };
                aggregates.push(of.alias(name));
            }
        }
        let added = node.aggregates.iter().map(|item| &item.name).filter(|name| node.keys.iter().all(|key| key.name != **name));
        let visible: Vec<String> = node.keys.iter().map(|key| &key.name).chain(added).cloned().collect();
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
        let plan = input.builder().groups(keys, aggregates)?.build()?;
        let built = Built { plan, visible, order, below, peers: vec![] };
        if binned.is_empty() {
            return Ok(built);
        }
        let column = |name: &String| {
            let value = match binned.iter().find(|(of, _)| of == name) {
                Some((_, value)) => lower(value, self.rows(built.schema()))?,
                None => ident(name),
            };
            Ok((name.clone(), value))
        };
        let output = built.visible.iter().map(column).collect::<Result<Vec<_>>>()?;
        self.projected(built, output)
    }

    pub(super) fn dedupe(&mut self, input: NodeId, keys: &[Expression], last: bool) -> Result<Built> {
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
        let first = |name: &String| first_value(ident(name), vec![ident(&position).sort(!last, false)]).alias(name);
        let mut values: Vec<Expr> = input.visible.iter().map(first).collect();
        values.push(if last { max(ident(&position)) } else { min(ident(&position)) }.alias(&position));
        let (visible, below) = (input.visible.clone(), input.below);
        let output: Vec<Expr> = visible.iter().chain([&position]).map(ident).collect();
        let plan = input.builder().groups(groups, values)?.columns(output)?.build()?;
        Ok(Built { plan, visible, order: Order::Position(position), below, peers: vec![] })
    }
}

/// How an aggregate bins values.
pub(super) fn scheme(item: &NamedAggregate) -> Result<&Bins> {
    item.bins.as_ref().ok_or_else(|| EngineError::bug("bins without a scheme"))
}

/// An aggregate of its arguments, which have these types; `position` is the column that table order is told by, where it is known.
pub(super) fn aggregate_of(item: &NamedAggregate, arguments: Vec<(Expr, DataType)>, position: Option<&str>) -> Result<Expr> {
    let mut arguments = arguments.into_iter();
    Ok(match (arguments.next(), arguments.next()) {
        (Some((arg, _)), None) if item.function.sees_order() => {
            let position = position.ok_or_else(|| EngineError::bug(format!("{} has no positions to choose by", item.function)))?;
            by_order(item.function, arg, ident(position))?
        }
        (Some((arg, arg_type)), None) if item.function == AggregateFunction::Quantile => {
            quantile(arg, &arg_type, item.fraction.ok_or_else(|| EngineError::bug("a quantile has no fraction"))?.0)?
        }
        (Some(arg), Some(other)) => of_pairs(item.function, arg, other)?,
        (Some((arg, arg_type)), None) => aggregate(item.function, Some(arg), &arg_type)?,
        (None, _) => aggregate(item.function, None, &DataType::Null)?,
    })
}
