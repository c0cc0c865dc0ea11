//! Which row of a batch threw first.
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::physical_expr::PhysicalExpr;

use crate::RowError;

/// Evaluates row by row what failed as a batch: the error of the first failing row, with its index in `batch`; of
/// one row the first expression's. For the failure path only.
pub fn first_failure(expressions: &[Arc<dyn PhysicalExpr>], batch: &RecordBatch) -> Option<RowError> {
    (0..batch.num_rows()).find_map(|row| {
        let one = batch.slice(row, 1);
        expressions.iter().find_map(|expression| {
            let error = expression.evaluate(&one).err()?;
            RowError::of(&error).map(|error| RowError { row, ..error.clone() })
        })
    })
}
