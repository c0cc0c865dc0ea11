//! Opening inputs.
use std::sync::Arc;

use arrow::datatypes::Field;
use lockstep_comm::OpKind;
use lockstep_connectors::{CsvRequest, Dataset, IcebergRequest, JsonLinesRequest, ParquetRequest, open_csv, open_iceberg, open_json_lines, open_parquet, print_type};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Engine;
use crate::error::{EngineError, Result};
use crate::source::Source;

impl Engine {
    /// Collective. Rank 0 reads the metadata of all files, the others receive it. `request`: `{ paths, declared, site }`;
    /// answer: `{ dataset, files, rows, bytes, schema: [{ name, type, nullable }] }`. LS2001, LS2002, LS2005.
    pub async fn open_parquet(&self, request: &str) -> Result<String> {
        self.open(request, |request: ParquetRequest| Ok(open_parquet(&request)?)).await
    }

    /// Collective. As `open_parquet`; request: `{ paths, declared, types, delimiter, header, site }`. LS2006.
    pub async fn open_csv(&self, request: &str) -> Result<String> {
        self.open(request, |request: CsvRequest| Ok(open_csv(&request)?)).await
    }

    /// Collective. As `open_parquet`; request: `{ paths, declared, types: [[name, type]], whole, site }`. LS2006.
    pub async fn open_json_lines(&self, request: &str) -> Result<String> {
        self.open(request, |request: JsonLinesRequest| Ok(open_json_lines(&request)?)).await
    }

    /// Collective. As `open_parquet`; request: `{ table, columns, files, deletes, declared, site }`, as `IcebergRequest` says, of
    /// which the other ranks need `site` alone; `{ failed, site }`: the error of reading the table's metadata. `rows` is null where some may be deleted. LS2002, LS2005, LS2015.
    pub async fn open_iceberg(&self, request: &str) -> Result<String> {
        let open = |resolved: Value| match resolved.get("failed") {
            Some(failed) => Err(EngineError::from_json(&failed.to_string())),
            None => {
                let bad = |error| EngineError::bug(format!("a table to open that cannot be read: {error}"));
                Ok(open_iceberg(&IcebergRequest::deserialize(resolved).map_err(bad)?)?)
            }
        };
        self.open(request, open).await
    }

    async fn open<R: for<'a> Deserialize<'a>>(
        &self,
        request: &str,
        open: impl FnOnce(R) -> Result<Dataset>,
    ) -> Result<String> {
        #[derive(Deserialize)]
        struct Site {
            #[serde(default)]
            site: String,
        }
        let bad = |error: serde_json::Error| EngineError::bug(format!("a request to open that cannot be read: {error}"));
        let Site { site } = serde_json::from_str(request).map_err(bad)?;
        let opened = match self.ranks.rank {
            0 => {
                let opened = serde_json::from_str(request).map_err(bad).and_then(open);
                let opened = opened.map_err(|error| error.at(&site)).inspect_err(|error| self.fail(error));
                Some(opened?.to_bytes()?.into())
            }
            _ => None,
        };
        let bytes = self.comm.broadcast(&self.next(OpKind::Open, &site), 0, opened).await?;
        let dataset = Dataset::from_bytes(&bytes)?;
        let field = |field: &Arc<Field>| {
            json!({ "name": field.name(), "type": print_type(field.data_type()), "nullable": field.is_nullable() })
        };
        let mut answer = json!({
            "files": dataset.files.len(), "rows": dataset.deletes.is_empty().then_some(dataset.rows), "bytes": dataset.bytes,
            "schema": dataset.schema.fields().iter().map(field).collect::<Vec<_>>(),
        });
        answer["dataset"] = self.add(Source::Dataset(Arc::new(dataset))).into();
        Ok(answer.to_string())
    }
}
