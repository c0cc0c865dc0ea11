//! A chunk of which some rows are wanted: the columns that say which are decoded first, of the others the rows that are left.
//!
//! ```text
//! key      ████████████████  tested      pages without a wanted row are passed over unopened;
//! others   ░░█░░░░██░░░░░░░  selected    where few rows between wanted ones are not, they are decoded and dropped
//! ```
use std::{ops::Range, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, BooleanBufferBuilder, new_empty_array},
    compute::{concat, filter},
    datatypes::SchemaRef,
    error::ArrowError,
};
use super::read::{open_chunk, open_rows};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::{ConnectorError, Result},
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
    key_test::Tests,
};

/// Batches of `chunk`, a part of a file without deletes, with those of `rows` (all where it is None) that `tests` want; with all of them
/// where the tests are given up.
pub fn open_matching(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, rows: Option<Vec<Range<u64>>>, tests: &mut Tests) -> Result<ChunkBatches> {
    match tests.is_empty() || rows.as_ref().is_some_and(Vec::is_empty) {
        true => open_picked(dataset, blob, chunk, options, scan, rows),
        false => open_tested(dataset, blob, chunk, options, scan, rows, tests),
    }
}

fn open_picked(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, rows: Option<Vec<Range<u64>>>) -> Result<ChunkBatches> {
    let Some(rows) = rows else { return open_chunk(dataset, blob, chunk, options, scan) };
    let picked = numbers(chunk, &rows).collect();
    let others = if rows.is_empty() { None } else { Some(open_rows(dataset, blob, chunk, options, scan, Some(rows))?) };
    Ok(Box::new(Picked::new(chunk, options, scan, others, vec![None; scan.fields().len()], picked)))
}

/// Rows of a row group, counted from the chunk's first.
fn numbers(chunk: &Chunk, rows: &[Range<u64>]) -> impl Iterator<Item = u32> {
    rows.iter().flat_map(|rows| (rows.start - chunk.start) as u32..(rows.end - chunk.start) as u32)
}

fn open_tested(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, rows: Option<Vec<Range<u64>>>, tests: &mut Tests) -> Result<ChunkBatches> {
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
    let joined = |arrays: &Vec<ArrayRef>| match arrays.is_empty() {
        true => Ok(None),
        false => concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map(Some),
    };
    // Texts of more than two gigabytes are no one array.
    let Ok(keys) = keys.iter().map(joined).collect::<Result<Vec<_>, ArrowError>>() else {
        return open_picked(dataset, blob, chunk, options, scan, rows);
    };
    let picked: Vec<u32> = match &rows {
        None => wanted.set_indices_u32().collect(),
        Some(rows) => numbers(chunk, rows).zip(&wanted).filter_map(|(row, wanted)| wanted.then_some(row)).collect(),
    };
    tests.dropped += (wanted.len() - wanted.count_set_bits()) as u64;
    let others: Vec<usize> = (0..keys.len()).filter(|column| keys[*column].is_none()).collect();
    let others = if others.is_empty() || picked.is_empty() {
        None
    } else {
        let first = chunk.start;
        let slices = picked.chunk_by(|a, b| a + 1 == *b).map(|run| first + u64::from(run[0])..first + u64::from(run[run.len() - 1]) + 1);
        let part = Arc::new(scan.project(&others).map_err(corrupt)?);
        Some(open_rows(dataset, blob, chunk, options, &part, Some(slices.collect()))?)
    };
    Ok(Box::new(Picked::new(chunk, options, scan, others, keys, picked)))
}

/// Of no rows, all columns.
fn nothing(scan: &SchemaRef) -> Vec<ArrayRef> {
    scan.fields().iter().map(|field| new_empty_array(field.data_type())).collect()
}

struct Picked {
    /// The columns that are not tested, at the picked rows; None where there are none of either.
    others: Option<ChunkBatches>,
    /// The tested columns at the picked rows; none in the place of others.
    keys: Vec<Option<ArrayRef>>,
    /// Of no rows, all columns.
    empty: Vec<ArrayRef>,
    /// Rows of the chunk.
    picked: Vec<u32>,
    /// Picked rows, and rows of the chunk, that are told.
    at: usize,
    covered: usize,
    rows: usize,
    most: usize,
}

impl Picked {
    fn new(chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, others: Option<ChunkBatches>, keys: Vec<Option<ArrayRef>>, picked: Vec<u32>) -> Self {
        Self { others, keys, empty: nothing(scan), picked, at: 0, covered: 0, rows: chunk.rows as usize, most: options.batch_size }
    }

    /// The next picked rows, of which `others` are the columns that are not tested.
    fn piece(&mut self, count: usize, others: Vec<ArrayRef>) -> Piece {
        let mut others = others.into_iter();
        let own = |key: &Option<ArrayRef>| key.as_ref().map(|key| key.slice(self.at, count));
        let columns = match count {
            0 => self.empty.clone(),
            _ => self.keys.iter().filter_map(|key| own(key).or_else(|| others.next())).collect(),
        };
        let rows = &self.picked[self.at..self.at + count];
        let end = match self.at + count == self.picked.len() {
            true => self.rows,
            false => rows.last().map_or(self.covered, |row| *row as usize + 1),
        };
        let picked = rows.iter().map(|row| row - self.covered as u32).collect();
        let piece = Piece { columns, rows: end - self.covered, kept: None, picked: Some(picked) };
        (self.at, self.covered) = (self.at + count, end);
        piece
    }
}

impl Iterator for Picked {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.covered == self.rows {
            return None;
        }
        let left = self.picked.len() - self.at;
        match &mut self.others {
            None => Some(Ok(self.piece(left.min(self.most), Vec::new()))),
            Some(others) => {
                // More rows than were asked for, or none, is a damaged file: who counts the chunk's rows says so.
                let piece = others.next()?;
                Some(piece.map(|piece| self.piece(piece.rows.min(left), piece.columns)))
            }
        }
    }
}
