//! A file's column of lists or structs as the table has it: members are found by their ids, whatever the file calls them and
//! wherever they stand.
//!
//! ```text
//! file     loc: struct<5: x int32, 6: y int32, 9: old>     Struct([Some((1, Value)), Some((0, Value)), None])
//! table    loc: struct<6: y int32, 5: x int64, 7: note>    y ◄ 1        x ◄ 0, cast   note ◄ null
//! ```
use std::{slice, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray},
    datatypes::{DataType, Field, TimeUnit},
};
use parquet::{
    basic::Repetition,
    schema::types::{Type, TypePtr},
};
use serde::{Deserialize, Serialize};

use super::request::IcebergColumn;
use crate::{
    arrow_types::print_type,
    dataset::is_string,
    errors::{ConnectorError, Result},
    files::{Origin, list_of, member_of, object_of, widened},
};

/// How values of a file become the table's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fit {
    /// They are the table's, or of a type that was promoted to it.
    Value,
    List(Box<Fit>),
    /// Which member of the file's each of the table's is; None: the file has none, and the table has null there.
    Struct(Vec<Option<(usize, Fit)>>),
}

impl Fit {
    /// Of the file's column `node`, which is read as `from`. Err: what no value of the file can be.
    pub fn of(node: &TypePtr, from: &DataType, column: &IcebergColumn, to: &DataType, by: By, path: &str) -> std::result::Result<Self, String> {
        use DataType as T;
        let inside = |node: &TypePtr, from: &DataType, part: &IcebergColumn, to: &DataType| Self::of(node, from, part, to, by, &format!("{path}.{}", part.name));
        match (from, to, &column.parts[..]) {
            (T::List(held) | T::LargeList(held) | T::FixedSizeList(held, _), T::List(item), [part]) => {
                Ok(Self::List(Box::new(inside(&elements(node), held.data_type(), part, item.data_type())?)))
            }
            (T::Struct(held), T::Struct(members), parts) => {
                let nodes = node.get_fields();
                let member = |(part, member): (&IcebergColumn, &Arc<Field>)| {
                    let Some(index) = by.find(nodes, part) else { return Ok(None) };
                    let from = held.get(index).map_or(&T::Null, |field| field.data_type());
                    Ok(Some((index, inside(&nodes[index], from, part, member.data_type())?)))
                };
                parts.iter().zip(members).map(member).collect::<std::result::Result<_, _>>().map(Self::Struct)
            }
            _ if promotes(from, to) => Ok(Self::Value),
            _ => Err(format!("column {path} is {}, the table says {}", print_type(from), print_type(to))),
        }
    }

    /// Values as `wanted`.
    pub fn apply(&self, column: &ArrayRef, wanted: &DataType, origin: Origin<'_>) -> Result<ArrayRef> {
        match (self, wanted) {
            (Self::List(fit), DataType::List(item)) => list_of(column, item, origin, |elements| fit.apply(elements, item.data_type(), origin)),
            (Self::Struct(members), DataType::Struct(fields)) => {
                let no_struct = || ConnectorError::corrupt(origin.file, format!("column {}: {} is no struct", origin.column, column.data_type()));
                let held = column.as_struct_opt().ok_or_else(no_struct)?;
                object_of(held, fields, origin, |at, field| {
                    let member = members.get(at).and_then(Option::as_ref);
                    member.map(|(index, fit)| fit.apply(&member_of(held, *index, origin)?, field.data_type(), origin)).transpose()
                })
            }
            _ => widened(column, wanted, origin),
        }
    }
}

/// What a file's columns are found by: ids, or, where it has none, the table's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Ids,
    Names,
}

impl By {
    /// Where the column is among a file's.
    pub fn find(self, nodes: &[TypePtr], column: &IcebergColumn) -> Option<usize> {
        let names = column.names.as_deref().unwrap_or_default();
        nodes.iter().position(|node| match self {
            Self::Ids => id_of(node) == Some(column.id),
            Self::Names => names.iter().any(|name| name == node.name()),
        })
    }
}

/// The id that the writer gave a column.
pub fn id_of(node: &Type) -> Option<i32> {
    let info = node.get_basic_info();
    info.has_id().then(|| info.id())
}

/// What the elements of a list are: what is in its repeated group, or of older writers' repeated value itself (LogicalTypes.md,
/// "Backward-compatibility rules", as arrow-rs reads them).
fn elements(list: &TypePtr) -> TypePtr {
    let repeated = match is_repeated(list) {
        true => slice::from_ref(list),
        false => list.get_fields(),
    };
    let [repeated] = repeated else { return Arc::clone(list) };
    if repeated.is_primitive() || is_repeated(list) {
        return Arc::clone(repeated);
    }
    let is_element = repeated.name() == "array" || repeated.name() == format!("{}_tuple", list.name());
    match repeated.get_fields() {
        [element] if is_repeated(element) || !is_element => Arc::clone(element),
        _ => Arc::clone(repeated),
    }
}

fn is_repeated(node: &Type) -> bool {
    let info = node.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

/// Whether values of a file's type are values of the table's: the same, or one of Iceberg's promotions.
fn promotes(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        // Nobody looks at it.
        (_, T::Union(..)) => true,
        (T::Int32, T::Int64) | (T::Float32, T::Float64) | (T::Date32, T::Timestamp(TimeUnit::Microsecond, None)) => true,
        (T::Decimal128(few, scale), T::Decimal128(many, same)) => few <= many && scale == same,
        (T::Timestamp(unit, zone), T::Timestamp(same, other)) => unit == same && zone.is_some() == other.is_some(),
        (T::Dictionary(_, values), _) => promotes(values, to),
        (T::Binary | T::LargeBinary | T::BinaryView, T::Binary) => true,
        _ => from == to || is_string(from) && is_string(to),
    }
}
