//! Messages of Arrow IPC, one after another → record batches.
use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{ArrayRef, RecordBatch},
    buffer::Buffer,
    datatypes::SchemaRef,
    ipc::{MessageHeader, reader::RecordBatchDecoder},
};
use bytes::Bytes;

use crate::{
    errors::{ConnectorError, Result},
    ipc::{Said, check_compressed, message, spans, take_dictionary},
    parquet::guarded,
};

/// Where a body begins, so that the numbers in it stand as the machine takes them.
const ALIGNED: usize = 64;

/// What has come of a stream: its columns, and the last dictionary of each id.
#[derive(Default)]
pub struct Decoder {
    pub schema: Option<SchemaRef>,
    dictionaries: HashMap<i64, ArrayRef>,
}

impl Decoder {
    /// Takes a message, as [`framed`] gives it, and nothing of it on trust; a record batch comes back. LS2005, LS2015
    pub fn take(&mut self, source: &str, block: Bytes) -> Result<Option<RecordBatch>> {
        guarded(source, "what the server sends", || self.taken(source, block))
    }

    fn taken(&mut self, source: &str, block: Bytes) -> Result<Option<RecordBatch>> {
        let message = message(source, &block)?;
        let wrong = |what: &str| ConnectorError::corrupt(source, what);
        let length = usize::try_from(message.bodyLength()).ok().filter(|length| *length <= block.len()).ok_or_else(|| wrong("a message is cut off"))?;
        let body = block.slice(block.len() - length..);
        match (message.header_type(), &self.schema) {
            (MessageHeader::Schema, None) => self.schema = Some(Arc::new(Said { footer: false, bytes: block.to_vec() }.schema(source)?)),
            (MessageHeader::DictionaryBatch, Some(schema)) => take_dictionary(source, &block, body, schema, &mut self.dictionaries)?,
            (MessageHeader::RecordBatch, Some(schema)) => {
                let batch = message.header_as_record_batch().ok_or_else(|| wrong("a record batch is missing"))?;
                for span in spans(source, schema, &batch, message.version(), length as u64)? {
                    check_compressed(source, &batch, span.buffers, &body)?;
                }
                let (body, version) = (Buffer::from(body), message.version());
                let decoder = RecordBatchDecoder::try_new(&body, batch, Arc::clone(schema), &self.dictionaries, &version);
                return decoder.and_then(RecordBatchDecoder::read_record_batch).map(Some).map_err(|error| ConnectorError::corrupt(source, error));
            }
            (MessageHeader::Schema, Some(_)) => return Err(wrong("it has a second schema")),
            (_, None) => return Err(wrong("it does not begin with a schema")),
            _ => return Err(wrong("it has a message that is no record batch")),
        }
        Ok(None)
    }
}

/// Header and body as they stand in a stream of Arrow IPC.
pub fn framed(header: &[u8], body: &[u8]) -> Bytes {
    let before = (8 + header.len()).next_multiple_of(ALIGNED);
    let mut message = Vec::with_capacity(before + body.len());
    message.extend_from_slice(&[0xff; 4]);
    message.extend_from_slice(&((before - 8) as u32).to_le_bytes());
    message.extend_from_slice(header);
    message.resize(before, 0);
    message.extend_from_slice(body);
    message.into()
}
