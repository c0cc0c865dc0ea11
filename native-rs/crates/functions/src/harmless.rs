//! Which calls of a finished plan throw for no row.
use arrow::datatypes::Schema;
use datafusion::physical_expr::ScalarFunctionExpr;

use crate::function::{Call, Throws};
use crate::never_null::NAME as NEVER_NULL;
use crate::object::{MEMBER, OF};

/// Whether the call itself, whatever its arguments do, throws for no row of the schema. As in [`crate::can_throw`], a conversion
/// that finds a number of too many digits does not count.
pub fn never_throws(call: &ScalarFunctionExpr, schema: &Schema) -> bool {
    let receiver_is_there = || call.args().first().is_some_and(|receiver| receiver.nullable(schema).is_ok_and(|nullable| !nullable));
    match call.fun().inner().downcast_ref::<Call>() {
        Some(known) => match known.function.throws {
            Throws::Never => true,
            Throws::NullReceiver => receiver_is_there(),
            Throws::Always => false,
        },
        None if call.fun().name() == MEMBER => receiver_is_there(),
        None => is_plain(call.fun().name()) || matches!(call.fun().name(), "all" | "choose" | "key" | "join_key" | OF | NEVER_NULL),
    }
}

/// Functions of our own that compare or convert what is stored, a number or a date a row.
pub(crate) fn is_plain(name: &str) -> bool {
    matches!(name, "within" | "earlier" | "earlier or same" | "later" | "later or same" | "view.number" | "view.date")
}
