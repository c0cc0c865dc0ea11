//! Extension types of Arrow: what fields say beside their type (arrow.apache.org/docs/format/CanonicalExtensions.html). In the engine
//! bytes of 16 are uuids, and other bytes of a fixed width are bytes.
use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use lockstep_functions::kinds::UUID;

const NAME: &str = "ARROW:extension:name";
const METADATA: &str = "ARROW:extension:metadata";
const ARROW_UUID: &str = "arrow.uuid";

/// Whether a file's field is one of uuids.
pub fn is_uuid(field: &Field) -> bool {
    *field.data_type() == UUID && field.metadata().get(NAME).is_some_and(|name| name == ARROW_UUID)
}

/// The schema as files have it: fields of uuids say so.
pub fn extended(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new_with_metadata(schema.fields().iter().map(field).collect::<Vec<_>>(), schema.metadata().clone()))
}

fn field(of: &FieldRef) -> FieldRef {
    let data_type = match of.data_type() {
        DataType::List(item) => DataType::List(field(item)),
        DataType::Struct(members) => DataType::Struct(members.iter().map(field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        other if *other == UUID => {
            let said = [(NAME, ARROW_UUID), (METADATA, "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
            let metadata: HashMap<_, _> = of.metadata().clone().into_iter().chain(said).collect();
            return Arc::new(of.as_ref().clone().with_metadata(metadata));
        }
        _ => return Arc::clone(of),
    };
    Arc::new(of.as_ref().clone().with_data_type(data_type))
}
