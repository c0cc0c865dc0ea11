//! Rows that a filter cannot match, found from statistics alone.
use std::{collections::HashSet, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, UInt64Array, new_null_array},
    datatypes::{DataType, Schema, SchemaRef},
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
        utils::Guarantee,
        expressions::{BinaryExpr, CastExpr, Column as ColumnExpr, IsNotNullExpr, IsNullExpr, Literal},
    },
    physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder},
    scalar::ScalarValue,
};

use crate::{
    bounds::Bound,
    dataset::{ColumnChunk, Dataset, Group},
};

/// What a filter says of rows of which only bounds are known.
#[derive(Debug)]
pub struct Pruner {
    predicate: Arc<PruningPredicate>,
    /// The columns that it looks at, and those of which it asks for certain values alone.
    columns: Vec<String>,
    sought: Vec<String>,
    /// Pages of however small row groups are judged: for tests.
    pub(crate) eager: bool,
    /// Bounds of float columns may be used.
    floats: bool,
}

impl Pruner {
    /// Of a filter that is bound to `schema`, a scan's; None: statistics cannot judge it.
    pub fn new(filter: &Arc<dyn PhysicalExpr>, schema: &SchemaRef) -> Option<Self> {
        let predicate = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).build(Arc::clone(filter))?;
        let mut columns = Vec::new();
        let walked = filter.apply(|node| {
            columns.extend(node.downcast_ref::<ColumnExpr>().map(|column| column.name().to_owned()));
            Ok(TreeNodeRecursion::Continue)
        });
        columns.sort_unstable();
        columns.dedup();
        let sought = predicate.literal_guarantees().iter().filter(|one| one.guarantee == Guarantee::In).map(|one| one.column.name.clone()).collect();
        walked.is_ok().then(|| Self { predicate, columns, sought, eager: false, floats: is_plain_comparison(filter) })
    }

    /// Judges pages of however small row groups, where `eager`: for tests.
    pub fn eager(self, eager: bool) -> Self {
        Self { eager, ..self }
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether rows can match only where the column has one of some values.
    pub(crate) fn seeks(&self, column: &str) -> bool {
        self.sought.iter().any(|sought| sought == column)
    }

    /// One flag a group in dataset order: false where no row can satisfy the filter.
    pub fn groups(&self, dataset: &Dataset) -> Vec<bool> {
        let groups: Vec<&Group> = dataset.files.iter().flat_map(|file| &file.groups).collect();
        let rows = groups.iter().map(|group| group.rows).collect();
        self.judge(&dataset.schema, rows, |column, group| groups[group].columns.get(column), |_, _| None)
    }

    /// One flag each of the runs of rows, of which `rows` says how long they are: false where no row can satisfy the filter.
    ///
    /// `known`: what is known of a column of the schema in a run. `lacks`: false for each run in which a
    /// column has none of the values; None: nothing is known of any.
    pub(crate) fn judge<'a>(
        &self,
        schema: &Schema,
        rows: Vec<u64>,
        known: impl Fn(usize, usize) -> Option<&'a ColumnChunk>,
        lacks: impl Fn(usize, &HashSet<ScalarValue>) -> Option<BooleanArray>,
    ) -> Vec<bool> {
        let runs = rows.len();
        self.predicate.prune(&Runs { schema, rows, known, lacks, floats: self.floats }).unwrap_or_else(|_| vec![true; runs])
    }
}

struct Runs<'a, K, L> {
    schema: &'a Schema,
    rows: Vec<u64>,
    known: K,
    lacks: L,
    floats: bool,
}

impl<'a, K: Fn(usize, usize) -> Option<&'a ColumnChunk>, L: Fn(usize, &HashSet<ScalarValue>) -> Option<BooleanArray>> Runs<'_, K, L> {
    fn bounds(&self, column: &Column, bound: impl Fn(&ColumnChunk) -> Option<&Bound>) -> Option<ArrayRef> {
        let (index, field) = self.schema.column_with_name(&column.name)?;
        let data_type = field.data_type();
        if data_type.is_floating() && !self.floats {
            return None;
        }
        let null = ScalarValue::try_from(data_type).ok()?;
        let values = (0..self.rows.len()).map(|run| {
            let value = (self.known)(index, run).and_then(&bound).and_then(|bound| bound.to_scalar(data_type));
            match (value, data_type) {
                (Some(value), DataType::Dictionary(..)) => value.cast_to(data_type).unwrap_or_else(|_| null.clone()),
                (value, _) => value.unwrap_or_else(|| null.clone()),
            }
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

impl<'a, K: Fn(usize, usize) -> Option<&'a ColumnChunk>, L: Fn(usize, &HashSet<ScalarValue>) -> Option<BooleanArray>> PruningStatistics for Runs<'_, K, L> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |chunk| chunk.min.as_ref())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |chunk| chunk.max.as_ref())
    }

    fn num_containers(&self) -> usize {
        self.rows.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let Ok(index) = self.schema.index_of(&column.name) else {
            return Some(new_null_array(&DataType::UInt64, self.rows.len()));
        };
        let nulls = (0..self.rows.len()).map(|run| (self.known)(index, run).and_then(|chunk| chunk.nulls));
        Some(Arc::new(UInt64Array::from_iter(nulls)))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.rows.iter().copied())))
    }

    fn contained(&self, column: &Column, values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        let index = self.schema.index_of(&column.name).ok()?;
        (self.lacks)(index, values)
    }
}

/// Parquet's bounds ignore NaN. `x < 5`, `x > 5`, `x == 5` are false for NaN, so the bounds decide; `!(x < 5)` and
/// `x != 5` are true for it, so they do not. Whether `x` is null no bounds say.
fn is_plain_comparison(filter: &Arc<dyn PhysicalExpr>) -> bool {
    use Operator::{And, Eq, Gt, GtEq, Lt, LtEq, Or};
    let mut plain = true;
    let walked = filter.apply(|node| {
        plain &= match node.downcast_ref::<BinaryExpr>() {
            Some(binary) => matches!(binary.op(), And | Or | Eq | Lt | LtEq | Gt | GtEq),
            None => node.is::<IsNullExpr>() || node.is::<IsNotNullExpr>() || node.is::<ColumnExpr>() || node.is::<Literal>() || node.is::<CastExpr>(),
        };
        Ok(if plain { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walked.is_ok() && plain
}
