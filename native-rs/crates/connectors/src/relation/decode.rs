//! Messages of Arrow IPC, one after another → record batches.
use std::{
    collections::HashMap,
    io::{self, Read},
    sync::Arc,
};

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

const CONTINUATION: [u8; 4] = [0xff; 4];
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

/// The next message of a stream, as [`framed`] gives it; None: the stream ends. No more is allocated than there are bytes. LS2005
pub fn next_message(source: &str, stream: &mut dyn Read) -> Result<Option<Bytes>> {
    let cut = |error: io::Error| ConnectorError::corrupt(source, format!("its rows: {error}"));
    let four = |stream: &mut dyn Read| -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(4);
        stream.take(4).read_to_end(&mut bytes).map_err(cut)?;
        Ok(bytes)
    };
    let mut head = four(stream)?;
    if head.is_empty() {
        return Ok(None);
    }
    // Before version 0.15 of the format the length stood first.
    if head == CONTINUATION {
        head = four(stream)?;
    }
    let length = <[u8; 4]>::try_from(head.as_slice()).map(u32::from_le_bytes).map_err(|_| ConnectorError::corrupt(source, "a message is cut off"))?;
    if length == 0 {
        // Whatever follows is read, so that what packs it checks that it is whole.
        io::copy(stream, &mut io::sink()).map_err(cut)?;
        return Ok(None);
    }
    let mut exactly = |bytes: u64| -> Result<Vec<u8>> {
        let mut found = Vec::new();
        let came = stream.take(bytes).read_to_end(&mut found).map_err(cut)?;
        if came as u64 == bytes { Ok(found) } else { Err(ConnectorError::corrupt(source, "a message is cut off")) }
    };
    let header = exactly(u64::from(length))?;
    let body = u64::try_from(message(source, &framed(&header, &[]))?.bodyLength()).map_err(|_| ConnectorError::corrupt(source, "a message has no length"))?;
    Ok(Some(framed(&header, &exactly(body)?)))
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
