//! Lists side by side, as one list of their elements and places: what a table is unrolled by.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, ListArray, StructArray, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::arguments::Arguments;
use crate::function::run;
use crate::list::{as_list, visible};

/// The field of an element's place, from 0.
pub const PLACE: &str = "place";

/// The field of the elements of list `index`.
pub fn element_of(index: usize) -> String {
    format!("element {index}")
}

/// As many elements as the longest of the lists has, at most `limit`; shorter ones are filled up with null. A list that is null has none.
pub fn side_by_side(lists: Vec<Expr>, limit: Option<u64>) -> Expr {
    let unroll = SideBySide { limit, signature: Signature::any(lists.len(), Volatility::Immutable) };
    Expr::ScalarFunction(ScalarFunction::new_udf(ScalarUDF::from(unroll).into(), lists))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SideBySide {
    limit: Option<u64>,
    signature: Signature,
}

fn fields(lists: &[DataType]) -> Result<Fields> {
    let field = |(index, list): (usize, &DataType)| match list {
        DataType::List(item) | DataType::Map(item, _) => Ok(Field::new(element_of(index), item.data_type().clone(), true)),
        other => internal_err!("a column of type {other} is unrolled"),
    };
    let elements = lists.iter().enumerate().map(field).collect::<Result<Vec<_>>>()?;
    Ok(elements.into_iter().chain([Field::new(PLACE, DataType::Int64, true)]).collect())
}

impl ScalarUDFImpl for SideBySide {
    fn name(&self) -> &str {
        "side_by_side"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, lists: &[DataType]) -> Result<DataType> {
        Ok(DataType::new_list(DataType::Struct(fields(lists)?), true))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| self.lists(arguments), &args)
    }
}

impl SideBySide {
    fn lists(&self, a: &Arguments) -> Result<ArrayRef> {
        let lists = (0..a.len()).map(|index| visible(&as_list(&a.array(index)?)?)).collect::<Result<Vec<_>>>()?;
        let types: Vec<DataType> = lists.iter().map(|list| list.data_type().clone()).collect();
        let limit = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let length = |row: usize| lists.iter().map(|list| list.value_length(row) as usize).max().unwrap_or(0).min(limit);
        let offsets = OffsetBuffer::from_lengths((0..a.rows).map(length));
        let elements = |list: &ListArray| -> Result<ArrayRef> {
            if *list.offsets() == offsets {
                return Ok(Arc::clone(list.values()));
            }
            let places = (0..a.rows).flat_map(|row| {
                let (first, own) = (list.value_offsets()[row] as usize, list.value_length(row) as usize);
                (0..length(row)).map(move |place| (place < own).then_some((first + place) as u64))
            });
            Ok(take(list.values(), &places.collect::<UInt64Array>(), None)?)
        };
        let mut columns = lists.iter().map(elements).collect::<Result<Vec<_>>>()?;
        columns.push(Arc::new((0..a.rows).flat_map(|row| 0..length(row) as i64).collect::<Int64Array>()));
        let fields = fields(&types)?;
        let item = Arc::new(Field::new_list_field(DataType::Struct(fields.clone()), true));
        Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(StructArray::try_new(fields, columns, None)?), None)?))
    }
}
