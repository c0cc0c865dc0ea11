//! The catalogue: every function by its JavaScript name, one file a family.
use std::collections::HashMap;
use std::sync::LazyLock;

use datafusion::common::Result;
use lockstep_plan::JsType;

use crate::error::not_supported;
use crate::function::Function;
use crate::{arithmetic, bins, bits, comparison, convert, date, list, logic, math, string};

fn families() -> impl Iterator<Item = &'static Function> {
    [
        arithmetic::FUNCTIONS,
        bits::FUNCTIONS,
        logic::FUNCTIONS,
        math::FUNCTIONS,
        bins::FUNCTIONS,
        convert::FUNCTIONS,
        string::concat::FUNCTIONS,
        string::index::FUNCTIONS,
        string::search::FUNCTIONS,
        string::shape::FUNCTIONS,
        string::replace::FUNCTIONS,
        date::construct::FUNCTIONS,
        date::format::FUNCTIONS,
        list::FUNCTIONS,
    ]
    .into_iter()
    .chain(list::FAMILIES)
    .chain(comparison::FAMILIES)
    .chain(date::getters::FAMILIES)
    .flatten()
}

static BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static Function>>> = LazyLock::new(|| {
    let mut table: HashMap<&'static str, Vec<&'static Function>> = HashMap::new();
    for function in families() {
        table.entry(function.name).or_default().push(function);
    }
    table
});

/// The overload of `name` for these argument types: the first that takes them as they are, else the first
/// of the result's type, whose arguments JavaScript would convert.
pub(crate) fn resolve(name: &str, arguments: &[JsType], result: JsType) -> Result<&'static Function> {
    let Some(overloads) = BY_NAME.get(name) else {
        return not_supported(format!("no native function {name}"));
    };
    let fits = |function: &&&Function| function.takes(arguments.len());
    let exact = |function: &&&Function| {
        arguments.iter().enumerate().all(|(index, &js)| function.parameter(index).is_some_and(|kind| kind.accepts(js)))
    };
    let found = overloads
        .iter()
        .filter(fits)
        .find(|function| exact(function) && function.result == result)
        .or_else(|| overloads.iter().filter(fits).find(|function| function.result == result));
    match found {
        Some(function) => Ok(function),
        None => not_supported(format!(
            "{name} with {} arguments and a result of type {result:?}; known: {}",
            arguments.len(),
            overloads.iter().map(|function| function.signature()).collect::<Vec<_>>().join(" | ")
        )),
    }
}

/// Every function with its overloads' signatures, sorted by name.
pub fn catalogue() -> Vec<(&'static str, String)> {
    let mut list: Vec<_> = BY_NAME
        .iter()
        .map(|(name, overloads)| {
            (*name, overloads.iter().map(|function| function.signature()).collect::<Vec<_>>().join(" | "))
        })
        .collect();
    list.sort();
    list
}
