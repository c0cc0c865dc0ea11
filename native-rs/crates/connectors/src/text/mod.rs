//! What formats of lines share: values by the rules of ARCHITECTURE.md, "Semantics", arrays of them, errors by line.
mod builder;
mod errors;
mod foreign;
mod part;
mod print;
mod source;
mod values;

pub use builder::Builder;
pub use errors::{Wrong, bad_line, bad_value};
pub use foreign::foreign;
pub use part::TextPart;
pub use print::Printed;
pub use source::Source;
pub use values::Candidates;

use arrow::datatypes::{DataType, TimeUnit};
use lockstep_plan::JsType;

/// What a column of values is stored as.
pub fn arrow_type(js: JsType) -> DataType {
    match js {
        JsType::Number => DataType::Float64,
        JsType::String => DataType::Utf8,
        JsType::Boolean => DataType::Boolean,
        JsType::Bigint => DataType::Int64,
        JsType::Date => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    }
}
