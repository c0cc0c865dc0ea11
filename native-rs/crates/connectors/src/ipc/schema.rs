//! Opening: messages → files, groups and types; checked against the interface.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use lockstep_plan::ColumnType;

use super::{
    layout::{Layouts, Opened, open},
    options::ArrowRequest,
};
use crate::{
    dataset::{ColumnChunk, DataFile, Dataset, Format, Group, Held, is_string},
    declared,
    errors::Result,
    extensions::is_uuid,
    files::{Union, by_name, constant, folder_columns, in_no_folder, map_of, one_layout, plain, with_folders},
    parquet::guarded,
    paths::{Found, resolve},
    text::arrow_type,
};

/// Bytes of a remote file's end that are asked for at once: most footers are shorter.
const TAIL: u64 = 64 << 10;

/// Reads what all files say of themselves. LS2001 missing input, LS2002 schema, LS2005 damaged file, LS2018 another format.
pub fn open_arrow(request: &ArrowRequest) -> Result<Dataset> {
    let found = resolve(&request.paths, &["arrow", "arrows", "feather", "ipc"], &request.store)?;
    let in_folder = |name: &str| found[0].folders.iter().any(|(column, _)| column == name);
    let declared: Vec<ColumnType> = request.declared.iter().filter(|column| !in_folder(&column.name)).cloned().collect();
    let folders = folder_columns(&found, &request.types, &request.declared)?;
    let mut layouts = Layouts::default();
    let mut opened: Vec<(SchemaRef, Opened)> = Vec::with_capacity(found.len());
    let required = |name: &str| request.declared.is_empty() || declared.iter().any(|column| column.name == name);
    let mut union = Union::default();
    for file in &found {
        let blob = file.open(&request.store)?;
        if blob.pieces().is_some() {
            blob.will_need(vec![0..blob.size().min(TAIL), blob.size().saturating_sub(TAIL)..blob.size()]);
        }
        let found_in = guarded(&file.path, "what it says of itself", || open(&blob)).map_err(|error| blob.failure().unwrap_or(error))?;
        let seen = seen(&found_in.schema, &request.declared);
        union.add(&file.path, &plain(&in_no_folder(&seen, &folders)), required)?;
        opened.push((seen, found_in));
    }
    let own = union.schema();
    let schema = with_folders(&own, &folders);
    let mut files = Vec::with_capacity(opened.len());
    for (index, (seen, opened)) in opened.into_iter().enumerate() {
        let mut held = by_name(&own, &seen);
        held.extend(folders.iter().map(|column| Held::Constant(column.values[index].clone())));
        let lacks = held.iter().any(|held| held.column().is_none());
        let Found { path, size, version, query, .. } = found[index].clone();
        let groups: Vec<Group> = opened.groups.iter().map(|(rows, columns)| {
            let column = |(held, field): (&Held, &Arc<Field>)| match held {
                Held::Column(root, _) => columns[*root].clone(),
                // Nobody reads labels of these files.
                held => ColumnChunk { dictionary: false, ..constant(held, field.data_type(), *rows) },
            };
            Group { rows: *rows, columns: held.iter().zip(schema.fields()).map(column).collect(), ..Group::default() }
        }).collect();
        let rows = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.rows));
        files.push(DataFile { path, size, version, query, unpacked: None, rows, groups, held: lacks.then_some(held), deletes: Vec::new() });
        layouts.add(opened);
    }
    let source = if files.len() == 1 { &files[0].path } else { &request.paths.join(", ") };
    let schema = declared::check(source, "the file has", &schema, &request.declared, |_, _| false)?;
    union.check_lacking(&request.declared)?;
    Ok(Dataset::new(Format::Arrow(layouts), files, schema, request.store.clone()))
}

/// The columns as batches of a file come here. One that can hold nothing but nulls is what the interface says.
pub fn seen(schema: &Schema, declared: &[ColumnType]) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let said = declared.iter().find(|column| field.data_type().is_null() && column.name == *field.name());
        Field::new(field.name(), said.map_or_else(|| canonical(field), |column| arrow_type(column.js)), field.is_nullable())
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// What is one thing to a program has one layout here, whoever wrote the file: texts, decimals, days that are counted in
/// milliseconds, bytes of a fixed width that are no uuid, entries of dictionaries that are no texts, and lists.
fn canonical(field: &Field) -> DataType {
    match field.data_type() {
        text if is_string(text) => DataType::Utf8,
        DataType::Dictionary(_, values) if is_string(values) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        DataType::Dictionary(_, values) => canonical(&field.clone().with_data_type(values.as_ref().clone())),
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::FixedSizeBinary(_) if !is_uuid(field) => DataType::Binary,
        DataType::Date64 => DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => DataType::Decimal128(*precision, *scale),
        DataType::Decimal256(precision, scale) if *precision <= 38 => DataType::Decimal128(*precision, *scale),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            one_layout(&DataType::new_list(canonical(item), true))
        }
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| Field::new(field.name(), canonical(field), true));
            one_layout(&DataType::Struct(fields.collect()))
        }
        DataType::Map(entries, _) => map_of(&canonical(entries)).unwrap_or_else(|| field.data_type().clone()),
        other => other.clone(),
    }
}
