//! Endpoints → record batches. A task takes the tickets to their servers and hands on what comes; the thread that asks decodes.
use std::{ops::Range, sync::Arc};

use arrow::{array::RecordBatch, datatypes::Schema};
use bytes::Bytes;
use datafusion::execution::{SendableRecordBatchStream, disk_manager::DiskManager};
use serde_json::json;

use super::{chunks::first, client::Client, errors, messages::FlightData, schema::FlightSqlRelation};
use crate::{
    arrow_types::print_type,
    errors::{ConnectorError, Result},
    ipc::{seen, settled},
    parquet::guarded,
    relation::{BLOCKS, Decoded, Decoder, Hand, Incoming, Message, Reader, Relation, Rows, Selection, batches, framed},
};

/// The rows of a partition's endpoints.
pub fn read(relation: Arc<FlightSqlRelation>, endpoints: Range<usize>, selection: Selection, batch_rows: usize, disk: Arc<DiskManager>) -> SendableRecordBatchStream {
    let rows = Rows::new(relation.as_ref(), &selection);
    let schema = rows.schema().clone();
    let wanted = selection.limit.unwrap_or(u64::MAX);
    let reader = Taken { relation, endpoints, selection, batch_rows, disk, incoming: None, endpoint: 0, decoder: Decoder::default(), came: None, decoded: None, rows, wanted };
    batches(schema, reader)
}

struct Taken {
    relation: Arc<FlightSqlRelation>,
    endpoints: Range<usize>,
    selection: Selection,
    batch_rows: usize,
    disk: Arc<DiskManager>,
    incoming: Option<Incoming>,
    /// What comes is this one's.
    endpoint: usize,
    decoder: Decoder,
    /// Of each selected column its place in what comes, once the columns have.
    came: Option<Vec<usize>>,
    decoded: Option<Decoded>,
    rows: Rows,
    /// Rows that are still wanted.
    wanted: u64,
}

impl Reader for Taken {
    async fn step(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.endpoints.is_empty() || self.wanted == 0 {
                self.incoming = None;
                return Ok(None);
            }
            if let Some(batch) = self.piece()? {
                return Ok(Some(batch));
            }
            let incoming = self.incoming.get_or_insert_with(|| {
                let (relation, endpoints) = (self.relation.clone(), self.endpoints.clone());
                Incoming::start(self.relation.turns.clone(), self.disk.clone(), BLOCKS, |hand| copy(relation, endpoints, hand))
            });
            match incoming.next().await {
                Some(Message::Block(block)) => self.decode(block)?,
                Some(Message::Failed(error)) => return Err(error),
                Some(Message::Span(endpoint)) => {
                    (self.endpoint, self.decoder, self.came) = (endpoint, Decoder::default(), None);
                    let place = if self.relation.endpoints.len() > 1 { format!("of endpoint {} of {}", endpoint + 1, self.relation.endpoints.len()) } else { String::new() };
                    self.rows.begin(first(endpoint), &place);
                }
                Some(Message::Done) => self.endpoints = 0..0,
                None => return Err(ConnectorError::corrupt(self.relation.name(), "its rows end without a word")),
            }
        }
    }
}

impl Taken {
    /// The next rows of what is decoded.
    fn piece(&mut self) -> Result<Option<RecordBatch>> {
        let Some(decoded) = &mut self.decoded else { return Ok(None) };
        let Some((columns, rows)) = decoded.piece(self.relation.name(), self.rows.schema(), self.wanted)? else {
            self.decoded = None;
            return Ok(None);
        };
        self.wanted -= rows as u64;
        self.rows.batch(columns, rows).map(Some)
    }

    fn decode(&mut self, block: Bytes) -> Result<()> {
        let source = self.relation.name().to_owned();
        let batch = self.decoder.take(&source, block)?;
        if self.came.is_none() && let Some(schema) = self.decoder.schema.clone() {
            self.came = Some(self.places(&schema)?);
        }
        let (Some(batch), Some(places)) = (batch, &self.came) else { return Ok(()) };
        let failed = |error: &dyn std::fmt::Display| ConnectorError::corrupt(&source, error);
        let columns = guarded(&source, "a record batch", || places.iter().map(|place| settled(batch.column(*place)).map_err(|error| failed(&error))).collect::<Result<Vec<_>>>())?;
        self.decoded = Some(Decoded::new(columns, batch.num_rows(), batch.get_array_memory_size(), self.batch_rows));
        Ok(())
    }

    /// Where the selected columns are among those that come, which are to be those that were asked for. LS2002
    fn places(&self, came: &Schema) -> Result<Vec<usize>> {
        let relation = &self.relation;
        // Of no columns, some number a row.
        let columns = &relation.columns;
        if !columns.is_empty() {
            let found = seen(came, &[]);
            let names = |columns: Vec<(&str, String)>| columns.into_iter().map(|(name, printed)| format!("{name}: {printed}")).collect::<Vec<_>>().join(", ");
            let field = |name: &String| relation.schema.field_with_name(name).expect("the columns are the relation's").data_type();
            let same = found.fields().len() == columns.len() && found.fields().iter().zip(columns).all(|(found, name)| found.name().eq_ignore_ascii_case(name) && (found.data_type() == field(name) || found.data_type().is_null()));
            if !same {
                let now = names(found.fields().iter().map(|field| (field.name().as_str(), print_type(field.data_type()))).collect());
                let before = names(columns.iter().map(|name| (name.as_str(), print_type(field(name)))).collect());
                let (endpoint, all) = (self.endpoint + 1, relation.endpoints.len());
                let message = format!("{}: endpoint {endpoint} of {all} has other columns than the server said ({now}, not {before}); give the columns types in the query, by CAST", relation.name);
                return Err(ConnectorError::new("LS2002", message, json!({ "source": relation.name })));
            }
        }
        Ok(self.selection.columns.iter().map(|name| columns.iter().position(|column| column == name).expect("they were asked for")).collect())
    }
}

/// What a connection does for a partition.
async fn copy(relation: Arc<FlightSqlRelation>, endpoints: Range<usize>, mut hand: Hand) -> Result<Hand> {
    let mut client: Option<Client> = None;
    for number in endpoints {
        let endpoint = &relation.endpoints[number];
        let target = endpoint.target.as_ref().unwrap_or(&relation.target);
        let client = match client.take().filter(|client| client.target() == target) {
            Some(same) => client.insert(same),
            None => client.insert(Client::open(target).await?),
        };
        hand.on(Message::Span(number)).await?;
        let failed = |status| errors::reading(&relation.name, target, &status, (number, relation.endpoints.len()));
        let mut stream = client.get(endpoint.ticket.clone()).await.map_err(failed)?;
        while let Some(FlightData { header, body }) = stream.message().await.map_err(failed)? {
            // Without a header it is for applications.
            if !header.is_empty() {
                hand.on(Message::Block(framed(&header, &body))).await?;
            }
        }
    }
    Ok(hand)
}
