//! Tests of rows that are known only when a scan begins: the keys that another table has.
use std::{fmt, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray},
    buffer::BooleanBuffer,
};

use crate::errors::Result;

/// Which rows are wanted, by the values of one column. May want too many; null is wanted or not as the test says.
#[derive(Clone)]
pub struct KeyTest {
    /// Of [`crate::ReadOptions::columns`].
    pub column: String,
    pub wanted: Arc<dyn Fn(&ArrayRef) -> Result<BooleanBuffer> + Send + Sync>,
}

impl fmt::Debug for KeyTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyTest of {}", self.column)
    }
}

/// Rows after which a test is judged, and how many of 100 it may keep without being given up: testing costs, too.
const JUDGED: u64 = 16_384;
const MOST_KEPT: u64 = 80;

/// The tests of one reader.
pub(crate) struct Tests {
    tests: Vec<Test>,
    /// Rows that failed one.
    pub dropped: u64,
}

struct Test {
    /// Number of its column.
    column: usize,
    test: KeyTest,
    seen: u64,
    kept: u64,
}

impl Tests {
    pub fn new(tests: Vec<KeyTest>, columns: &[String]) -> Self {
        let test = |test: KeyTest| {
            let column = columns.iter().position(|name| *name == test.column)?;
            Some(Test { column, test, seen: 0, kept: 0 })
        };
        Self { tests: tests.into_iter().filter_map(test).collect(), dropped: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// The numbers of the tests' columns, ascending.
    pub fn columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.tests.iter().map(|test| test.column).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Which of `rows` rows are wanted, `columns` being all of the scan's; None: all. A test that keeps most rows is not asked again.
    pub fn wanted(&mut self, columns: &[ArrayRef], rows: usize) -> Result<Option<BooleanArray>> {
        let mut all: Option<BooleanBuffer> = None;
        for test in &mut self.tests {
            let wanted = (test.test.wanted)(&columns[test.column])?;
            test.seen += rows as u64;
            test.kept += wanted.count_set_bits() as u64;
            all = Some(all.map_or(wanted.clone(), |all| &all & &wanted));
        }
        self.tests.retain(|test| test.seen < JUDGED || test.kept * 100 <= test.seen * MOST_KEPT);
        Ok(all.map(|all| BooleanArray::new(all, None)).filter(|all| all.true_count() < rows))
    }
}
