//! A chunk of which some rows are read: all of its rows are told of, in pieces that say which of theirs they have.
use std::ops::Range;

use arrow::{
    array::{ArrayRef, new_empty_array},
    datatypes::SchemaRef,
};

use super::{
    matching::Matching,
    read::{open_chunk, open_rows},
};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::Result,
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
};

/// Batches of `chunk`, of a file without deletes, with the rows `rows`; all where it is None.
pub fn open_picked(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, rows: Matching) -> Result<ChunkBatches> {
    let Some(rows) = rows else { return open_chunk(dataset, blob, chunk, options, scan) };
    let others = if rows.is_empty() { None } else { Some(open_rows(dataset, blob, chunk, options, scan, Some(rows.clone()))?) };
    Ok(Box::new(Picked::new(chunk, options, scan, others, vec![None; scan.fields().len()], rows)))
}

/// Of no rows, all columns.
pub fn nothing(scan: &SchemaRef) -> Vec<ArrayRef> {
    scan.fields().iter().map(|field| new_empty_array(field.data_type())).collect()
}

pub(crate) struct Picked {
    /// The columns that are not held, at the picked rows; None where there are none of either.
    others: Option<ChunkBatches>,
    /// Columns at the picked rows; None in the place of others.
    held: Vec<Option<ArrayRef>>,
    empty: Vec<ArrayRef>,
    /// The picked rows of the row group that are not told of yet, the next ones last.
    picked: Vec<Range<u64>>,
    /// Picked rows that are told of.
    at: usize,
    /// The next row of the row group, and what follows the chunk's last one.
    next: u64,
    end: u64,
    most: usize,
}

impl Picked {
    /// `picked`: in ascending ranges, none of them empty.
    pub fn new(chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, others: Option<ChunkBatches>, held: Vec<Option<ArrayRef>>, mut picked: Vec<Range<u64>>) -> Self {
        picked.reverse();
        Self { others, held, empty: nothing(scan), picked, at: 0, next: chunk.start, end: chunk.start + chunk.rows, most: options.batch_size }
    }

    /// The next picked rows, at most `count`, counted from `next`.
    fn take(&mut self, count: usize) -> Vec<u32> {
        let mut rows = Vec::with_capacity(count);
        while rows.len() < count
            && let Some(run) = self.picked.last_mut()
        {
            let end = run.end.min(run.start + (count - rows.len()) as u64);
            rows.extend((run.start..end).map(|row| (row - self.next) as u32));
            run.start = end;
            if run.is_empty() {
                self.picked.pop();
            }
        }
        rows
    }

    /// A piece of the next `count` picked rows, or all that are left, of which `others` are the columns that are not held.
    fn piece(&mut self, count: usize, others: Vec<ArrayRef>) -> Piece {
        let picked = self.take(count);
        let mut others = others.into_iter();
        let own = |column: &Option<ArrayRef>| column.as_ref().map(|column| column.slice(self.at, picked.len()));
        let columns = match picked.is_empty() {
            true => self.empty.clone(),
            false => self.held.iter().filter_map(|column| own(column).or_else(|| others.next())).collect(),
        };
        let end = match self.picked.is_empty() {
            true => self.end,
            false => picked.last().map_or(self.next, |row| self.next + u64::from(*row) + 1),
        };
        let piece = Piece { columns, rows: (end - self.next) as usize, kept: None, picked: Some(picked) };
        self.at += piece.picked.as_ref().map_or(0, Vec::len);
        self.next = end;
        piece
    }
}

impl Iterator for Picked {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.end {
            return None;
        }
        match &mut self.others {
            None => Some(Ok(self.piece(self.most, Vec::new()))),
            Some(others) => {
                // More rows than were asked for, or none, is a damaged file: who counts the chunk's rows says so.
                let piece = others.next()?;
                Some(piece.map(|piece| self.piece(piece.rows, piece.columns)))
            }
        }
    }
}

/// Rows one after another → ranges.
pub fn runs(rows: impl Iterator<Item = u64>) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some(last) if last.end == row => last.end = row + 1,
            _ => runs.push(row..row + 1),
        }
    }
    runs
}
