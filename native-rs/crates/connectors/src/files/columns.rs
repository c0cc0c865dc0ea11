//! The columns of files that say their types: by name, those of folders behind the files' own.
use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{common::map_of, folders::FolderColumn};
use crate::{
    bounds::Bound,
    dataset::{ColumnChunk, Held, is_string},
    iceberg::Fit,
};

/// The columns that no folder says: where both do, the folder's is the dataset's.
pub fn in_no_folder(schema: &SchemaRef, folders: &[FolderColumn]) -> SchemaRef {
    let fields = schema.fields().iter().filter(|field| folders.iter().all(|column| column.field.name() != field.name()));
    Arc::new(Schema::new_with_metadata(fields.cloned().collect::<Vec<_>>(), schema.metadata().clone()))
}

/// Where the file has each column. One that can hold nothing but nulls is none, where it is something in other files.
pub fn by_name(schema: &Schema, file: &Schema) -> Vec<Held> {
    let roots: HashMap<&str, usize> = file.fields().iter().enumerate().map(|(root, field)| (field.name().as_str(), root)).collect();
    let held = |field: &Arc<Field>| match roots.get(field.name().as_str()) {
        Some(root) if !file.field(*root).data_type().is_null() || field.data_type().is_null() => Held::Column(*root, Fit::Value),
        _ => Held::Constant(None),
    };
    schema.fields().iter().map(held).collect()
}

/// The schema without the metadata of whoever wrote the file.
pub fn plain(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> =
        schema.fields().iter().map(|field| Field::new(field.name(), one_layout(field.data_type()), field.is_nullable())).collect();
    Arc::new(Schema::new(fields))
}

/// Lists and structs, as strings, have one layout, whatever the writer had in memory, called an element, or said of nulls.
pub fn one_layout(data_type: &DataType) -> DataType {
    let element = |data_type: &DataType| match data_type {
        DataType::Dictionary(_, values) if is_string(values) => DataType::Utf8,
        text if is_string(text) => DataType::Utf8,
        other => one_layout(other),
    };
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            DataType::new_list(element(item.data_type()), true)
        }
        DataType::Map(entries, _) => map_of(&one_layout(entries.data_type())).unwrap_or_else(|| data_type.clone()),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| Field::new(field.name(), element(field.data_type()), true)).collect())
        }
        other => other.clone(),
    }
}

/// What is known of a column that the file lacks.
pub fn constant(held: &Held, data_type: &DataType, rows: u64) -> ColumnChunk {
    let Held::Constant(value) = held else { return ColumnChunk::default() };
    let nulls = if value.is_some() { 0 } else { rows };
    // A number that is not finite bounds nothing.
    let value = value.as_ref().filter(|value| !data_type.is_floating() || !matches!(value, Bound::Text(_))).cloned();
    ColumnChunk { bytes: 0, min: value.clone(), max: value.clone(), exact: value.is_some(), nulls: Some(nulls), dictionary: true }
}
