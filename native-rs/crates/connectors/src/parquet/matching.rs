//! Which rows of a chunk a filter can match, by what the file says of its pages, by Bloom filters and by dictionaries.
//!
//! ```text
//! day    [1 … 4        ][4 … 9        ][9 … 12          ]    pages of different columns begin at different rows:
//! name   [a … c ][c … f ][f … m   ][m … q ][q … z       ]    each run between two beginnings is judged by itself
//! runs   |      |       |      |   |      |              |
//! ```
use std::{cell::RefCell, collections::HashSet, ops::Range, sync::Arc};

use arrow::{
    array::{Array, BooleanArray},
    compute::cast,
    datatypes::{DataType, Field, Schema},
};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use parquet::{
    arrow::arrow_reader::{ArrowReaderMetadata, statistics::StatisticsConverter},
    basic::Type as PhysicalType,
    bloom_filter::Sbbf,
    file::metadata::ColumnChunkMetaData,
};

use super::{
    dictionary::{dictionary_page, dictionary_place, values_in},
    errors::guarded,
    offsets::{Index, bounded, compressed, place_of},
    read::Pages,
};
use crate::{
    bounds::Bound,
    chunks::Chunk,
    dataset::{ColumnChunk, Dataset, is_string},
    errors::Result,
    prune::Pruner,
    store::Blob,
};

/// Rows of a chunk's row group, in ascending ranges, outside of which none of the chunk satisfies a filter; None: any may.
pub type Matching = Option<Vec<Range<u64>>>;

/// Columns of fewer bytes are read whole: what is known of their pages costs more than it spares, of a remote file a request.
const WORTH_JUDGING: u64 = 64 << 10;
const WORTH_JUDGING_REMOTE: u64 = 8 << 20;

/// What is read to judge is a small part of what may be spared: of a file its indexes, of a row group a Bloom filter or a dictionary.
const SMALL_PART: u64 = 4;

/// What a file has to judge a chunk by that is worth to be read.
struct Grounds {
    bounds: bool,
    /// Leaves with Bloom filters.
    blooms: Vec<usize>,
    /// Leaves without, all of whose values stand in a dictionary.
    dictionaries: Vec<usize>,
}

impl Grounds {
    /// None: nothing.
    fn of(dataset: &Dataset, blob: &Blob, chunk: &Chunk, pruner: &Pruner, scan: &Schema, footer: &ArrowReaderMetadata, columns: &[Column]) -> Option<Self> {
        let root = |field: &Arc<Field>| dataset.held(chunk.file, field.name(), footer.schema())?.column();
        let roots: HashSet<usize> = scan.fields().iter().filter_map(root).collect();
        let bytes = |group: usize| compressed(footer, group, |root| roots.contains(&root));
        let (own, remote) = (bytes(chunk.group), blob.pieces().is_some());
        if chunk.rows > u64::from(u32::MAX) || !pruner.eager && own < if remote { WORTH_JUDGING_REMOTE } else { WORTH_JUDGING } {
            return None;
        }
        let small = |length: u64, of: u64| pruner.eager || length <= of / SMALL_PART;
        let group = footer.metadata().row_group(chunk.group);
        let bounds = columns.iter().filter_map(|column| column.leaf).any(|leaf| group.column(leaf).column_index_offset().is_some());
        let all = || (0..footer.metadata().num_row_groups()).map(bytes).sum();
        let bounds = bounds && place_of(footer, blob, Index::Bounds).is_some_and(|place| small(place.end - place.start, all()));
        let usable = |leaf: &usize| {
            let column = group.column(*leaf);
            // How long one is that does not say it, only its header says.
            column.bloom_filter_offset().is_some() && column.bloom_filter_length().map_or(!remote, |length| u64::try_from(length).is_ok_and(|length| small(length, own)))
        };
        let sought = columns.iter().filter(|column| pruner.seeks(dataset.schema.field(column.index).name()));
        let sought: Vec<(usize, usize)> = sought.filter_map(|column| Some((column.index, column.leaf?))).collect();
        let blooms: Vec<usize> = sought.iter().map(|(_, leaf)| *leaf).filter(usable).collect();
        let known = |index: usize| dataset.files[chunk.file].groups[chunk.group].columns.get(index);
        let whole = |(index, leaf): &(usize, usize)| {
            let place = dictionary_place(group.column(*leaf));
            !blooms.contains(leaf) && known(*index).is_some_and(|column| column.dictionary) && place.is_some_and(|place| small(place.end - place.start, own))
        };
        let dictionaries: Vec<usize> = sought.iter().filter(|column| whole(column)).map(|(_, leaf)| *leaf).collect();
        (bounds || !blooms.is_empty() || !dictionaries.is_empty()).then_some(Self { bounds, blooms, dictionaries })
    }
}

/// Asks for what [`matching`] will read of a remote file. What is wrong with it, that says.
pub fn will_judge(dataset: &Dataset, blob: &Blob, chunk: &Chunk, pruner: &Pruner, scan: &Schema) {
    if !dataset.files[chunk.file].deletes.is_empty() {
        return;
    }
    // Which dictionaries are worth reading, the bounds of pages say, of all row groups at once.
    if dataset.footers.is_asked(chunk.file, Index::Bounds) {
        return;
    }
    let Ok(footer) = dataset.footers.get(dataset, chunk.file, blob) else { return };
    let columns = Column::all(dataset, chunk, pruner, &footer);
    let Some(grounds) = Grounds::of(dataset, blob, chunk, pruner, scan, &footer, &columns) else { return };
    let group = footer.metadata().row_group(chunk.group);
    blob.will_need(match grounds.bounds {
        true => place_of(&footer, blob, Index::Bounds).into_iter().collect(),
        false => grounds.dictionaries.iter().filter_map(|leaf| dictionary_place(group.column(*leaf))).collect(),
    });
}

/// Which rows of a chunk, of a file without deletes, the filter can match.
pub fn matching(dataset: &Dataset, blob: &Blob, chunk: &Chunk, pruner: &Pruner, scan: &Schema) -> Result<Matching> {
    let footer = dataset.footers.get(dataset, chunk.file, blob)?;
    let columns = Column::all(dataset, chunk, pruner, &footer);
    let Some(grounds) = Grounds::of(dataset, blob, chunk, pruner, scan, &footer, &columns) else { return Ok(None) };
    let footer = if grounds.bounds { bounded(dataset, chunk, blob)?.unwrap_or(footer) } else { footer };
    let judged = guarded(blob.name(), "what is known of its pages", || Ok(judged(dataset, blob, chunk, pruner, &footer, &columns, &grounds)));
    if let Some(error) = blob.failure() {
        return Err(error);
    }
    // Of a damaged file whoever reads it says what is damaged.
    let Ok((runs, keep)) = judged else { return Ok(None) };
    let mut rows: Vec<Range<u64>> = Vec::new();
    for run in runs.iter().zip(keep).filter_map(|(run, keep)| keep.then_some(run)) {
        match rows.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ => rows.push(run.clone()),
        }
    }
    let whole = rows.len() == 1 && rows[0].end - rows[0].start == chunk.rows;
    Ok((!whole).then_some(rows))
}

/// A column that the filter looks at.
struct Column {
    /// Of the dataset's schema.
    index: usize,
    /// Of the file; None where it has no such column of one leaf.
    leaf: Option<usize>,
}

impl Column {
    fn all(dataset: &Dataset, chunk: &Chunk, pruner: &Pruner, footer: &ArrowReaderMetadata) -> Vec<Self> {
        let schema = footer.parquet_schema();
        let leaf = |name: &str| {
            let root = dataset.held(chunk.file, name, footer.schema())?.column()?;
            let leaf = (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == root)?;
            (!footer.schema().field(root).data_type().is_nested()).then_some(leaf)
        };
        let column = |name: &String| Some(Self { index: dataset.schema.index_of(name).ok()?, leaf: leaf(name) });
        pruner.columns().iter().filter_map(column).collect()
    }
}

/// Runs of rows of a column of which something is known: its pages, or all of the row group.
struct Known {
    /// First rows, and what follows the last run.
    starts: Vec<u64>,
    chunks: Vec<ColumnChunk>,
}

impl Known {
    fn of(dataset: &Dataset, chunk: &Chunk, footer: &ArrowReaderMetadata, column: &Column) -> Self {
        let group = &dataset.files[chunk.file].groups[chunk.group];
        let whole = || Self { starts: vec![0, group.rows], chunks: vec![group.columns.get(column.index).cloned().unwrap_or_default()] };
        let pages = column.leaf.and_then(|leaf| Self::pages(chunk, footer, leaf, dataset.schema.field(column.index).data_type(), group.rows));
        pages.unwrap_or_else(whole)
    }

    fn pages(chunk: &Chunk, footer: &ArrowReaderMetadata, leaf: usize, wanted: &DataType, rows: u64) -> Option<Self> {
        let metadata = footer.metadata();
        let (bounds, places) = (metadata.column_index()?, metadata.offset_index()?);
        let pages = places.get(chunk.group)?.get(leaf)?.page_locations();
        let field = footer.schema().field(footer.parquet_schema().get_column_root_idx(leaf));
        let converter = StatisticsConverter::from_column_index(leaf, field, footer.parquet_schema()).ok()?;
        let group = [chunk.group];
        let mins = cast(&converter.data_page_mins(bounds, places, &group).ok()?, wanted).ok()?;
        let maxes = cast(&converter.data_page_maxes(bounds, places, &group).ok()?, wanted).ok()?;
        let nulls = converter.data_page_null_counts(bounds, places, &group).ok()?;
        if [mins.len(), maxes.len(), nulls.len()] != [pages.len(); 3] {
            return None;
        }
        let bound = |values, page| ScalarValue::try_from_array(values, page).ok().as_ref().and_then(Bound::from_scalar);
        let chunks = (0..pages.len()).map(|page| ColumnChunk {
            min: bound(&mins, page),
            max: bound(&maxes, page),
            nulls: nulls.is_valid(page).then(|| nulls.value(page)),
            ..ColumnChunk::default()
        });
        Some(Self { starts: pages.iter().map(|page| page.first_row_index as u64).chain([rows]).collect(), chunks: chunks.collect() })
    }

    /// What is known of a run of rows that lies in one of these.
    fn at(&self, run: &Range<u64>) -> ColumnChunk {
        let place = self.starts.partition_point(|start| *start <= run.start).clamp(1, self.chunks.len()) - 1;
        let (chunk, rows) = (&self.chunks[place], self.starts[place + 1] - self.starts[place]);
        // Of a part all that is known is whether all or none are null.
        let nulls = match chunk.nulls {
            Some(0) => Some(0),
            Some(nulls) if nulls == rows => Some(run.end - run.start),
            _ => None,
        };
        ColumnChunk { nulls, ..chunk.clone() }
    }
}

/// The runs of the chunk, and whether a row of each can satisfy the filter. Bloom filters are read where bounds leave something, and
/// dictionaries where these do.
fn judged(dataset: &Dataset, blob: &Blob, chunk: &Chunk, pruner: &Pruner, footer: &ArrowReaderMetadata, columns: &[Column], grounds: &Grounds) -> (Vec<Range<u64>>, Vec<bool>) {
    let known: Vec<Known> = columns.iter().map(|column| Known::of(dataset, chunk, footer, column)).collect();
    let all = chunk.start..chunk.start + chunk.rows;
    let mut starts: Vec<u64> = known.iter().flat_map(|known| known.starts.iter().copied()).filter(|start| all.contains(start)).collect();
    starts.push(all.start);
    starts.sort_unstable();
    starts.dedup();
    let ends = starts[1..].iter().copied().chain([all.end]);
    let runs: Vec<Range<u64>> = starts.iter().zip(ends).map(|(start, end)| *start..end).collect();
    let at: Vec<Vec<ColumnChunk>> = known.iter().map(|known| runs.iter().map(|run| known.at(run)).collect()).collect();
    let place = |index: usize| columns.iter().position(|column| column.index == index);
    let rows: Vec<u64> = runs.iter().map(|run| run.end - run.start).collect();
    let known_at = |index, run: usize| Some(&at[place(index)?][run]);
    let mut keep = pruner.judge(&dataset.schema, rows.clone(), known_at, |_, _| None);
    let held = RefCell::new(Values { blob, chunk, footer, read: Vec::new() });
    for (leaves, of) in [(&grounds.blooms, Of::Bloom), (&grounds.dictionaries, Of::Dictionary)] {
        if leaves.is_empty() || !keep.contains(&true) {
            continue;
        }
        let lacks = |index: usize, values: &HashSet<ScalarValue>| {
            let leaf = place(index).and_then(|place| columns[place].leaf).filter(|leaf| leaves.contains(leaf))?;
            // What is said of the row group holds for all of its runs.
            held.borrow_mut().lack(leaf, of, dataset.schema.field(index).data_type(), values).then(|| BooleanArray::from(vec![false; runs.len()]))
        };
        let left = pruner.judge(&dataset.schema, rows.clone(), known_at, lacks);
        keep.iter_mut().zip(left).for_each(|(keep, left)| *keep &= left);
    }
    (runs, keep)
}

/// By what a row group says which values a column can have in it.
#[derive(Clone, Copy)]
enum Of {
    Bloom,
    Dictionary,
}

enum Has {
    Bloom(Sbbf),
    /// Its page, the number of its values, and what they are.
    Dictionary(Bytes, u32, PhysicalType),
}

/// Which values a row group's columns can have, read when it is asked for.
struct Values<'a> {
    blob: &'a Blob,
    chunk: &'a Chunk,
    footer: &'a ArrowReaderMetadata,
    read: Vec<(usize, Option<Has>)>,
}

impl Values<'_> {
    /// Whether the column `leaf`, read as `wanted`, has none of the values.
    fn lack(&mut self, leaf: usize, of: Of, wanted: &DataType, values: &HashSet<ScalarValue>) -> bool {
        let column = self.footer.metadata().row_group(self.chunk.group).column(leaf);
        let stored = self.footer.schema().field(self.footer.parquet_schema().get_column_root_idx(leaf)).data_type();
        // Written as they are read, or their bytes are others.
        if !(stored == wanted || is_string(stored) && is_string(wanted)) {
            return false;
        }
        let physical = column.column_descr().physical_type();
        let bytes: Option<Vec<Vec<u8>>> = values.iter().map(|value| bytes_of(physical, value)).collect::<Option<Vec<_>>>().map(|all| all.concat());
        let Some(bytes) = bytes else { return false };
        if !self.read.iter().any(|(known, _)| *known == leaf) {
            let has = match of {
                Of::Bloom => self.bloom(column),
                Of::Dictionary => self.dictionary(leaf, physical),
            };
            self.read.push((leaf, has));
        }
        match self.read.iter().find(|(known, _)| *known == leaf) {
            Some((_, Some(Has::Bloom(filter)))) => bytes.iter().all(|value| !filter.check(&value[..])),
            Some((_, Some(Has::Dictionary(page, count, physical)))) => {
                let sought: HashSet<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
                values_in(page, *count, *physical).is_some_and(|known| !known.into_iter().any(|value| sought.contains(value)))
            }
            _ => false,
        }
    }

    fn bloom(&self, column: &ColumnChunkMetaData) -> Option<Has> {
        let filter = Sbbf::read_from_column_chunk(column, &Pages::footer(self.blob)).ok().flatten();
        filter.filter(|filter| filter.num_blocks() > 0).map(Has::Bloom)
    }

    fn dictionary(&self, leaf: usize, physical: PhysicalType) -> Option<Has> {
        let (page, count) = dictionary_page(self.blob, self.footer.metadata().row_group(self.chunk.group), leaf).ok().flatten()?;
        Some(Has::Dictionary(page, count, physical))
    }
}

/// The bytes that a file has where a row has the value: one sequence whoever writes it, but of zero, which is two. None: who knows.
fn bytes_of(physical: PhysicalType, value: &ScalarValue) -> Option<Vec<Vec<u8>>> {
    use ScalarValue as S;
    Some(match (physical, value) {
        (PhysicalType::BYTE_ARRAY, S::Utf8(Some(text)) | S::LargeUtf8(Some(text)) | S::Utf8View(Some(text))) => vec![text.as_bytes().to_vec()],
        (PhysicalType::BYTE_ARRAY, S::Dictionary(_, value)) => return bytes_of(physical, value),
        (PhysicalType::INT64, S::Int64(Some(value))) => vec![value.to_le_bytes().to_vec()],
        (PhysicalType::INT32, S::Int32(Some(value))) => vec![value.to_le_bytes().to_vec()],
        (PhysicalType::INT32, S::Int16(Some(value))) => vec![i32::from(*value).to_le_bytes().to_vec()],
        (PhysicalType::INT32, S::Int8(Some(value))) => vec![i32::from(*value).to_le_bytes().to_vec()],
        (PhysicalType::DOUBLE, S::Float64(Some(0.0))) => vec![0.0_f64.to_le_bytes().to_vec(), (-0.0_f64).to_le_bytes().to_vec()],
        (PhysicalType::FLOAT, S::Float32(Some(0.0))) => vec![0.0_f32.to_le_bytes().to_vec(), (-0.0_f32).to_le_bytes().to_vec()],
        (PhysicalType::DOUBLE, S::Float64(Some(value))) if !value.is_nan() => vec![value.to_le_bytes().to_vec()],
        (PhysicalType::FLOAT, S::Float32(Some(value))) if !value.is_nan() => vec![value.to_le_bytes().to_vec()],
        _ => return None,
    })
}
