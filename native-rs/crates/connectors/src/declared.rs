//! The program's interface against what the files have: one error, column by column, before any data is read.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lockstep_plan::{ColumnType, JsType};
use serde_json::{Value, json};

use crate::{
    arrow_types::print_type,
    dataset::js_type,
    errors::{ConnectorError, Result},
    names::{did_you_mean, near_misses},
    text::as_key,
};

const MISSING: &str = "(missing)";

/// One line of the LS2002 table.
struct Difference {
    column: String,
    file: String,
    interface: String,
    fix: String,
}

/// Checks every declared column; the schema comes back with the interface's promises about nulls. `held`: "the file has".
/// `sayable`: where it has the first (none: what JavaScript cannot look at), the reader's `types` can say the second.
pub fn check(source: &str, held: &str, schema: &SchemaRef, declared: &[ColumnType], sayable: fn(Option<JsType>, JsType) -> bool) -> Result<SchemaRef> {
    let differences: Vec<Difference> = declared.iter().filter_map(|column| difference(schema, column, sayable)).collect();
    if !differences.is_empty() {
        return Err(error(source, held, "the interface", "the interface says", &differences));
    }
    let promise = |field: &Arc<Field>| match declared.iter().find(|column| column.name == *field.name()) {
        Some(column) if !column.nullable => field.as_ref().clone().with_nullable(false),
        _ => field.as_ref().clone(),
    };
    Ok(Arc::new(Schema::new(schema.fields().iter().map(promise).collect::<Vec<_>>())))
}

fn difference(schema: &Schema, column: &ColumnType, sayable: fn(Option<JsType>, JsType) -> bool) -> Option<Difference> {
    let js = js_name(column.js);
    let Some((_, field)) = schema.column_with_name(&column.name) else {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let fix = did_you_mean(&near_misses(&column.name, names)).unwrap_or_else(|| "remove it".to_owned());
        return Some(Difference { column: column.name.clone(), file: MISSING.into(), interface: js, fix });
    };
    let held = field.data_type();
    let fits = match column.js {
        JsType::Bigint => is_whole(held),
        JsType::Bigints => matches!(held, DataType::List(item) if item.data_type().is_integer()),
        other => js_type(held).is_some_and(|found| found.is_like(other)),
    };
    let write = match js_type(held) {
        Some(found) if sayable(Some(found), column.js) => format!("{name}: {}, or types: {{ {name}: \"{}\" }}", js_name(found), js.to_lowercase(), name = column.name),
        Some(found) => format!("{}: {}", column.name, js_name(found)),
        None if sayable(None, JsType::String) => format!("{name}: string, and types: {{ {name}: \"string\" }}", name = column.name),
        None => "no JavaScript type fits: leave it out of the interface".to_owned(),
    };
    (!fits).then(|| Difference { column: column.name.clone(), file: print_type(held), interface: js, fix: write })
}

/// Whether a program may see its values as bigints.
pub fn is_whole(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0))
}

/// LS2002 where the columns of a file are not those of the first.
pub fn check_same(first: &str, schema: &Schema, other: &str, found: &Schema) -> Result<()> {
    let here = |schema: &Schema, name: &str| {
        schema.field_with_name(name).map_or_else(|_| MISSING.to_owned(), |field| print_type(field.data_type()))
    };
    let mut names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    names.extend(found.fields().iter().map(|field| field.name()).filter(|name| schema.index_of(name).is_err()));
    let differ = |name: &&String| here(schema, name) != here(found, name);
    let differences: Vec<Difference> = names.into_iter().filter(differ).map(|name| of_files(name, here(found, name), here(schema, name))).collect();
    if differences.is_empty() { Ok(()) } else { Err(error(other, "the file has", first, "the first file has", &differences)) }
}

/// A column that has no common type in two files.
pub struct Differing<'a> {
    pub found: &'a Field,
    pub first: &'a Field,
}

/// LS2002: columns are another thing to JavaScript in the file `other` than in `first`.
pub fn differ(first: &str, other: &str, columns: &[Differing<'_>]) -> ConnectorError {
    let difference = |one: &Differing<'_>| of_files(one.found.name(), print_type(one.found.data_type()), print_type(one.first.data_type()));
    error(other, "the file has", first, "the first file has", &columns.iter().map(difference).collect::<Vec<_>>())
}

fn of_files(column: &str, found: String, first: String) -> Difference {
    Difference { column: column.to_owned(), file: found, interface: first, fix: "read the files separately, or rewrite one of them".to_owned() }
}

/// LS2002: the file lacks columns of which the interface says that they are never null.
pub fn lacks(file: &str, columns: &[&ColumnType]) -> ConnectorError {
    let difference = |column: &&ColumnType| {
        let js = js_name(column.js);
        let fix = format!("write {}: {js} | null, which it is where a file lacks it", as_key(&column.name));
        Difference { column: column.name.clone(), file: MISSING.into(), interface: js, fix }
    };
    error(file, "the file has", "the interface", "the interface says", &columns.iter().map(difference).collect::<Vec<_>>())
}

fn error(source: &str, held: &str, against: &str, against_title: &str, differences: &[Difference]) -> ConnectorError {
    let mut rows = vec![["column", held, against_title, "fix"].map(str::to_owned)];
    rows.extend(differences.iter().map(|line| [&line.column, &line.file, &line.interface, &line.fix].map(String::clone)));
    let width = |index: usize| rows.iter().map(|row| row[index].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let count = differences.len();
    let columns = if count == 1 { "1 column".to_owned() } else { format!("{count} columns") };
    let mut message = format!("{source} differs from {against} in {columns}");
    for [column, file, other, fix] in &rows {
        let [a, b, c] = widths;
        message.push_str(&format!("\n  {column:a$}  {file:b$}  {other:c$}  {fix}"));
    }
    let table: Vec<Value> = differences
        .iter()
        .map(|line| json!({ "column": line.column, "file": line.file, "expected": line.interface, "fix": line.fix }))
        .collect();
    ConnectorError::new("LS2002", message, json!({ "source": source, "columns": table }))
}

/// As TypeScript prints it.
pub fn js_name(js: JsType) -> String {
    match (js, js.element()) {
        (_, Some(element)) => format!("{}[]", js_name(element)),
        (JsType::Object(members), _) => {
            let members = members.iter().map(|member| format!("{}: {}", member.name, js_name(member.js))).collect::<Vec<_>>();
            format!("{{ {} }}", members.join("; "))
        }
        (JsType::Date, _) => "Date".to_owned(),
        _ => js.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::TimeUnit;

    use super::*;

    fn column(name: &str, js: JsType) -> ColumnType {
        ColumnType { name: name.into(), js, nullable: name != "id" }
    }

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, None), true),
            Field::new("price", DataType::Decimal128(10, 2), true),
            Field::new("wide", DataType::Duration(TimeUnit::Microsecond), true),
            Field::new("name", DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::LargeUtf8)), true),
        ]))
    }

    #[test]
    fn accepts_what_javascript_can_see() {
        let declared = [
            column("id", JsType::Number),
            column("at", JsType::Date),
            column("price", JsType::Number),
            column("name", JsType::String),
        ];
        let checked = check("f", "the file has", &schema(), &declared, |_, _| false).unwrap();
        assert!(!checked.field(0).is_nullable() && checked.field(1).is_nullable());
        assert!(check("f", "the file has", &schema(), &[column("id", JsType::Bigint)], |_, _| false).is_ok());
        let unsigned: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", DataType::UInt64, true)]));
        assert!(check("f", "the file has", &unsigned, &[column("id", JsType::Bigint)], |_, _| false).is_ok());
    }

    #[test]
    fn reports_all_columns_at_once() {
        let declared = [
            column("ids", JsType::Number),
            column("at", JsType::Number),
            column("wide", JsType::Number),
            column("price", JsType::Bigint),
        ];
        let error = check("trips.parquet", "the file has", &schema(), &declared, |_, _| false).unwrap_err();
        assert_eq!(error.code, "LS2002");
        let expected = [
            "trips.parquet differs from the interface in 4 columns",
            "  column  the file has       the interface says  fix",
            "  ids     (missing)          number              did you mean \"id\"?",
            "  at      timestamp[us]      number              at: Date",
            "  wide    duration[us]       number              no JavaScript type fits: leave it out of the interface",
            "  price   decimal128(10, 2)  bigint              price: number",
        ];
        assert_eq!(error.message, expected.join("\n"));
    }

    #[test]
    fn files_of_one_dataset_agree() {
        let other = Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("more", DataType::Int8, true)]);
        assert_eq!(check_same("a", &schema(), "b", &other).unwrap_err().detail["columns"].as_array().unwrap().len(), 5);
        assert!(check_same("a", &schema(), "b", &schema()).is_ok());
    }
}
