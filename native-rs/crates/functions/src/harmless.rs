//! Which calls of a finished plan throw for no row.
use arrow::datatypes::Schema;
use datafusion::physical_expr::ScalarFunctionExpr;

use crate::function::{Call, Throws};

/// Whether the call itself, whatever its arguments do, throws for no row of the schema. As in [`crate::can_throw`], a conversion
/// that finds an integer past ±2^53 does not count.
pub fn never_throws(call: &ScalarFunctionExpr, schema: &Schema) -> bool {
    match call.fun().inner().downcast_ref::<Call>() {
        Some(known) => match known.function.throws {
            Throws::Never => true,
            Throws::NullReceiver => call.args().first().is_some_and(|receiver| receiver.nullable(schema).is_ok_and(|nullable| !nullable)),
            Throws::Always => false,
        },
        None => matches!(
            call.fun().name(),
            "within" | "earlier" | "earlier or same" | "later" | "later or same" | "view.number" | "view.date" | "all" | "choose" | "key" | "join_key"
        ),
    }
}
