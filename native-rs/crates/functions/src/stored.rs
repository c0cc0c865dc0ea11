//! Comparisons with constants on values as they are stored: days, ticks, unscaled decimals, narrow integers. Each is an interval of
//! the stored integers, so JavaScript's values of them need not be made; intervals of one column that are joined by `&&` are one.
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
};
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::logical_expr::{Expr, Operator, ident};
use lockstep_plan::{Expression, JsType, Literal};

use crate::arguments::{Arguments, booleans};
use crate::date::{MS_PER_DAY, is_valid, time_clip};
use crate::numeral::to_number;
use crate::predicate::Predicate;
use crate::pruning::{holds, operator};
use crate::view::DIGITS;

/// `column < constant` and its like, where both executions agree on it without a look at JavaScript's value; None elsewhere.
pub(crate) fn comparison(function: &str, arguments: &[Expression], schema: &DFSchema) -> Option<Expr> {
    let operator = operator(function)?;
    let [left, right] = arguments else { return None };
    if let (Expression::Column { name: left, js: JsType::Date }, Expression::Column { name: right, js: JsType::Date }) = (left, right) {
        return dates(left, operator, right, schema);
    }
    let (column, operator, constant) = match (left, right) {
        (Expression::Column { .. }, constant) => (left, operator, constant),
        (constant, Expression::Column { .. }) => (right, operator.swap()?, constant),
        _ => return None,
    };
    let Expression::Column { name, js } = column else { return None };
    let field = schema.field_with_unqualified_name(name).ok()?;
    let value = constant_of(constant, *js)?;
    let interval = match (js, field.data_type()) {
        // Dates are objects: equality is theirs.
        (JsType::Date, _) if operator == Operator::Eq => return None,
        (JsType::Date, stored) => instants(stored, operator, value)?,
        (JsType::Number, stored) if narrow(stored) => integers(operator, value, |x| x as f64),
        (JsType::Number, DataType::Decimal128(digits, scale)) if *digits <= DIGITS && (0..=15).contains(scale) => {
            let unit = 10_f64.powi(i32::from(*scale));
            integers(operator, value, |x| x as f64 / unit)
        }
        _ => return None,
    };
    // To an ordering null is 0; it equals null alone.
    let null = operator != Operator::Eq && holds(0.0, operator, value);
    Some(Within { low: interval.0, high: interval.1, null }.on(vec![ident(name)]))
}

/// Two columns of days, or of ticks that JavaScript has too, that hold no null.
fn dates(left: &str, operator: Operator, right: &str, schema: &DFSchema) -> Option<Expr> {
    let field = |name| schema.field_with_unqualified_name(name).ok().filter(|field| !field.is_nullable());
    let (of, other) = (field(left)?.data_type(), field(right)?.data_type());
    let plain = matches!(of, DataType::Date32 | DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, _));
    if operator == Operator::Eq || !plain || of != other {
        return None;
    }
    Some(Ordered(operator).on(vec![ident(left), ident(right)]))
}

/// `left && right` of predicates that cannot throw: one interval where both are of the same column; None elsewhere.
pub(crate) fn intersection(left: &Expr, right: &Expr) -> Option<Expr> {
    let ((a, columns), (b, others)) = (Within::of(left)?, Within::of(right)?);
    let both = || Within { low: a.low.max(b.low), high: a.high.min(b.high), null: a.null && b.null };
    (columns == others).then(|| both().on(columns.to_vec()))
}

/// A number, or the time value of a date that is valid.
fn constant_of(expression: &Expression, js: JsType) -> Option<f64> {
    let number = |value: &Literal| match value {
        Literal::Number(value) => Some(*value),
        Literal::String(text) => Some(to_number(text)),
        _ => None,
    };
    let value = match (js, expression) {
        (JsType::Number, Expression::Literal { js: JsType::Number, value }) => number(value)?,
        (JsType::Date, Expression::Literal { js: JsType::Date | JsType::Number, value }) => number(value)?,
        (JsType::Date, Expression::Call { function, args, .. }) if function == "Date" => match args.as_slice() {
            [Expression::Literal { js: JsType::Number, value }] => number(value)?,
            _ => return None,
        },
        _ => return None,
    };
    if js == JsType::Date {
        let time = time_clip(value);
        return is_valid(time).then_some(time as f64);
    }
    (!value.is_nan()).then_some(value)
}

fn narrow(stored: &DataType) -> bool {
    use DataType as T;
    matches!(stored, T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 | T::UInt32)
}

/// The whole numbers x of up to 15 digits for which `seen(x)`, which grows with x, stands so to `value`.
fn integers(operator: Operator, value: f64, seen: impl Fn(i64) -> f64) -> (i64, i64) {
    const MOST: i64 = 1_000_000_000_000_000;
    // The first x of which this is true: it is false up to some x and true from there.
    let first = |holds: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (-MOST, MOST + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(seen(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let (least, above) = (first(&|x| x >= value), first(&|x| x > value));
    match operator {
        Operator::Lt => (i64::MIN, least - 1),
        Operator::LtEq => (i64::MIN, above - 1),
        Operator::Gt => (above, i64::MAX),
        Operator::GtEq => (least, i64::MAX),
        // Of none of them: an empty interval.
        _ => (least, above - 1),
    }
}

/// Time values past ±8.64e15 ms are invalid dates, with which nothing compares.
const LAST: i64 = 8_640_000_000_000_000;

/// `value` in ms; JavaScript sees the floor of finer ticks.
fn instants(stored: &DataType, operator: Operator, value: f64) -> Option<(i64, i64)> {
    let value = value as i64;
    let (low, high) = match operator {
        Operator::Lt => (-LAST, value - 1),
        Operator::LtEq => (-LAST, value),
        Operator::Gt => (value + 1, LAST),
        Operator::GtEq => (value, LAST),
        _ => return None,
    };
    let coarse = |ms: i64| (-(-low).div_euclid(ms), high.div_euclid(ms));
    let fine = |ticks: i64| (low.saturating_mul(ticks), high.saturating_mul(ticks).saturating_add(ticks - 1));
    Some(match stored {
        DataType::Date32 => coarse(MS_PER_DAY),
        DataType::Timestamp(TimeUnit::Second, _) => coarse(1000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => (low, high),
        DataType::Timestamp(TimeUnit::Microsecond, _) => fine(1000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => fine(1_000_000),
        _ => return None,
    })
}

/// Stored integers from `low` to `high`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Within {
    low: i64,
    high: i64,
    /// What is said of null.
    null: bool,
}

impl Predicate for Within {
    fn name(&self) -> &str {
        "within"
    }

    fn holds(&self, arguments: &Arguments) -> Result<ArrayRef> {
        self.of_array(&arguments.array(0)?)
    }
}

impl Within {
    fn of_array(&self, array: &ArrayRef) -> Result<ArrayRef> {
        macro_rules! by {
            ($($pattern:pat => $type:ty),+ $(,)?) => {
                match array.data_type() {
                    $($pattern => self.bits::<$type>(array),)+
                    DataType::Decimal128(..) => self.decimals(array),
                    other => return internal_err!("within of {other}"),
                }
            };
        }
        let bits = by! {
            DataType::Int8 => Int8Type, DataType::Int16 => Int16Type, DataType::Int32 => Int32Type,
            DataType::UInt8 => UInt8Type, DataType::UInt16 => UInt16Type, DataType::UInt32 => UInt32Type,
            DataType::Date32 => Date32Type,
            DataType::Timestamp(TimeUnit::Second, _) => TimestampSecondType, DataType::Timestamp(TimeUnit::Millisecond, _) => TimestampMillisecondType,
            DataType::Timestamp(TimeUnit::Microsecond, _) => TimestampMicrosecondType, DataType::Timestamp(TimeUnit::Nanosecond, _) => TimestampNanosecondType,
        };
        booleans(self.with_nulls(bits, array.nulls()))
    }

    fn bits<T: ArrowPrimitiveType<Native: Into<i64> + Copy>>(&self, array: &ArrayRef) -> BooleanBuffer {
        let values = array.as_primitive::<T>().values();
        // One comparison: what is below wraps around.
        let (low, most) = (self.low, self.high.wrapping_sub(self.low) as u64);
        match self.low <= self.high {
            true => BooleanBuffer::collect_bool(values.len(), |row| values[row].into().wrapping_sub(low) as u64 <= most),
            false => BooleanBuffer::new_unset(values.len()),
        }
    }

    fn decimals(&self, array: &ArrayRef) -> BooleanBuffer {
        let values = array.as_primitive::<Decimal128Type>().values();
        let (low, high) = (i128::from(self.low), i128::from(self.high));
        BooleanBuffer::collect_bool(values.len(), |row| low <= values[row] && values[row] <= high)
    }

    fn with_nulls(&self, bits: BooleanBuffer, nulls: Option<&NullBuffer>) -> BooleanBuffer {
        match nulls {
            None => bits,
            Some(valid) if self.null => &bits | &!valid.inner(),
            Some(valid) => &bits & valid.inner(),
        }
    }
}

/// Two dates of one unit in this order.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Ordered(Operator);

impl Predicate for Ordered {
    fn name(&self) -> &str {
        match self.0 {
            Operator::Lt => "earlier",
            Operator::LtEq => "earlier or same",
            Operator::Gt => "later",
            _ => "later or same",
        }
    }

    fn holds(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let (x, y) = (arguments.array(0)?, arguments.array(1)?);
        booleans(match x.data_type() {
            DataType::Date32 => self.bits::<Date32Type>(&x, &y, LAST / MS_PER_DAY),
            DataType::Timestamp(TimeUnit::Second, _) => self.bits::<TimestampSecondType>(&x, &y, LAST / 1000),
            DataType::Timestamp(TimeUnit::Millisecond, _) => self.bits::<TimestampMillisecondType>(&x, &y, LAST),
            other => return internal_err!("the order of {other}"),
        })
    }
}

impl Ordered {
    /// `last`: what is past it, or before its negative, is an invalid date.
    fn bits<T: ArrowPrimitiveType<Native: Into<i64> + Copy + PartialOrd>>(&self, x: &ArrayRef, y: &ArrayRef, last: i64) -> BooleanBuffer {
        let (x, y) = (x.as_primitive::<T>().values(), y.as_primitive::<T>().values());
        let bits = match self.0 {
            Operator::Lt => BooleanBuffer::collect_bool(x.len(), |row| x[row] < y[row]),
            Operator::LtEq => BooleanBuffer::collect_bool(x.len(), |row| x[row] <= y[row]),
            Operator::Gt => BooleanBuffer::collect_bool(x.len(), |row| x[row] > y[row]),
            _ => BooleanBuffer::collect_bool(x.len(), |row| x[row] >= y[row]),
        };
        let valid = |value: T::Native| value.into().wrapping_add(last) as u64 <= (2 * last) as u64;
        match x.iter().chain(y.iter()).fold(true, |all, value| all & valid(*value)) {
            true => bits,
            false => &bits & &BooleanBuffer::collect_bool(x.len(), |row| valid(x[row]) && valid(y[row])),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Decimal128Array, TimestampMicrosecondArray};

    use super::*;

    fn interval(function: &str, stored: &DataType, value: f64) -> (i64, i64) {
        instants(stored, operator(function).unwrap(), value).unwrap()
    }

    #[test]
    fn intervals_of_instants_are_of_the_floor() {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(interval("le", &micros, 5.0).1, 5_999);
        assert_eq!(interval("gt", &micros, 5.0).0, 6_000);
        assert_eq!(interval("lt", &micros, -1.0).1, -1_001);
        assert_eq!(interval("lt", &DataType::Date32, 86_400_000.0).1, 0);
        assert_eq!(interval("lt", &DataType::Date32, 86_400_001.0).1, 1);
        assert_eq!(interval("ge", &DataType::Date32, 1.0).0, 1);
        assert_eq!(interval("ge", &DataType::Date32, -86_400_001.0).0, -1);
        let (low, high) = interval("ge", &DataType::Date32, 0.0);
        assert_eq!((low, high), (0, 100_000_000));
        let within = Within { low, high, null: false };
        let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(-1), Some(0), None, Some(100_000_000), Some(100_000_001), Some(i32::MAX)]));
        assert_eq!(within.of_array(&days).unwrap().as_boolean(), &arrow::array::BooleanArray::from(vec![false, true, false, true, false, false]));
        let ticks: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None]));
        let (low, high) = interval("lt", &micros, 0.0);
        assert_eq!(Within { low, high, null: true }.of_array(&ticks).unwrap().as_boolean(), &arrow::array::BooleanArray::from(vec![true, true]));
    }

    #[test]
    fn intervals_of_decimals_are_what_their_numbers_say() {
        let cents = |x: i64| x as f64 / 100.0;
        for value in [0.05, 0.07, -0.01, 0.1 + 0.2, 1e300, -1e300, f64::INFINITY, 24.0, 0.055, -0.0] {
            for (name, operator) in ["lt", "le", "gt", "ge", "eq"].map(|name| (name, operator(name).unwrap())) {
                let (low, high) = integers(operator, value, cents);
                for x in (-30..30).chain(2390..2410) {
                    assert_eq!(low <= x && x <= high, holds(cents(x), operator, value), "{x} {name} {value}");
                }
            }
        }
        let (low, high) = integers(Operator::GtEq, 0.05, cents);
        let decimals: ArrayRef = Arc::new(Decimal128Array::from(vec![Some(4), Some(5), None, Some(i128::MAX)]).with_precision_and_scale(15, 2).unwrap());
        let held = Within { low, high, null: false }.of_array(&decimals).unwrap();
        assert_eq!(held.as_boolean().values().iter().collect::<Vec<_>>(), [false, true, false, false]);
    }
}
