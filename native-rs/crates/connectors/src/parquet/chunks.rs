//! Footers at hand: parsed once a process and file, then shared by all chunks of the file.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::{errors::guarded, schema::load};
use crate::{dataset::Dataset, errors::Result, store::Blob};

/// Footers by file index; filled by `open_parquet`, or on first use on the other ranks. Files are not kept open: a
/// dataset may have more of them than a process may open.
#[derive(Debug, Clone, Default)]
pub struct Footers(Arc<Mutex<HashMap<usize, ArrowReaderMetadata>>>);

impl Footers {
    pub fn insert(&self, file: usize, footer: ArrowReaderMetadata) {
        self.0.lock().expect("no step panics under this lock").insert(file, footer);
    }

    pub fn get(&self, dataset: &Dataset, file: usize) -> Result<(Blob, ArrowReaderMetadata)> {
        let entry = &dataset.files[file];
        let blob = Blob::open_unchanged(&entry.path, entry.size, entry.modified)?;
        if let Some(found) = self.0.lock().expect("no step panics under this lock").get(&file) {
            return Ok((blob, found.clone()));
        }
        let footer = guarded(&entry.path, "the footer", || load(&blob))?;
        self.insert(file, footer.clone());
        Ok((blob, footer))
    }
}
