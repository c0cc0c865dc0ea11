//! Folders that say what their rows have in columns that no file has: `year=2024/month=1`, as Hive names them. Plain Node has
//! the same in `runtime/src/connectors/folders.ts`.
use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef},
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use datafusion::scalar::ScalarValue;
use lockstep_plan::{ColumnType, JsType};
use serde_json::json;

use crate::{
    bounds::Bound,
    dataset::Held,
    declared,
    errors::{ConnectorError, Result},
    iceberg::Fit,
    paths::Found,
    text::{Builder, Candidates, Printed, Wrong, arrow_type, as_key},
};

/// Null, as Hive, Spark and all others call it.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";
/// What Hive escapes, besides control characters: what has a meaning in paths and patterns.
const SPECIAL: &str = "\"#%'*/:=?\\{[]^";

/// A column and what the folder says of it; None: null.
pub type Folder = (String, Option<String>);

/// What the folders between `root` and a file say.
pub fn folders_of(root: &str, path: &str) -> Vec<Folder> {
    let below = path.strip_prefix(root).unwrap_or_default();
    let Some((folders, _)) = below.rsplit_once('/') else { return Vec::new() };
    let pairs = folders.split('/').filter_map(|name| name.split_once('=')).filter(|(key, _)| !key.is_empty());
    pairs.map(|(key, value)| (unescaped(key), (value != NULL).then(|| unescaped(value)))).collect()
}

/// `key=value` of a column's value. LS2015: a type without a text form, an instant within a millisecond.
pub fn folder_name(column: &str, values: &dyn Array, row: usize) -> Result<String> {
    let printed = Printed::of(column, values, "a folder's name")?;
    let mut name = escaped(column, |first| matches!(first, '.' | '_'));
    name.push('=');
    if printed.is_null(row) {
        return Ok(name + NULL);
    }
    let mut text = Vec::new();
    if !printed.print_short(row, &mut text) {
        let message = format!("column {column} has an instant within a millisecond, which a folder's name does not say; derive the day, or another column, and partition by it");
        return Err(ConnectorError::unsupported(message, json!({ "column": column })));
    }
    let text = String::from_utf8_lossy(&text);
    Ok(name + &escaped(&text, |_| text == NULL))
}

/// The folder of rows that have null in all columns.
pub fn null_folder(columns: &[String]) -> String {
    let names = columns.iter().map(|column| format!("{}={NULL}", escaped(column, |first| matches!(first, '.' | '_'))));
    names.collect::<Vec<_>>().join("/")
}

/// `hidden`: whether its first character is escaped, too.
fn escaped(text: &str, hidden: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        match character {
            '\0'..='\x1f' | '\x7f' => out.push_str(&format!("%{:02X}", character as u32)),
            _ if SPECIAL.contains(character) || index == 0 && hidden(character) => out.push_str(&format!("%{:02X}", character as u32)),
            _ => out.push(character),
        }
    }
    out
}

fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes.get(at + 1..at + 3).filter(|digits| bytes[at] == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        match byte.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A column that the folders of a dataset say.
#[derive(Debug)]
pub struct FolderColumn {
    pub field: Field,
    /// One a file.
    pub values: Vec<Option<Bound>>,
}

/// The columns that the folders of all files say, typed as those of CSV: by `types`, else by what all values are. LS2002: the files
/// are not in folders of the same columns; LS2006, LS2004: a value that is none of its type.
pub fn folder_columns(found: &[Found], types: &BTreeMap<String, JsType>, interface: &[ColumnType]) -> Result<Vec<FolderColumn>> {
    let Some(first) = found.first() else { return Ok(Vec::new()) };
    let named = |file: &Found| Schema::new(file.folders.iter().map(|(name, _)| Field::new(name, DataType::Utf8, true)).collect::<Vec<_>>());
    if let Some(other) = found.iter().find(|file| named(file) != named(first)) {
        declared::check_same(&first.path, &named(first), &other.path, &named(other))?;
        let message = format!("{} is in folders of other columns than {}", other.path, first.path);
        return Err(ConnectorError::new("LS2002", message, json!({ "source": other.path })));
    }
    (0..first.folders.len()).map(|index| column(index, found, types, interface)).collect()
}

fn column(index: usize, found: &[Found], types: &BTreeMap<String, JsType>, interface: &[ColumnType]) -> Result<FolderColumn> {
    let name = &found[0].folders[index].0;
    let texts = || found.iter().map(|file| (file, file.folders[index].1.as_deref()));
    let mut candidates = Candidates::ANY;
    texts().filter_map(|(_, text)| text).for_each(|text| candidates.see(text.as_bytes()));
    // Of nulls alone the interface knows more.
    let untyped = texts().all(|(_, text)| text.is_none());
    let expected = interface.iter().find(|column| untyped && column.name == *name).map(|column| column.js);
    let js = types.get(name).copied().or(expected).unwrap_or_else(|| candidates.decide());
    let data_type = arrow_type(js);
    let mut values = Vec::with_capacity(found.len());
    for (file, text) in texts() {
        let Some(text) = text else {
            values.push(None);
            continue;
        };
        let mut builder = Builder::new(&data_type);
        builder.append(text.as_bytes(), || text.into()).map_err(|wrong| bad_folder(&file.path, name, text, wrong))?;
        let value = ScalarValue::try_from_array(&builder.finish(), 0).map_err(|error| ConnectorError::corrupt(&file.path, error))?;
        // Numbers that are not finite have no bound.
        values.push(Some(Bound::from_scalar(&value).unwrap_or_else(|| Bound::Text(text.to_owned()))));
    }
    Ok(FolderColumn { field: Field::new(name, data_type, true), values })
}

/// The files' columns, and behind them the folders'.
pub fn with_folders(own: &Schema, folders: &[FolderColumn]) -> SchemaRef {
    let fields = own.fields().iter().map(|field| field.as_ref().clone());
    Arc::new(Schema::new(fields.chain(folders.iter().map(|column| column.field.clone())).collect::<Vec<_>>()))
}

pub fn is_folder(name: &str, folders: &[FolderColumn]) -> bool {
    folders.iter().any(|column| column.field.name() == name)
}

/// Where a file of text, whose fields are `names`, has the columns of [`with_folders`]; None: each in its place.
pub fn held(names: &[String], folders: &[FolderColumn], file: usize) -> Option<Vec<Held>> {
    let own = names.iter().enumerate().filter(|(_, name)| !is_folder(name, folders)).map(|(index, _)| Held::Column(index, Fit::Value));
    let all = own.chain(folders.iter().map(|column| Held::Constant(column.values[file].clone())));
    (!folders.is_empty()).then(|| all.collect())
}

fn bad_folder(file: &str, column: &str, text: &str, wrong: Wrong) -> ConnectorError {
    let (code, what) = match wrong {
        Wrong::Not(expected) => ("LS2006", format!("which is not {expected}")),
        Wrong::Loses => ("LS2004", "an integer past ±2^53 that a number cannot hold exactly".to_owned()),
    };
    let message = format!("{file}: its folder says \"{text}\" for the column {column}, {what}");
    let (key, js) = (as_key(column), if code == "LS2004" { "bigint" } else { "string" });
    ConnectorError::new(code, message, json!({ "file": file, "column": column, "value": text }))
        .with_fix(format!("Read the column as {js}: `types: {{ {key}: \"{js}\" }}` in the reader and `{key}: {js}` in the interface."))
}

/// What a value is in all rows of a batch.
pub fn repeated(value: Option<&Bound>, data_type: &DataType, rows: usize) -> Option<ArrayRef> {
    let Some(scalar) = value.and_then(|value| value.to_scalar(data_type)) else {
        return Some(arrow::array::new_null_array(data_type, rows));
    };
    let array = scalar.to_array_of_size(rows).ok()?;
    if array.data_type() == data_type { Some(array) } else { arrow::compute::cast(&array, data_type).ok() }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn there_and_back(column: &str, values: &dyn Array, row: usize) -> (String, Vec<Folder>) {
        let name = folder_name(column, values, row).unwrap();
        let folders = folders_of("/out", &format!("/out/{name}/part-00000.parquet"));
        (name, folders)
    }

    #[test]
    fn names_come_back_as_they_were() {
        for text in ["Oslo", "", "a/b=c%d", "é 日本", "{x}*?", "tab\there", NULL, "%41", "..", "_x"] {
            let (_, folders) = there_and_back("_city", &StringArray::from(vec![text]), 0);
            assert_eq!(folders, [("_city".to_owned(), Some(text.to_owned()))], "{text}");
        }
        assert_eq!(there_and_back("c", &StringArray::from(vec![None::<&str>]), 0).0, "c=__HIVE_DEFAULT_PARTITION__");
        assert_eq!(there_and_back("_c", &StringArray::from(vec!["a/b"]), 0).0, "%5Fc=a%2Fb");
        assert_eq!(there_and_back("n", &Float64Array::from(vec![2024.0, -0.0]), 0).0, "n=2024");
        assert_eq!(there_and_back("n", &Float64Array::from(vec![2024.0, -0.0]), 1).0, "n=0");
    }

    #[test]
    fn instants_at_midnight_are_days() {
        let values = TimestampMicrosecondArray::from(vec![1_706_659_200_000_000, 1_706_659_201_500_000, 1]);
        assert_eq!(folder_name("at", &values, 0).unwrap(), "at=2024-01-31");
        assert_eq!(folder_name("at", &values, 1).unwrap(), "at=2024-01-31T00%3A00%3A01.500Z");
        assert_eq!(folder_name("at", &values, 2).unwrap_err().code, "LS2015");
    }
}
