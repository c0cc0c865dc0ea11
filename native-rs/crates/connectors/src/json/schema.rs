//! Opening: groups, columns, types. A column's type is what the program says, else what all its values are.
use std::ops::Range;

use arrow::datatypes::{DataType, Field, Schema, UnionFields, UnionMode};
use lockstep_plan::JsType;

use super::{
    chunks,
    keys::Keys,
    lines::{Lines, is_blank},
    members::{Kind, Malformed, Members, Value},
    options::JsonLinesRequest,
    read::leave_out,
    shape::{Shape, index_of},
};
use crate::{
    dataset::{DataFile, Dataset, Format},
    declared,
    errors::{ConnectorError, Result},
    files::{folder_columns, held, is_folder, with_folders},
    paths::{Found, resolve},
    store::Blob,
    text::{BadRows, LeftOut, Source, arrow_type, bad_line, foreign, unpacked},
};

/// Bytes of a remote file that are asked for at once.
const FIRST: u64 = 8 << 20;
/// Bytes that say what a file is.
const BEGINNING: u64 = 4096;
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Finds groups, columns and types. Every line is looked at, but where the interface says which columns are wanted only
/// as many as it takes to see that they are there: further lines are checked when they are read.
/// LS2001 missing input, LS2002 schema, LS2006 a bad line, LS2018 another format.
pub fn open_json_lines(request: &JsonLinesRequest) -> Result<Dataset> {
    let mut files = Vec::new();
    let mut columns = Columns::default();
    let mut bad = BadRows::default();
    let all = resolve(&request.paths, &["jsonl", "ndjson", "json", "jsonl.gz", "ndjson.gz", "json.gz", "jsonl.zst", "ndjson.zst", "json.zst"], &request.store)?;
    let types = request.types.iter().cloned().collect();
    let folders = folder_columns(&all, &types, &request.declared)?;
    // What is said of the lines' own columns.
    let own = request.without(|name| is_folder(name, &folders));
    for found in all {
        let blob = found.open(&request.store)?;
        if blob.pieces().is_some() {
            blob.will_need(vec![0..blob.size().min(FIRST)]);
        }
        let blob = unpacked(blob)?;
        let beginning = blob.bytes(0, blob.size().min(BEGINNING) as usize)?;
        if let Some(what) = foreign(&beginning).or_else(|| document(&beginning)) {
            return Err(ConnectorError::another_format(blob.name(), "JSON Lines", what));
        }
        let start = if beginning.starts_with(MARK) { MARK.len() } else { 0 };
        let groups = chunks::scan(&blob, start as u64, request.tolerance.is_some())?;
        let rows = groups.iter().map(|group| group.rows).sum();
        let Found { path, size, version, query, .. } = found;
        files.push(DataFile { path, size, version, query, unpacked: blob.unpacked(), rows, groups, held: None, deletes: Vec::new() });
        if let Some(tolerance) = request.tolerance {
            let last = files.len() - 1;
            leave_out(&blob, &mut files[last], &own.types, tolerance, &mut bad)?;
        }
        // Now, because of a remote file what was just passed over is still here.
        columns.see(&blob, &files, &own)?;
    }
    let mut fields = columns.decide(&files, &own);
    fields.retain(|field| !is_folder(field.name(), &folders));
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    for (index, file) in files.iter_mut().enumerate() {
        file.held = held(&names, &folders, index);
    }
    let found = with_folders(&Schema::new(fields), &folders);
    let source = if files.len() == 1 { &files[0].path } else { &request.paths.join(", ") };
    // Texts can be dates, and numbers integers; nothing else is what it is not.
    let sayable = |found, wanted| matches!((found, wanted), (Some(JsType::String), JsType::Date) | (Some(JsType::Number), JsType::Bigint) | (Some(JsType::Strings), JsType::Dates) | (Some(JsType::Numbers), JsType::Bigints));
    let schema = declared::check(source, "the file has", &found, &request.declared, sayable)?;
    Ok(Dataset { bad, ..Dataset::new(Format::JsonLines, files, schema, request.store.clone()) })
}

/// What a file of JSON is that has not an object a line.
fn document(beginning: &[u8]) -> Option<&'static str> {
    let text = beginning.strip_prefix(MARK).unwrap_or(beginning).trim_ascii_start();
    match text {
        [b'[', ..] => Some("it is one list of JSON: write a line for each of its objects (jq -c '.[]')"),
        [b'{', rest @ ..] if rest.iter().find(|byte| !is_blank(&[**byte])) == Some(&b'\n') => {
            Some("its objects go over several lines: write each in one (jq -c .)")
        }
        _ => None,
    }
}

/// The columns found, in order of appearance.
#[derive(Default)]
struct Columns {
    keys: Keys,
    columns: Vec<Column>,
    /// Lines seen.
    lines: usize,
}

#[derive(Default)]
struct Column {
    name: String,
    /// The kinds of its values, each with the first file and line that have it.
    kinds: Vec<(Kind, usize, u64)>,
    /// What is in its objects, and in its lists of others than scalars.
    shape: Shape,
    /// The last line that has it, and where in the list of that line's values.
    last: (usize, usize),
}

impl Columns {
    /// Looks at the last file, until nothing more is asked.
    fn see(&mut self, blob: &Blob, files: &[DataFile], request: &JsonLinesRequest) -> Result<()> {
        let number = files.len() - 1;
        let file = &files[number];
        for group in &file.groups {
            if self.is_enough(request) {
                break;
            }
            let lines = group.lines.unwrap_or_default();
            let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
            let source = Source::new(&bytes);
            let mut left_out = LeftOut::of(&group.bad);
            for (line, range) in Lines::new(&bytes, lines.line).filter(|_| !left_out.next()) {
                self.line(&bytes, range.clone(), source, number, line).map_err(|wrong| malformed(&file.path, line, source, range, wrong))?;
            }
        }
        Ok(())
    }

    fn line(&mut self, bytes: &[u8], range: Range<usize>, source: Source<'_>, file: usize, line: u64) -> Result<(), Malformed> {
        self.lines += 1;
        // Of a key that a line has twice the last value counts.
        let mut values: Vec<(usize, Value)> = Vec::with_capacity(self.columns.len());
        let mut fresh: Vec<(String, Value)> = Vec::new();
        let mut members = Members::new(bytes, range)?;
        let mut place = 0;
        while let Some((key, value)) = members.next()? {
            match self.keys.find(place, &key, source) {
                Ok(index) => {
                    let column = &mut self.columns[index];
                    if column.last.0 == self.lines {
                        values[column.last.1].1 = value;
                    } else {
                        column.last = (self.lines, values.len());
                        values.push((index, value));
                    }
                }
                Err(name) => match fresh.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => fresh.push((name.into_owned(), value)),
                },
            }
            place += 1;
        }
        for (index, value) in values {
            self.columns[index].saw(&value, source, file, line);
        }
        // As JavaScript has an object's keys: those that are indices of lists first.
        fresh.sort_by_key(|(name, _)| index_of(name).map_or((1, 0), |index| (0, index)));
        for (name, value) in fresh {
            self.keys.add(name.clone());
            let mut column = Column { name, ..Column::default() };
            column.saw(&value, source, file, line);
            self.columns.push(column);
        }
        Ok(())
    }

    /// Whether all columns of the interface are known, and nothing asks for others.
    fn is_enough(&self, request: &JsonLinesRequest) -> bool {
        let known = |name: &str, js| {
            let column = self.columns.iter().find(|column| column.name == name);
            request.said(name).is_some() || column.is_some_and(|column| column.js().is_some_and(|found| found.is_like(js)))
        };
        !request.whole && !request.declared.is_empty() && request.declared.iter().all(|column| known(&column.name, column.js))
    }

    fn decide(&self, files: &[DataFile], request: &JsonLinesRequest) -> Vec<Field> {
        let of = |column: &Column| {
            let declared = || request.declared.iter().find(|declared| declared.name == column.name);
            let js = request.said(&column.name).or_else(|| column.js());
            match js.or_else(|| column.nested(declared().map(|declared| declared.js))) {
                Some(js) => arrow_type(js),
                None if column.kinds.is_empty() => arrow_type(declared().map_or(JsType::String, |declared| declared.js)),
                None if column.is_empty_lists() => arrow_type(declared().map(|declared| declared.js).filter(|js| js.element().is_some()).unwrap_or(JsType::Numbers)),
                None => column.unreadable(files),
            }
        };
        let found = self.columns.iter().map(|column| Field::new(&column.name, of(column), true));
        let absent = request.types.iter().filter(|(name, _)| self.columns.iter().all(|column| column.name != *name));
        found.chain(absent.map(|(name, js)| Field::new(name, arrow_type(*js), true))).collect()
    }
}

impl Column {
    fn saw(&mut self, value: &Value, source: Source<'_>, file: usize, line: u64) {
        let kind = value.kind;
        if matches!(kind, Kind::Object | Kind::List) {
            self.shape.join(Shape::of(value, source));
        }
        if kind != Kind::Null && self.kinds.iter().all(|(known, ..)| *known != kind) {
            self.kinds.push((kind, file, line));
        }
    }

    /// The kinds that say what it is: beside lists of values, empty ones are lists of these.
    fn saying(&self) -> Vec<Kind> {
        let lists = |kind: &Kind| matches!(kind, Kind::Numbers | Kind::Strings | Kind::Booleans | Kind::List);
        let says = |kind: &Kind| *kind != Kind::Nulls || !self.kinds.iter().any(|(kind, ..)| lists(kind));
        self.kinds.iter().map(|(kind, ..)| *kind).filter(says).collect()
    }

    /// Its objects, or lists of others than scalars, as they are declared where nothing in them says it.
    fn nested(&self, declared: Option<JsType>) -> Option<JsType> {
        matches!(self.saying()[..], [Kind::Object | Kind::List]).then(|| self.shape.js(declared, Some(JsType::Number))).flatten()
    }

    /// What JavaScript sees in it; None: nothing, or not one type, or something in it is not known.
    fn js(&self) -> Option<JsType> {
        match self.saying()[..] {
            [Kind::Object | Kind::List] => self.shape.js(None, None),
            [Kind::Boolean] => Some(JsType::Boolean),
            [Kind::Number] => Some(JsType::Number),
            [Kind::String] => Some(JsType::String),
            [Kind::Booleans] => Some(JsType::Booleans),
            [Kind::Numbers] => Some(JsType::Numbers),
            [Kind::Strings] => Some(JsType::Strings),
            _ => None,
        }
    }

    /// Nothing says what its lists are of.
    fn is_empty_lists(&self) -> bool {
        matches!(self.kinds[..], [(Kind::Nulls, ..)])
    }

    /// The type of what can be there, but not be looked at: it says where what stands, `float64 (line 1) | list (line 7)`.
    fn unreadable(&self, files: &[DataFile]) -> DataType {
        let place = |(kind, file, line): &(Kind, usize, u64)| {
            let name = match kind {
                Kind::Null | Kind::Boolean => "bool",
                Kind::Number => "float64",
                Kind::String => "string",
                Kind::Nulls => "list<null>",
                Kind::Numbers => "list<float64>",
                Kind::Strings => "list<string>",
                Kind::Booleans => "list<bool>",
                Kind::List => "list",
                Kind::Object => "struct",
            };
            let of = if *file == 0 { String::new() } else { format!(" of {}", files[*file].path) };
            Field::new(format!("{name} (line {line}{of})"), DataType::Null, true)
        };
        DataType::Union(UnionFields::from_fields(self.kinds.iter().map(place).collect::<Vec<_>>()), UnionMode::Sparse)
    }
}

pub fn malformed(file: &str, line: u64, source: Source<'_>, range: Range<usize>, wrong: Malformed) -> ConnectorError {
    let what = match wrong {
        Malformed::Not(kind) => {
            let found = match kind {
                Kind::Null => "null",
                Kind::Boolean => "a boolean",
                Kind::Number => "a number",
                Kind::String => "a text",
                Kind::Nulls | Kind::Numbers | Kind::Strings | Kind::Booleans | Kind::List => "a list",
                Kind::Object => "an object",
            };
            format!("{found}, where an object is expected")
        }
        Malformed::At(at) => match source.text(at.min(range.end)..range.end).chars().next() {
            Some(found) => format!("no JSON: {found:?} at position {}", at - range.start),
            None => "no JSON: the line ends before its object does".to_owned(),
        },
    };
    bad_line(file, line, &what).with_fix("Mend the line, or leave such lines out: `onBadRow: \"skip\"`.")
}
