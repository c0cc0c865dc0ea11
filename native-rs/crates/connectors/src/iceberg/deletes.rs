//! Delete files → which rows of a data file are left. A rank reads those that concern its chunks, each once.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex},
};

use arrow::{
    array::{ArrayRef, AsArray, BooleanArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Int64Type},
    row::{OwnedRow, RowConverter, SortField},
};
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};

use super::{open::field_id, request::DeleteFile};
use crate::{
    dataset::Dataset,
    errors::{ConnectorError, Result},
    parquet::{Pages, guarded, load, reading},
    paths,
    store::Version,
};

/// Ids that Iceberg reserves for the columns of files of positions.
const FILE_PATH: i32 = 2_147_483_546;
const POSITION: i32 = 2_147_483_545;

/// What has been read of delete files, by their number.
#[derive(Debug, Clone, Default)]
pub struct Deleted(Arc<Mutex<HashMap<usize, Arc<Content>>>>);

#[derive(Debug)]
enum Content {
    /// Positions in files, each in ascending order.
    Positions(HashMap<String, Vec<u64>>),
    Keys(Keys),
}

/// Values of some columns, of which all rows are deleted.
struct Keys {
    ids: Vec<i32>,
    types: Vec<DataType>,
    converter: RowConverter,
    rows: HashSet<OwnedRow>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys of {:?}", self.rows.len(), self.ids)
    }
}

/// What is deleted of one data file.
pub struct FileDeletes {
    file: String,
    positions: Vec<u64>,
    keys: Vec<Arc<Content>>,
    /// Ids and types of the columns that `kept` looks at.
    columns: Vec<(i32, DataType)>,
}

impl FileDeletes {
    /// Those of the dataset's file `file`; None where nothing is deleted of it.
    pub fn of(dataset: &Dataset, file: usize) -> Result<Option<Self>> {
        let data = &dataset.files[file];
        let (mut positions, mut keys) = (Vec::new(), Vec::new());
        for index in &data.deletes {
            let content = dataset.deleted.content(dataset, *index)?;
            match &*content {
                Content::Positions(files) => positions.extend(files.get(&data.path).into_iter().flatten()),
                Content::Keys(_) => keys.push(content),
            }
        }
        if positions.is_empty() && keys.is_empty() {
            return Ok(None);
        }
        positions.sort_unstable();
        let mut deletes = Self { file: data.path.clone(), positions, keys, columns: Vec::new() };
        let mut seen = BTreeSet::new();
        let all = deletes.keys().flat_map(|keys| keys.ids.iter().copied().zip(keys.types.iter().cloned()));
        deletes.columns = all.filter(|(id, _)| seen.insert(*id)).collect();
        Ok(Some(deletes))
    }

    pub fn columns(&self) -> &[(i32, DataType)] {
        &self.columns
    }

    /// False where a row is deleted; the first of `rows` is the file's row `first`. `columns`: those of `Self::columns`.
    pub fn kept(&self, first: u64, rows: usize, columns: &[ArrayRef]) -> Result<BooleanArray> {
        let mut kept = vec![true; rows];
        let from = self.positions.partition_point(|position| *position < first);
        for position in self.positions[from..].iter().take_while(|position| **position - first < rows as u64) {
            kept[(position - first) as usize] = false;
        }
        for keys in self.keys() {
            let column = |(id, data_type): (&i32, &DataType)| {
                let index = self.columns.iter().position(|(other, _)| other == id).expect("one of the columns");
                cast(&columns[index], data_type)
            };
            let columns = keys.ids.iter().zip(&keys.types).map(column).collect::<Result<Vec<_>, _>>();
            let found = columns.and_then(|columns| keys.converter.convert_columns(&columns));
            let found = found.map_err(|error| ConnectorError::corrupt(&self.file, error))?;
            for (kept, row) in kept.iter_mut().zip(found.iter()) {
                *kept &= !keys.rows.contains(&row.owned());
            }
        }
        Ok(kept.into())
    }

    fn keys(&self) -> impl Iterator<Item = &Keys> {
        self.keys.iter().filter_map(|content| match &**content {
            Content::Keys(keys) => Some(keys),
            Content::Positions(_) => None,
        })
    }
}

impl Deleted {
    fn content(&self, dataset: &Dataset, index: usize) -> Result<Arc<Content>> {
        // Held while it is read: other threads would read the same.
        let mut known = self.0.lock().expect("no step panics under this lock");
        if let Some(content) = known.get(&index) {
            return Ok(Arc::clone(content));
        }
        let file = &dataset.deletes[index];
        let content = if file.equality.is_empty() { read_positions(dataset, file) } else { read_keys(dataset, file) };
        let content = Arc::new(content?);
        known.insert(index, Arc::clone(&content));
        Ok(content)
    }
}

fn read_positions(dataset: &Dataset, file: &DeleteFile) -> Result<Content> {
    let mut files: HashMap<String, Vec<u64>> = HashMap::new();
    for batch in read_columns(dataset, file, &[(FILE_PATH, Some(DataType::Utf8)), (POSITION, Some(DataType::Int64))])? {
        let (paths, positions) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        for (path, position) in paths.iter().zip(positions) {
            let (Some(path), Some(position)) = (path, position.and_then(|position| u64::try_from(position).ok())) else {
                return Err(ConnectorError::corrupt(&file.path, "a row has no path or no position"));
            };
            match files.get_mut(path) {
                Some(positions) => positions.push(position),
                None => drop(files.insert(path.to_owned(), vec![position])),
            }
        }
    }
    Ok(Content::Positions(files.into_iter().map(|(path, positions)| (openable(&path), positions)).collect()))
}

/// A path of the metadata as we open it; the same is in `runtime/src/connectors/iceberg/paths.ts`.
fn openable(path: &str) -> String {
    match (path.strip_prefix("file:"), path.strip_prefix("s3a:").or_else(|| path.strip_prefix("s3n:"))) {
        (Some(local), _) => format!("/{}", local.trim_start_matches('/')),
        (_, Some(rest)) => format!("s3:{rest}"),
        _ => path.to_owned(),
    }
}

fn read_keys(dataset: &Dataset, file: &DeleteFile) -> Result<Content> {
    let typed = |id: &i32| {
        let column = dataset.ids.iter().position(|known| known == id);
        (*id, column.map(|column| dataset.schema.field(column).data_type().clone()))
    };
    let batches = read_columns(dataset, file, &file.equality.iter().map(typed).collect::<Vec<_>>())?;
    let fail = |error| ConnectorError::corrupt(&file.path, error);
    let types: Vec<DataType> = batches.first().map_or(Vec::new(), |batch| batch.schema().fields().iter().map(|field| field.data_type().clone()).collect());
    let converter = RowConverter::new(types.iter().cloned().map(SortField::new).collect()).map_err(fail)?;
    let mut rows = HashSet::new();
    for batch in &batches {
        rows.extend(converter.convert_columns(batch.columns()).map_err(fail)?.iter().map(|row| row.owned()));
    }
    // Without a row there is nothing to look at.
    let ids = if types.is_empty() { Vec::new() } else { file.equality.clone() };
    Ok(Content::Keys(Keys { ids, types, converter, rows }))
}

/// The columns with these ids, in this order and of these types.
fn read_columns(dataset: &Dataset, file: &DeleteFile, wanted: &[(i32, Option<DataType>)]) -> Result<Vec<RecordBatch>> {
    let blob = paths::open(&file.path, file.size, &Version::Once, None, &dataset.store)?;
    guarded(&file.path, "the deleted rows", || {
        let (footer, _) = load(&blob)?;
        let roots = 0..footer.schema().fields().len();
        let root = |(id, _): &(i32, Option<DataType>)| {
            let found = roots.clone().find(|root| field_id(&footer, *root) == Some(*id));
            found.ok_or_else(|| ConnectorError::corrupt(&file.path, format!("it has no column with the id {id}")))
        };
        let roots = wanted.iter().map(root).collect::<Result<Vec<_>>>()?;
        let mut ascending = roots.clone();
        ascending.sort_unstable();
        ascending.dedup();
        let mask = ProjectionMask::roots(footer.parquet_schema(), roots.iter().copied());
        let fail = |error| reading(&file.path, "the deleted rows", error);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(Pages::footer(&blob), footer).with_projection(mask).build().map_err(fail)?;
        let typed = |batch: RecordBatch| {
            let column = |(root, (id, data_type)): (&usize, &(i32, Option<DataType>))| {
                let column = batch.column(ascending.binary_search(root).expect("it is one of them"));
                let data_type = data_type.as_ref().unwrap_or(column.data_type());
                Ok((id.to_string(), cast(column, data_type)?))
            };
            RecordBatch::try_from_iter(roots.iter().zip(wanted).map(column).collect::<Result<Vec<_>, arrow::error::ArrowError>>()?)
        };
        reader.map(|batch| batch.and_then(typed).map_err(|error| fail(error.into()))).collect()
    })
}
