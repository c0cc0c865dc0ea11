//! Writing: each rank's rows become Parquet files among its temporary ones. The runtime brings them to a stage and commits them
//! (`runtime/src/connectors/snowflake/commit.ts`): what opens the stage expires, and is renewed by the rank that has the session, so
//! it comes when all is computed, and not here.
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use arrow::{array::RecordBatch, datatypes::Schema};
use lockstep_plan::SnowflakeWrite;
use serde::{Deserialize, Serialize};

use crate::{
    errors::{ConnectorError, Result},
    files::{SizedFile, SizedFiles, SizedMaker, Written, table_schema},
    parquet::ParquetWriteOptions,
};

/// A file as written, on the rank's own disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnowflakeFile {
    pub rank: usize,
    pub path: PathBuf,
    pub rows: u64,
    pub bytes: u64,
}

/// The folder of one rank's files; its partitions share it.
pub struct SnowflakeFiles {
    write: SnowflakeWrite,
    rank: usize,
    folder: PathBuf,
    kept: AtomicBool,
}

impl fmt::Debug for SnowflakeFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SnowflakeFiles({})", self.write.path)
    }
}

impl SnowflakeFiles {
    /// `temporary`: where the rank's temporary files are. LS2008.
    pub fn new(write: &SnowflakeWrite, rank: usize, temporary: &Path) -> Result<Self> {
        // An execution that begins again has a folder of its own: tasks of the one before it may end later.
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let folder = temporary.join(format!("{}.{rank}.{}", write.folder, FOLDERS.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir(&folder).map_err(|error| ConnectorError::write(&folder, &error))?;
        Ok(Self { write: write.clone(), rank, folder, kept: AtomicBool::new(false) })
    }

    /// All ranks are done: the files are the runtime's, which removes the folder.
    pub fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for SnowflakeFiles {
    fn drop(&mut self) {
        // Of a rank that has written nothing there is nothing to keep.
        let _ = match self.kept.load(Ordering::Relaxed) {
            true => fs::remove_dir(&self.folder),
            false => fs::remove_dir_all(&self.folder),
        };
    }
}

/// One partition's rows.
pub struct SnowflakePart {
    place: Arc<SnowflakeFiles>,
    files: SizedFiles,
}

impl SnowflakePart {
    /// `rows`: as they come. `memory`: bytes that a file may hold which are not written yet. LS2015: a type that is not written.
    pub fn new(place: Arc<SnowflakeFiles>, index: usize, rows: &Schema, memory: usize) -> Result<Self> {
        let SnowflakeWrite { columns, file_bytes, .. } = &place.write;
        let schema = table_schema(columns, rows)?;
        let options = ParquetWriteOptions { arrow_schema: false, row_group_bytes: memory, ..ParquetWriteOptions::default() };
        let maker = SizedMaker::new(place.folder.display().to_string(), index, schema, options, *file_bytes);
        Ok(Self { files: SizedFiles::new(maker), place })
    }

    /// LS2008 disk full, LS2015 a value that the written type cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.files.write(batch)
    }

    /// Bytes held that are not written yet.
    pub fn memory_size(&self) -> usize {
        self.files.memory_size()
    }

    /// Writes the last footer.
    pub fn close(self) -> Result<Vec<SnowflakeFile>> {
        let place = self.place;
        let file = |SizedFile { path, rows, bytes }| SnowflakeFile { rank: place.rank, path: place.folder.join(path), rows, bytes };
        Ok(self.files.close()?.into_iter().map(file).collect())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};
    use lockstep_plan::WrittenColumn;

    use super::*;
    use crate::parquet::WRITER_MEMORY;

    fn rows() -> RecordBatch {
        RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef)]).unwrap()
    }

    fn written(place: &Arc<SnowflakeFiles>) -> Vec<SnowflakeFile> {
        let mut part = SnowflakePart::new(place.clone(), 5, &rows().schema(), WRITER_MEMORY).unwrap();
        part.write(&rows()).unwrap();
        part.close().unwrap()
    }

    #[test]
    fn what_is_not_kept_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let columns = vec![WrittenColumn { name: "id".into(), id: 1, data_type: "int32".into(), required: false, parts: vec![] }];
        let write = SnowflakeWrite { input: 0, path: "t".into(), folder: "stage".into(), columns, file_bytes: 1 << 20, site: "".into() };
        let [first, second, idle] = [0, 1, 2].map(|_| Arc::new(SnowflakeFiles::new(&write, 3, directory.path()).unwrap()));
        let [gone, kept] = [written(&first), written(&second)];
        second.keep();
        idle.keep();
        drop((first, second, idle));
        assert!(!gone[0].path.exists());
        let [SnowflakeFile { rank: 3, path, rows: 3, bytes }] = &kept[..] else { panic!("{kept:?}") };
        assert_eq!(fs::metadata(path).unwrap().len(), *bytes);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
