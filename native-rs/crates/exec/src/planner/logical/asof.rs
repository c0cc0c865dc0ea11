//! As-of joins: both tables in one, sorted by `on`; a left row takes the nearest right row before or after it.
//!
//! ```text
//! by  on   left  right           A window fills the right rows down (backward), or up (forward), within their keys:
//! A   9:00       {bid: 1}        the right columns are one struct, so that nulls in them are values.
//! A   9:01  #0   ─┘
//! A   9:02       {bid: 2}        With keys the rows of each meet on one rank; without, all are sorted by ranges, and
//! A   9:03  #1   ─┘              ranks tell their first and last right row.
//! ```
use arrow::datatypes::DataType;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions::core::named_struct;
use datafusion::functions::math::expr_fn::abs;
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, LogicalPlan, LogicalPlanBuilder, ident, lit, when};
use datafusion::scalar::ScalarValue;
use lockstep_functions::{Rows, exact_cast, lower};
use lockstep_plan::{AsofJoin, AsofStrategy, Expression, JoinKey, JoinSide, JsType, NodeId, WindowFunction};
use std::sync::Arc;

use super::Builder;
use super::built::{Built, Unqualified, extension, named, stored};
use super::concat::one_type;
use super::join::key_pair;
use super::windows::scalar;
use crate::error::{EngineError, Result};
use crate::planner::nodes::{Place, PlaceNode};
use crate::planner::order::{Order, Want};
use crate::planner::window_node::{PlannedCall, PlannedWindow, WindowNode};
use crate::windows::RowsFrame;

/// The field of a right row that holds what distances are measured by; columns of programs have other names.
const MEASURE: &str = "$lockstep:measure";

/// The columns of the table that both become.
struct Together {
    keys: Vec<String>,
    on: String,
    /// Whether the row is a left one.
    own: String,
    position: String,
    measure: String,
    right: String,
}

impl Builder<'_> {
    pub(super) fn asof(&mut self, id: NodeId, node: &AsofJoin) -> Result<Built> {
        let left = self.build(node.left)?;
        let right = self.build(node.right)?;
        let ordered = self.want(id) != Want::Nothing;
        let tolerance = node.tolerance.as_ref().map(tolerance).transpose()?;
        let names = Together {
            keys: node.by.iter().map(|_| self.hidden("key")).collect(),
            on: self.hidden("on"),
            own: self.hidden("own"),
            position: self.hidden("position"),
            measure: self.hidden("measure"),
            right: self.hidden("right"),
        };
        let plan = self.together(node, &left, &right, &names, ordered)?;
        let back = (node.strategy != AsofStrategy::Forward).then(|| self.hidden("before"));
        let ahead = (node.strategy != AsofStrategy::Backward).then(|| self.hidden("after"));
        let plan = match &back {
            Some(name) => filled(plan, &names, name, WindowFunction::FillDown)?,
            None => plan,
        };
        let plan = match &ahead {
            Some(name) => filled(plan, &names, name, WindowFunction::FillUp)?,
            None => plan,
        };

        let found = |name: &String, distance: Expr| {
            let there = ident(&names.on).is_not_null().and(ident(name).is_not_null());
            match tolerance {
                Some(tolerance) => there.and(distance.lt_eq(lit(tolerance))),
                None => there,
            }
        };
        // Of equal values it is 0, of infinite ones, too, whose difference is NaN.
        let distance = |name: &String| -> Result<Expr> {
            let (own, other) = (ident(&names.measure), get_field(ident(name), MEASURE));
            Ok(when(own.clone().eq(other.clone()), lit(0.0)).otherwise(abs(own - other))?)
        };
        let before = back.as_ref().map(|name| distance(name).map(|distance| (name, distance))).transpose()?;
        let after = ahead.as_ref().map(|name| distance(name).map(|distance| (name, distance))).transpose()?;
        let mut candidates: Vec<(Expr, &String)> = vec![];
        if let Some((name, distance)) = &before {
            let mut chosen = found(name, distance.clone());
            if let Some((other, farther)) = &after {
                chosen = chosen.and(found(other, farther.clone()).is_not_true().or(distance.clone().lt_eq(farther.clone())));
            }
            candidates.push((chosen, name));
        }
        candidates.extend(after.as_ref().map(|(name, distance)| (found(name, distance.clone()), *name)));

        let mut output = vec![];
        for column in &node.columns {
            let value = match column.side {
                JoinSide::Left => ident(&column.from),
                _ => {
                    let data_type = ident(&column.from).get_type(right.schema())?;
                    let mut value = lit(ScalarValue::try_from(&data_type)?);
                    for (chosen, name) in candidates.iter().rev() {
                        value = when(chosen.clone(), get_field(ident(*name), column.from.as_str())).otherwise(value)?;
                    }
                    value
                }
            };
            output.push(named(value, &column.name));
        }
        if ordered {
            output.push(ident(&names.position));
        }
        let visible = node.columns.iter().map(|column| column.name.clone()).collect();
        let plan = LogicalPlanBuilder::from(plan).filter(ident(&names.own))?.columns(output)?.build()?;
        let order = if ordered { Order::Position(names.position) } else { Order::Nothing };
        Ok(Built { plan, visible, order, below: left.below, peers: vec![] })
    }

    /// The rows of both, with keys and `on` in one type each; right rows that match nothing are left out.
    fn together(&mut self, node: &AsofJoin, left: &Built, right: &Built, names: &Together, ordered: bool) -> Result<LogicalPlan> {
        let (of_left, of_right) = (self.rows(left.schema()), self.rows(right.schema()));
        let (mut own, mut others) = (vec![], vec![]);
        let mut matches = ident(&names.on).is_not_null();
        for (key, name) in node.by.iter().zip(&names.keys) {
            let (on_left, on_right) = key_pair(key, of_left, of_right)?;
            own.push(on_left.alias(name));
            others.push(on_right.alias(name));
            matches = matches.and(ident(name).is_not_null());
        }
        let (on_left, on_right) = measured_pair(&node.on, of_left, of_right)?;
        own.extend([on_left.alias(&names.on), lit(true).alias(&names.own)]);
        others.extend([on_right.alias(&names.on), lit(false).alias(&names.own)]);
        let position = |built: &Built| match &built.order {
            Order::Position(name) => Ok(ident(name).alias(&names.position)),
            _ => Err(EngineError::bug("an as-of join has no positions to choose by")),
        };
        let of_others = position(right)?;
        own.push(if ordered { position(left)? } else { lit(ScalarValue::try_from(&of_others.get_type(right.schema())?)?).alias(&names.position) });
        others.push(of_others);

        // Every right row has a field, so that it is not null.
        let measures = node.tolerance.is_some() || node.strategy == AsofStrategy::Nearest;
        let nothing = || lit(ScalarValue::Float64(None));
        own.push(if measures { lower(&measure(&node.on.left), of_left)? } else { nothing() }.alias(&names.measure));
        others.push(nothing().alias(&names.measure));
        let mut fields = vec![lit(MEASURE), if measures { lower(&measure(&node.on.right), of_right)? } else { nothing() }];
        for column in &node.columns {
            match column.side {
                JoinSide::Left => {
                    let data_type = ident(&column.from).get_type(left.schema())?;
                    own.push(ident(&column.from));
                    others.push(lit(ScalarValue::try_from(&data_type)?).alias(&column.from));
                }
                _ => fields.extend([lit(column.from.as_str()), ident(&column.from)]),
            }
        }
        let found = named_struct().call(fields);
        let data_type = found.get_type(right.schema())?;
        own.push(lit(ScalarValue::try_from(&data_type)?).alias(&names.right));
        others.push(found.alias(&names.right));
        let own = left.clone().builder().columns(own)?.build()?;
        let others = right.clone().builder().columns(others)?.filter(matches)?.build()?;
        Ok(extension(PlaceNode::new(Place::Concat, vec![own, others], vec![])?))
    }
}

/// The right row at or before each row (`FillDown`), or at or after it (`FillUp`), as a column of this name.
fn filled(plan: LogicalPlan, names: &Together, name: &str, function: WindowFunction) -> Result<LogicalPlan> {
    // Of rows that are equal in `on`, the right ones stand where the left ones find them.
    let own_last = function == WindowFunction::FillDown;
    let order = vec![ident(&names.on).sort(true, true), ident(&names.own).sort(own_last, true), ident(&names.position).sort(true, true)];
    let call = PlannedCall::Function { function, arg: Some(names.right.clone()), number: 0.0, default: None, frame: RowsFrame::WHOLE };
    let window = vec![PlannedWindow { name: name.into(), call }];
    let node = if names.keys.is_empty() {
        let sorted = LogicalPlanBuilder::from(plan).sort(order.clone())?.build()?;
        WindowNode::new(sorted, window, vec![], vec![], order)?
    } else {
        let all = names.keys.iter().map(|key| ident(key).sort(true, true)).chain(order).collect();
        WindowNode::new(plan, window, names.keys.clone(), vec![], all)?
    };
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

/// Both sides of `on` in one type: instants by their ticks whatever the units, numbers as keys are.
fn measured_pair(key: &JoinKey, left: Rows<'_>, right: Rows<'_>) -> Result<(Expr, Expr)> {
    let (stored_left, stored_right) = (stored(&key.left, left)?, stored(&key.right, right)?);
    let (left_type, right_type) = (stored_left.get_type(left.schema)?, stored_right.get_type(right.schema)?);
    let instant = |data_type: &DataType| matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64);
    if left_type == right_type || !instant(&left_type) || !instant(&right_type) {
        return key_pair(key, left, right);
    }
    let finest = one_type(&left_type, &right_type).ok_or_else(|| EngineError::bug("two instants without a unit"))?;
    let exact = |value: Expr| {
        let name = value.schema_name().to_string();
        exact_cast(value, &name, &finest)
    };
    Ok((exact(stored_left), exact(stored_right)))
}

/// What distances are of: a number, or a date's milliseconds, null of null.
fn measure(on: &Expression) -> Expression {
    if on.js_type() != JsType::Date {
        return on.clone();
    }
    let call = |function: &str, js| Expression::Call { function: function.into(), args: vec![on.clone()], js };
    Expression::If {
        test: Box::new(call("isNull", JsType::Boolean)),
        then: Box::new(Expression::Literal { js: JsType::Number, value: lockstep_plan::Literal::Null }),
        otherwise: Box::new(call("date.getTime", JsType::Number)),
        js: JsType::Number,
    }
}

fn tolerance(expression: &Expression) -> Result<f64> {
    match scalar(expression)? {
        ScalarValue::Float64(Some(distance)) if distance >= 0.0 => Ok(distance),
        other => Err(EngineError::new("LS2016", format!("join_asof: the tolerance is a number not below 0, or a duration such as {{ minutes: 5 }}, not {other}"))),
    }
}
