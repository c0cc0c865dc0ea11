//! Lines of files in folders that say something: the columns of these beside the lines' own.
use std::sync::Arc;

use arrow::datatypes::{Field, SchemaRef};
use serde_json::json;

use super::repeated;
use crate::{
    bounds::Bound,
    chunks::Chunk,
    dataset::{Dataset, Held},
    errors::{ConnectorError, Result},
    read::{ChunkBatches, Piece, ReadOptions},
};

/// Batches of lines with what folders say of them: `open` reads the lines' own columns of `scan`.
pub fn with_constants(dataset: &Dataset, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, open: impl FnOnce(&SchemaRef) -> Result<ChunkBatches>) -> Result<ChunkBatches> {
    let of = |field: &Arc<Field>| dataset.held(chunk.file, field.name(), &dataset.schema);
    let constants: Vec<Option<Option<Bound>>> = scan.fields().iter().map(|field| match of(field) {
        Some(Held::Constant(value)) => Some(value),
        _ => None,
    }).collect();
    if constants.iter().all(Option::is_none) {
        return open(scan);
    }
    let own: Vec<usize> = (0..constants.len()).filter(|index| constants[*index].is_none()).collect();
    let lines: ChunkBatches = if own.is_empty() {
        let (rows, most) = (chunk.rows, options.batch_size as u64);
        let sizes = (0..rows.div_ceil(most)).map(move |batch| (rows - batch * most).min(most) as usize);
        Box::new(sizes.map(|rows| Ok(Piece { columns: Vec::new(), rows, kept: None, picked: None })))
    } else {
        open(&Arc::new(scan.project(&own).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))?))?
    };
    let (scan, file) = (Arc::clone(scan), dataset.files[chunk.file].path.clone());
    Ok(Box::new(lines.map(move |piece| {
        let piece = piece?;
        let mut own = piece.columns.into_iter();
        let columns = constants.iter().zip(scan.fields()).map(|(constant, field)| match constant {
            Some(value) => repeated(value.as_ref(), field.data_type(), piece.rows),
            None => own.next(),
        });
        let columns = columns.collect::<Option<Vec<_>>>().ok_or_else(|| ConnectorError::corrupt(&file, "a folder's value is gone"))?;
        Ok(Piece { columns, ..piece })
    })))
}
