//! Opening files that say in footers what they have: of many files the ranks read the footers together.
//!
//! ```text
//! rank 0      lists the files                                                          ──► all   broadcast
//! each rank   footers of its share, a run of the files: columns, or what is wrong      ──► all   allgather (not of Iceberg, which
//! each rank   what they say of row groups, footers of remote files, or what is wrong   ──► all   allgather  knows its columns)
//! ```
//!
//! Of so few files that one rank has all of them under way at a time rank 0 reads all, and broadcasts what they say. What is wrong is
//! told as an answer, so that all ranks come to the same place: there each throws the first error in the order of the files.
use std::ops::Range;

use bytes::Bytes;
use lockstep_comm::OpKind;
use lockstep_connectors::{Alike, Columns, Dataset, Described, FOOTERS_AHEAD, IcebergRequest, ParquetListing, ParquetRequest, open_iceberg};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Engine,
    open::{site_of, worthwhile},
};
use crate::error::{EngineError, Result};

/// Files whose footers are to be read.
trait Listing: Serialize + DeserializeOwned {
    fn files(&self) -> usize;
    /// Reads all of them.
    fn open(&self) -> Result<Dataset>;
}

impl Listing for ParquetListing {
    fn files(&self) -> usize {
        self.files()
    }

    fn open(&self) -> Result<Dataset> {
        Ok(self.open()?)
    }
}

impl Listing for IcebergRequest {
    fn files(&self) -> usize {
        self.files.len()
    }

    fn open(&self) -> Result<Dataset> {
        Ok(open_iceberg(self)?)
    }
}

/// What rank 0 has found. `sample`: of how many rows the dataset is to be one.
#[derive(Serialize, Deserialize)]
struct Listed<L> {
    listing: L,
    sample: Option<u64>,
}

enum Found<L> {
    Opened(Dataset),
    Listed(Listed<L>),
}

/// The first byte of what is told: a result or, as JSON, an error; a dataset or a listing.
const ERROR: u8 = 0;
const DONE: u8 = 1;
const LISTED: u8 = 2;

/// A rank's files, up to the first that is wrong.
#[derive(Serialize, Deserialize)]
struct Told {
    columns: Vec<Alike>,
    failed: Option<EngineError>,
}

impl Engine {
    /// Collective. Rank 0 finds the files. `request`: `{ paths, declared, types, store, site }`; answer: `{ dataset, files, rows, bytes, schema:
    /// [{ name, type, nullable }] }`. LS2001, LS2002, LS2005.
    pub async fn open_parquet(&self, request: &str) -> Result<String> {
        let site = site_of(request)?;
        let dataset = match self.found(request, |request: ParquetRequest| Ok(ParquetListing::new(request)?)).await? {
            Found::Opened(dataset) => dataset,
            Found::Listed(listed) => {
                let opened = self.open_together(&listed.listing, &site).await;
                sampled(opened.map_err(|error| error.at(&site))?, listed.sample)
            }
        };
        Ok(self.answered(dataset))
    }

    /// Collective. As `open_parquet`; request: `{ table, columns, files, deletes, declared, site }`, as `IcebergRequest` says, of
    /// which the other ranks need `site` alone; `{ failed, site }`: the error of reading the table's metadata. `rows` is null where some may be deleted. LS2002, LS2005, LS2015.
    pub async fn open_iceberg(&self, request: &str) -> Result<String> {
        let site = site_of(request)?;
        let list = |resolved: Value| match resolved.get("failed") {
            Some(failed) => Err(EngineError::from_json(&failed.to_string())),
            None => worthwhile(IcebergRequest::deserialize(resolved).map_err(|error| EngineError::bug(format!("a table to open that cannot be read: {error}")))?),
        };
        let dataset = match self.found(request, list).await? {
            Found::Opened(dataset) => dataset,
            Found::Listed(Listed { listing, sample }) => {
                let described = listing.describe(self.share(listing.files())).map_err(EngineError::from);
                let opened = self.described_by_all(described, &site).await.and_then(|parts| Ok(listing.dataset(parts)?));
                sampled(opened.map_err(|error| error.at(&site))?, sample)
            }
        };
        Ok(self.answered(dataset))
    }

    async fn open_together(&self, listing: &ParquetListing, site: &str) -> Result<Dataset> {
        let (footed, read) = listing.read(self.share(listing.files()));
        let (columns, failed) = match listing.columns_of(&footed) {
            Ok(columns) => (columns, read.err()),
            Err(error) => (Vec::new(), Some(error)),
        };
        let own = serde_json::to_vec(&Told { columns, failed: failed.map(EngineError::from) }).map_err(|error| EngineError::bug(error.to_string()))?;
        let mut all = Columns::default();
        for bytes in self.allgather(OpKind::Open, own.into(), site).await? {
            let Told { columns, failed } = parsed(&bytes)?;
            columns.iter().try_for_each(|alike| listing.add(&mut all, alike))?;
            failed.map_or(Ok(()), Err)?;
        }
        let described = listing.describe(&all, &footed).map_err(EngineError::from);
        let parts = self.described_by_all(described, site).await?;
        Ok(listing.dataset(&all, parts)?)
    }

    /// What the ranks have found out of their files, in the order of the files; the first of their errors.
    async fn described_by_all(&self, own: Result<Described>, site: &str) -> Result<Vec<Described>> {
        let told = own.and_then(|own| Ok((own.to_bytes()?, own)));
        let (message, own) = match told {
            Ok((bytes, own)) => ([&[DONE], &bytes[..]].concat(), own),
            Err(error) => ([&[ERROR], error.to_json().as_bytes()].concat(), Described::default()),
        };
        let all = self.allgather(OpKind::Open, message.into(), site).await?;
        let part = |bytes: &Bytes| match bytes.split_first() {
            Some((&DONE, _)) => Ok(Described::from_bytes(&bytes.slice(1..))?),
            Some((_, error)) => Err(EngineError::from_json(&String::from_utf8_lossy(error))),
            None => Err(EngineError::bug("a rank says nothing of its files")),
        };
        let mut parts = all.iter().map(part).collect::<Result<Vec<_>>>()?;
        // As the others have it, but with footers that are parsed.
        let place = &mut parts[self.ranks.rank];
        *place = std::mem::take(place).with_footers_of(own);
        Ok(parts)
    }

    /// What rank 0 finds, and opens where it is little, on every rank.
    async fn found<R: for<'a> Deserialize<'a>, L: Listing>(&self, request: &str, list: impl FnOnce(R) -> Result<L>) -> Result<Found<L>> {
        let find = |request| {
            let listing = list(request)?;
            if self.ranks.size > 1 && listing.files() > if self.adapt.always { 1 } else { FOOTERS_AHEAD } {
                let listed = serde_json::to_vec(&Listed { listing, sample: self.sample }).map_err(|error| EngineError::bug(error.to_string()))?;
                return Ok([&[LISTED], &listed[..]].concat());
            }
            Ok([&[DONE], &sampled(listing.open()?, self.sample).to_bytes()?[..]].concat())
        };
        let bytes = self.described(request, find).await?;
        match bytes.split_first() {
            Some((&LISTED, listed)) => Ok(Found::Listed(parsed(listed)?)),
            _ => Ok(Found::Opened(Dataset::from_bytes(&bytes.slice(1.min(bytes.len())..))?)),
        }
    }

    /// This rank's files of so many.
    fn share(&self, files: usize) -> Range<usize> {
        let at = |rank: usize| files * rank / self.ranks.size;
        at(self.ranks.rank)..at(self.ranks.rank + 1)
    }
}

pub(super) fn sampled(mut dataset: Dataset, rows: Option<u64>) -> Dataset {
    if let Some(rows) = rows {
        dataset.sample(rows);
    }
    dataset
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| EngineError::bug(format!("what a rank says of its files cannot be read: {error}")))
}
