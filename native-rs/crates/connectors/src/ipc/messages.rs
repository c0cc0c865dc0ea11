//! One message: what its metadata say, checked against the bytes that there are.
use std::ops::Range;

use arrow::{
    datatypes::{DataType, Field, Schema, UnionMode},
    ipc::{Endianness, Message, MetadataVersion, RecordBatch, convert::fb_to_schema, root_as_footer, root_as_message},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    dataset::ColumnChunk,
    errors::{ConnectorError, Result},
};

/// Begins a message since version 0.15 of the format; before, its length did.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Bytes before the metadata, and of the metadata; None: the stream ends here.
pub fn prefix(file: &str, bytes: &[u8]) -> Result<Option<(u64, u64)>> {
    let number = |at: usize| bytes.get(at..at + 4).map(|four| i32::from_le_bytes(four.try_into().expect("four bytes")));
    let (before, length) = if bytes.starts_with(&CONTINUATION) { (8, number(4)) } else { (4, number(0)) };
    match length.map(u64::try_from) {
        Some(Ok(0)) => Ok(None),
        Some(Ok(length)) => Ok(Some((before, length))),
        _ => Err(ConnectorError::corrupt(file, "a message has no length")),
    }
}

/// The message whose metadata, with what stands before them, are `bytes`.
pub fn message<'a>(file: &str, bytes: &'a [u8]) -> Result<Message<'a>> {
    let cut = || ConnectorError::corrupt(file, "the metadata of a message are cut off");
    let (before, length) = prefix(file, bytes)?.ok_or_else(cut)?;
    let metadata = bytes.get(before as usize..(before + length) as usize).ok_or_else(cut)?;
    let message = root_as_message(metadata).map_err(|error| ConnectorError::corrupt(file, format!("the metadata of a message: {error}")))?;
    match message.version() {
        MetadataVersion::V4 | MetadataVersion::V5 => Ok(message),
        other => Err(ConnectorError::unsupported(format!("{file} is Arrow IPC of metadata version {other:?}; write it again (Arrow ≥ 0.8)"), json!({ "file": file }))),
    }
}

/// What says the columns of a file: the message at a stream's beginning, or a file's footer, as not every writer has such a message
/// in files (Polars).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub footer: bool,
    pub bytes: Vec<u8>,
}

impl Said {
    /// The columns. Dictionaries are known by the ids in its fields. LS2005, LS2015
    pub fn schema(&self, file: &str) -> Result<Schema> {
        let missing = || ConnectorError::corrupt(file, "it does not begin with a schema");
        let schema = match self.footer {
            true => root_as_footer(&self.bytes).map_err(|error| ConnectorError::corrupt(file, format!("the footer: {error}")))?.schema(),
            false => message(file, &self.bytes)?.header_as_schema(),
        };
        let schema = schema.ok_or_else(missing)?;
        if schema.endianness() == Endianness::Big {
            return Err(ConnectorError::unsupported(format!("{file} has numbers in big-endian order; write it on another machine"), json!({ "file": file })));
        }
        Ok(fb_to_schema(schema))
    }
}

/// Where the parts of a top-level column are listed in a record batch.
pub struct Span {
    pub node: usize,
    pub buffers: Range<usize>,
}

/// One a column. LS2005 where nodes and buffers are not those of the schema, or lie outside of the body.
pub fn spans(file: &str, schema: &Schema, batch: &RecordBatch, version: MetadataVersion, body: u64) -> Result<Vec<Span>> {
    let wrong = |what: &str| ConnectorError::corrupt(file, format!("a record batch {what}"));
    let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else { return Err(wrong("has no columns")) };
    let inside = |buffer: &arrow::ipc::Buffer| {
        let (Ok(offset), Ok(length)) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length())) else { return false };
        offset.checked_add(length).is_some_and(|end| end <= body)
    };
    if !buffers.iter().all(inside) {
        return Err(wrong("has a buffer that lies outside of it"));
    }
    let views: Vec<i64> = batch.variadicBufferCounts().into_iter().flatten().collect();
    let mut walk = Walk { version, views: views.into_iter(), node: 0, buffer: 0 };
    let mut spans = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let (node, first) = (walk.node, walk.buffer);
        walk.pass(field, 0).filter(|()| walk.node <= nodes.len() && walk.buffer <= buffers.len()).ok_or_else(|| wrong("has other columns than the schema"))?;
        if nodes.get(node).length() != batch.length() {
            return Err(wrong("has columns of several lengths"));
        }
        spans.push(Span { node, buffers: first..walk.buffer });
    }
    if walk.node != nodes.len() || walk.buffer != buffers.len() || walk.views.next().is_some() || batch.length() < 0 {
        return Err(wrong("has other columns than the schema"));
    }
    Ok(spans)
}

/// What is listed of each field, in the order in which arrow-rs takes it.
struct Walk {
    version: MetadataVersion,
    views: std::vec::IntoIter<i64>,
    node: usize,
    buffer: usize,
}

/// Types in types at most: arrow-rs goes down by calls.
const DEEPEST: usize = 64;

impl Walk {
    /// None: there are too few.
    fn pass(&mut self, field: &Field, depth: usize) -> Option<()> {
        use DataType as T;
        if depth > DEEPEST {
            return None;
        }
        self.node += 1;
        self.buffer += match field.data_type() {
            T::Null | T::RunEndEncoded(..) => 0,
            T::Utf8 | T::LargeUtf8 | T::Binary | T::LargeBinary | T::ListView(_) | T::LargeListView(_) => 3,
            T::Utf8View | T::BinaryView => 2 + usize::try_from(self.views.next()?).ok().filter(|count| *count < 1 << 31)?,
            T::FixedSizeList(..) | T::Struct(_) => 1,
            T::Union(_, mode) => usize::from(self.version < MetadataVersion::V5) + if *mode == UnionMode::Dense { 2 } else { 1 },
            _ => 2,
        };
        let depth = depth + 1;
        match field.data_type() {
            T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) | T::FixedSizeList(item, _) | T::Map(item, _) => self.pass(item, depth),
            T::Struct(fields) => fields.iter().try_for_each(|field| self.pass(field, depth)),
            T::Union(fields, _) => fields.iter().try_for_each(|(_, field)| self.pass(field, depth)),
            T::RunEndEncoded(ends, values) => self.pass(ends, depth).and_then(|()| self.pass(values, depth)),
            _ => Some(()),
        }
    }
}

/// What is known of a column without reading it: its bytes, and its nulls where these are counted.
pub fn column_chunk(field: &Field, span: &Span, batch: &RecordBatch) -> ColumnChunk {
    let buffers = batch.buffers().into_iter().flatten().skip(span.buffers.start).take(span.buffers.len());
    let bytes = buffers.map(|buffer| u64::try_from(buffer.length()).unwrap_or(0)).sum();
    let rows = u64::try_from(batch.length()).unwrap_or(0);
    let counted = batch.nodes().and_then(|nodes| u64::try_from(nodes.get(span.node).null_count()).ok()).filter(|nulls| *nulls <= rows);
    let nulls = match field.data_type() {
        DataType::Null => Some(rows),
        // Their values may be null.
        DataType::Dictionary(..) | DataType::RunEndEncoded(..) | DataType::Union(..) => None,
        _ => counted,
    };
    ColumnChunk { bytes, nulls, ..ColumnChunk::default() }
}
