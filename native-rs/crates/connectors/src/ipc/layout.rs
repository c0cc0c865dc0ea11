//! Where everything stands in each file: found by one rank when a dataset is opened, broadcast with it.
use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    path::Path,
    sync::{Arc, Mutex},
};

use arrow::{
    array::ArrayRef,
    buffer::Buffer,
    datatypes::{DataType, Field, Schema, SchemaRef},
    ipc::{CompressionType, MessageHeader, reader::read_dictionary, root_as_footer},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    compressed,
    messages::{Said, column_chunk, message, prefix, spans},
};
use crate::{
    dataset::ColumnChunk,
    errors::{ConnectorError, Result},
    parquet::guarded,
    store::Blob,
};

/// At both ends of a file; a stream has none.
pub const MAGIC: &[u8] = b"ARROW1";
/// Bytes of a stream that are looked at together, of a local file and of a remote one.
const WINDOW: (u64, u64) = (4 << 10, 256 << 10);
/// Files whose dictionaries are kept.
const KEPT: usize = 16;
/// Messages of a remote file that are asked for together.
const AHEAD: usize = 64;

/// A message: its metadata, with what stands before them, and its body.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub offset: u64,
    pub metadata: u64,
    pub body: u64,
}

impl Place {
    pub fn body(&self) -> u64 {
        self.offset + self.metadata
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Dictionary {
    id: i64,
    /// It goes on where the one of this id before it ends.
    delta: bool,
    place: Place,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Layout {
    /// Which of `Layouts::schemas`.
    schema: usize,
    /// One a group.
    pub batches: Vec<Place>,
    dictionaries: Vec<Dictionary>,
    /// Of a stream, how many dictionaries stand before each batch: later ones are of later batches. Of a file all concern all.
    before: Vec<usize>,
    /// Of a remote file, where the buffers of each column of each batch stand in its body.
    extents: Vec<Vec<Range<u64>>>,
}

/// The layouts of all files, by their numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Layouts {
    schemas: Vec<Said>,
    pub files: Vec<Layout>,
    #[serde(skip)]
    decoded: Decoded,
}

type Values = Arc<HashMap<i64, ArrayRef>>;
/// Of each file the dictionaries that were decoded last, and their numbers.
type Decoded = Arc<Mutex<HashMap<usize, (Vec<usize>, Values)>>>;

/// A file as it was found.
pub struct Opened {
    said: Said,
    pub schema: SchemaRef,
    /// Of each batch with rows their number, and what is known of its columns.
    pub groups: Vec<(u64, Vec<ColumnChunk>)>,
    layout: Layout,
}

impl Layouts {
    /// Takes the next file; its schema and its groups.
    pub fn add(&mut self, Opened { said, layout, .. }: Opened) {
        let known = self.schemas.iter().position(|known| *known == said);
        let schema = known.unwrap_or(self.schemas.len());
        if known.is_none() {
            self.schemas.push(said);
        }
        self.files.push(Layout { schema, ..layout });
    }

    /// The columns of a file, as it has them.
    pub fn schema(&self, file: usize, name: &str) -> Result<SchemaRef> {
        Ok(Arc::new(self.schemas[self.files[file].schema].schema(name)?))
    }

    /// The dictionaries that `fields` of a batch refer to, by their ids.
    pub fn dictionaries<'a>(&self, file: usize, batch: usize, schema: &Schema, fields: impl Iterator<Item = &'a Field>, blob: &Blob) -> Result<Values> {
        let mut ids = BTreeSet::new();
        fields.for_each(|field| ids_of(field, &mut ids));
        if ids.is_empty() {
            return Ok(Arc::default());
        }
        let layout = &self.files[file];
        let known = layout.before.get(batch).copied().unwrap_or(layout.dictionaries.len());
        let mut needed = Vec::new();
        for (index, dictionary) in layout.dictionaries[..known].iter().enumerate().filter(|(_, dictionary)| ids.contains(&dictionary.id)) {
            if !dictionary.delta {
                needed.retain(|earlier: &usize| layout.dictionaries[*earlier].id != dictionary.id);
            }
            needed.push(index);
        }
        // Held while it decodes: others of this process would decode the same.
        let mut decoded = self.decoded.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((_, values)) = decoded.get(&file).filter(|(of, _)| *of == needed) {
            return Ok(Arc::clone(values));
        }
        let mut values = HashMap::new();
        for index in &needed {
            decode_dictionary(blob, &layout.dictionaries[*index], schema, &mut values)?;
        }
        let values = Arc::new(values);
        if decoded.len() >= KEPT {
            decoded.clear();
        }
        decoded.insert(file, (needed, Arc::clone(&values)));
        Ok(values)
    }

    /// Where the columns `roots` of a batch stand in a remote file.
    pub fn needs(&self, file: usize, batch: usize, roots: &[usize]) -> Vec<Range<u64>> {
        let layout = &self.files[file];
        let place = layout.batches[batch];
        let extents = layout.extents.get(batch).into_iter().flat_map(|extents| roots.iter().filter_map(|root| extents.get(*root)));
        let inside = extents.map(|extent| place.body() + extent.start..place.body() + extent.end);
        std::iter::once(place.offset..place.body()).chain(inside).collect()
    }
}

/// The ids of dictionaries that a column refers to, at any depth.
#[allow(deprecated)] // Ids are how the format names dictionaries, and arrow-rs' decoder finds them so.
fn ids_of(field: &Field, ids: &mut BTreeSet<i64>) {
    use DataType as T;
    match field.data_type() {
        T::Dictionary(_, values) => {
            ids.extend(field.dict_id());
            ids_of(&Field::new("", values.as_ref().clone(), true), ids);
        }
        T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) | T::FixedSizeList(item, _) | T::Map(item, _) => ids_of(item, ids),
        T::Struct(fields) => fields.iter().for_each(|field| ids_of(field, ids)),
        T::Union(fields, _) => fields.iter().for_each(|(_, field)| ids_of(field, ids)),
        T::RunEndEncoded(ends, values) => [ends, values].into_iter().for_each(|field| ids_of(field, ids)),
        _ => {}
    }
}

fn decode_dictionary(blob: &Blob, dictionary: &Dictionary, schema: &Schema, values: &mut HashMap<i64, ArrayRef>) -> Result<()> {
    let Place { offset, metadata, body } = dictionary.place;
    let bytes = blob.bytes(offset, (metadata + body) as usize)?;
    take_dictionary(blob.name(), &bytes[..metadata as usize], bytes.slice(metadata as usize..), schema, values)
}

/// Adds the dictionary of a message, of its metadata and its body, to those that there are.
#[allow(deprecated)]
pub fn take_dictionary(file: &str, metadata: &[u8], body: Bytes, schema: &Schema, values: &mut HashMap<i64, ArrayRef>) -> Result<()> {
    let message = message(file, metadata)?;
    let missing = || ConnectorError::corrupt(file, "a dictionary is missing");
    let batch = message.header_as_dictionary_batch().ok_or_else(missing)?;
    let data = batch.data().ok_or_else(missing)?;
    let Some(DataType::Dictionary(_, of)) = schema.fields_with_dict_id(batch.id()).first().map(|field| field.data_type()) else { return Err(missing()) };
    let column = Schema::new(vec![Field::new("", of.as_ref().clone(), true)]);
    for span in spans(file, &column, &data, message.version(), body.len() as u64)? {
        compressed::check(file, &data, span.buffers, &body)?;
    }
    guarded(file, "a dictionary", || {
        read_dictionary(&Buffer::from(body), batch, schema, values, &message.version()).map_err(|error| ConnectorError::corrupt(file, format!("a dictionary: {error}")))
    })
}

/// Looks at every message of a file or a stream. LS2005, LS2015, LS2018.
pub fn open(blob: &Blob) -> Result<Opened> {
    let file = blob.name();
    let first = blob.bytes(0, blob.size().min(8) as usize)?;
    if first.starts_with(MAGIC) {
        return open_file(blob);
    }
    let feather = if first.starts_with(b"FEA1") { "it is Feather of version 1: write it again as version 2; " } else { "" };
    let foreign = || ConnectorError::another_format(file, "Arrow IPC", &format!("{feather}readParquet reads Parquet, readCsv CSV, readJsonLines JSON Lines"));
    if first.is_empty() {
        return Err(ConnectorError::corrupt(file, "it has no bytes, and so no schema"));
    }
    let Ok(Some((before, length))) = prefix(file, &first) else { return Err(foreign()) };
    if before == 4 && before + length > blob.size() {
        return Err(foreign());
    }
    let mut window = Window { blob, start: 0, bytes: Bytes::new() };
    let said = Said { footer: false, bytes: window.at(0, before + length)?.to_vec() };
    let mut finder = Finder::new(blob, said).map_err(|error| if before == 4 { foreign() } else { error })?;
    let mut offset = before + length;
    while offset < blob.size() {
        let head = window.at(offset, (blob.size() - offset).min(8))?;
        let Some((before, length)) = prefix(file, &head)? else { break };
        let metadata = window.at(offset, before + length)?;
        let body = u64::try_from(message(file, &metadata)?.bodyLength()).ok().filter(|body| offset.checked_add(before + length).and_then(|start| start.checked_add(*body)).is_some_and(|end| end <= blob.size()));
        let place = Place { offset, metadata: before + length, body: body.ok_or_else(|| ConnectorError::corrupt(file, "it ends within a message"))? };
        finder.take(place, &metadata, true)?;
        offset = place.body() + place.body;
    }
    Ok(finder.opened)
}

/// Bytes of a file read a little ahead, from front to end.
struct Window<'a> {
    blob: &'a Blob,
    start: u64,
    bytes: Bytes,
}

impl Window<'_> {
    fn at(&mut self, offset: u64, length: u64) -> Result<Bytes> {
        let end = offset.saturating_add(length);
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            if let Some(pieces) = self.blob.pieces() {
                pieces.release(offset);
            }
            let ahead = if self.blob.pieces().is_some() { WINDOW.1 } else { WINDOW.0 };
            let whole = length.max(ahead.min(self.blob.size().saturating_sub(offset)));
            (self.start, self.bytes) = (offset, self.blob.bytes(offset, whole as usize)?);
        }
        let from = (offset - self.start) as usize;
        Ok(self.bytes.slice(from..from + length as usize))
    }
}

fn open_file(blob: &Blob) -> Result<Opened> {
    let file = blob.name();
    let wrong = |what: &str| ConnectorError::corrupt(file, what);
    // What stands at both ends, and the length of the footer.
    let size = blob.size();
    if size < 18 {
        return Err(wrong("it is too short"));
    }
    let end = blob.bytes(size - 10, 10)?;
    if !end.ends_with(MAGIC) {
        return Err(wrong("it does not end as Arrow IPC does"));
    }
    let length = i32::from_le_bytes(end[..4].try_into().expect("four bytes"));
    let start = u64::try_from(length).ok().and_then(|length| (size - 10).checked_sub(length)).filter(|start| *start >= 8);
    let start = start.ok_or_else(|| wrong("the footer is longer than the file"))?;
    let bytes = blob.bytes(start, (size - 10 - start) as usize)?;
    let footer = root_as_footer(&bytes).map_err(|error| wrong(&format!("the footer: {error}")))?;
    let mut finder = Finder::new(blob, Said { footer: true, bytes: bytes.to_vec() })?;
    let place = |block: &arrow::ipc::Block| {
        let number = |number: i64| u64::try_from(number).ok();
        let place = Place { offset: number(block.offset())?, metadata: number(block.metaDataLength().into())?, body: number(block.bodyLength())? };
        let end = place.offset.checked_add(place.metadata)?.checked_add(place.body)?;
        (place.offset >= 8 && end <= start).then_some(place)
    };
    let dictionaries = footer.dictionaries().into_iter().flatten();
    let blocks = dictionaries.chain(footer.recordBatches().into_iter().flatten());
    let places: Vec<Place> = blocks.map(place).collect::<Option<_>>().ok_or_else(|| wrong("the footer names a message that lies outside of the file"))?;
    for some in places.chunks(AHEAD) {
        if let Some(pieces) = blob.pieces() {
            pieces.release(some[0].offset);
            blob.will_need(some.iter().map(|place| place.offset..place.body()).collect());
        }
        for place in some {
            let metadata = blob.bytes(place.offset, place.metadata as usize)?;
            finder.take(*place, &metadata, false)?;
        }
    }
    Ok(finder.opened)
}

/// Takes messages one after another.
struct Finder<'a> {
    blob: &'a Blob,
    opened: Opened,
}

impl<'a> Finder<'a> {
    fn new(blob: &'a Blob, said: Said) -> Result<Self> {
        let schema = said.schema(blob.name())?;
        let mut names = BTreeSet::new();
        if let Some(twice) = schema.fields().iter().find(|field| !names.insert(field.name())) {
            let message = format!("{} has two columns \"{}\"; rename one of them", blob.name(), twice.name());
            return Err(ConnectorError::unsupported(message, json!({ "file": blob.name(), "column": twice.name() })));
        }
        let layout = Layout { schema: 0, batches: Vec::new(), dictionaries: Vec::new(), before: Vec::new(), extents: Vec::new() };
        Ok(Self { blob, opened: Opened { said, schema: schema.into(), groups: Vec::new(), layout } })
    }

    /// `stream`: dictionaries concern what comes behind them.
    fn take(&mut self, place: Place, metadata: &[u8], stream: bool) -> Result<()> {
        let file = self.blob.name();
        let message = message(file, metadata)?;
        // A file's footer may count padding in.
        if u64::try_from(message.bodyLength()).ok().is_none_or(|body| body > place.body) {
            return Err(ConnectorError::corrupt(file, "a message is longer than the footer says"));
        }
        let Opened { schema, groups, layout, .. } = &mut self.opened;
        match message.header_type() {
            MessageHeader::DictionaryBatch => {
                let batch = message.header_as_dictionary_batch().ok_or_else(|| ConnectorError::corrupt(file, "a dictionary is missing"))?;
                layout.dictionaries.push(Dictionary { id: batch.id(), delta: batch.isDelta(), place });
            }
            MessageHeader::RecordBatch => {
                let batch = message.header_as_record_batch().ok_or_else(|| ConnectorError::corrupt(file, "a record batch is missing"))?;
                let spans = spans(file, schema, &batch, message.version(), place.body)?;
                let rows = u64::try_from(batch.length()).unwrap_or(0);
                if rows == 0 {
                    return Ok(());
                }
                groups.push((rows, spans.iter().zip(schema.fields()).map(|(span, field)| column_chunk(field, span, &batch)).collect()));
                layout.batches.push(place);
                if stream {
                    layout.before.push(layout.dictionaries.len());
                }
                if self.blob.pieces().is_some() {
                    let buffers: Vec<Range<u64>> = batch.buffers().into_iter().flatten().map(|buffer| buffer.offset() as u64..(buffer.offset() + buffer.length()) as u64).collect();
                    let extent = |of: &[Range<u64>]| of.iter().map(|range| range.start).min().unwrap_or(0)..of.iter().map(|range| range.end).max().unwrap_or(0);
                    layout.extents.push(spans.iter().map(|span| extent(&buffers[span.buffers.clone()])).collect());
                }
            }
            _ => return Err(ConnectorError::corrupt(file, "it has a message that is no record batch")),
        }
        Ok(())
    }
}

/// How the buffers of a local file that was written here are compressed; None: they are not, or there are none.
pub fn compression(path: &Path) -> Option<CompressionType> {
    let blob = Blob::open(path.to_str()?).ok()?;
    let place = *open(&blob).ok()?.layout.batches.first()?;
    let metadata = blob.bytes(place.offset, place.metadata as usize).ok()?;
    message(blob.name(), &metadata).ok()?.header_as_record_batch()?.compression().map(|compression| compression.codec())
}
