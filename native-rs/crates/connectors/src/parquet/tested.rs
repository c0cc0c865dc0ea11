//! A chunk of which some rows are wanted: the columns that say which are decoded first, of the others the rows that are left.
//!
//! ```text
//! key      ████████████████  tested      pages without a wanted row are passed over unopened;
//! others   ░░█░░░░██░░░░░░░  selected    where few rows between wanted ones are not, they are decoded and dropped
//! ```
use std::{ops::Range, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, BooleanBufferBuilder},
    compute::{concat, filter},
    datatypes::SchemaRef,
    error::ArrowError,
};

use super::{
    matching::Matching,
    picked::{Picked, nothing, open_picked, runs},
    read::open_rows,
};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::{ConnectorError, Result},
    key_test::Tests,
    read::{ChunkBatches, ReadOptions},
    store::Blob,
};

/// Batches of `chunk`, a part of a file without deletes, with those of `rows` (all where it is None) that `tests` want; with all of them
/// where the tests are given up.
pub fn open_tested(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, rows: Matching, tests: &mut Tests) -> Result<ChunkBatches> {
    let corrupt = |error: ArrowError| ConnectorError::corrupt(&dataset.files[chunk.file].path, error);
    let tested = tests.columns();
    let mut keys: Vec<Vec<ArrayRef>> = vec![Vec::new(); scan.fields().len()];
    // Grows by what is there, not by what the footer says.
    let mut wanted = BooleanBufferBuilder::new(0);
    let part = Arc::new(scan.project(&tested).map_err(corrupt)?);
    for piece in open_rows(dataset, blob.clone(), chunk, options, &part, rows.clone())? {
        let piece = piece?;
        // A null that should not be is told by whoever looks at all rows.
        let sound = tested.iter().zip(&piece.columns).all(|(key, column)| scan.field(*key).is_nullable() || column.null_count() == 0);
        let mut columns = nothing(scan);
        tested.iter().zip(&piece.columns).for_each(|(key, column)| columns[*key] = Arc::clone(column));
        let those = tests.wanted(&columns, piece.rows)?;
        if !sound || tests.is_empty() {
            return open_picked(dataset, blob, chunk, options, scan, rows);
        }
        let those = those.unwrap_or_else(|| BooleanArray::from(vec![true; piece.rows]));
        wanted.append_buffer(those.values());
        for key in &tested {
            keys[*key].push(filter(&columns[*key], &those).map_err(corrupt)?);
        }
    }
    let wanted = wanted.finish();
    let there: u64 = rows.as_ref().map_or(chunk.rows, |rows| rows.iter().map(|rows| rows.end - rows.start).sum());
    if wanted.len() as u64 != there {
        // Who reads all of them says what is wrong.
        return open_picked(dataset, blob, chunk, options, scan, rows);
    }
    let joined = |arrays: &Vec<ArrayRef>| match arrays.is_empty() {
        true => Ok(None),
        false => concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map(Some),
    };
    // Texts of more than two gigabytes are no one array.
    let Ok(keys) = keys.iter().map(joined).collect::<Result<Vec<_>, ArrowError>>() else {
        return open_picked(dataset, blob, chunk, options, scan, rows);
    };
    let picked: Vec<Range<u64>> = match &rows {
        None => wanted.set_slices().map(|(start, end)| chunk.start + start as u64..chunk.start + end as u64).collect(),
        Some(rows) => runs(rows.iter().cloned().flatten().zip(&wanted).filter_map(|(row, wanted)| wanted.then_some(row))),
    };
    tests.dropped += (wanted.len() - wanted.count_set_bits()) as u64;
    let others: Vec<usize> = (0..keys.len()).filter(|column| keys[*column].is_none()).collect();
    let others = if others.is_empty() || picked.is_empty() {
        None
    } else {
        let part = Arc::new(scan.project(&others).map_err(corrupt)?);
        Some(open_rows(dataset, blob, chunk, options, &part, Some(picked.clone()))?)
    };
    Ok(Box::new(Picked::new(chunk, options, scan, others, keys, picked)))
}
