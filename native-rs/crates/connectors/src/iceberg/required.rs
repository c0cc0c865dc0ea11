//! Nulls in lists and structs of written rows, where the table has none: of other columns the files' statistics say it.
use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    buffer::{BooleanBuffer, NullBuffer},
};
use lockstep_plan::WrittenColumn;
use serde_json::json;

use crate::errors::{ConnectorError, Result};

/// LS2003
pub fn check(table: &str, columns: &[WrittenColumn], batch: &RecordBatch) -> Result<()> {
    let nested = columns.iter().zip(batch.columns()).filter(|(column, _)| !column.parts.is_empty() && requires(column));
    for (column, values) in nested {
        if let Some(path) = missing(column, &column.name, values, None) {
            let message = format!("{table}: the column \"{path}\" is required, and a row has null there");
            return Err(ConnectorError::new("LS2003", message, json!({ "column": path })).with_fix("Filter these rows out, or give them a value."));
        }
    }
    Ok(())
}

fn requires(column: &WrittenColumn) -> bool {
    column.required || column.parts.iter().any(requires)
}

/// The part that lacks a value; `there`: which of the places are, of those that a struct has which is null none.
fn missing(column: &WrittenColumn, path: &str, values: &ArrayRef, there: Option<&NullBuffer>) -> Option<String> {
    if !requires(column) {
        return None;
    }
    let nulls = values.logical_nulls();
    let asked = there.map_or(values.len(), |there| there.len() - there.null_count());
    let all = NullBuffer::union(nulls.as_ref(), there);
    let held = all.as_ref().map_or(values.len(), |all| all.len() - all.null_count());
    if column.required && held < asked {
        return Some(path.to_owned());
    }
    let inside = |part: &WrittenColumn| format!("{path}.{}", part.name);
    if let (Some(list), [part]) = (values.as_list_opt::<i32>(), &column.parts[..]) {
        let mut places = vec![false; list.values().len()];
        let rows = list.offsets().windows(2).enumerate().filter(|(row, _)| all.as_ref().is_none_or(|all| all.is_valid(*row)));
        rows.for_each(|(_, range)| places[range[0] as usize..range[1] as usize].fill(true));
        return missing(part, &inside(part), list.values(), Some(&NullBuffer::new(BooleanBuffer::from(places))));
    }
    let members = values.as_struct_opt()?;
    column.parts.iter().zip(members.columns()).find_map(|(part, values)| missing(part, &inside(part), values, all.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{Int64Array, ListArray, StructArray},
        buffer::OffsetBuffer,
        datatypes::{DataType, Field, Fields},
    };

    use super::*;

    fn column(name: &str, data_type: &str, required: bool, parts: Vec<WrittenColumn>) -> WrittenColumn {
        WrittenColumn { name: name.into(), id: 1, data_type: data_type.into(), required, parts }
    }

    /// `stops: list<struct<n>>` of three rows, the second null over two elements that are of no row.
    fn stops(n: [Option<i64>; 4], there: [bool; 4], rows: [bool; 3]) -> RecordBatch {
        let fields = Fields::from(vec![Field::new("n", DataType::Int64, true)]);
        let structs = StructArray::new(fields, vec![Arc::new(Int64Array::from(n.to_vec()))], Some(NullBuffer::from(there.to_vec())));
        let item = Arc::new(Field::new("element", structs.data_type().clone(), true));
        let lists = ListArray::new(item, OffsetBuffer::new(vec![0, 1, 3, 4].into()), Arc::new(structs), Some(NullBuffer::from(rows.to_vec())));
        RecordBatch::try_from_iter([("stops", Arc::new(lists) as ArrayRef)]).unwrap()
    }

    #[test]
    fn nulls_are_seen_where_there_is_something_around_them() {
        let asked = |list: bool, element: bool, n: bool, batch: &RecordBatch| {
            let part = column("element", "struct", element, vec![column("n", "int64", n, vec![])]);
            check("t", &[column("stops", "list", list, vec![part])], batch).err().map(|error| (error.code, error.message.split('"').nth(1).unwrap().to_owned()))
        };
        let whole = stops([Some(1), None, None, Some(4)], [true, false, true, true], [true, false, true]);
        let says = |path: &str| Some(("LS2003", path.to_owned()));
        // What is below a list that is null is of no row.
        assert_eq!(asked(false, true, true, &whole), None);
        assert_eq!(asked(true, false, false, &whole), says("stops"));
        let element = stops([Some(1), Some(2), Some(3), Some(4)], [true, true, false, true], [true; 3]);
        assert_eq!(asked(true, true, true, &element), says("stops.element"));
        // A struct that is null has no members.
        assert_eq!(asked(true, false, true, &element), None);
        let member = stops([Some(1), None, Some(3), Some(4)], [true; 4], [true; 3]);
        assert_eq!(asked(true, true, true, &member), says("stops.element.n"));
        assert_eq!(asked(true, true, false, &member), None);
    }
}
