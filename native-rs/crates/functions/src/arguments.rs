//! How kernels see their arguments: constants stay constants, null-free columns are plain slices.
use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, PrimitiveArray, StringArray, TimestampMillisecondArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampMillisecondType};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::ColumnarValue;

use crate::error::RowError;
use crate::view::UTC;

pub(crate) struct Arguments<'a> {
    pub(crate) values: &'a [ColumnarValue],
    pub(crate) rows: usize,
}

/// A numeric argument.
pub(crate) enum Lane<'a, T: Copy> {
    Constant(T),
    Values(Cow<'a, [T]>),
}

impl<T: Copy> Lane<'_, T> {
    #[inline(always)]
    pub(crate) fn get(&self, row: usize) -> T {
        match self {
            Self::Constant(value) => *value,
            Self::Values(values) => values[row],
        }
    }
}

/// A string argument.
pub(crate) enum Strings<'a> {
    Constant(Option<&'a str>),
    Values(&'a StringArray),
}

/// One string of an argument, of which is known whether it is ASCII.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    pub(crate) ascii: bool,
}

impl<'a> Strings<'a> {
    #[inline(always)]
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Constant(value) => *value,
            Self::Values(array) => (!array.is_null(row)).then(|| array.value(row)),
        }
    }

    /// `String(x)`: null is "null".
    #[inline(always)]
    pub(crate) fn text(&self, row: usize) -> &'a str {
        self.get(row).unwrap_or("null")
    }

    /// True if all strings are ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        match self {
            Self::Constant(text) => text.is_none_or(str::is_ascii),
            Self::Values(array) => {
                // A slice shares its buffer with rows that are not its own.
                let offsets = array.value_offsets();
                let (first, last) = (offsets[0] as usize, offsets[array.len()] as usize);
                array.value_data()[first..last].is_ascii()
            }
        }
    }

    /// The receiver of a method; null has no methods.
    #[inline(always)]
    pub(crate) fn receiver(&self, row: usize, method: &str) -> Result<&'a str> {
        match self.get(row) {
            Some(text) => Ok(text),
            None => null_receiver(row, method),
        }
    }
}

#[cold]
pub(crate) fn null_receiver<T>(row: usize, method: &str) -> Result<T> {
    RowError::type_error(row, format!("Cannot read properties of null (reading '{method}')"))
}

impl<'a> Arguments<'a> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// ToNumber of a number argument: null is 0.
    pub(crate) fn number(&self, index: usize) -> Result<Lane<'a, f64>> {
        self.lane::<Float64Type>(index, |scalar| match scalar {
            ScalarValue::Float64(value) => Some(value.unwrap_or(0.0)),
            _ => None,
        })
    }

    /// Int64 values; what stands at null positions is 0: see [`Self::nulls`].
    pub(crate) fn bigint(&self, index: usize) -> Result<Lane<'a, i64>> {
        self.lane::<Int64Type>(index, |scalar| match scalar {
            ScalarValue::Int64(value) => Some(value.unwrap_or(0)),
            _ => None,
        })
    }

    /// Time values in ms, [`crate::date::INVALID`] for an invalid date; 0 at null positions.
    pub(crate) fn date(&self, index: usize) -> Result<Lane<'a, i64>> {
        self.lane::<TimestampMillisecondType>(index, |scalar| match scalar {
            ScalarValue::TimestampMillisecond(value, _) => Some(value.unwrap_or(0)),
            _ => None,
        })
    }

    fn lane<T: ArrowPrimitiveType>(
        &self,
        index: usize,
        constant: impl Fn(&ScalarValue) -> Option<T::Native>,
    ) -> Result<Lane<'a, T::Native>> {
        match &self.values[index] {
            ColumnarValue::Scalar(scalar) => constant(scalar).map(Lane::Constant).ok_or_else(|| self.wrong(index)),
            ColumnarValue::Array(array) => {
                let array = array.as_primitive_opt::<T>().ok_or_else(|| self.wrong(index))?;
                Ok(Lane::Values(without_nulls(array)))
            }
        }
    }

    pub(crate) fn string(&self, index: usize) -> Result<Strings<'a>> {
        match &self.values[index] {
            ColumnarValue::Scalar(ScalarValue::Utf8(value)) => Ok(Strings::Constant(value.as_deref())),
            ColumnarValue::Array(array) => {
                array.as_string_opt::<i32>().map(Strings::Values).ok_or_else(|| self.wrong(index))
            }
            _ => Err(self.wrong(index)),
        }
    }

    /// Boolean values as 0 or 1; null is 0.
    pub(crate) fn boolean(&self, index: usize) -> Result<Lane<'a, bool>> {
        match &self.values[index] {
            ColumnarValue::Scalar(ScalarValue::Boolean(value)) => Ok(Lane::Constant(value.unwrap_or(false))),
            ColumnarValue::Array(array) => {
                let array = array.as_boolean_opt().ok_or_else(|| self.wrong(index))?;
                let bits = match array.nulls() {
                    Some(nulls) => array.values() & nulls.inner(),
                    None => array.values().clone(),
                };
                Ok(Lane::Values(Cow::Owned(bits.iter().collect())))
            }
            _ => Err(self.wrong(index)),
        }
    }

    /// Which rows of an argument are not null; none if all are.
    pub(crate) fn nulls(&self, index: usize) -> Option<NullBuffer> {
        match &self.values[index] {
            ColumnarValue::Scalar(scalar) => scalar.is_null().then(|| NullBuffer::new_null(self.rows)),
            ColumnarValue::Array(array) => array.logical_nulls().filter(|nulls| nulls.null_count() > 0),
        }
    }

    /// The first row whose argument is null.
    pub(crate) fn first_null(&self, index: usize) -> Option<usize> {
        self.nulls(index).and_then(|nulls| (0..nulls.len()).find(|&row| nulls.is_null(row)))
    }

    /// Throws if a receiver is null.
    pub(crate) fn check_receiver(&self, method: &str) -> Result<()> {
        match self.first_null(0) {
            Some(row) => null_receiver(row, method),
            None => Ok(()),
        }
    }

    /// The argument as an array of `rows` values.
    pub(crate) fn array(&self, index: usize) -> Result<ArrayRef> {
        self.values[index].to_array(self.rows)
    }

    fn wrong(&self, index: usize) -> datafusion::common::DataFusionError {
        internal_datafusion_err!("argument {index} has type {}", self.values[index].data_type())
    }
}

fn without_nulls<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>) -> Cow<'_, [T::Native]> {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => Cow::Borrowed(array.values()),
        Some(nulls) => Cow::Owned(
            array.values().iter().zip(nulls.iter()).map(|(&value, valid)| if valid { value } else { T::Native::default() }).collect(),
        ),
    }
}

pub(crate) fn numbers(values: Vec<f64>) -> Result<ArrayRef> {
    Ok(Arc::new(Float64Array::from(values)))
}

pub(crate) fn booleans(values: BooleanBuffer) -> Result<ArrayRef> {
    Ok(Arc::new(BooleanArray::new(values, None)))
}

pub(crate) fn bigints(values: Vec<i64>) -> Result<ArrayRef> {
    Ok(Arc::new(Int64Array::from(values)))
}

pub(crate) fn dates(values: Vec<i64>, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    Ok(Arc::new(TimestampMillisecondArray::new(ScalarBuffer::from(values), nulls).with_timezone(UTC)))
}

/// `f(x)` for every row.
#[inline(always)]
pub(crate) fn unary(arguments: &Arguments, f: impl Fn(f64) -> f64) -> Result<ArrayRef> {
    numbers(match arguments.number(0)? {
        Lane::Constant(x) => vec![f(x); arguments.rows],
        Lane::Values(x) => x.iter().map(|&x| f(x)).collect(),
    })
}

/// `f(x, y)` for every row: a loop of its own where one side is constant.
#[inline(always)]
pub(crate) fn binary(arguments: &Arguments, f: impl Fn(f64, f64) -> f64) -> Result<ArrayRef> {
    numbers(match (arguments.number(0)?, arguments.number(1)?) {
        (Lane::Values(x), Lane::Values(y)) => x.iter().zip(y.iter()).map(|(&x, &y)| f(x, y)).collect(),
        (Lane::Values(x), Lane::Constant(y)) => x.iter().map(|&x| f(x, y)).collect(),
        (Lane::Constant(x), Lane::Values(y)) => y.iter().map(|&y| f(x, y)).collect(),
        (Lane::Constant(x), Lane::Constant(y)) => vec![f(x, y); arguments.rows],
    })
}

/// `f(x, y)` as bits for every row.
#[inline(always)]
pub(crate) fn relation<T: Copy>(x: &Lane<T>, y: &Lane<T>, rows: usize, f: impl Fn(T, T) -> bool) -> BooleanBuffer {
    match (x, y) {
        (Lane::Values(x), Lane::Values(y)) => {
            let (x, y) = (&x[..rows], &y[..rows]);
            BooleanBuffer::collect_bool(rows, |row| f(x[row], y[row]))
        }
        (Lane::Values(x), Lane::Constant(y)) => {
            let x = &x[..rows];
            BooleanBuffer::collect_bool(rows, |row| f(x[row], *y))
        }
        (Lane::Constant(x), Lane::Values(y)) => {
            let y = &y[..rows];
            BooleanBuffer::collect_bool(rows, |row| f(*x, y[row]))
        }
        (Lane::Constant(x), Lane::Constant(y)) => {
            if f(*x, *y) { BooleanBuffer::new_set(rows) } else { BooleanBuffer::new_unset(rows) }
        }
    }
}
