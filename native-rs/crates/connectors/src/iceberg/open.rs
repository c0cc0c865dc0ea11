//! Opening: the footers of the snapshot's files, their columns matched with the table's by ids.
use std::{ops::Range, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UnionFields, UnionMode};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::{
    fit::{By, Fit, id_of},
    request::{IcebergColumn, IcebergFile, IcebergRequest},
};
use crate::{
    arrow_types::parse_type,
    dataset::{DataFile, Dataset, Format, Held},
    declared,
    described::Described,
    errors::{ConnectorError, Result},
    parquet::{describe, each_footer, guarded},
    paths::Found,
    store::Version,
};

/// Reads the footers of all files. LS2002 schema, LS2005 damaged file, LS2015 what no rule says how to read.
pub fn open_iceberg(request: &IcebergRequest) -> Result<Dataset> {
    request.dataset(vec![request.describe(0..request.files.len())?])
}

impl IcebergRequest {
    /// Reads the footers of some of the files. As [`open_iceberg`].
    pub fn describe(&self, files: Range<usize>) -> Result<Described> {
        let schema = schema(self)?;
        let found: Vec<Found> = self.files[files.clone()].iter().map(found).collect();
        let wanted = |name: &str| self.declared.is_empty() || self.declared.iter().any(|column| column.name == name);
        let mut described = Described::default();
        each_footer(&found, &self.store, |index, blob, footer, raw| {
            let number = files.start + index;
            let file = &self.files[number];
            let held = self.columns.iter().zip(schema.fields()).map(|(column, field)| held(column, field.data_type(), file, &footer));
            let held = held.collect::<Result<Vec<_>>>()?;
            let of_file = guarded(&file.path, "the footer", || describe(&found[index], &footer, blob.size(), &schema, &held, wanted))?;
            described.files.push(DataFile { held: Some(held), deletes: file.deletes.clone(), ..of_file });
            described.footers.insert(number, footer, raw);
            Ok(())
        })?;
        Ok(described)
    }

    /// The table, by what is said of all its files. LS2002
    pub fn dataset(&self, parts: Vec<Described>) -> Result<Dataset> {
        let ids = self.columns.iter().map(|column| column.id).collect();
        let units = self.files.iter().filter_map(|file| file.unit).collect();
        let Described { files, footers } = Described::joined(parts);
        Ok(Dataset { ids, units, deletes: self.deletes.clone(), footers, ..Dataset::new(Format::Parquet, files, schema(self)?, self.store.clone()) })
    }
}

/// The table's columns, as the interface wants them. LS2002
pub fn schema(request: &IcebergRequest) -> Result<SchemaRef> {
    let fields: Vec<Field> = request.columns.iter().map(|column| Field::new(&column.name, arrow_type(column), column.nullable)).collect();
    declared::check(&request.table, "the table has", &Arc::new(Schema::new(fields)), &request.declared, |_, _| false)
}

/// Of what no program can look at, a type that prints as the table's.
fn arrow_type(column: &IcebergColumn) -> DataType {
    let opaque = || {
        let field = Arc::new(Field::new(&column.data_type, DataType::Null, true));
        DataType::Union(UnionFields::from_fields(vec![field]), UnionMode::Sparse)
    };
    match &column.parts[..] {
        [] => parse_type(&column.data_type).unwrap_or_else(|_| opaque()),
        [element] if column.data_type == "list" => DataType::new_list(arrow_type(element), true),
        members => DataType::Struct(members.iter().map(|member| Field::new(&member.name, arrow_type(member), true)).collect()),
    }
}

fn found(file: &IcebergFile) -> Found {
    Found { path: file.path.clone(), size: file.size, version: Version::Once, query: None, folders: Vec::new() }
}

/// Where `file` has the column.
fn held(column: &IcebergColumn, data_type: &DataType, file: &IcebergFile, footer: &ArrowReaderMetadata) -> Result<Held> {
    let roots = footer.parquet_schema().root_schema().get_fields();
    let by = if !roots.is_empty() && roots.iter().all(|root| id_of(root).is_none()) { By::Names } else { By::Ids };
    if by == By::Names && column.names.is_none() {
        let message = format!("{}: its columns have no ids, and the table has no name mapping (schema.name-mapping.default) that says which they are", file.path);
        return Err(ConnectorError::unsupported(message, serde_json::json!({ "file": file.path })));
    }
    let Some(root) = by.find(roots, column) else {
        let Some(constant) = file.constants.get(&column.id).and_then(Option::as_ref) else { return Ok(Held::Constant(None)) };
        let value = constant.bound().filter(|bound| bound.to_scalar(data_type).is_some()).ok_or_else(|| {
            let message = format!("{} lacks the column \"{}\" ({}), of which its partition has a value that is not supported yet", file.path, column.name, column.data_type);
            ConnectorError::unsupported(message, serde_json::json!({ "file": file.path, "column": column.name }))
        });
        return Ok(Held::Constant(Some(value?)));
    };
    let fit = Fit::of(&roots[root], footer.schema().field(root).data_type(), column, data_type, by, &column.name);
    fit.map(|fit| Held::Column(root, fit)).map_err(|what| ConnectorError::corrupt(&file.path, what))
}

/// The id that the writer gave the top-level column `root`.
pub fn field_id(footer: &ArrowReaderMetadata, root: usize) -> Option<i32> {
    id_of(&footer.parquet_schema().root_schema().get_fields()[root])
}
