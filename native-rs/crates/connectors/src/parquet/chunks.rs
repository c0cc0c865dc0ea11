//! Footers at hand: parsed once a process and file, then shared by all chunks of the file.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::{
    errors::guarded,
    offsets::Index,
    schema::{load, parsed},
};
use crate::{dataset::Dataset, errors::Result, store::Blob};

/// Footers by file index; filled by the rank that opens a file, or on first use on the other ranks. Files are not kept open: a
/// dataset may have more of them than a process may open.
#[derive(Debug, Clone, Default)]
pub struct Footers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    parsed: HashMap<usize, ArrowReaderMetadata>,
    /// With indexes of pages, of files that were asked for them; None: the file does not say.
    indexed: HashMap<(usize, Index), Option<ArrowReaderMetadata>>,
    /// Of remote files, as they stand there: they travel to the other ranks, which then need not ask the store for them.
    raw: HashMap<usize, Bytes>,
}

impl Footers {
    pub fn insert(&self, file: usize, footer: ArrowReaderMetadata, raw: Option<Bytes>) {
        let mut state = self.0.lock().expect("no step panics under this lock");
        state.parsed.insert(file, footer);
        state.raw.extend(raw.map(|raw| (file, raw)));
    }

    /// The footer of `file`, which `blob` is.
    pub fn get(&self, dataset: &Dataset, file: usize, blob: &Blob) -> Result<ArrowReaderMetadata> {
        let raw = {
            let state = self.0.lock().expect("no step panics under this lock");
            if let Some(found) = state.parsed.get(&file) {
                return Ok(found.clone());
            }
            state.raw.get(&file).cloned()
        };
        let name = &dataset.files[file].path;
        let footer = guarded(name, "the footer", || match raw {
            Some(raw) => parsed(name, &raw),
            None => load(blob).map(|(footer, _)| footer),
        })?;
        self.insert(file, footer.clone(), None);
        Ok(footer)
    }

    /// The footer of `file` with an index of its pages, which `read` reads the first time.
    pub fn indexed(&self, file: usize, index: Index, read: impl FnOnce() -> Result<Option<ArrowReaderMetadata>>) -> Result<Option<ArrowReaderMetadata>> {
        if let Some(known) = self.0.lock().expect("no step panics under this lock").indexed.get(&(file, index)) {
            return Ok(known.clone());
        }
        let indexed = read()?;
        self.0.lock().expect("no step panics under this lock").indexed.insert((file, index), indexed.clone());
        Ok(indexed)
    }

    /// The footer of `file` with an index of its pages, if it was read.
    pub fn known(&self, file: usize, index: Index) -> Option<ArrowReaderMetadata> {
        self.0.lock().expect("no step panics under this lock").indexed.get(&(file, index)).cloned().flatten()
    }

    /// Whether it is known if `file` has the index.
    pub fn is_asked(&self, file: usize, index: Index) -> bool {
        self.0.lock().expect("no step panics under this lock").indexed.contains_key(&(file, index))
    }

    /// Forgets the indexes of a file that a reader is through with: they are many times as large as the footer.
    pub fn forget_indexes(&self, file: usize) {
        self.0.lock().expect("no step panics under this lock").indexed.retain(|(known, _), _| *known != file);
    }

    /// Takes over those of other files.
    pub fn extend(&self, others: &Self) {
        let (mut state, others) = (self.0.lock().expect("no step panics under this lock"), others.0.lock().expect("no step panics under this lock"));
        state.parsed.extend(others.parsed.iter().map(|(file, footer)| (*file, footer.clone())));
        state.raw.extend(others.raw.iter().map(|(file, raw)| (*file, raw.clone())));
    }

    /// Appends what is not read again: file, length, bytes.
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        let state = self.0.lock().expect("no step panics under this lock");
        for (file, raw) in &state.raw {
            bytes.extend((*file as u64).to_le_bytes());
            bytes.extend((raw.len() as u64).to_le_bytes());
            bytes.extend_from_slice(raw);
        }
    }

    /// The inverse of [`Self::append_to`].
    pub fn from_bytes(mut bytes: Bytes) -> Self {
        let mut raw = HashMap::new();
        while bytes.len() >= 16 {
            let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
            let (file, length) = (number(0), number(8).min(bytes.len() - 16));
            bytes = bytes.split_off(16);
            raw.insert(file, bytes.split_to(length));
        }
        Self(Arc::new(Mutex::new(State { raw, ..State::default() })))
    }
}
