//! JavaScript's semantics as DataFusion expressions, kernels and aggregates.
//!
//! Values: number float64, string utf8 (well-formed), boolean, bigint int64, date timestamp(ms, UTC). Null in
//! arithmetic is 0, as in JavaScript; a null receiver throws; comparisons are never null. What throws in
//! JavaScript is a [`RowError`] with V8's message.
mod aggregates;
mod arguments;
mod arithmetic;
mod bins;
mod bits;
mod choose;
mod comparison;
mod conjunction;
mod convert;
mod date;
mod error;
mod exact;
pub mod exact_sum;
mod function;
mod harmless;
mod keys;
pub mod kinds;
mod let_in;
mod list;
mod locate;
mod logic;
mod lower;
mod math;
mod membership;
mod never_null;
mod numeral;
mod object;
mod predicate;
mod pruning;
mod registry;
mod script;
mod size;
mod stored;
mod string;
mod text;
mod tree;
mod unroll;
mod view;

pub use aggregates::{aggregate, by_order, extremes, of_pairs, quantile, valid, valid_number};
pub use error::RowError;
pub use harmless::never_throws;
pub use exact::{exact_cast, integer_as_float};
pub use keys::{canonical_key, join_key, sort_key};
pub use list::{as_list, visible};
pub use locate::first_failure;
pub use lower::{can_throw, lower, lower_predicate, untouched};
pub use pruning::pruning_predicate;
pub use registry::catalogue;
pub use script::{Rows, ScriptHost};
pub use size::bytes_of_rows;
pub use text::compare_utf16;
pub use unroll::{PLACE, element_of, side_by_side};
pub use view::{DIGITS, arrow_type, under, view};
