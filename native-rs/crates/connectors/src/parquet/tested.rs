//! A chunk of which some rows are wanted: the columns that say which are decoded first, of the others the rows that are left.
//!
//! ```text
//! key      ████████████████  tested      pages without a wanted row are passed over unopened;
//! others   ░░█░░░░██░░░░░░░  selected    where few rows between wanted ones are not, they are decoded and dropped
//! ```
use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray, BooleanBufferBuilder, new_empty_array},
    compute::{concat, filter},
    datatypes::SchemaRef,
    error::ArrowError,
};
use parquet::arrow::arrow_reader::RowSelection;

use super::read::{open_chunk, open_rows};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::{ConnectorError, Result},
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
    key_test::Tests,
};

/// Batches of `chunk`, a part of a file without deletes, with the rows that `tests` want; all rows where they are given up.
pub fn open_tested(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, tests: &mut Tests) -> Result<ChunkBatches> {
    let corrupt = |error: ArrowError| ConnectorError::corrupt(&dataset.files[chunk.file].path, error);
    let empty = || scan.fields().iter().map(|field| new_empty_array(field.data_type())).collect::<Vec<_>>();
    let tested = tests.columns();
    let mut keys: Vec<Vec<ArrayRef>> = vec![Vec::new(); scan.fields().len()];
    // Grows by what is there, not by what the footer says.
    let mut wanted = BooleanBufferBuilder::new(0);
    let part = Arc::new(scan.project(&tested).map_err(corrupt)?);
    for piece in open_chunk(dataset, blob.clone(), chunk, options, &part)? {
        let piece = piece?;
        // A null that should not be is told by whoever looks at all rows.
        let sound = tested.iter().zip(&piece.columns).all(|(key, column)| scan.field(*key).is_nullable() || column.null_count() == 0);
        let mut columns = empty();
        tested.iter().zip(&piece.columns).for_each(|(key, column)| columns[*key] = Arc::clone(column));
        let rows = tests.wanted(&columns, piece.rows)?;
        if !sound || tests.is_empty() {
            return open_chunk(dataset, blob, chunk, options, scan);
        }
        let rows = rows.unwrap_or_else(|| BooleanArray::from(vec![true; piece.rows]));
        wanted.append_buffer(rows.values());
        for key in &tested {
            keys[*key].push(filter(&columns[*key], &rows).map_err(corrupt)?);
        }
    }
    let wanted = wanted.finish();
    let joined = |arrays: &Vec<ArrayRef>| match arrays.is_empty() {
        true => Ok(None),
        false => concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map(Some),
    };
    // Texts of more than two gigabytes are no one array.
    let Ok(keys) = keys.iter().map(joined).collect::<Result<Vec<_>, ArrowError>>() else {
        return open_chunk(dataset, blob, chunk, options, scan);
    };
    let picked: Vec<u32> = wanted.set_indices_u32().collect();
    tests.dropped += chunk.rows - picked.len() as u64;
    let others: Vec<usize> = (0..keys.len()).filter(|column| keys[*column].is_none()).collect();
    let others = if others.is_empty() || picked.is_empty() {
        None
    } else {
        let first = chunk.start as usize;
        let slices = wanted.set_slices().map(|(start, end)| first + start..first + end);
        let rows = RowSelection::from_consecutive_ranges(slices, dataset.files[chunk.file].groups[chunk.group].rows as usize);
        let part = Arc::new(scan.project(&others).map_err(corrupt)?);
        Some(open_rows(dataset, blob, chunk, options, &part, Some(rows))?)
    };
    Ok(Box::new(Picked { others, keys, empty: empty(), picked, at: 0, covered: 0, rows: chunk.rows as usize, most: options.batch_size }))
}

struct Picked {
    /// The columns that are not tested, at the picked rows.
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
