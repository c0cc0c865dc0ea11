use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::write::GzEncoder;
use serde_json::json;

use crate::{
    errors::{ConnectorError, Result},
    outputs::PartFile,
    parquet::FileInfo,
};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 18;

/// How a file of text is compressed as a whole, which its name's ending says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Zstd,
}

impl Compression {
    pub fn of(name: &str) -> Result<Self> {
        match name {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            other => Err(ConnectorError::unsupported(format!("compression \"{other}\" is not supported: use gzip, zstd or none"), json!({ "compression": other }))),
        }
    }

    /// What a file's name says.
    pub fn of_file(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        [Self::Gzip, Self::Zstd].into_iter().find(|one| name.ends_with(one.extension())).unwrap_or_default()
    }

    /// Behind that of the format.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// A part file of text, written through a buffer.
pub struct TextPart {
    file: Compressed,
    path: PathBuf,
    pub buffer: Vec<u8>,
    rows: u64,
}

enum Compressed {
    Not(PartFile),
    Gzip(GzEncoder<PartFile>),
    Zstd(zstd::Encoder<'static, PartFile>),
}

impl TextPart {
    /// LS2008 if it cannot be written.
    pub fn of(file: PartFile, compression: Compression) -> Result<Self> {
        let path = file.path.clone();
        let file = match compression {
            Compression::None => Compressed::Not(file),
            Compression::Gzip => Compressed::Gzip(GzEncoder::new(file, flate2::Compression::default())),
            // 0 is zstd's own default.
            Compression::Zstd => Compressed::Zstd(zstd::Encoder::new(file, 0).map_err(|error| ConnectorError::write(&path, &error))?),
        };
        Ok(Self { file, path, buffer: Vec::new(), rows: 0 })
    }

    /// After each row. LS2008 disk full.
    pub fn row(&mut self) -> Result<()> {
        self.rows += 1;
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    pub fn close(mut self) -> Result<FileInfo> {
        self.flush()?;
        let file = match self.file {
            Compressed::Not(file) => Ok(file),
            Compressed::Gzip(encoder) => encoder.finish(),
            Compressed::Zstd(encoder) => encoder.finish(),
        };
        let file = file.map_err(|error| failed(&self.path, error))?;
        let (path, bytes) = (self.path.to_string_lossy().into_owned(), file.bytes());
        file.finish()?;
        Ok(FileInfo { path, rows: self.rows, bytes })
    }

    /// Writes what is gathered. LS2008 disk full.
    pub fn flush(&mut self) -> Result<()> {
        let written = match &mut self.file {
            Compressed::Not(file) => file.write_all(&self.buffer),
            Compressed::Gzip(encoder) => encoder.write_all(&self.buffer),
            Compressed::Zstd(encoder) => encoder.write_all(&self.buffer),
        };
        written.map_err(|error| failed(&self.path, error))?;
        self.buffer.clear();
        Ok(())
    }
}

fn failed(path: &Path, error: io::Error) -> ConnectorError {
    match error.downcast::<ConnectorError>() {
        Ok(known) => known,
        Err(error) => ConnectorError::write(path, &error),
    }
}
