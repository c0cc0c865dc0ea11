//! The columns that a server has, held against what a program says of them.
use std::collections::BTreeMap;

use arrow::datatypes::Schema;
use lockstep_plan::JsType;
use serde_json::json;

use crate::{
    dataset::js_type,
    declared::{is_whole, js_name},
    errors::{ConnectorError, Result},
    names::{did_you_mean, near_misses},
    print_type,
};

/// LS2015 for two columns of one name.
pub fn check_names(source: &str, schema: &Schema) -> Result<()> {
    for (index, field) in schema.fields().iter().enumerate() {
        if schema.fields()[..index].iter().any(|other| other.name() == field.name()) {
            let message = format!("{source} has two columns \"{}\"; name them apart with AS", field.name());
            return Err(ConnectorError::new("LS2015", message, json!({ "source": source, "column": field.name() })));
        }
    }
    Ok(())
}

/// LS2002 where `types` says what a column cannot be.
pub fn check_types(types: &BTreeMap<String, JsType>, source: &str, schema: &Schema) -> Result<()> {
    for (name, said) in types {
        let detail = json!({ "source": source, "column": name });
        let Ok(field) = schema.field_with_name(name) else {
            let fix = did_you_mean(&near_misses(name, schema.fields().iter().map(|field| field.name().as_str()))).unwrap_or_else(|| "name one of its columns".to_owned());
            return Err(ConnectorError::new("LS2002", format!("types: {source} has no column \"{name}\"; {fix}"), detail));
        };
        let found = field.data_type();
        if !(js_type(found) == Some(*said) || *said == JsType::Bigint && is_whole(found)) {
            let message = format!("types: column {name} of {source} is {}, which cannot be seen as {}", print_type(found), js_name(*said).to_lowercase());
            return Err(ConnectorError::new("LS2002", message, detail));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn whole_numbers_may_be_seen_as_bigints() {
        let schema = Schema::new(vec![Field::new("id", DataType::Decimal128(38, 0), true), Field::new("price", DataType::Decimal128(12, 2), true)]);
        let said = |name: &str| check_types(&BTreeMap::from([(name.to_owned(), JsType::Bigint)]), "a query", &schema).map_err(|error| error.code);
        assert_eq!([said("id"), said("price")], [Ok(()), Err("LS2002")]);
    }
}
