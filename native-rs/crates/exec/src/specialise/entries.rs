//! Which entry of a table of results a value has, by the part of it that a function depends on.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use super::domain::Domain;
use crate::steps::{Divisor, integers};

/// Tables past this many entries leave the cache, and cost more to fill than they save.
const MAX_ENTRIES: u64 = 1 << 16;

/// The part of its column's value that an expression depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
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

    /// Of an expression of one column.
    pub fn of(expression: &Arc<dyn PhysicalExpr>) -> Self {
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
pub struct Index {
    origin: i64,
    unit: i64,
    /// Quotients from here on lie outside the domain.
    quotients: u64,
    period: Period,
    /// Entries for values; one more stands for null.
    pub entries: usize,
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

impl Index {
    pub fn new(part: Part, domain: &Domain, data_type: &DataType) -> Option<Self> {
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
    pub fn representatives(&self, data_type: &DataType) -> Option<ArrayRef> {
        let values = (0..self.entries as i64).map(|entry| Some(self.origin + entry * self.unit)).chain([None]);
        let values: ArrayRef = Arc::new(Int64Array::from_iter(values));
        cast(&values, data_type).ok()
    }

    /// Entry numbers; None if a value lies outside the domain.
    pub fn entries_of(&self, array: &ArrayRef) -> Option<UInt32Array> {
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
