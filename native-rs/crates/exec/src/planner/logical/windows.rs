//! Windows and slices of groups → logical plans.
//!
//! Windows that see the table's order are one pass over the rows; each range of a column is another, sorted by it. With
//! keys a pass brings groups together; without, the rows stay where they are.
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, LogicalPlan, LogicalPlanBuilder, SortExpr, ident, lit};
use datafusion::physical_expr::create_physical_expr;
use lockstep_functions::{Rows, canonical_key, extremes, join_key, lower};
use lockstep_plan::{AggregateFunction, Expression, Frame, NamedExpression, NodeId, Window, WindowFunction, WindowValue};
use std::sync::Arc;

use super::Builder;
use super::aggregate::{aggregate_of, scheme};
use super::bins::{bin_of, bins_of};
use super::built::{Built, Unqualified, extension as top_node, filtered, order_keys, stored};
use crate::error::{EngineError, Result};
use crate::operators::MOST;
use crate::planner::nodes::{Place, PlaceNode};
use crate::planner::order::Order;
use crate::planner::window_node::{PlannedCall, PlannedFrame, PlannedWindow, WindowNode};
use crate::windows::RowsFrame;

/// Computed operands beside the columns of a table.
struct Operands {
    columns: Vec<Expr>,
}

/// What a column of the result is.
enum Computed {
    /// A window's column.
    Column(String),
    /// A function of a row that has the windows' columns.
    Row(Expression),
}

impl Operands {
    /// The name of a column that holds the value.
    fn add(&mut self, value: Expr, hidden: String) -> String {
        if let Expr::Column(column) = &value {
            return column.name.clone();
        }
        self.columns.push(value.alias(&hidden));
        hidden
    }
}

impl Builder<'_> {
    pub(super) fn window(&mut self, node: &Window) -> Result<Built> {
        let input = self.build(node.input)?;
        let mut operands = Operands { columns: columns(&input) };
        let keys = self.group_keys(&node.keys, &input, &mut operands)?;
        let peers = input.peers.clone().into_iter().map(|key| operands.add(key.expr, self.hidden("peer"))).collect::<Vec<_>>();
        let position = match &input.order {
            Order::Position(name) => Some(name.clone()),
            _ => None,
        };
        let (mut ordered, mut ranges) = (vec![], vec![]);
        let mut computed = vec![];
        for column in &node.columns {
            let name = self.hidden("window");
            let (calls, on, value) = match &column.value {
                WindowValue::Row { expression } => {
                    computed.push(Computed::Row(expression.clone()));
                    continue;
                }
                WindowValue::Bin { arg, bins, offset } => {
                    let value = operands.add(lower(arg, self.rows(input.schema()))?, self.hidden("argument"));
                    let (most, [low, high]) = (self.hidden("window"), extremes(ident(&value), &DataType::Float64)?);
                    let whole = |expr| PlannedCall::Aggregate { expr, frame: None };
                    let bin = bin_of(&value, &name, &most, bins, *offset);
                    (vec![(name, whole(low)), (most, whole(high))], None, Computed::Row(bin))
                }
                WindowValue::Function { function, arg, parameters, frame } => {
                    let arg = arg.as_ref().map(|arg| stored(arg, self.rows(input.schema()))).transpose()?;
                    let arg_type = arg.as_ref().map(|arg| arg.get_type(input.schema())).transpose()?;
                    let frame = frame.as_ref().map_or(Ok(RowsFrame::WHOLE), |frame| rows_frame(frame).map(|frame| frame.unwrap_or(RowsFrame::WHOLE)))?;
                    let (number, default) = function_parameters(*function, parameters, arg_type.as_ref())?;
                    let arg = arg.map(|arg| operands.add(arg, self.hidden("argument")));
                    (vec![(name.clone(), PlannedCall::Function { function: *function, arg, number, default, frame })], None, Computed::Column(name))
                }
                WindowValue::Aggregate { aggregate, frame } => {
                    let mut arguments = vec![];
                    for argument in aggregate.arguments() {
                        let argument = stored(argument, self.rows(input.schema()))?;
                        let data_type = argument.get_type(input.schema())?;
                        arguments.push((ident(operands.add(argument, self.hidden("argument"))), data_type));
                    }
                    let (frame, on) = match frame {
                        None => (None, None),
                        Some(Frame::Range { on, preceding, following }) => {
                            // Null and NaN are alike, as 0 and -0: what a join makes of its keys.
                            let value = join_key(lower(on, self.rows(input.schema()))?, &DataType::Float64);
                            let existing = ranges.iter().find(|(_, _, value_): &&(String, Vec<PlannedWindow>, Expr)| *value_ == value).map(|(on, _, _)| on.clone());
                            let on = match existing {
                                Some(on) => on,
                                None => {
                                    let name = operands.add(value.clone(), self.hidden("on"));
                                    ranges.push((name.clone(), vec![], value));
                                    name
                                }
                            };
                            let (preceding, following) = (distance(preceding)?, distance(following)?);
                            (Some(PlannedFrame::Range { on: on.clone(), preceding, following }), Some(on))
                        }
                        Some(frame) => (rows_frame(frame)?.map(PlannedFrame::Rows), None),
                    };
                    match (aggregate.function, arguments.first()) {
                        (AggregateFunction::Bins, Some((argument, data_type))) => {
                            let (most, [low, high]) = (self.hidden("window"), extremes(argument.clone(), data_type)?);
                            let bins = bins_of(&name, &most, scheme(aggregate)?, false);
                            let call = |expr| PlannedCall::Aggregate { expr, frame: frame.clone() };
                            (vec![(name, call(low)), (most, call(high))], on, Computed::Row(bins))
                        }
                        _ => {
                            let expr = aggregate_of(aggregate, arguments, position.as_deref())?;
                            (vec![(name.clone(), PlannedCall::Aggregate { expr, frame })], on, Computed::Column(name))
                        }
                    }
                }
            };
            let planned = calls.into_iter().map(|(name, call)| PlannedWindow { name, call });
            match on.and_then(|on| ranges.iter_mut().find(|(name, _, _)| *name == on)) {
                Some((_, windows, _)) => windows.extend(planned),
                None => ordered.extend(planned),
            }
            computed.push(value);
        }
        if operands.columns.is_empty() {
            // Rows without columns cannot be told apart from none.
            operands.add(lit(true), self.hidden("row"));
        }
        let with_operands = LogicalPlanBuilder::from(input.plan.clone()).columns(operands.columns)?.build()?;
        let mut built = Built { plan: with_operands, ..input };
        if !ordered.is_empty() {
            built = self.pass(built, ordered, &keys, &peers, None)?;
        }
        for (on, windows, _) in ranges {
            built = self.pass(built, windows, &keys, &[], Some(&on))?;
        }
        let mut output: Vec<(String, Expr)> = built.visible.iter().map(|name| (name.clone(), ident(name))).collect();
        for (column, computed) in node.columns.iter().zip(computed) {
            let value = match computed {
                Computed::Row(expression) => lower(&expression, self.rows(built.schema()))?,
                Computed::Column(name) => ident(name),
            };
            match output.iter_mut().find(|(name, _)| *name == column.name) {
                Some((_, replaced)) => *replaced = value,
                None => output.push((column.name.clone(), value)),
            }
        }
        self.projected(built, output)
    }

    /// Rows start..end of each group.
    pub(super) fn slice_groups(&mut self, input: NodeId, start: i64, end: Option<i64>, keys: &[NamedExpression]) -> Result<Built> {
        let input = self.build(input)?;
        let mut operands = Operands { columns: columns(&input) };
        let keys = self.group_keys(keys, &input, &mut operands)?;
        let place = self.hidden("place");
        // Only a bound from the end asks for the number of rows.
        let rows = (start < 0 || end.is_some_and(|end| end < 0)).then(|| self.hidden("rows"));
        let numbered = |function, name: &str| PlannedWindow {
            name: name.into(),
            call: PlannedCall::Function { function, arg: None, number: 0.0, default: None, frame: RowsFrame::WHOLE },
        };
        let mut windows = vec![numbered(WindowFunction::RowNumber, &place)];
        if let Some(rows) = &rows {
            let count = lockstep_functions::aggregate(lockstep_plan::AggregateFunction::Count, None, &DataType::Null)?;
            windows.push(PlannedWindow { name: rows.clone(), call: PlannedCall::Aggregate { expr: count, frame: None } });
        }
        let with_keys = LogicalPlanBuilder::from(input.plan.clone()).columns(operands.columns)?.build()?;
        let mut sliced = Built { plan: with_keys, peers: vec![], ..input };
        let first = end.and_then(|end| u64::try_from(end).ok()).filter(|&end| rows.is_none() && (1..=MOST).contains(&end));
        if let Some(first) = first {
            let order = order_keys(&sliced)?;
            if !order.is_empty() {
                let top = PlaceNode::new(Place::TopOfGroups { keys: keys.clone(), rows: first }, vec![sliced.plan], order)?;
                sliced.plan = top_node(top);
            }
        }
        let visible = sliced.visible.clone();
        let built = self.pass(sliced, windows, &keys, &[], None)?;
        let bound = |index: i64| match &rows {
            Some(rows) if index < 0 => ident(rows) + lit(index),
            _ => lit(index),
        };
        let mut inside = ident(&place).gt(bound(start));
        if let Some(end) = end {
            inside = inside.and(ident(&place).lt_eq(bound(end)));
        }
        let output = visible.iter().map(|name| (name.clone(), ident(name))).collect();
        self.projected(filtered(built, inside)?, output)
    }

    /// One pass of windows: over rows by a range column, if there is one, else in table order.
    fn pass(&mut self, built: Built, windows: Vec<PlannedWindow>, keys: &[String], peers: &[String], on: Option<&str>) -> Result<Built> {
        let order = match (on, &built.order) {
            (Some(on), _) => vec![ident(on).sort(true, true)],
            (None, Order::Nothing) => vec![],
            (None, _) => order_keys(&built)?,
        };
        let Built { plan, visible, order: known, below, peers: sorted_by } = built;
        if !keys.is_empty() {
            let mut all: Vec<SortExpr> = vec![];
            for key in keys.iter().map(|key| ident(key).sort(true, true)).chain(order) {
                if all.iter().all(|other| other.expr != key.expr) {
                    all.push(key);
                }
            }
            let plan = extension(WindowNode::new(plan, windows, keys.to_vec(), peers.to_vec(), all)?);
            return Ok(Built { plan, visible, order: known, below, peers: sorted_by });
        }
        let plan = if order.is_empty() { plan } else { LogicalPlanBuilder::from(plan).sort(order.clone())?.build()? };
        let plan = extension(WindowNode::new(plan, windows, vec![], peers.to_vec(), order)?);
        // What was sorted for the windows comes out in order.
        let order = match known {
            Order::Keys(_) if on.is_none() => Order::Natural,
            known => known,
        };
        Ok(Built { plan, visible, order, below, peers: sorted_by })
    }

    fn group_keys(&mut self, keys: &[NamedExpression], input: &Built, operands: &mut Operands) -> Result<Vec<String>> {
        let mut names = vec![];
        for key in keys {
            let value = stored(&key.expression, self.rows(input.schema()))?;
            let data_type = value.get_type(input.schema())?;
            let name = operands.add(canonical_key(value, &data_type), self.hidden("key"));
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

fn columns(built: &Built) -> Vec<Expr> {
    built.schema().fields().iter().map(|field| ident(field.name())).collect()
}

fn extension(node: WindowNode) -> LogicalPlan {
    LogicalPlan::Extension(Extension { node: Arc::new(node) })
}

/// None: the whole group, which is no frame.
fn rows_frame(frame: &Frame) -> Result<Option<RowsFrame>> {
    let Frame::Rows { start, end, peers } = frame else { return Err(EngineError::bug("a range of rows")) };
    let bound = |bound: &Expression, sign: f64| -> Result<Option<u64>> {
        let rows = number(bound)? * sign;
        match rows {
            _ if rows == f64::INFINITY => Ok(None),
            _ if rows >= 0.0 && rows.fract() == 0.0 => Ok(Some(rows as u64)),
            _ => Err(misused(format!(
                "rolling: a frame of rows is [start, end], with start a whole number not above 0 or -Infinity, and end one not below 0 or \
                 Infinity: the current row is in it, not {}",
                rows * sign
            ))),
        }
    };
    let frame = RowsFrame { before: bound(start, -1.0)?, after: bound(end, 1.0)?, peers: *peers };
    Ok(Some(frame).filter(|frame| frame.before.is_some() || frame.after.is_some()))
}

fn distance(bound: &Expression) -> Result<f64> {
    let distance = number(bound)?;
    if distance >= 0.0 {
        return Ok(distance);
    }
    Err(misused(format!("rolling: a distance is a number not below 0, or a duration such as {{ days: 7 }}, not {distance}")))
}

/// The number that a function takes, and its default value in the argument's type.
fn function_parameters(function: WindowFunction, parameters: &[Expression], arg_type: Option<&DataType>) -> Result<(f64, Option<ScalarValue>)> {
    use WindowFunction as F;
    let first = parameters.first().map(number).transpose();
    let checked = |name: &str, what: &str, value: f64, holds: bool| match holds {
        true => Ok(value),
        false => Err(misused(format!("op.{name}: {what}, not {value}"))),
    };
    let whole = |value: f64| value >= 1.0 && value.fract() == 0.0 && value.is_finite();
    let (number, default) = match function {
        F::Lag | F::Lead => {
            let offset = first?.unwrap_or(1.0);
            let name = if function == F::Lag { "lag" } else { "lead" };
            (checked(name, "the offset is a whole number of rows, 1 or more", offset, whole(offset))?, parameters.get(1))
        }
        F::NthValue => {
            let n = first?.unwrap_or(f64::NAN);
            (checked("nth_value", "n is a whole number, 1 or more", n, whole(n))?, None)
        }
        F::Ntile => {
            let buckets = first?.unwrap_or(f64::NAN);
            (checked("ntile", "the number of buckets is more than 0", buckets, buckets > 0.0 && buckets.is_finite())?, None)
        }
        F::FillDown | F::FillUp => (0.0, parameters.first()),
        _ => (0.0, None),
    };
    let default = match (default, arg_type) {
        (Some(default), Some(arg_type)) => {
            let value = scalar(default)?;
            Some(if value.is_null() { ScalarValue::try_from(arg_type)? } else { value.cast_to(arg_type)? })
        }
        _ => None,
    };
    Ok((number, default))
}

fn number(expression: &Expression) -> Result<f64> {
    match scalar(expression)? {
        ScalarValue::Float64(Some(number)) => Ok(number),
        other => Err(misused(format!("a window's offset or bound is a number, not {other}"))),
    }
}

/// The value of an expression that reads no column.
pub(super) fn scalar(expression: &Expression) -> Result<ScalarValue> {
    let nothing = DFSchema::empty();
    let value = lower(expression, Rows { schema: &nothing, scripts: None })?;
    let physical = create_physical_expr(&value, &nothing, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    let one = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &RecordBatchOptions::new().with_row_count(Some(1)))
        .map_err(datafusion::error::DataFusionError::from)?;
    Ok(ScalarValue::try_from_array(&physical.evaluate(&one)?.into_array(1)?, 0)?)
}

/// LS2016: what plain Node says when the value is made.
fn misused(message: String) -> EngineError {
    EngineError::new("LS2016", message)
}
