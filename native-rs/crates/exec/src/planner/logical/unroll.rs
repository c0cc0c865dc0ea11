//! Rows of the parts of a text: a list of them for each row, and a row for each element.
use datafusion::common::{Column, NullHandling, UnnestOptions};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, ident};
use lockstep_functions::{PART, PLACE, lower, split};
use lockstep_plan::{Expression, NodeId};

use super::Builder;
use super::built::{Built, named};
use crate::error::Result;
use crate::planner::order::{Order, Want};

/// More rows than any table has.
const MOST_ROWS: u64 = 1 << 48;

pub(super) struct Parts<'a> {
    pub text: &'a Expression,
    pub separator: &'a str,
    pub name: &'a str,
    pub index: Option<&'a String>,
    pub limit: Option<u64>,
}

impl Builder<'_> {
    pub(super) fn unroll(&mut self, id: NodeId, input: NodeId, parts: Parts<'_>) -> Result<Built> {
        let input = self.build(input)?;
        let position = match &input.order {
            Order::Position(name) if self.want(id) != Want::Nothing => Some(name.clone()),
            _ => None,
        };
        let list = self.hidden("parts");
        let text = lower(parts.text, self.rows(input.schema()))?;
        let mut columns: Vec<Expr> = input.visible.iter().chain(&position).map(ident).collect();
        columns.push(split(text, parts.separator, parts.limit).alias(&list));
        let visible = input.visible.clone();
        let options = UnnestOptions { null_handling: NullHandling::Drop, ..UnnestOptions::default() };
        let rows = input.builder().project(columns)?.unnest_columns_with_options(vec![Column::new_unqualified(&list)], options)?.build()?;

        let (part, place) = (get_field(ident(&list), PART), get_field(ident(&list), PLACE));
        let mut output: Vec<(String, Expr)> = visible.iter().map(|name| (name.clone(), ident(name))).collect();
        for (name, value) in [(Some(parts.name), part), (parts.index.map(String::as_str), place.clone())] {
            let Some(name) = name else { continue };
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
        let plan = LogicalPlanBuilder::from(rows).project(projected)?.build()?;
        Ok(Built { plan, visible: output.into_iter().map(|(name, _)| name).collect(), order, below: MOST_ROWS, peers: vec![] })
    }
}
