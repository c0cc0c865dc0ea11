//! What the manifests say of a table's files, before any of them is opened: which of them a filter cannot match.
use super::{
    open::schema,
    request::{Constant, IcebergColumn, IcebergFile, IcebergRequest},
};
use crate::{
    dataset::{ColumnChunk, DataFile, Dataset, Format, Group},
    errors::Result,
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
