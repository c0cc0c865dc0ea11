//! Rows that came before anybody asked for them, in a temporary file.
use std::{
    fs::File,
    io::{BufReader, Read, Write},
    sync::Arc,
};

use bytes::Bytes;
use datafusion::execution::{SpillFile, SpillWriter, disk_manager::DiskManager};
use serde_json::json;

use crate::errors::{ConnectorError, Result};

/// Entries of a number and bytes, in order.
pub struct Aside {
    file: Arc<dyn SpillFile>,
    writer: Box<dyn SpillWriter>,
}

impl Aside {
    pub fn new(disk: &Arc<DiskManager>) -> Result<Self> {
        let file = disk.create_tmp_file("rows of a database").map_err(full)?;
        let writer = file.open_writer().map_err(full)?;
        Ok(Self { file, writer })
    }

    pub fn put(&mut self, number: u64, bytes: &[u8]) -> Result<()> {
        let head = [number.to_le_bytes(), (bytes.len() as u64).to_le_bytes()].concat();
        self.writer.write_all(&head).and_then(|()| self.writer.write_all(bytes)).map_err(full)
    }

    pub fn entries(mut self) -> Result<Entries> {
        self.writer.finish().map_err(full)?;
        let path = self.file.path().ok_or_else(|| full("it is kept elsewhere"))?;
        let reader = BufReader::new(File::open(path).map_err(full)?);
        Ok(Entries { reader, _file: self.file })
    }
}

pub struct Entries {
    reader: BufReader<File>,
    _file: Arc<dyn SpillFile>,
}

impl Entries {
    fn entry(&mut self) -> std::io::Result<Option<(u64, Bytes)>> {
        let mut head = [0; 16];
        if self.reader.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        self.reader.read_exact(&mut head[1..])?;
        let [number, length] = [&head[..8], &head[8..]].map(|half| u64::from_le_bytes(half.try_into().expect("eight bytes")));
        let mut bytes = vec![0; length as usize];
        self.reader.read_exact(&mut bytes)?;
        Ok(Some((number, bytes.into())))
    }
}

impl Iterator for Entries {
    type Item = Result<(u64, Bytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entry().map_err(full).transpose()
    }
}

fn full(reason: impl std::fmt::Display) -> ConnectorError {
    ConnectorError::new("LS2008", format!("rows of a database that came early cannot be kept on the disk: {reason}"), json!({}))
}

#[cfg(test)]
mod tests {
    use datafusion::execution::disk_manager::DiskManagerBuilder;

    use super::*;

    #[test]
    fn what_is_put_aside_comes_back() {
        let mut aside = Aside::new(&Arc::new(DiskManagerBuilder::default().build().unwrap())).unwrap();
        let entries = [(1, &b""[..]), (0, b"abc"), (0, &[7; 100_000]), (2, b"")];
        for (number, bytes) in entries {
            aside.put(number, bytes).unwrap();
        }
        let back: Vec<(u64, Bytes)> = aside.entries().unwrap().map(Result::unwrap).collect();
        assert_eq!(back, entries.map(|(number, bytes)| (number, Bytes::copy_from_slice(bytes))));
    }
}
