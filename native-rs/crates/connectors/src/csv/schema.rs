//! Opening: header, types, groups. A column's type is what the program says, else what all its values are.
use std::collections::HashSet;

use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use lockstep_plan::JsType;
use serde_json::json;

use super::{
    chunks,
    options::{CsvRequest, Dialect, delimiter},
    read::{leave_out, text},
    records::{Field, Malformed, Records},
};
use crate::{
    dataset::{DataFile, Dataset, Format},
    declared,
    errors::{ConnectorError, Result},
    files::{FolderColumn, folder_columns, held, is_folder, with_folders},
    names::{did_you_mean, near_misses},
    paths::{Found, resolve},
    store::Blob,
    text::{BadRows, Candidates, LeftOut, Source, arrow_type, bad_line, foreign, not_utf8, unpacked},
};

/// Bytes of a remote file that are asked for at once.
const FIRST: u64 = 8 << 20;
/// Bytes in which a header is looked for first.
const HEADER_BYTES: u64 = 1 << 20;
/// Bytes in which a header must end: an open quote may go on through the file.
const MOST_HEADER_BYTES: u64 = 64 << 20;

/// Reads headers, finds groups and types. LS2001 missing input, LS2002 schema, LS2006 no header, a bad line,
/// LS2018 another format.
pub fn open_csv(request: &CsvRequest) -> Result<Dataset> {
    let mut dialect = Dialect { delimiter: delimiter(&request.delimiter)?, width: 0, nulls: request.nulls.clone() };
    let mut names: Vec<String> = Vec::new();
    let mut files = Vec::new();
    let mut types = Types::default();
    let mut bad = BadRows::default();
    let all = resolve(&request.paths, &["csv", "csv.gz", "csv.zst"], &request.store)?;
    let folders = folder_columns(&all, &request.types, &request.declared)?;
    for (index, found) in all.into_iter().enumerate() {
        let blob = found.open(&request.store)?;
        if blob.pieces().is_some() {
            blob.will_need(vec![0..blob.size().min(FIRST)]);
        }
        let blob = unpacked(blob)?;
        if let Some(what) = foreign(&blob.bytes(0, blob.size().min(8) as usize)?) {
            return Err(ConnectorError::another_format(blob.name(), "CSV", what));
        }
        let header = header(&blob, dialect.delimiter, request.header)?;
        if files.is_empty() {
            names = header.names;
            dialect.width = names.len();
            types = Types::of(request, &names, &folders, &found.path)?;
        } else if names != header.names {
            let first: &DataFile = &files[0];
            let texts = |names: &[String]| Schema::new(names.iter().map(|name| ArrowField::new(name, DataType::Utf8, true)).collect::<Vec<_>>());
            declared::check_same(&first.path, &texts(&names), &found.path, &texts(&header.names))?;
            let message = format!("{} has the columns of {} in another order", found.path, first.path);
            return Err(ConnectorError::new("LS2002", message, json!({ "source": found.path })));
        }
        let groups = chunks::scan(&blob, dialect.delimiter, header.end, header.line, names.len(), request.tolerance.is_some())?;
        let rows = groups.iter().map(|group| group.rows).sum();
        let Found { path, size, version, query, .. } = found;
        files.push(DataFile { path, size, version, query, unpacked: blob.unpacked(), rows, groups, held: held(&names, &folders, index), deletes: Vec::new() });
        if let Some(tolerance) = request.tolerance {
            let said = names.iter().enumerate().filter(|(_, name)| !is_folder(name, &folders));
            let said: Vec<_> = said.filter_map(|(index, name)| Some((index, name.clone(), *request.types.get(name)?))).collect();
            let last = files.len() - 1;
            leave_out(&blob, &mut files[last], &dialect, &said, tolerance, &mut bad)?;
        }
        // Now, because of a remote file what was just passed over is still here.
        types.see(&blob, &files[files.len() - 1], &dialect)?;
    }
    let fields = names.iter().zip(types.decide()).filter(|(name, _)| !is_folder(name, &folders));
    let fields: Vec<ArrowField> = fields.map(|(name, js)| ArrowField::new(name, arrow_type(js), true)).collect();
    let source = if files.len() == 1 { &files[0].path } else { &request.paths.join(", ") };
    if let Some(error) = not_divided(request, &names, &folders, source) {
        return Err(error);
    }
    let schema = declared::check(source, "the file has", &with_folders(&Schema::new(fields), &folders), &request.declared, |_, _| true)?;
    Ok(Dataset { bad, ..Dataset::new(Format::Csv(dialect), files, schema, request.store.clone()) })
}

/// LS2002: one column, by whose name the file is divided by another character, and none of the interface's.
fn not_divided(request: &CsvRequest, names: &[String], folders: &[FolderColumn], source: &str) -> Option<ConnectorError> {
    let [name] = names else { return None };
    let own = |wanted: &str| wanted != name && !is_folder(wanted, folders);
    if !request.header || !request.declared.iter().any(|column| own(&column.name)) || request.declared.iter().any(|column| column.name == *name) {
        return None;
    }
    let fix = other_delimiter(name)?;
    Some(ConnectorError::new("LS2002", format!("{source} has one column, `{name}`"), json!({ "source": source, "column": name })).with_fix(fix))
}

/// What to do about a header that is one name, if another character divides it.
fn other_delimiter(name: &str) -> Option<String> {
    let found = [";", "\t", "|", ","].into_iter().find(|character| name.contains(character))?;
    Some(format!("Say what stands between its fields: `delimiter: {}`.", json!(found)))
}

struct Header {
    names: Vec<String>,
    /// Offset and number of the first line of data.
    end: u64,
    line: u64,
}

fn header(blob: &Blob, delimiter: u8, present: bool) -> Result<Header> {
    let mut size = HEADER_BYTES;
    loop {
        let bytes = blob.bytes(0, size.min(blob.size()) as usize)?;
        let all = bytes.len() as u64 == blob.size();
        let (header, end) = header_of(blob.name(), &bytes, delimiter, present);
        // Where bytes are missing, the line may go on, and be well-formed.
        if all || end < bytes.len() {
            return header;
        }
        if size >= MOST_HEADER_BYTES {
            let most = MOST_HEADER_BYTES >> 20;
            return Err(bad_line(blob.name(), 1, &format!("the header line does not end within {most} MiB")));
        }
        size *= 8;
    }
}

/// With where its line ends, all the bytes if that is not among them.
fn header_of(file: &str, bytes: &[u8], delimiter: u8, present: bool) -> (Result<Header>, usize) {
    let mark = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut records = Records::new(&bytes[mark..], delimiter, 1, None);
    let mut fields = Vec::new();
    match records.next(&mut fields) {
        Ok(true) => {}
        Ok(false) => return (Err(bad_line(file, 1, "the file is empty, a header line is expected").with_fix("Write the names of its columns into it, or leave the file out of what is read.")), bytes.len()),
        // A quoted field may end later; text behind one is wrong whatever comes.
        Err(wrong) => {
            let end = if wrong == Malformed::Unterminated { bytes.len() } else { mark };
            return (Err(bad_line(file, records.record_line, wrong.describe())), end);
        }
    }
    let end = mark + records.position();
    // Of a line of data others see to it.
    if present && std::str::from_utf8(&bytes[mark + records.record_start..end]).is_err() {
        return (Err(not_utf8(file, records.record_line)), end);
    }
    if !present {
        let names = (1..=fields.len()).map(|number| format!("col{number}")).collect();
        return (Ok(Header { names, end: (mark + records.record_start) as u64, line: records.record_line }), end);
    }
    let source = Source::new(&bytes[mark..]);
    let names: Vec<String> = fields.iter().map(|field| text(source, field).into_owned()).collect();
    let mut seen = HashSet::new();
    let header = match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(bad_line(file, records.record_line, &format!("the column \"{twice}\" appears twice")).with_fix("Call one of them something else in the file; one without a line of names is read with `header: false`.")),
        None => Ok(Header { end: end as u64, line: records.line(), names: names.clone() }),
    };
    (header, end)
}

/// `types` decides; then the interface, except that a column it calls string must look like one, because plain Node
/// knows no interfaces: `types: { zip: "string" }` says it to both. What nobody names is inferred, unless an
/// interface leaves it out: then it is never read.
#[derive(Default)]
struct Types {
    /// Of every column what is said of it.
    known: Vec<Option<JsType>>,
    /// What the values seen of the others can be.
    columns: Vec<(usize, Candidates)>,
}

impl Types {
    /// LS2002: `types` names a column that is not there.
    fn of(request: &CsvRequest, names: &[String], folders: &[FolderColumn], file: &str) -> Result<Self> {
        if let Some(unknown) = request.types.keys().find(|name| !names.contains(name) && !is_folder(name, folders)) {
            let hint = did_you_mean(&near_misses(unknown, names.iter().map(String::as_str))).unwrap_or_default();
            let message = format!("types: {file} has no column \"{unknown}\"; {hint}");
            let message = message.trim_end_matches("; ");
            return Err(ConnectorError::new("LS2002", message, json!({ "column": unknown })));
        }
        let said = |name| match (request.types.get(name), request.declared.iter().find(|column| column.name == *name)) {
            (Some(js), _) => Some(*js),
            (None, Some(column)) if column.js == JsType::String => None,
            (None, Some(column)) => Some(column.js),
            (None, None) if request.declared.is_empty() => None,
            (None, None) => Some(JsType::String),
        };
        let known: Vec<Option<JsType>> = names.iter().map(said).collect();
        let open = known.iter().enumerate().filter(|(_, js)| js.is_none());
        let columns = open.map(|(index, _)| (index, Candidates::ANY)).collect();
        Ok(Self { known, columns })
    }

    /// Looks at a file's values, until all columns are certainly strings.
    fn see(&mut self, blob: &Blob, file: &DataFile, dialect: &Dialect) -> Result<()> {
        let mut fields: Vec<Field> = Vec::new();
        let mut open: Vec<&mut (usize, Candidates)> = self.columns.iter_mut().filter(|(_, candidates)| !candidates.is_string()).collect();
        for group in &file.groups {
            let lines = group.lines.unwrap_or_default();
            let mut left_out = LeftOut::of(&group.bad);
            if open.is_empty() {
                break;
            }
            let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
            let source = Source::new(&bytes);
            let mut records = Records::new(&bytes, dialect.delimiter, lines.line, Some(dialect.width));
            while records.next(&mut fields).map_err(|wrong| malformed(&file.path, &records, wrong))? {
                if left_out.next() {
                    continue;
                }
                for (index, candidates) in open.iter_mut().map(|column| &mut **column) {
                    let Some(field) = fields.get(*index) else { continue };
                    if !dialect.is_null(source, field) {
                        candidates.see(text(source, field).as_bytes());
                    }
                }
            }
            open.retain(|(_, candidates)| !candidates.is_string());
        }
        Ok(())
    }

    fn decide(&self) -> Vec<JsType> {
        let mut types: Vec<JsType> = self.known.iter().map(|js| js.unwrap_or(JsType::String)).collect();
        for (index, candidates) in &self.columns {
            types[*index] = candidates.decide();
        }
        types
    }
}

pub fn malformed(file: &str, records: &Records<'_>, wrong: super::records::Malformed) -> ConnectorError {
    bad_line(file, records.record_line, wrong.describe())
}

