use std::{io::Write, path::Path};

use crate::{
    errors::{ConnectorError, Result},
    outputs::PartFile,
    parquet::FileInfo,
    store::StoreOptions,
};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 18;

/// A part file of text, written through a buffer.
pub struct TextPart {
    file: PartFile,
    pub buffer: Vec<u8>,
    rows: u64,
    bytes: u64,
}

impl TextPart {
    /// `part-NNNNN.EXTENSION`. LS2008 if that is not possible.
    pub fn create(staging: &Path, index: usize, extension: &str, store: &StoreOptions) -> Result<Self> {
        let file = PartFile::create(staging, &format!("part-{index:05}.{extension}"), store)?;
        Ok(Self { file, buffer: Vec::new(), rows: 0, bytes: 0 })
    }

    /// After each row. LS2008 disk full.
    pub fn row(&mut self) -> Result<()> {
        self.rows += 1;
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    pub fn close(mut self) -> Result<FileInfo> {
        self.flush()?;
        let path = self.file.path.to_string_lossy().into_owned();
        self.file.finish()?;
        Ok(FileInfo { path, rows: self.rows, bytes: self.bytes })
    }

    fn flush(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).map_err(|error| match error.downcast::<ConnectorError>() {
            Ok(known) => known,
            Err(error) => ConnectorError::write(&self.file.path, &error),
        })?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
