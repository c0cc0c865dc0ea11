//! What formats of lines share: values by the rules of ARCHITECTURE.md, "Semantics", arrays of them, errors by line.
mod bad;
mod builder;
mod errors;
mod foreign;
mod part;
mod print;
mod source;
mod unpack;
mod utf8;
mod values;

pub use bad::{BadRows, LeftOut, Tolerance};
pub use builder::Builder;
pub use errors::{NOT_UTF8, Wrong, as_key, bad_line, bad_value, not_utf8};
pub use foreign::foreign;
pub use part::{Compression, TextPart};
pub use print::Printed;
pub use source::Source;
pub use unpack::{Unpacked, unpacked, unpacked_of};
pub use utf8::Utf8;
pub use values::Candidates;

use std::ops::Range;

use arrow::datatypes::{DataType, Field, TimeUnit};
use lockstep_plan::JsType;

use crate::{chunks::Chunk, dataset::Dataset};

/// Bytes of a group of lines, about: small enough to balance, large enough for full batches.
pub const GROUP_BYTES: u64 = 1 << 20;
/// Bytes that the search for groups reads at a time.
pub const WINDOW: usize = 1 << 20;
/// Bytes of a line at most: V8's longest string.
pub const LONGEST_LINE: u64 = 1 << 29;

/// Where the lines of a chunk's group stand in its file.
pub fn needs(dataset: &Dataset, chunk: &Chunk) -> Vec<Range<u64>> {
    let file = &dataset.files[chunk.file];
    // What stands before it has to be decompressed, too.
    if file.unpacked.is_some() {
        return vec![0..file.size];
    }
    let lines = file.groups[chunk.group].lines.unwrap_or_default();
    vec![lines.offset..lines.offset.saturating_add(lines.bytes)]
}

/// What a column of values is stored as.
pub fn arrow_type(js: JsType) -> DataType {
    match (js, js.element()) {
        (_, Some(element)) => DataType::new_list(arrow_type(element), true),
        (JsType::Object(members), _) => {
            DataType::Struct(members.iter().map(|member| Field::new(&member.name, arrow_type(member.js), true)).collect())
        }
        (JsType::Number, _) => DataType::Float64,
        (JsType::Boolean, _) => DataType::Boolean,
        (JsType::Bigint, _) => DataType::Int64,
        (JsType::Date, _) => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        _ => DataType::Utf8,
    }
}
