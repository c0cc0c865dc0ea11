//! Opening: what columns there are, then the query, of which the server says where its rows are.
use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::Expr;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    client::Client,
    errors,
    messages::{FlightData, FlightEndpoint, FlightInfo},
    options::FlightSqlRequest,
    target::Target,
};
use crate::{
    declared,
    errors::{ConnectorError, Result},
    ipc::seen,
    relation::{Asked, Decoder, Turns, check_names, check_types, condition, framed, share},
    store::wait,
};

/// A query as rank 0 has asked for it: all that planning and reading need, but the login.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlightSqlRelation {
    /// As messages name it.
    pub name: String,
    /// Of all columns, also those that are not asked for.
    #[serde(with = "crate::arrow_types::schema_text")]
    pub schema: SchemaRef,
    /// Rows and bytes that the server says there are.
    pub(super) size: Option<(u64, u64)>,
    pub(super) target: Target,
    /// As it was sent.
    pub(super) statement: String,
    /// The columns that come, in their order.
    pub(super) columns: Vec<String>,
    pub(super) endpoints: Vec<Endpoint>,
    /// That there may be at once, over all ranks.
    pub(super) connections: usize,
    /// This rank's share of them.
    #[serde(skip)]
    pub(super) turns: Turns,
}

/// A part of the rows.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Endpoint {
    pub ticket: Vec<u8>,
    /// None: who was asked.
    pub target: Option<Target>,
}

/// Without the ticket, which may be all that it takes to get the rows.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("target", &self.target).finish_non_exhaustive()
    }
}

impl FlightSqlRelation {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!(null)))
    }

    /// The inverse of [`Self::to_bytes`], on one of `ranks`.
    pub fn from_bytes(bytes: &[u8], rank: usize, ranks: usize) -> Result<Self> {
        let bug = |error: serde_json::Error| ConnectorError::new("LS2099", format!("a query that cannot be read: {error}"), json!(null));
        let relation: Self = serde_json::from_slice(bytes).map_err(bug)?;
        let turns = Turns::new(share(relation.connections, rank, ranks));
        Ok(Self { turns, ..relation })
    }

    #[cfg(test)]
    pub(super) fn of(endpoints: usize, connections: usize) -> Self {
        let target = Target::parse("grpc://localhost:1").expect("a URL");
        let endpoint = Endpoint { ticket: Vec::new(), target: None };
        let schema = std::sync::Arc::new(arrow::datatypes::Schema::empty());
        Self { name: String::new(), schema, size: None, target, statement: String::new(), columns: Vec::new(), endpoints: vec![endpoint; endpoints], connections, turns: Turns::default() }
    }
}

/// A table or a query of which the columns are known, and that is not asked for yet.
pub struct FlightSqlSource {
    request: FlightSqlRequest,
    client: Client,
    asked: Asked,
    name: String,
    pub schema: SchemaRef,
}

impl FlightSqlSource {
    /// Finds out the columns, and holds them against the interface. LS2001, LS2002, LS2015, LS2020, LS2021.
    pub fn open(request: FlightSqlRequest) -> Result<Self> {
        wait(describe(request))
    }

    /// Asks for the rows; `filter`: what stored columns of all that are wanted meet. LS2015, LS2020, LS2021.
    pub fn ask(self, filter: Option<&Expr>) -> Result<FlightSqlRelation> {
        let condition = filter.filter(|_| self.asked.is_open()).and_then(condition);
        wait(async move { self.relation(condition.as_deref()).await })
    }

    async fn relation(mut self, condition: Option<&str>) -> Result<FlightSqlRelation> {
        let FlightSqlRequest { columns, limit, connections, .. } = self.request;
        let names: Vec<String> = self.schema.fields().iter().map(|field| field.name().clone()).collect();
        let columns = if self.asked.is_open() { columns } else { names.clone() };
        let statement = self.asked.reading(&columns, columns == names, condition, limit);
        let info = self.client.flight_info(&self.name, &statement).await?;
        let target = self.client.target().clone();
        let size = size(&info, columns.len());
        let endpoints = info.endpoints.into_iter().map(|endpoint| endpoint_of(&self.name, &target, endpoint)).collect::<Result<_>>()?;
        Ok(FlightSqlRelation { name: self.name, schema: self.schema, size, target, statement, columns, endpoints, connections, turns: Turns::default() })
    }
}

/// None where the server does not count; bytes are a guess where it does not.
fn size(info: &FlightInfo, columns: usize) -> Option<(u64, u64)> {
    let rows = u64::try_from(info.total_records).ok()?;
    let bytes = u64::try_from(info.total_bytes).unwrap_or_else(|_| rows.saturating_mul(8 * columns as u64));
    Some((rows, bytes))
}

fn endpoint_of(source: &str, server: &Target, endpoint: FlightEndpoint) -> Result<Endpoint> {
    let ticket = endpoint.ticket.ok_or_else(|| ConnectorError::corrupt(source, "an endpoint has no ticket"))?.ticket.to_vec();
    // The server itself, which says so by no place, or by one that stands for it.
    let here = |uri: &str| uri.is_empty() || uri.starts_with("arrow-flight-reuse-connection:");
    if endpoint.locations.is_empty() || endpoint.locations.iter().any(|location| here(&location.uri)) {
        return Ok(Endpoint { ticket, target: None });
    }
    let mut targets = endpoint.locations.iter().filter_map(|location| Target::parse(&location.uri).ok());
    // A login that was to be encrypted is sent to nobody openly.
    let target = targets.find(|target| target.encrypted || !server.encrypted).ok_or_else(|| {
        let message = format!("{source}: the rows are where they cannot be had: at no place of grpc+tls://{}", if server.encrypted { ", as the server is" } else { " or grpc://" });
        ConnectorError::unsupported(message, json!({ "source": source }))
    })?;
    Ok(Endpoint { ticket, target: (target != *server).then_some(target) })
}

async fn describe(request: FlightSqlRequest) -> Result<FlightSqlSource> {
    let target = Target::find(request.url.as_deref())?;
    let asked = Asked::new(&request.table);
    let name = match asked.is_query() {
        true => format!("the query at {target}"),
        false => format!("{} at {target}", request.table.trim()),
    };
    let mut client = Client::open(&target).await?;
    let found = columns(&mut client, &name, &asked).await?;
    check_names(&name, &found)?;
    let schema = seen(&found, &request.declared);
    check_types(&request.types, &name, &schema)?;
    let schema = declared::check(&name, "the server has", &schema, &request.declared, |_, _| false)?;
    Ok(FlightSqlSource { request, client, asked, name, schema })
}

/// Of an empty result: not every server knows the columns before it has rows to send.
async fn columns(client: &mut Client, name: &str, asked: &Asked) -> Result<SchemaRef> {
    let info = client.flight_info(name, &asked.describing()).await?;
    let mut decoder = Decoder::default();
    if !info.schema.is_empty() {
        decoder.take(name, info.schema)?;
        return decoder.schema.ok_or_else(|| ConnectorError::corrupt(name, "the server says no schema"));
    }
    let server = client.target().clone();
    let all = info.endpoints.len();
    for (number, endpoint) in info.endpoints.into_iter().enumerate() {
        let Endpoint { ticket, target } = endpoint_of(name, &server, endpoint)?;
        let target = target.unwrap_or_else(|| server.clone());
        let mut other = if target == server { None } else { Some(Client::open(&target).await?) };
        let failed = |status| errors::reading(name, &target, &status, (number, all));
        let mut stream = other.as_mut().unwrap_or(client).get(ticket).await.map_err(failed)?;
        while let Some(FlightData { header, body }) = stream.message().await.map_err(failed)? {
            // Some begin with what is for applications.
            if !header.is_empty() {
                decoder.take(name, framed(&header, &body))?;
            }
            if let Some(schema) = decoder.schema.take() {
                return Ok(schema);
            }
        }
    }
    Err(ConnectorError::corrupt(name, "the server says no schema"))
}
