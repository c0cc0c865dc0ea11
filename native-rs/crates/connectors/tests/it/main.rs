//! The connectors through their public face: write, open, deal, read, damage.
mod commit;
mod csv;
mod encode;
mod evolve;
mod hostile;
mod iceberg;
mod json;
mod matching;
mod parquet;
mod parquet_part;
mod remote;

use std::{path::Path, sync::Arc};

use arrow::{array::RecordBatch, compute::concat_batches};
use lockstep_connectors::{Dataset, ReadOptions, Result, chunks, read};

/// All rows of a dataset, read as `parts` parts.
pub fn read_all(dataset: &Arc<Dataset>, parts: usize, options: &ReadOptions) -> Result<RecordBatch> {
    let mut batches = Vec::new();
    for part in chunks(dataset, &options.columns, parts, None) {
        for batch in read(Arc::clone(dataset), part, options.clone()) {
            batches.push(batch?);
        }
    }
    let schema = read(Arc::clone(dataset), Vec::new(), options.clone()).schema();
    Ok(concat_batches(&schema, &batches).unwrap())
}

pub fn columns(names: &[&str]) -> ReadOptions {
    ReadOptions { columns: names.iter().map(|name| (*name).to_owned()).collect(), ..ReadOptions::default() }
}

/// As the other ranks get it.
pub fn travelled(dataset: &Dataset) -> Arc<Dataset> {
    Arc::new(Dataset::from_bytes(&dataset.to_bytes().unwrap().into()).unwrap())
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
