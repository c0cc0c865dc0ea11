//! Rows on disk, of whom it is not known whether there are any.
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, SpillFile};
use datafusion::physical_plan::spill::SpillManager;

/// A file that is made when its first rows come.
pub struct LateFile {
    manager: SpillManager,
    /// Appends rows; of none it ends.
    file: Option<Box<dyn FnMut(Option<&RecordBatch>) -> Result<Option<Arc<dyn SpillFile>>> + Send>>,
}

impl LateFile {
    pub fn new(manager: SpillManager) -> Self {
        Self { manager, file: None }
    }

    pub fn is_begun(&self) -> bool {
        self.file.is_some()
    }

    pub fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.file.is_none() {
            // Its type has no name outside of DataFusion.
            let mut file = self.manager.create_in_progress_file("rows that memory has no room for")?;
            self.file = Some(Box::new(move |batch| match batch {
                Some(batch) => file.append_batch(batch).map(|_| None),
                None => file.finish(),
            }));
        }
        self.file.as_mut().map_or(Ok(None), |file| file(Some(batch))).map(|_| ())
    }

    pub fn finish(mut self) -> Result<Option<Arc<dyn SpillFile>>> {
        self.file.as_mut().map_or(Ok(None), |file| file(None))
    }

    /// The rows; None: there are none.
    pub fn rows(self) -> Result<Option<SendableRecordBatchStream>> {
        let manager = self.manager.clone();
        self.finish()?.map(|file| manager.read_spill_as_stream(file, None)).transpose()
    }
}
