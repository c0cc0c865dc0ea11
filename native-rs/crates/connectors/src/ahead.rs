//! What a reader asks for before it decodes it: bytes of remote files, while earlier chunks are decoded.
use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use arrow::datatypes::Schema;

use crate::{
    chunks::Chunk,
    dataset::{Dataset, Format},
    errors::Result,
    ipc,
    parquet::{self, Matching},
    prune::Pruner,
    read::{ReadOptions, counted},
    store::Blob,
    text,
};

/// Bytes that a rank has asked for and not decoded yet, about: what its requests in flight can be, and half of it that
/// has arrived meanwhile. Its remote readers share them.
const AHEAD_BYTES: u64 = 192 << 20;
static REMOTE_READERS: AtomicU64 = AtomicU64::new(0);

/// Chunks of remote files whose rows are judged before they are read, and those whose indexes are on their way: each of a few bytes, which
/// are waited for one after another.
const JUDGED_AHEAD: usize = 16;
const INDEXES_AHEAD: usize = 32;

/// A reader that has its share of [`AHEAD_BYTES`].
struct Share;

impl Share {
    fn new() -> Self {
        REMOTE_READERS.fetch_add(1, Ordering::Relaxed);
        Self
    }

    fn bytes(&self) -> u64 {
        AHEAD_BYTES / REMOTE_READERS.load(Ordering::Relaxed)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        REMOTE_READERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The chunks whose bytes are on their way: the current one and some of those behind it.
#[derive(Default)]
pub struct Ahead {
    /// Of a remote reader.
    share: Option<Share>,
    /// Of the current chunk and the next ones, what each reads of its file.
    asked: VecDeque<Asked>,
    bytes: u64,
    /// Remote files of these chunks.
    blobs: HashMap<usize, Blob>,
    /// The file of the chunk that was opened last.
    file: Option<usize>,
}

/// What a chunk reads of its file.
struct Asked {
    ranges: Vec<Range<u64>>,
    rows: Matching,
}

impl Asked {
    fn bytes(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }
}

impl Ahead {
    pub fn new(remote: bool) -> Self {
        Self { share: remote.then(Share::new), ..Self::default() }
    }

    pub fn is_remote(&self) -> bool {
        self.share.is_some()
    }

    /// Asks for the bytes of the next chunks; what the very next one waits for. Errors are left to the step that decodes.
    pub fn look(&mut self, dataset: &Dataset, chunks: &VecDeque<Chunk>, scan: &Schema, options: &ReadOptions) -> Option<impl Future<Output = ()> + Send + use<>> {
        let most = self.share.as_ref()?.bytes();
        let next = chunks.front()?;
        // Of a file of which rows are only counted nothing is looked at, and it is not opened.
        if counted(dataset, next, scan) {
            return None;
        }
        let ahead = || chunks.iter().filter(|chunk| !counted(dataset, chunk, scan));
        if let Some(pruner) = judging(dataset, options) {
            for chunk in ahead().take(INDEXES_AHEAD) {
                let Some(blob) = self.blob(dataset, chunk) else { break };
                parquet::will_judge(dataset, &blob, chunk, pruner, scan);
            }
        }
        let most_chunks = if judging(dataset, options).is_some() { JUDGED_AHEAD } else { usize::MAX };
        let mut wanted: Vec<(usize, Vec<Range<u64>>)> = Vec::new();
        for chunk in ahead().skip(self.asked.len()) {
            if (self.bytes >= most || self.asked.len() >= most_chunks) && !self.asked.is_empty() {
                break;
            }
            let Some(blob) = self.blob(dataset, chunk) else { break };
            let Ok(rows) = matching(dataset, &blob, chunk, options, scan) else { break };
            let ranges = match &dataset.format {
                Format::Parquet => parquet::needs(dataset, &blob, chunk, rows.as_deref(), scan),
                Format::Arrow(layouts) => ipc::needs(dataset, layouts, chunk, scan),
                Format::Csv(_) | Format::JsonLines => Ok(text::needs(dataset, chunk)),
            };
            let Ok(ranges) = ranges else { break };
            // Of one file together: what stands side by side is one request.
            match wanted.last_mut() {
                Some((file, all)) if *file == chunk.file => all.extend(ranges.iter().cloned()),
                _ => wanted.push((chunk.file, ranges.clone())),
            }
            let asked = Asked { ranges, rows };
            self.bytes += asked.bytes();
            self.asked.push_back(asked);
        }
        for (file, ranges) in wanted {
            self.blobs[&file].will_need(ranges);
        }
        Some(self.blobs.get(&next.file)?.pieces()?.arrived(&self.asked.front()?.ranges))
    }

    fn blob(&mut self, dataset: &Dataset, chunk: &Chunk) -> Option<Blob> {
        if !self.blobs.contains_key(&chunk.file) {
            self.blobs.insert(chunk.file, dataset.open(chunk.file).ok()?);
        }
        self.blobs.get(&chunk.file).cloned()
    }

    /// Opens the file of the next chunk that is not only counted; which of its rows the filter can match.
    pub fn open(&mut self, dataset: &Dataset, chunk: &Chunk, scan: &Schema, options: &ReadOptions) -> Result<(Blob, Matching)> {
        let asked = self.asked.pop_front();
        self.bytes -= asked.as_ref().map_or(0, Asked::bytes);
        // Chunks go through their files from front to end.
        if let Some(last) = self.file.replace(chunk.file).filter(|last| *last != chunk.file) {
            dataset.footers.forget_indexes(last);
        }
        self.blobs.retain(|file, _| *file >= chunk.file);
        match (self.blobs.get(&chunk.file), asked) {
            (Some(blob), Some(asked)) => {
                if let (Some(pieces), Some(start)) = (blob.pieces(), asked.ranges.iter().map(|range| range.start).min()) {
                    pieces.release(start);
                }
                Ok((blob.clone(), asked.rows))
            }
            _ => {
                let blob = dataset.open(chunk.file)?;
                let rows = matching(dataset, &blob, chunk, options, scan)?;
                Ok((blob, rows))
            }
        }
    }
}

/// By what rows are judged.
fn judging<'a>(dataset: &Dataset, options: &'a ReadOptions) -> Option<&'a Pruner> {
    options.prune.as_deref().filter(|_| matches!(dataset.format, Format::Parquet))
}

/// Which rows of a chunk the filter can match. Rows of a file with deletes are counted one after another: all of them are read.
fn matching(dataset: &Dataset, blob: &Blob, chunk: &Chunk, options: &ReadOptions, scan: &Schema) -> Result<Matching> {
    match judging(dataset, options) {
        Some(pruner) if dataset.files[chunk.file].deletes.is_empty() => parquet::matching(dataset, blob, chunk, pruner, scan),
        _ => Ok(None),
    }
}
