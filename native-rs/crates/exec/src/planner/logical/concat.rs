//! Tables one after another, their columns in one type each.
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::logical_expr::{Expr, ExprSchemable, ident, lit};
use datafusion::scalar::ScalarValue;
use lockstep_functions::{Rows, exact_cast, kinds::is_seen_as_text, lower};
use lockstep_plan::{Expression, JsType, NodeId};

use super::Builder;
use super::built::{Built, Unqualified, cast, extension, named};
use crate::error::{EngineError, Result};
use crate::planner::nodes::{Place, PlaceNode};
use crate::planner::order::{Order, Want};

impl Builder<'_> {
    pub(super) fn concat(&mut self, id: NodeId, inputs: &[NodeId]) -> Result<Built> {
        let inputs = inputs.iter().map(|&input| self.build(input)).collect::<Result<Vec<_>>>()?;
        let visible = inputs[0].visible.clone();
        let types = visible.iter().map(|name| common_type(name, &inputs.iter().collect::<Vec<_>>())).collect::<Result<Vec<_>>>()?;
        let position = (self.want(id) != Want::Nothing).then(|| self.hidden("position"));
        let (mut below, mut parts) = (0u64, vec![]);
        for input in inputs {
            let value = |(name, data_type): (&String, &DataType)| -> Result<Expr> {
                if !input.visible.contains(name) {
                    return Ok(named(lit(ScalarValue::try_from(data_type)?), name));
                }
                column_as(name, data_type, self.rows(input.schema()))
            };
            let mut columns = visible.iter().zip(&types).map(value).collect::<Result<Vec<_>>>()?;
            if let (Some(name), Order::Position(own)) = (&position, &input.order) {
                columns.push(named(ident(own) + lit(below as i64), name));
            }
            below = below.saturating_add(input.below);
            parts.push(input.builder().columns(columns)?.build()?);
        }
        if i64::try_from(below).is_err() {
            return Err(EngineError::unsupported("this table may have more than 2^63 rows"));
        }
        let plan = extension(PlaceNode::new(Place::Concat, parts, vec![])?);
        Ok(Built { plan, visible, order: position.map_or(Order::Nothing, Order::Position), below, peers: vec![] })
    }
}

/// A column in the type that it shares with others, under its name.
pub(super) fn column_as(name: &str, data_type: &DataType, rows: Rows<'_>) -> Result<Expr> {
    let column = ident(name);
    Ok(if column.get_type(rows.schema)? == *data_type {
        column
    } else if *data_type == DataType::Float64 {
        // Looked at, so that an integer past 2^53 is an error.
        let number = Expression::Column { name: name.to_owned(), js: JsType::Number };
        named(lower(&number, rows)?, name)
    } else if *data_type == DataType::Utf8 && is_seen_as_text(&column.get_type(rows.schema)?) {
        let text = Expression::Column { name: name.to_owned(), js: JsType::String };
        named(lower(&text, rows)?, name)
    } else if matches!(data_type, DataType::Timestamp(_, _)) {
        named(exact_cast(column, name, data_type), name)
    } else {
        named(cast(column, data_type), name)
    })
}

/// The type that a column of several tables has in their concatenation.
pub(super) fn common_type(name: &str, inputs: &[&Built]) -> Result<DataType> {
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
pub(super) fn one_type(a: &DataType, b: &DataType) -> Option<DataType> {
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
            other => other.is_string() || is_seen_as_text(other),
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
