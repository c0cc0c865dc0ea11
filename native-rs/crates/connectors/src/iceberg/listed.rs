//! What the manifests say of a table's files, before any of them is opened: which of them a filter cannot match.
use std::collections::{BTreeMap, HashSet};

use arrow::{array::BooleanArray, datatypes::DataType};
use datafusion::scalar::ScalarValue;

use super::{
    open::schema,
    partition::buckets,
    request::{Bucket, Constant, IcebergColumn, IcebergFile, IcebergRequest},
};
use crate::{
    dataset::{ColumnChunk, DataFile, Dataset, Format, Group},
    errors::Result,
    prune::Pruner,
    store::Version,
};

/// One group a file, with the bounds of its columns: to be pruned, not to be read. LS2002
pub fn listed_iceberg(request: &IcebergRequest) -> Result<Dataset> {
    let file = |file: &IcebergFile| DataFile {
        path: file.path.clone(),
        size: file.size,
        version: Version::Once,
        query: None,
        unpacked: None,
        rows: file.rows,
        groups: vec![Group { rows: file.rows, columns: request.columns.iter().map(|column| chunk(column, file)).collect(), ..Group::default() }],
        held: None,
        deletes: vec![],
    };
    let files = request.files.iter().map(file).collect();
    Ok(Dataset::new(Format::Parquet, files, schema(request)?, request.store.clone()))
}

fn chunk(column: &IcebergColumn, file: &IcebergFile) -> ColumnChunk {
    match (file.constants.get(&column.id), file.bounds.get(&column.id)) {
        (Some(None), _) => ColumnChunk { nulls: Some(file.rows), ..ColumnChunk::default() },
        (Some(Some(constant)), _) => ColumnChunk { min: constant.bound(), max: constant.bound(), nulls: Some(0), ..ColumnChunk::default() },
        (None, Some(bounds)) => {
            let bound = |bound: &Option<Constant>| bound.as_ref().and_then(Constant::bound);
            ColumnChunk { min: bound(&bounds.min), max: bound(&bounds.max), nulls: bounds.nulls, ..ColumnChunk::default() }
        }
        (None, None) => ColumnChunk::default(),
    }
}

/// Of each file whether the filter can match a row of it, by the bounds in `listed` and by the buckets that its values are in.
pub fn listed_matching(request: &IcebergRequest, listed: &Dataset, pruner: &Pruner) -> Vec<bool> {
    let rows = request.files.iter().map(|file| file.rows).collect();
    let known = |column: usize, file: usize| listed.files[file].groups[0].columns.get(column);
    pruner.judge(&listed.schema, rows, known, |column, values| {
        let in_buckets = request.files.iter().map(|file| file.buckets.get(&request.columns[column].id));
        lacking(in_buckets.map(|buckets| buckets.map_or(&[][..], Vec::as_slice)).collect(), values, listed.schema.field(column).data_type())
    })
}

/// Of each file, by the buckets of its values, whether it has none of these; unknown where it may have one.
fn lacking(files: Vec<&[Bucket]>, values: &HashSet<ScalarValue>, stored: &DataType) -> Option<BooleanArray> {
    // A bucket is of the value as it is stored.
    let values = ScalarValue::iter_to_array(values.iter().filter(|value| !value.is_null()).cloned()).ok().filter(|values| values.data_type() == stored)?;
    let mut sought: BTreeMap<u32, Option<HashSet<i32>>> = BTreeMap::new();
    for of in files.iter().flat_map(|buckets| buckets.iter()).map(|bucket| bucket.of).filter(|of| *of > 0) {
        sought.entry(of).or_insert_with(|| Some(buckets(&values, of)?.values().iter().copied().collect()));
    }
    let outside = |Bucket { of, bucket }: &Bucket| {
        let Some(Some(sought)) = sought.get(of) else { return false };
        bucket.is_none_or(|bucket| !sought.contains(&bucket))
    };
    Some(files.iter().map(|buckets| buckets.iter().any(outside).then_some(false)).collect())
}
