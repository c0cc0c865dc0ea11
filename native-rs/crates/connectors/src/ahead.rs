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
    ipc, parquet,
    read::{ReadOptions, counted},
    store::Blob,
    text,
};

/// Bytes that a rank has asked for and not decoded yet, about: what its requests in flight can be, and half of it that
/// has arrived meanwhile. Its remote readers share them.
const AHEAD_BYTES: u64 = 192 << 20;
static REMOTE_READERS: AtomicU64 = AtomicU64::new(0);

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

/// Rows of a chunk's row group that the filter can match; None: any.
pub type Matching = Option<Vec<Range<u64>>>;

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
        let mut wanted: Vec<(usize, Vec<Range<u64>>)> = Vec::new();
        for chunk in chunks.iter().filter(|chunk| !counted(dataset, chunk, scan)).skip(self.asked.len()) {
            if self.bytes >= most && !self.asked.is_empty() {
                break;
            }
            let blob = match self.blobs.get(&chunk.file) {
                Some(blob) => blob.clone(),
                None => dataset.open(chunk.file).ok()?,
            };
            self.blobs.insert(chunk.file, blob.clone());
            let rows = matching(dataset, &blob, chunk, options).ok()?;
            let ranges = match &dataset.format {
                Format::Parquet => parquet::needs(dataset, &blob, chunk, rows.as_deref(), scan).ok()?,
                Format::Arrow(layouts) => ipc::needs(dataset, layouts, chunk, scan).ok()?,
                Format::Csv(_) | Format::JsonLines => text::needs(dataset, chunk),
            };
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

    /// Opens the file of the next chunk that is not only counted; which of its rows the filter can match.
    pub fn open(&mut self, dataset: &Dataset, chunk: &Chunk, options: &ReadOptions) -> Result<(Blob, Matching)> {
        let asked = self.asked.pop_front();
        self.bytes -= asked.as_ref().map_or(0, Asked::bytes);
        // Chunks go through their files from front to end.
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
                let rows = matching(dataset, &blob, chunk, options)?;
                Ok((blob, rows))
            }
        }
    }
}

/// Which rows of a chunk the filter can match. Rows of a file with deletes are counted one after another: all of them are read.
fn matching(dataset: &Dataset, blob: &Blob, chunk: &Chunk, options: &ReadOptions) -> Result<Matching> {
    match &options.prune {
        Some(pruner) if matches!(dataset.format, Format::Parquet) && dataset.files[chunk.file].deletes.is_empty() => parquet::matching(dataset, blob, chunk, pruner),
        _ => Ok(None),
    }
}
