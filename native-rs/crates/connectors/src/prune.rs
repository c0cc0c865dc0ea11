//! Groups that a filter cannot match, found from statistics alone.
use std::{collections::HashSet, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, UInt64Array, new_null_array},
    datatypes::{DataType, SchemaRef},
};
use datafusion::{
    common::{
        Column,
        pruning::PruningStatistics,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::Operator,
    physical_expr::{
        PhysicalExpr,
        expressions::{BinaryExpr, CastExpr, Column as ColumnExpr, Literal},
    },
    physical_optimizer::pruning::PruningPredicateBuilder,
    scalar::ScalarValue,
};

use crate::{
    bounds::Bound,
    dataset::{ColumnChunk, Dataset, Group},
};

/// One flag a group in dataset order: false where no row can satisfy `filter` (bound to `schema`, a scan's).
/// A filter that statistics cannot judge keeps everything.
pub fn prune(dataset: &Dataset, filter: &Arc<dyn PhysicalExpr>, schema: &SchemaRef) -> Vec<bool> {
    let groups: Vec<&Group> = dataset.files.iter().flat_map(|file| &file.groups).collect();
    let keep_all = vec![true; groups.len()];
    let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema));
    let Some(predicate) = builder.build(Arc::clone(filter)) else { return keep_all };
    let statistics = Statistics { dataset, groups, floats: is_plain_comparison(filter) };
    predicate.prune(&statistics).unwrap_or(keep_all)
}

struct Statistics<'a> {
    dataset: &'a Dataset,
    groups: Vec<&'a Group>,
    /// Bounds of float columns may be used.
    floats: bool,
}

impl Statistics<'_> {
    fn bounds(&self, column: &Column, bound: impl Fn(&ColumnChunk) -> Option<&Bound>) -> Option<ArrayRef> {
        let (index, field) = self.dataset.schema.column_with_name(&column.name)?;
        let data_type = field.data_type();
        if data_type.is_floating() && !self.floats {
            return None;
        }
        let null = ScalarValue::try_from(data_type).ok()?;
        let values = self.groups.iter().map(|group| {
            let value = group.columns.get(index).and_then(&bound).and_then(|bound| bound.to_scalar(data_type));
            match (value, data_type) {
                (Some(value), DataType::Dictionary(..)) => value.cast_to(data_type).unwrap_or_else(|_| null.clone()),
                (value, _) => value.unwrap_or_else(|| null.clone()),
            }
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

impl PruningStatistics for Statistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |chunk| chunk.min.as_ref())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |chunk| chunk.max.as_ref())
    }

    fn num_containers(&self) -> usize {
        self.groups.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let Ok(index) = self.dataset.schema.index_of(&column.name) else {
            return Some(new_null_array(&DataType::UInt64, self.groups.len()));
        };
        let nulls = self.groups.iter().map(|group| group.columns.get(index).and_then(|chunk| chunk.nulls));
        Some(Arc::new(UInt64Array::from_iter(nulls)))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.groups.iter().map(|group| group.rows))))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Parquet's bounds ignore NaN. `x < 5`, `x > 5`, `x == 5` are false for NaN, so the bounds decide; `!(x < 5)` and
/// `x != 5` are true for it, so they do not.
fn is_plain_comparison(filter: &Arc<dyn PhysicalExpr>) -> bool {
    use Operator::{And, Eq, Gt, GtEq, Lt, LtEq, Or};
    let mut plain = true;
    let walked = filter.apply(|node| {
        plain &= match node.downcast_ref::<BinaryExpr>() {
            Some(binary) => matches!(binary.op(), And | Or | Eq | Lt | LtEq | Gt | GtEq),
            None => node.is::<ColumnExpr>() || node.is::<Literal>() || node.is::<CastExpr>(),
        };
        Ok(if plain { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walked.is_ok() && plain
}
