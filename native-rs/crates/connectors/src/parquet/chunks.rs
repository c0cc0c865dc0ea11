//! Footers at hand: parsed once a process and file, then shared by all chunks of the file.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::{errors::guarded, schema::load};
use crate::{dataset::Dataset, errors::Result, store::Blob};

/// Open files and their footers by file index; filled by `open_parquet`, or on first use on the other ranks.
#[derive(Debug, Clone, Default)]
pub struct Footers(Arc<Mutex<HashMap<usize, (Blob, ArrowReaderMetadata)>>>);

impl Footers {
    pub fn insert(&self, file: usize, blob: Blob, footer: ArrowReaderMetadata) {
        self.0.lock().expect("no step panics under this lock").insert(file, (blob, footer));
    }

    pub fn get(&self, dataset: &Dataset, file: usize) -> Result<(Blob, ArrowReaderMetadata)> {
        if let Some(found) = self.0.lock().expect("no step panics under this lock").get(&file) {
            return Ok(found.clone());
        }
        let entry = &dataset.files[file];
        let blob = Blob::open_unchanged(&entry.path, entry.size, entry.modified)?;
        let footer = guarded(&entry.path, "the footer", || load(&blob))?;
        self.insert(file, blob.clone(), footer.clone());
        Ok((blob, footer))
    }
}
