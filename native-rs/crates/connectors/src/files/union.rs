//! The columns of files that may have others than the first: by name, in the order in which files bring them.
use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{Field, Fields, Schema, SchemaRef};
use lockstep_plan::ColumnType;

use super::common::common_type;
use crate::{
    declared::{self, Differing},
    errors::Result,
};

/// What all files that were told of have.
#[derive(Default)]
pub struct Union {
    files: Vec<String>,
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    /// What the last file had: most files have what others have.
    last: Fields,
}

struct Column {
    field: Field,
    /// The file that brought it, and its field there.
    first: usize,
    brought: Arc<Field>,
    /// The first file that lacks it.
    lacking: Option<usize>,
}

impl Union {
    /// One file more. LS2002 where it has a column that is `required` and of which JavaScript sees another thing than in a file before.
    pub fn add(&mut self, path: &str, own: &Schema, required: impl Fn(&str) -> bool) -> Result<()> {
        let number = self.files.len();
        self.files.push(path.to_owned());
        if number > 0 && *own.fields() == self.last {
            return Ok(());
        }
        self.last = own.fields().clone();
        let mut present = vec![false; self.columns.len()];
        let mut differing: Vec<usize> = Vec::new();
        for field in own.fields() {
            let Some(&place) = self.places.get(field.name()) else {
                self.places.insert(field.name().clone(), self.columns.len());
                let lacking = (number > 0).then_some(0);
                self.columns.push(Column { field: field.as_ref().clone(), first: number, brought: Arc::clone(field), lacking });
                continue;
            };
            present[place] = true;
            let column = &mut self.columns[place];
            match common_type(column.field.data_type(), field.data_type()) {
                Some(common) => {
                    let nullable = column.field.is_nullable() || field.is_nullable() || field.data_type().is_null();
                    column.field = Field::new(field.name(), common, nullable);
                }
                None if required(field.name()) => differing.push(place),
                None => {}
            }
        }
        if let Some(place) = differing.first() {
            // One file at a time is what there is to compare with.
            let first = self.columns[*place].first;
            let of = |column: &'_ Column| own.column_with_name(column.field.name()).map(|(_, found)| found);
            let those = differing.iter().map(|place| &self.columns[*place]).filter(|column| column.first == first);
            let those: Vec<_> = those.filter_map(|column| Some(Differing { found: of(column)?, first: &column.brought })).collect();
            return Err(declared::differ(&self.files[first], path, &those));
        }
        for (column, _) in self.columns.iter_mut().zip(present).filter(|(_, present)| !present) {
            column.lacking.get_or_insert(number);
        }
        Ok(())
    }

    /// The columns of all files; one that a file lacks may be null.
    pub fn schema(&self) -> SchemaRef {
        let field = |column: &Column| {
            let nullable = column.field.is_nullable() || column.lacking.is_some();
            column.field.clone().with_nullable(nullable)
        };
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    /// LS2002 where the interface says of columns that they are never null, and a file lacks them.
    pub fn check_lacking(&self, declared: &[ColumnType]) -> Result<()> {
        let lacking = |column: &&ColumnType| self.places.get(&column.name).and_then(|place| self.columns[*place].lacking);
        let never = || declared.iter().filter(|column| !column.nullable);
        let Some(file) = never().filter_map(|column| lacking(&column)).min() else { return Ok(()) };
        let those: Vec<&ColumnType> = never().filter(|column| lacking(column) == Some(file)).collect();
        Err(declared::lacks(&self.files[file], &those))
    }
}
