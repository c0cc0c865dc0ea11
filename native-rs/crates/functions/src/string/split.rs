//! `String.split` as a list of the parts and their places: what a table is unrolled by.
use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, Int64Builder, ListArray, StringBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::arguments::Arguments;
use crate::function::run;

/// The fields of an element.
pub const PART: &str = "part";
pub const PLACE: &str = "place";

/// The parts of a text between the separators (a text of at least one character), at most `limit` of them. Null throws.
pub fn split(text: Expr, separator: &str, limit: Option<u64>) -> Expr {
    let split = Split { separator: separator.to_owned(), limit, signature: Signature::any(1, Volatility::Immutable) };
    Expr::ScalarFunction(ScalarFunction::new_udf(ScalarUDF::from(split).into(), vec![text]))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Split {
    separator: String,
    limit: Option<u64>,
    signature: Signature,
}

fn fields() -> Fields {
    Fields::from(vec![Field::new(PART, DataType::Utf8, true), Field::new(PLACE, DataType::Int64, true)])
}

fn element() -> Field {
    Field::new_list_field(DataType::Struct(fields()), true)
}

impl ScalarUDFImpl for Split {
    fn name(&self) -> &str {
        "split"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(element())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| self.lists(arguments), &args)
    }
}

impl Split {
    fn lists(&self, a: &Arguments) -> Result<ArrayRef> {
        let texts = a.string(0)?;
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        let (mut parts, mut places, mut lengths) = (StringBuilder::new(), Int64Builder::new(), Vec::with_capacity(a.rows));
        for row in 0..a.rows {
            let before = parts.len();
            for (place, part) in texts.receiver(row, "split")?.split(&self.separator).take(limit).enumerate() {
                parts.append_value(part);
                places.append_value(place as i64);
            }
            lengths.push(parts.len() - before);
        }
        let (parts, places): (ArrayRef, ArrayRef) = (Arc::new(parts.finish()), Arc::new(places.finish()));
        let elements = StructArray::new(fields(), vec![parts, places], None);
        Ok(Arc::new(ListArray::new(Arc::new(element()), OffsetBuffer::from_lengths(lengths), Arc::new(elements), None)))
    }
}
