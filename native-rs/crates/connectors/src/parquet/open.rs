//! Opening: which files there are, then their footers, then what these say of columns, row groups and statistics.
//!
//! ```text
//! ParquetListing::new ──► read(files) ──► columns: of all files ──► describe(read) ──► dataset
//! (rank 0)                (each rank its share of the files)       (each its share)     (same on every rank)
//! ```
use std::{ops::Range, sync::OnceLock};

use arrow::datatypes::{Schema, SchemaRef};
use lockstep_plan::ColumnType;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use serde::{Deserialize, Serialize};

use super::{
    chunks::Footers,
    errors::guarded,
    options::ParquetRequest,
    schema::{describe, each_footer, with_uuids},
};
use crate::{
    dataset::{DataFile, Dataset, Format, Held},
    declared,
    described::Described,
    errors::Result,
    files::{FolderColumn, Union, by_name, folder_columns, in_no_folder, plain, with_folders},
    paths::{Found, resolve},
};

/// Reads all footers. LS2001 missing input, LS2002 schema, LS2005 damaged file, LS2018 another format.
pub fn open_parquet(request: &ParquetRequest) -> Result<Dataset> {
    ParquetListing::new(request.clone())?.open()
}

/// The files of an input, none of which is opened yet.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParquetListing {
    request: ParquetRequest,
    /// In table order.
    found: Vec<Found>,
    /// Of these files, once they are asked for.
    #[serde(skip)]
    folders: OnceLock<Vec<FolderColumn>>,
}

/// The footers of files that stand together.
#[derive(Debug, Default)]
pub struct Footed {
    first: usize,
    /// With the files' sizes in bytes.
    opened: Vec<(ArrowReaderMetadata, u64)>,
    footers: Footers,
}

/// The columns that files have, one behind the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alike {
    #[serde(with = "crate::arrow_types::schema_text")]
    schema: SchemaRef,
    files: usize,
}

/// The columns of all files that were told of.
#[derive(Default)]
pub struct Columns {
    union: Union,
    files: usize,
}

impl ParquetListing {
    /// Finds the files. LS2001; LS2002 and LS2006 of folders that are named as columns.
    pub fn new(request: ParquetRequest) -> Result<Self> {
        let found = resolve(&request.paths, &["parquet"], &request.store)?;
        let listing = Self { request, found, folders: OnceLock::new() };
        listing.folders()?;
        Ok(listing)
    }

    pub fn files(&self) -> usize {
        self.found.len()
    }

    /// On one rank, as all ranks do it.
    pub fn open(&self) -> Result<Dataset> {
        let (footed, read) = self.read(0..self.files());
        let mut columns = Columns::default();
        self.columns_of(&footed)?.iter().try_for_each(|alike| self.add(&mut columns, alike))?;
        read?;
        let described = self.describe(&columns, &footed)?;
        self.dataset(&columns, vec![described])
    }

    /// The footers of some of the files, up to the first that has none, and why it has none. LS2005, LS2018, LS2019.
    pub fn read(&self, files: Range<usize>) -> (Footed, Result<()>) {
        let mut footed = Footed { first: files.start, ..Footed::default() };
        let read = each_footer(&self.found[files.clone()], &self.request.store, |index, blob, footer, raw| {
            footed.opened.push((footer.clone(), blob.size()));
            footed.footers.insert(files.start + index, footer, raw);
            Ok(())
        });
        (footed, read)
    }

    /// What columns of their own the files have.
    pub fn columns_of(&self, footed: &Footed) -> Result<Vec<Alike>> {
        let folders = self.folders()?;
        let mut all: Vec<Alike> = Vec::new();
        for (footer, _) in &footed.opened {
            let schema = plain(&in_no_folder(&with_uuids(footer), folders));
            match all.last_mut() {
                Some(last) if last.schema == schema => last.files += 1,
                _ => all.push(Alike { schema, files: 1 }),
            }
        }
        Ok(all)
    }

    /// The columns of the files that follow those of `columns`. LS2002 where they differ.
    pub fn add(&self, columns: &mut Columns, alike: &Alike) -> Result<()> {
        let declared = self.declared();
        let required = |name: &str| self.request.declared.is_empty() || declared.iter().any(|column| column.name == name);
        let files = &self.found[columns.files..columns.files + alike.files];
        columns.files += alike.files;
        files.iter().try_for_each(|file| columns.union.add(&file.path, &alike.schema, required))
    }

    /// What footers say, where `columns` are those of all files.
    pub fn describe(&self, columns: &Columns, footed: &Footed) -> Result<Described> {
        let wanted = |name: &str| self.request.declared.is_empty() || self.request.declared.iter().any(|column| column.name == name);
        let folders = self.folders()?;
        let own = columns.union.schema();
        let schema = with_folders(&own, folders);
        let file = |(index, (footer, size)): (usize, &(ArrowReaderMetadata, u64))| {
            let (number, file) = (footed.first + index, &self.found[footed.first + index]);
            let held = self.held(number, &own, footer.schema(), folders);
            let described = guarded(&file.path, "the footer", || describe(file, footer, *size, &schema, &held, wanted))?;
            let lacks = held.iter().any(|held| held.column().is_none());
            Ok(DataFile { held: lacks.then_some(held), ..described })
        };
        let files = footed.opened.iter().enumerate().map(file).collect::<Result<_>>()?;
        Ok(Described { files, footers: footed.footers.clone() })
    }

    /// The input, by what is said of all its files. LS2002
    pub fn dataset(&self, columns: &Columns, parts: Vec<Described>) -> Result<Dataset> {
        let source = if self.files() == 1 { &self.found[0].path } else { &self.request.paths.join(", ") };
        let schema = with_folders(&columns.union.schema(), self.folders()?);
        let schema = declared::check(source, "the file has", &schema, &self.request.declared, |_, _| false)?;
        columns.union.check_lacking(&self.declared())?;
        let Described { files, footers } = Described::joined(parts);
        Ok(Dataset { footers, ..Dataset::new(Format::Parquet, files, schema, self.request.store.clone()) })
    }

    fn folders(&self) -> Result<&[FolderColumn]> {
        if let Some(folders) = self.folders.get() {
            return Ok(folders);
        }
        let folders = folder_columns(&self.found, &self.request.types, &self.request.declared)?;
        Ok(self.folders.get_or_init(|| folders))
    }

    /// What the interface says of the files' own columns.
    fn declared(&self) -> Vec<ColumnType> {
        let in_folder = |name: &str| self.found[0].folders.iter().any(|(column, _)| column == name);
        self.request.declared.iter().filter(|column| !in_folder(&column.name)).cloned().collect()
    }

    fn held(&self, file: usize, own: &Schema, columns: &Schema, folders: &[FolderColumn]) -> Vec<Held> {
        let mut held = by_name(own, columns);
        held.extend(folders.iter().map(|column| Held::Constant(column.values[file].clone())));
        held
    }
}
