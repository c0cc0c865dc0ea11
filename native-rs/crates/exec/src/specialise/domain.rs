//! What is known of a column's values before any is read: from agreed statistics upwards through expressions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::common::stats::Precision;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use lockstep_functions::compare_utf16;

use super::memo::MemoExpr;
use crate::operators::{ScanExec, SemiFilterExec};
use crate::steps::stride;

/// The values a column can hold, null aside. Only a promise: readers of a domain guard against values outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    Unknown,
    /// `min, min + stride, … max` in the column's own unit; float64 columns of integers too.
    Steps { min: i64, max: i64, stride: i64 },
    Boolean,
    /// Ascending in JavaScript's order.
    Labels(Arc<Vec<String>>),
}

impl Domain {
    /// Number of values, if finite and known.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Steps { min, max, stride } => Some((max.checked_sub(*min)? / stride) as u64 + 1),
            Self::Boolean => Some(2),
            Self::Labels(labels) => Some(labels.len() as u64),
        }
    }

    /// The domain of all values of an array.
    pub fn of_values(values: &ArrayRef) -> Self {
        match values.data_type() {
            DataType::Boolean => Self::Boolean,
            DataType::Utf8 => {
                let mut labels: Vec<String> = values.as_string::<i32>().iter().flatten().map(str::to_owned).collect();
                labels.sort_by(|a, b| compare_utf16(a, b));
                labels.dedup();
                Self::Labels(Arc::new(labels))
            }
            DataType::Float64 => {
                let floats = values.as_primitive::<Float64Type>();
                let integers: Option<Vec<i64>> =
                    floats.iter().flatten().map(|value| (value as i64 as f64 == value).then_some(value as i64)).collect();
                integers.map_or(Self::Unknown, |integers| steps(&integers))
            }
            data_type if data_type.is_integer() || data_type.is_temporal() => match cast(values, &DataType::Int64) {
                Ok(integers) => steps(&integers.as_primitive::<Int64Type>().iter().flatten().collect::<Vec<_>>()),
                Err(_) => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }
}

fn steps(values: &[i64]) -> Domain {
    let (Some(min), Some(max)) = (values.iter().min(), values.iter().max()) else { return Domain::Unknown };
    match stride(values.iter().copied(), *min) {
        Some(stride) => Domain::Steps { min: *min, max: *max, stride },
        None => Domain::Unknown,
    }
}

/// The domain of each output column of `plan`.
pub fn domains(plan: &Arc<dyn ExecutionPlan>) -> Vec<Domain> {
    let schema = plan.schema();
    let by_type = || schema.fields().iter().map(|field| of_type(field.data_type())).collect::<Vec<_>>();
    if let Some(scan) = plan.downcast_ref::<ScanExec>() {
        let known = leaf(plan).unwrap_or_else(by_type);
        let labels = |(column, known): (usize, Domain)| scan.labels(column).map_or(known, |labels| Domain::Labels(labels.clone()));
        return known.into_iter().enumerate().map(labels).collect();
    }
    if plan.children().is_empty() {
        return leaf(plan).unwrap_or_else(by_type);
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let input = domains(projection.input());
        let schema = projection.input().schema();
        return projection.expr().iter().map(|output| of_expression(&output.expr, &input, &schema)).collect();
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        return of_join(join).unwrap_or_else(by_type);
    }
    if let Some(semi) = plan.downcast_ref::<SemiFilterExec>() {
        return domains(semi.kept());
    }
    let children = plan.children();
    if children.len() == 1 {
        let input = children[0];
        if let Some(filter) = plan.downcast_ref::<FilterExec>() {
            let all = domains(input);
            return match filter.projection() {
                Some(columns) => columns.iter().map(|column| all[*column].clone()).collect(),
                None => all,
            };
        }
        // Exchanges, sorts, limits: the rows are the input's.
        if input.schema().fields() == schema.fields() {
            return domains(input);
        }
    }
    by_type()
}

fn leaf(plan: &Arc<dyn ExecutionPlan>) -> Option<Vec<Domain>> {
    let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new()).ok()?;
    let schema = plan.schema();
    let columns = statistics.column_statistics.iter().zip(schema.fields()).map(|(column, field)| {
        let bound = |precision: &Precision<ScalarValue>| match precision.get_value()? {
            value if value.is_null() => None,
            value if value.data_type().is_integer() || value.data_type().is_temporal() => {
                match value.cast_to(&DataType::Int64).ok()? {
                    ScalarValue::Int64(value) => value,
                    _ => None,
                }
            }
            _ => None,
        };
        match (bound(&column.min_value), bound(&column.max_value)) {
            (Some(min), Some(max)) if min <= max => Domain::Steps { min, max, stride: 1 },
            _ => of_type(field.data_type()),
        }
    });
    let columns: Vec<Domain> = columns.collect();
    (columns.len() == schema.fields().len()).then_some(columns)
}

fn of_type(data_type: &DataType) -> Domain {
    match data_type {
        DataType::Boolean => Domain::Boolean,
        DataType::Int8 => Domain::Steps { min: i8::MIN.into(), max: i8::MAX.into(), stride: 1 },
        DataType::UInt8 => Domain::Steps { min: 0, max: u8::MAX.into(), stride: 1 },
        _ => Domain::Unknown,
    }
}

fn of_expression(expression: &Arc<dyn PhysicalExpr>, input: &[Domain], schema: &arrow::datatypes::Schema) -> Domain {
    if let Some(column) = expression.downcast_ref::<Column>() {
        return input[column.index()].clone();
    }
    if let Some(memo) = expression.downcast_ref::<MemoExpr>() {
        return memo.domain().clone();
    }
    expression.data_type(schema).map_or(Domain::Unknown, |data_type| of_type(&data_type))
}

fn of_join(join: &HashJoinExec) -> Option<Vec<Domain>> {
    let mut both = domains(join.left());
    both.extend(domains(join.right()));
    if join.join_schema().fields().len() != both.len() {
        return None; // semi, anti, mark: not worth a rule yet
    }
    Some(match &join.projection {
        Some(columns) => columns.iter().map(|column| both[*column].clone()).collect(),
        None => both,
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array, StringArray, TimestampMillisecondArray};

    use super::*;

    #[test]
    fn domains_of_values() {
        let days: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![Some(86_400_000), None, Some(5 * 86_400_000)]));
        assert_eq!(Domain::of_values(&days), Domain::Steps { min: 86_400_000, max: 432_000_000, stride: 345_600_000 });
        let hours: ArrayRef = Arc::new(Float64Array::from(vec![3.0, 4.0, 8.0]));
        assert_eq!(Domain::of_values(&hours), Domain::Steps { min: 3, max: 8, stride: 1 });
        let halves: ArrayRef = Arc::new(Float64Array::from(vec![0.5]));
        assert_eq!(Domain::of_values(&halves), Domain::Unknown);
        let wide: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX]));
        assert_eq!(Domain::of_values(&wide), Domain::Unknown);
        let labels: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), None, Some("a"), Some("b")]));
        assert_eq!(Domain::of_values(&labels), Domain::Labels(Arc::new(vec!["a".into(), "b".into()])));
    }
}
