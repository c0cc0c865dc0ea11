//! Opening inputs.
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use bytes::Bytes;
use datafusion::common::DFSchema;
use datafusion::logical_expr::Expr;
use lockstep_comm::OpKind;
use lockstep_connectors::{
    AdbcPlace, AdbcRelation, AdbcRequest, ArrowRequest, CsvRequest, Dataset, FlightSqlRelation, FlightSqlRequest, FlightSqlSource, IcebergRequest, JsonLinesRequest, PostgresRelation, PostgresRequest, Relation, SnowflakeRelation, SnowflakeRequest, SnowflakeResult, SnowflakeSource, listed_iceberg, listed_matching, open_adbc, open_arrow, open_csv, open_json_lines, open_postgres, print_type,
};
use lockstep_functions::pruning_predicate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Engine, footers::sampled};
use crate::error::{EngineError, Result};
use crate::planner::logical::{Built, Sources};
use crate::run::Ranks;
use crate::source::{Source, pruner};

impl Engine {
    /// Collective. As `open_parquet`, but rank 0 reads the metadata of all files, and the others receive them.
    pub async fn open_arrow(&self, request: &str) -> Result<String> {
        self.open(request, |request: ArrowRequest| Ok(open_arrow(&request)?)).await
    }

    /// Collective. As `open_arrow`; request: `{ paths, declared, types, delimiter, header, nulls?, tolerance?, site }`; answer: also `bad: { count, rows }`,
    /// the lines that are left out, if any are. LS2006.
    pub async fn open_csv(&self, request: &str) -> Result<String> {
        self.open(request, |request: CsvRequest| Ok(open_csv(&request)?)).await
    }

    /// Collective. As `open_arrow`; request: `{ paths, declared, types: [[name, type]], whole, site }`. LS2006.
    pub async fn open_json_lines(&self, request: &str) -> Result<String> {
        self.open(request, |request: JsonLinesRequest| Ok(open_json_lines(&request)?)).await
    }

    /// Which of a table's files its filter can match, as their manifests tell, by their numbers. Request: as of `open_iceberg`. LS2002
    pub fn prune_iceberg(&self, request: &str) -> Result<Vec<u32>> {
        let request: IcebergRequest = serde_json::from_str(request).map_err(|error| EngineError::bug(format!("a table to prune that cannot be read: {error}")))?;
        Ok((0..).zip(matching(&request)?).filter_map(|(file, matches)| matches.then_some(file)).collect())
    }

    /// Collective. Rank 0 opens a table, a view or a query, and holds what is seen of it until the dataset is closed. `request`: `{ table,
    /// url?, declared, types, partitionBy?, connections?, site }`; answer: as `open_parquet`, rows and bytes are estimates.
    pub async fn open_postgres(&self, request: &str) -> Result<String> {
        let mut held = None;
        let open = |request: PostgresRequest| {
            let (relation, snapshot) = open_postgres(&request)?;
            held = Some(snapshot);
            Ok(relation.to_bytes()?)
        };
        let bytes = self.described(request, open).await?;
        Ok(self.related(PostgresRelation::from_bytes(&bytes, self.ranks.rank, self.ranks.size)?.holding(held)).to_string())
    }

    /// Collective. Rank 0 asks for a table or a query, and the server says where its rows are. `request`: `{ table, url?, columns, declared,
    /// types, filter?, connections?, site }`; answer: as `open_parquet`, rows and bytes are what the server says, or null and 0.
    pub async fn open_flight_sql(&self, request: &str) -> Result<String> {
        let open = |request: FlightSqlRequest| {
            let filter = request.filter.clone();
            let source = FlightSqlSource::open(request)?;
            let schema = DFSchema::try_from(source.schema.as_ref().clone())?;
            let bounds = filter.and_then(|filter| pruning_predicate(&filter, &schema));
            Ok(source.ask(bounds.as_ref())?.to_bytes()?)
        };
        let bytes = self.described(request, open).await?;
        Ok(self.related(FlightSqlRelation::from_bytes(&bytes, self.ranks.rank, self.ranks.size)?).to_string())
    }

    /// What is sent to Snowflake for the columns that are read and the rows that a filter leaves. Request: as of `open_snowflake`, without the
    /// result. LS2002, LS2015
    pub fn snowflake_statement(&self, request: &str) -> Result<String> {
        let request: SnowflakeRequest = serde_json::from_str(request).map_err(|error| EngineError::bug(format!("a query to ask that cannot be read: {error}")))?;
        let filter = request.filter.clone();
        let source = SnowflakeSource::new(request)?;
        let schema = DFSchema::try_from(source.schema.as_ref().clone())?;
        Ok(source.statement(filter.and_then(|filter| pruning_predicate(&filter, &schema)).as_ref()))
    }

    /// Collective. Rank 0 has asked Snowflake, and was told where the rows are. `request`: `{ name, table, found, columns, declared, types,
    /// filter?, limit?, connections?, statement, came, first, rows, chunks, headers, site }`, as `SnowflakeRequest` and `SnowflakeResult` say, of
    /// which the other ranks need `site` alone; `{ failed, site }`: why it was told nothing; answer: as `open_parquet`. LS2002, LS2005, LS2019.
    pub async fn open_snowflake(&self, request: &str) -> Result<String> {
        let mut first = Bytes::new();
        let open = |resolved: Value| match resolved.get("failed") {
            Some(failed) => Err(EngineError::from_json(&failed.to_string())),
            None => {
                let bad = |error| EngineError::bug(format!("a query that cannot be read: {error}"));
                let source = SnowflakeSource::new(SnowflakeRequest::deserialize(&resolved).map_err(bad)?)?;
                let (relation, came) = source.relation(SnowflakeResult::deserialize(resolved).map_err(bad)?)?;
                first = came;
                Ok(relation.to_bytes()?)
            }
        };
        let bytes = self.described(request, open).await?;
        Ok(self.related(SnowflakeRelation::from_bytes(&bytes, first, self.ranks.rank, self.ranks.size)?).to_string())
    }

    /// Collective. Rank 0 runs a query by a driver, which may have its result in parts. `request`: `{ name, statement, driver, options, declared,
    /// types, connections?, site }`, of which each rank has the options of its own environment; answer: as `open_parquet`, rows are null; `whole`: the
    /// first rank alone reads. LS2001,
    /// LS2002, LS2015, LS2020, LS2021.
    pub async fn open_adbc(&self, request: &str) -> Result<String> {
        let place: AdbcPlace = serde_json::from_str(request).map_err(|error| EngineError::bug(format!("a driver that cannot be read: {error}")))?;
        let mut begun = Default::default();
        let open = |request: AdbcRequest| {
            let relation = open_adbc(request)?;
            begun = relation.begun();
            Ok(relation.to_bytes()?)
        };
        let bytes = self.described(request, open).await?;
        let relation = AdbcRelation::from_bytes(&bytes, place, begun)?;
        let whole = relation.is_whole();
        let mut answer = self.related(relation);
        answer["whole"] = whole.into();
        Ok(answer.to_string())
    }

    fn related(&self, relation: impl Relation + 'static) -> Value {
        let (schema, size) = (relation.schema().clone(), relation.size());
        self.opened(Source::Relation(Arc::new(relation)), &schema, 1, size.map(|(rows, _)| rows), size.map_or(0, |(_, bytes)| bytes))
    }

    async fn open<R: for<'a> Deserialize<'a>>(&self, request: &str, open: impl FnOnce(R) -> Result<Dataset>) -> Result<String> {
        let opened = |request| Ok(sampled(open(request)?, self.sample).to_bytes()?);
        let bytes = self.described(request, opened).await?;
        Ok(self.answered(Dataset::from_bytes(&bytes)?))
    }

    pub(super) fn answered(&self, mut dataset: Dataset) -> String {
        let (schema, files, rows, size) = (dataset.schema.clone(), dataset.files.len(), dataset.deletes.is_empty().then_some(dataset.rows), dataset.bytes);
        let bad = std::mem::take(&mut dataset.bad);
        let bad = (bad.count > 0).then(|| json!(bad));
        let mut answer = self.opened(Source::Dataset(Arc::new(dataset)), &schema, files, rows, size);
        if let Some(bad) = bad {
            answer["bad"] = bad;
        }
        answer.to_string()
    }

    /// What rank 0 makes of a request, on every rank.
    pub(super) async fn described<R: for<'a> Deserialize<'a>>(&self, request: &str, describe: impl FnOnce(R) -> Result<Vec<u8>>) -> Result<Bytes> {
        let site = site_of(request)?;
        let described = match self.ranks.rank {
            0 => {
                let described = serde_json::from_str(request).map_err(unreadable).and_then(describe);
                let described = described.map_err(|error| error.at(&site)).inspect_err(|error| self.fail(error));
                Some(described?.into())
            }
            _ => None,
        };
        Ok(self.comm.broadcast(&self.next(OpKind::Open, &site), 0, described).await?)
    }

    fn opened(&self, source: Source, schema: &Schema, files: usize, rows: Option<u64>, bytes: u64) -> Value {
        let field = |field: &Arc<Field>| {
            json!({ "name": field.name(), "type": print_type(field.data_type()), "nullable": field.is_nullable() })
        };
        let fields: Vec<_> = schema.fields().iter().map(field).collect();
        json!({ "files": files, "rows": rows, "bytes": bytes, "schema": fields, "dataset": self.add(source) })
    }
}

/// Where the program has what a request asks for.
pub(super) fn site_of(request: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Site {
        #[serde(default)]
        site: String,
    }
    let Site { site } = serde_json::from_str(request).map_err(unreadable)?;
    Ok(site)
}

fn unreadable(error: serde_json::Error) -> EngineError {
    EngineError::bug(format!("a request to open that cannot be read: {error}"))
}

/// The request without the files that its filter cannot match.
pub(super) fn worthwhile(mut request: IcebergRequest) -> Result<IcebergRequest> {
    let mut keep = matching(&request)?.into_iter();
    request.files.retain(|_| keep.next().unwrap_or(true));
    request.filter = None;
    // Nobody asks them any more, and the request may go to all ranks.
    for file in &mut request.files {
        file.bounds.clear();
        file.buckets.clear();
    }
    Ok(request)
}

/// Of each file whether the request's filter can match a row of it.
fn matching(request: &IcebergRequest) -> Result<Vec<bool>> {
    let all = || vec![true; request.files.len()];
    let Some(filter) = &request.filter else { return Ok(all()) };
    let listed = listed_iceberg(request)?;
    let names: Vec<String> = listed.schema.fields().iter().map(|field| field.name().clone()).collect();
    let scan = listed.scan_schema(&names, &Default::default());
    let Some(bounds) = pruning_predicate(filter, &DFSchema::try_from(scan.as_ref().clone())?) else { return Ok(all()) };
    Ok(pruner(&bounds, &scan)?.map_or_else(all, |pruner| listed_matching(request, &listed, &pruner)))
}

/// What an engine has opened, as so many ranks read it.
pub struct Opened<'a> {
    pub engine: &'a Engine,
    pub ranks: Ranks,
}

impl Sources for Opened<'_> {
    fn scan(&self, id: u32, columns: &[String], position: Option<&str>, filter: Option<&Expr>) -> Result<Built> {
        let source = self.engine.sources.lock().get(&id).cloned();
        let source = source.ok_or_else(|| EngineError::bug(format!("there is no dataset {id}")))?;
        source.scan(id, columns, position, filter, self.ranks, self.engine.adapt.always)
    }
}
