//! Functions of a small domain, computed once per distinct value instead of once per row.
//!
//! `getUTCMonth(t) + 1` depends on the day of `t` alone: over five years that is 1,827 values. The rule evaluates the
//! expression itself on one representative of each, and a row becomes a look-up in that table. A row outside the
//! domain sends its batch through the expression, so statistics that lie cost time, not answers.

use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray, UInt32Array,
    new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Schema, TimeUnit};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use lockstep_functions::compare_utf16;

use super::domain::{Domain, domains};
use crate::steps::{Divisor, integers};

/// Tables past this many entries leave the cache, and cost more to fill than they save.
const MAX_ENTRIES: u64 = 1 << 16;

/// Replaces expressions of one small-domain column in projections by look-ups.
pub fn memoise(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|plan| {
        let Some(projection) = plan.downcast_ref::<ProjectionExec>() else { return Ok(Transformed::no(plan)) };
        let input = projection.input();
        let known = domains(input);
        let mut changed = false;
        let outputs: Vec<ProjectionExpr> = projection
            .expr()
            .iter()
            .map(|output| match MemoExpr::try_new(&output.expr, &known, &input.schema()) {
                Some(memo) => {
                    changed = true;
                    ProjectionExpr { expr: Arc::new(memo), alias: output.alias.clone() }
                }
                None => output.clone(),
            })
            .collect();
        if !changed {
            return Ok(Transformed::no(plan));
        }
        Ok(Transformed::yes(Arc::new(ProjectionExec::try_new(outputs, input.clone())?) as Arc<dyn ExecutionPlan>))
    })
    .data()
}

/// The part of its column's value that an expression depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Nothing,
    /// Calendar functions in UTC.
    Day,
    HourOfDay,
    /// Day and hour of day together.
    Hour,
    Value,
}

impl Part {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, part) | (part, Self::Nothing) => part,
            (Self::Day, Self::Day) => Self::Day,
            (Self::HourOfDay, Self::HourOfDay) => Self::HourOfDay,
            (Self::Value, _) | (_, Self::Value) => Self::Value,
            _ => Self::Hour,
        }
    }

    fn of(expression: &Arc<dyn PhysicalExpr>) -> Self {
        if expression.is::<Literal>() {
            return Self::Nothing;
        }
        if expression.is::<Column>() {
            return Self::Value;
        }
        if let Some(function) = expression.downcast_ref::<ScalarFunctionExpr>() {
            let part = match function.fun().name() {
                "date.getUTCFullYear" | "date.getUTCMonth" | "date.getUTCDate" | "date.getUTCDay" | "date.startOfUTCDay" => Some(Self::Day),
                "date.getUTCHours" => Some(Self::HourOfDay),
                _ => None,
            };
            if let (Some(part), [receiver]) = (part, function.args())
                && is_instant(receiver)
            {
                return part;
            }
        }
        expression.children().into_iter().map(Self::of).fold(Self::Nothing, Self::join)
    }
}

/// The column itself, or its view in milliseconds (which keeps day and hour).
fn is_instant(expression: &Arc<dyn PhysicalExpr>) -> bool {
    expression.is::<Column>()
        || expression
            .downcast_ref::<ScalarFunctionExpr>()
            .is_some_and(|view| view.fun().name() == "view.date" && view.args().iter().all(|arg| arg.is::<Column>()))
}

/// How a row's value becomes its entry: `(value - origin) / unit`, of which `period` keeps the remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Index {
    origin: i64,
    unit: i64,
    /// Quotients from here on lie outside the domain.
    quotients: u64,
    period: Period,
    /// Entries for values; one more stands for null.
    entries: usize,
    /// The entry stands for one value, not for a stretch of them.
    exact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Period {
    None,
    /// Hours of the day.
    Day,
}

const HOURS: u64 = 24;

/// What a `Date` can be, in milliseconds before and after 1970 (ECMA-262, 21.4.1.1).
const DATE_RANGE: i64 = 8_640_000_000_000_000;

/// `table[index(column)]`, and the expression itself where a value lies outside the domain.
#[derive(Debug, Clone)]
pub struct MemoExpr {
    expression: Arc<dyn PhysicalExpr>,
    column: usize,
    index: Index,
    /// `index.entries + 1` values of the output type.
    table: ArrayRef,
    domain: Domain,
    nullable: bool,
}

impl MemoExpr {
    /// None if the expression has no small domain, or fails on some value of it.
    fn try_new(expression: &Arc<dyn PhysicalExpr>, known: &[Domain], schema: &Schema) -> Option<Self> {
        if expression.is::<Column>() || expression.is::<Literal>() || expression.is::<Self>() {
            return None;
        }
        let column = only_column(expression)?;
        let data_type = schema.field(column).data_type();
        let index = Index::new(Part::of(expression), &known[column], data_type)?;
        let representatives = index.representatives(data_type)?;
        let table = evaluate_on(expression, column, &representatives, schema).ok()?;
        let nullable = expression.nullable(schema).ok()?;
        if !nullable && table.slice(0, index.entries).null_count() > 0 {
            return None;
        }
        let domain = Domain::of_values(&table.slice(0, index.entries));
        Some(Self { expression: expression.clone(), column, index, table, domain, nullable })
    }

    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The same function with string values as codes of one dictionary, in JavaScript's order.
    pub fn as_labels(&self) -> Option<Self> {
        let Domain::Labels(labels) = &self.domain else { return None };
        let strings = self.table.as_string_opt::<i32>()?;
        let code = |value: &str| labels.binary_search_by(|label| compare_utf16(label, value)).ok().map(|code| code as i32);
        let codes: Int32Array = strings.iter().map(|value| value.and_then(code)).collect();
        let values = Arc::new(StringArray::from_iter_values(labels.iter()));
        Some(Self { table: Arc::new(DictionaryArray::new(codes, values)), ..self.clone() })
    }
}

/// The one column an expression reads.
fn only_column(expression: &Arc<dyn PhysicalExpr>) -> Option<usize> {
    fn visit(expression: &Arc<dyn PhysicalExpr>, found: &mut Option<usize>) -> bool {
        if let Some(column) = expression.downcast_ref::<Column>() {
            return *found.get_or_insert(column.index()) == column.index();
        }
        !expression.is_volatile_node() && expression.children().into_iter().all(|child| visit(child, found))
    }
    let mut found = None;
    if visit(expression, &mut found) { found } else { None }
}

/// The expression on one value per entry and on null.
fn evaluate_on(
    expression: &Arc<dyn PhysicalExpr>,
    column: usize,
    values: &ArrayRef,
    schema: &Schema,
) -> Result<ArrayRef> {
    let nullable: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let rows = values.len();
    let columns = schema.fields().iter().enumerate().map(|(at, field)| match at == column {
        true => values.clone(),
        false => new_null_array(field.data_type(), rows),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(nullable)), columns.collect(), &options)?;
    // Null is evaluated by itself: where it throws, and the column has none, it does not matter.
    let some = expression.evaluate(&batch.slice(0, rows - 1))?.into_array(rows - 1)?;
    let none = match expression.evaluate(&batch.slice(rows - 1, 1)) {
        Ok(value) => value.into_array(1)?,
        Err(error) if schema.field(column).is_nullable() => return Err(error),
        Err(_) => new_null_array(some.data_type(), 1),
    };
    Ok(arrow::compute::concat(&[&some, &none])?)
}

impl Index {
    fn new(part: Part, domain: &Domain, data_type: &DataType) -> Option<Self> {
        let Domain::Steps { min, max, stride } = *domain else { return None };
        let ticks = match data_type {
            DataType::Timestamp(TimeUnit::Second, _) => Some(1),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Some(1_000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Some(1_000_000),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Some(1_000_000_000),
            _ => None,
        };
        let index = match (part, ticks) {
            (Part::Nothing, _) => return None,
            (Part::Day | Part::Hour | Part::HourOfDay, Some(ticks)) => {
                let unit = if part == Part::Day { 86_400 } else { 3_600 } * ticks;
                let start = if part == Part::HourOfDay { 86_400 * ticks } else { unit };
                let origin = min.div_euclid(start).checked_mul(start)?;
                let quotients = u64::try_from(max.checked_sub(origin)? / unit + 1).ok()?;
                // Past it a Date is invalid, and no function of the day. What finer ticks hold is all valid.
                let last = origin.checked_add(i64::try_from(quotients).ok()?.checked_mul(unit)?)?;
                let range = (i128::from(DATE_RANGE) * i128::from(ticks) / 1000).min(i64::MAX.into()) as i64;
                if origin < -range || last > range {
                    return None;
                }
                let period = if part == Part::HourOfDay { Period::Day } else { Period::None };
                let entries = if part == Part::HourOfDay { HOURS } else { quotients };
                Self { origin, unit, quotients, period, entries: usize::try_from(entries).ok()?, exact: false }
            }
            (Part::Value | Part::Day | Part::Hour | Part::HourOfDay, _) => {
                let quotients = u64::try_from(max.checked_sub(min)? / stride + 1).ok()?;
                let entries = usize::try_from(quotients).ok()?;
                Self { origin: min, unit: stride, quotients, period: Period::None, entries, exact: true }
            }
        };
        (index.entries as u64 <= MAX_ENTRIES).then_some(index)
    }

    /// A value of each entry, in order, and null at the end.
    fn representatives(&self, data_type: &DataType) -> Option<ArrayRef> {
        let values = (0..self.entries as i64).map(|entry| Some(self.origin + entry * self.unit)).chain([None]);
        let values: ArrayRef = Arc::new(Int64Array::from_iter(values));
        cast(&values, data_type).ok()
    }

    /// Entry numbers; None if a value lies outside the domain.
    fn entries_of(&self, array: &ArrayRef) -> Option<UInt32Array> {
        let Some(floats) = array.as_primitive_opt::<Float64Type>() else {
            let integers = integers(array)?;
            return self.number(integers.values().iter().copied(), integers.nulls());
        };
        // -0 is another value than 0 to some functions.
        let whole = |value: &f64| *value as i64 as f64 == *value && value.to_bits() != (-0.0f64).to_bits();
        let all = floats.values().iter().all(whole);
        all.then(|| self.number(floats.values().iter().map(|value| *value as i64), floats.nulls())).flatten()
    }

    fn number(&self, values: impl Iterator<Item = i64>, nulls: Option<&NullBuffer>) -> Option<UInt32Array> {
        // Below the origin the difference wraps to a huge unsigned number.
        let distances = values.map(|value| value.wrapping_sub(self.origin) as u64);
        let (unit, divisor) = (self.unit as u64, Divisor::new(self.unit as u64, self.quotients));
        let mut inside = true;
        let mut numbers = match (self.period, self.exact) {
            (Period::Day, _) => divisor.map(distances, |_, quotient| {
                inside &= quotient < self.quotients;
                (quotient % HOURS) as u32
            }),
            (Period::None, false) => divisor.map(distances, |_, quotient| {
                inside &= quotient < self.quotients;
                quotient as u32
            }),
            (Period::None, true) => divisor.map(distances, |distance, quotient| {
                inside &= quotient < self.quotients && quotient.wrapping_mul(unit) == distance;
                quotient as u32
            }),
        };
        if let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) {
            // A value under a null may look outside: such a batch is rare and takes the general way.
            (0..numbers.len()).filter(|row| nulls.is_null(*row)).for_each(|row| numbers[row] = self.entries as u32);
        }
        inside.then(|| UInt32Array::from(numbers))
    }
}

impl PhysicalExpr for MemoExpr {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(self.table.data_type().clone())
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(self.nullable)
    }

    fn return_field(&self, _: &Schema) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.to_string(), self.table.data_type().clone(), self.nullable)))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let column = batch.column(self.column);
        match self.index.entries_of(column) {
            Some(entries) => Ok(ColumnarValue::Array(take(&self.table, &entries, None)?)),
            None => {
                let values = self.expression.evaluate(batch)?.into_array(batch.num_rows())?;
                Ok(ColumnarValue::Array(cast(&values, self.table.data_type())?))
            }
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.expression]
    }

    /// Called when columns move to other places: the table stays, the column is found again.
    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let [expression] = children.as_slice() else {
            return Err(DataFusionError::Internal("a memo has one child".into()));
        };
        let column = only_column(expression)
            .ok_or_else(|| DataFusionError::Internal("a memo's expression reads one column".into()))?;
        Ok(Arc::new(Self { expression: expression.clone(), column, ..self.as_ref().clone() }))
    }

    fn fmt_sql(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.expression.fmt_sql(f)
    }
}

impl Display for MemoExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "memo[{}]({})", self.index.entries, self.expression)
    }
}

impl PartialEq for MemoExpr {
    fn eq(&self, other: &Self) -> bool {
        self.expression.eq(&other.expression)
            && self.index == other.index
            && self.table.data_type() == other.table.data_type()
    }
}

impl Eq for MemoExpr {}

impl Hash for MemoExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expression.hash(state);
        self.index.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::TimestampMicrosecondArray;

    use super::*;

    const MICROSECONDS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

    /// Every entry as division says it, at the borders of units and of the domain.
    #[test]
    fn entries_are_quotients() {
        let day = 86_400_000_000i64;
        let domain = Domain::Steps { min: -3 * day - 7, max: 1_900 * day + 5, stride: 1 };
        for (part, unit) in [(Part::Day, day), (Part::Hour, day / 24), (Part::HourOfDay, day / 24)] {
            let index = Index::new(part, &domain, &MICROSECONDS).unwrap();
            let borders = (-96..1_900 * 24).step_by(7).flat_map(|hour| [-1, 0, 1, 1_234_567].map(|more| hour * (day / 24) + more));
            let values: Vec<i64> = borders.filter(|value| *value >= -3 * day - 7).chain([1_900 * day + 5]).collect();
            let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(values.clone()));
            let entries = index.entries_of(&array).unwrap();
            for (value, entry) in values.iter().zip(entries.values()) {
                let quotient = (value - index.origin) / unit;
                let expected = if part == Part::HourOfDay { quotient % 24 } else { quotient };
                assert_eq!(i64::from(*entry), expected, "{value}");
            }
            for outside in [i64::MIN, -5 * day, 1_902 * day, i64::MAX] {
                let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0, outside]));
                assert!(index.entries_of(&array).is_none(), "{outside}");
            }
        }
    }

    #[test]
    fn steps_have_no_values_between() {
        let index = Index::new(Part::Value, &Domain::Steps { min: 10, max: 100, stride: 30 }, &DataType::Int64).unwrap();
        let entries = |values: Vec<i64>| index.entries_of(&(Arc::new(Int64Array::from(values)) as ArrayRef));
        assert_eq!(entries(vec![10, 40, 100]).unwrap().values(), &[0, 1, 3]);
        assert!(entries(vec![10, 41]).is_none() && entries(vec![130]).is_none() && entries(vec![-20]).is_none());
    }

    /// What JavaScript tells apart is no entry of one value: -0, and instants that are no Date.
    #[test]
    fn minus_zero_and_invalid_dates_take_the_general_way() {
        let index = Index::new(Part::Value, &Domain::Steps { min: 0, max: 9, stride: 1 }, &DataType::Float64).unwrap();
        let entries = |values: Vec<f64>| index.entries_of(&(Arc::new(arrow::array::Float64Array::from(values)) as ArrayRef));
        assert!(entries(vec![0.0, 9.0]).is_some());
        assert!(entries(vec![0.0, -0.0]).is_none() && entries(vec![f64::NAN]).is_none());
        let seconds = DataType::Timestamp(TimeUnit::Second, None);
        let last = DATE_RANGE / 1000;
        for part in [Part::Day, Part::HourOfDay] {
            let near = |max: i64| Index::new(part, &Domain::Steps { min: last - 100 * 86_400, max, stride: 1 }, &seconds);
            assert!(near(last - 1).is_some() && near(last + 86_400).is_none());
        }
    }
}
