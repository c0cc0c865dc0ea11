//! Rows of the elements of lists: one list of them for each row, and a row for each element.
use datafusion::common::{Column, NullHandling, UnnestOptions};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, ident};
use lockstep_functions::{PLACE, element_of, lower, side_by_side, untouched};
use lockstep_plan::{NamedExpression, NodeId};

use super::Builder;
use super::built::{Built, Unqualified, named};
use crate::error::Result;
use crate::planner::order::{Order, Want};

/// More rows than any table has.
const MOST_ROWS: u64 = 1 << 48;

impl Builder<'_> {
    pub(super) fn unroll(&mut self, id: NodeId, input: NodeId, lists: &[NamedExpression], index: Option<&String>, limit: Option<u64>) -> Result<Built> {
        let input = self.build(input)?;
        let position = match &input.order {
            Order::Position(name) if self.want(id) != Want::Nothing => Some(name.clone()),
            _ => None,
        };
        let list = self.hidden("elements");
        let value = |list: &NamedExpression| match untouched(&list.expression) {
            Some(column) => Ok(ident(column)),
            None => lower(&list.expression, self.rows(input.schema())),
        };
        let values = lists.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        // What gives way to others is not repeated.
        let replaced = |name: &String| lists.iter().any(|own| own.name == *name) || index == Some(name);
        let mut columns: Vec<Expr> = input.visible.iter().filter(|name| !replaced(name)).chain(&position).map(ident).collect();
        columns.push(side_by_side(values, limit).alias(&list));
        let visible = input.visible.clone();
        let options = UnnestOptions { null_handling: NullHandling::Drop, ..UnnestOptions::default() };
        let rows = input.builder().columns(columns)?.unnest_columns_with_options(vec![Column::new_unqualified(&list)], options)?.build()?;

        let place = get_field(ident(&list), PLACE);
        let elements = lists.iter().enumerate().map(|(at, own)| (own.name.as_str(), get_field(ident(&list), element_of(at))));
        let mut output: Vec<(String, Expr)> = visible.iter().map(|name| (name.clone(), ident(name))).collect();
        for (name, value) in elements.chain(index.map(|name| (name.as_str(), place.clone()))) {
            match output.iter_mut().find(|(known, _)| known == name) {
                Some((_, replaced)) => *replaced = value,
                None => output.push((name.to_owned(), value)),
            }
        }
        let mut projected: Vec<Expr> = output.iter().map(|(name, value)| named(value.clone(), name)).collect();
        let order = match position {
            Some(position) => {
                let within = self.hidden("place");
                projected.extend([ident(&position), place.alias(&within)]);
                Order::Keys(vec![ident(&position).sort(true, false), ident(&within).sort(true, false)])
            }
            None => Order::Nothing,
        };
        let plan = LogicalPlanBuilder::from(rows).columns(projected)?.build()?;
        Ok(Built { plan, visible: output.into_iter().map(|(name, _)| name).collect(), order, below: MOST_ROWS, peers: vec![] })
    }
}
