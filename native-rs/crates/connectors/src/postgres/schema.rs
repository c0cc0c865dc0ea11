//! Opening: one session sees the database as it is now, and exports that view; what all ranks read is described by it.
use std::{fmt, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use lockstep_plan::JsType;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    errors,
    options::PostgresRequest,
    session::{Session, odd},
    target::Target,
    types::{Described, Type, taken},
};
use crate::{
    declared,
    errors::{ConnectorError, Result},
    names::{did_you_mean, near_misses},
    relation::{
        Turns, share,
        sql::{is_query, name, quoted},
    },
    store::{background, wait},
};

/// A table, a view or a query as rank 0 found it: all that planning and reading need, but the password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostgresRelation {
    /// As messages name it.
    pub name: String,
    #[serde(with = "crate::arrow_types::schema_text")]
    pub schema: SchemaRef,
    /// The server's estimates.
    pub rows: u64,
    pub bytes: u64,
    pub(super) target: Target,
    pub(super) snapshot: String,
    pub(super) columns: Vec<Asked>,
    pub(super) body: Body,
    /// Sessions that read at once, over all ranks.
    pub(super) readers: usize,
    /// This rank's share of them.
    #[serde(skip)]
    pub(super) turns: Turns,
    /// On rank 0: what all readers see.
    #[serde(skip)]
    _snapshot: Option<Arc<Snapshot>>,
}

/// What is asked for to get a column.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub name: String,
    pub sql: String,
}

/// How its rows can be told apart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Body {
    /// Tables by their blocks: a table, the partitions of one in order of their names.
    Heaps(Vec<Heap>),
    /// What stands behind FROM, by ranges of a column of it.
    Keyed { from: String, key: Key },
    /// What stands behind FROM.
    Whole { from: String },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Heap {
    /// As SQL writes it.
    pub table: String,
    pub blocks: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Key {
    /// As SQL writes it.
    pub column: String,
    /// What a number of the range is added to: a number, a day, a second.
    pub origin: Origin,
    /// The least and the greatest value; equal where there is none.
    pub low: i64,
    pub high: i64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Origin {
    Integer,
    Day,
    Second { zoned: bool },
}

/// The session whose snapshot all readers share. They can take it over as long as it lives; it ends with this.
pub struct Snapshot(Option<Session>);

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            background(session.end());
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}

impl PostgresRelation {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!(null)))
    }

    /// The inverse of [`Self::to_bytes`], on one of `ranks`.
    pub fn from_bytes(bytes: &[u8], rank: usize, ranks: usize) -> Result<Self> {
        let bug = |error: serde_json::Error| ConnectorError::new("LS2099", format!("a table that cannot be read: {error}"), json!(null));
        let relation: Self = serde_json::from_slice(bytes).map_err(bug)?;
        let turns = Turns::new(share(relation.readers, rank, ranks));
        Ok(Self { turns, ..relation })
    }

    /// The same, which keeps the snapshot of its readers.
    pub fn holding(self, snapshot: Option<Snapshot>) -> Self {
        Self { _snapshot: snapshot.map(Arc::new), ..self }
    }
}

/// Describes what is read, in a snapshot that stays as long as the second lives. LS2001, LS2002, LS2015, LS2020, LS2021.
pub fn open_postgres(request: &PostgresRequest) -> Result<(PostgresRelation, Snapshot)> {
    let request = request.clone();
    wait(async move { open(&request).await })
}

async fn open(request: &PostgresRequest) -> Result<(PostgresRelation, Snapshot)> {
    if request.connections < 2 {
        return Err(ConnectorError::unsupported("connections: two is the least: one session holds the snapshot, the other reads", json!({})));
    }
    let target = Target::find(request.url.as_deref())?;
    let session = Session::open(&target).await?;
    let query = is_query(&request.table);
    let source = match query {
        true => format!("the query in {target}"),
        false => format!("{} in {target}", request.table),
    };
    session.run(&source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let snapshot = session.value(&source, "SELECT pg_export_snapshot()").await?.ok_or_else(|| odd(&source))?;
    let kind = match query {
        true => None,
        false => Some(kind_of(&session, &source, &request.table).await?),
    };
    let from = match &kind {
        // On lines of its own: it may end with a comment.
        None => format!("(\n{}\n) AS source", request.table.trim().trim_end_matches(';')),
        Some(kind) => format!("{} AS source", kind.table),
    };
    let described = describe(&session, &source, &from).await?;
    let mut fields = Vec::with_capacity(described.len());
    let mut columns = Vec::with_capacity(described.len());
    for column in &described {
        if columns.iter().any(|asked: &Asked| asked.name == column.name) {
            let message = format!("{source}: two columns are called \"{}\"; name them apart with AS", column.name);
            return Err(ConnectorError::new("LS2002", message, json!({ "source": source, "column": column.name })));
        }
        let taken = taken(column, request.types.get(&column.name).copied(), &source)?;
        fields.push(Field::new(&column.name, taken.data_type, true));
        columns.push(Asked { name: column.name.clone(), sql: taken.sql });
    }
    let schema = declared::check(&source, "the table has", &Arc::new(Schema::new(fields)), &request.declared, sayable)?;
    let (body, rows, bytes) = body(&session, &source, request, kind, from, &described).await?;
    let relation = PostgresRelation { name: source, schema, rows, bytes, target, snapshot, columns, body, readers: request.connections - 1, turns: Turns::default(), _snapshot: None };
    Ok((relation, Snapshot(Some(session))))
}

/// Any column can be read as a text, arrays as lists of texts, too.
fn sayable(found: Option<JsType>, said: JsType) -> bool {
    let listed = || found.and_then(JsType::element).is_some();
    said == JsType::String || said == JsType::Strings && listed()
}

/// What a name stands for.
struct Kind {
    /// As SQL writes it.
    table: String,
    oid: String,
    /// `r`, `p`, `v`, `m`, `f`: table, partitioned table, view, materialised view, foreign table.
    kind: char,
}

async fn kind_of(session: &Session, source: &str, table: &str) -> Result<Kind> {
    let parts = parts_of(table, false).ok_or_else(|| ConnectorError::unsupported(format!("\"{table}\" is no name of a table: write \"schema.table\", or a query"), json!({})))?;
    if parts.len() > 2 {
        return Err(ConnectorError::unsupported(format!("\"{table}\" has too many dots: write \"schema.table\"; the database stands in the URL"), json!({})));
    }
    // As it is written, else in small letters, as SQL takes a name without quotes.
    let [exact, folded] = [false, true].map(|folded| parts_of(table, folded).unwrap_or_default().iter().map(|part| name(part)).collect::<Vec<_>>().join("."));
    let found = format!(
        "SELECT c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid = coalesce(to_regclass({}), to_regclass({}))",
        quoted(&exact),
        quoted(&folded)
    );
    let row = session.rows(source, &found).await?.into_iter().next();
    if let Some([Some(oid), Some(kind), Some(table)]) = row.as_deref() {
        let kind = kind.chars().next().unwrap_or('?');
        if "rpvmf".contains(kind) {
            return Ok(Kind { table: table.clone(), oid: oid.clone(), kind });
        }
    }
    let all = "SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END, n.nspname || '.' || c.relname FROM pg_class c \
               JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'";
    let known: Vec<String> = session.rows(source, all).await?.into_iter().filter_map(|row| row.into_iter().nth(parts.len() - 1)?).collect();
    let near = did_you_mean(&near_misses(table, known.iter().map(String::as_str))).map_or_else(String::new, |near| format!("; {near}"));
    Err(ConnectorError::new("LS2001", format!("{source} does not exist{near}"), json!({ "source": source })).with_fix("Check the table's name and the database: a table of another schema is \"schema.table\"."))
}

/// `schema.table` → its parts; `folded`: those without quotes in small letters.
fn parts_of(table: &str, folded: bool) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = table;
    loop {
        if let Some(inner) = rest.strip_prefix('"') {
            let mut part = String::new();
            let mut characters = inner.char_indices().peekable();
            let end = loop {
                match characters.next()? {
                    (_, '"') if characters.next_if(|(_, next)| *next == '"').is_some() => part.push('"'),
                    (at, '"') => break at,
                    (_, other) => part.push(other),
                }
            };
            parts.push(part);
            rest = &inner[end + 1..];
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            parts.push(if folded { rest[..end].to_lowercase() } else { rest[..end].to_owned() });
            rest = &rest[end..];
        }
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return parts.iter().all(|part| !part.is_empty()).then_some(parts),
            None => return None,
        }
    }
}

async fn describe(session: &Session, source: &str, from: &str) -> Result<Vec<Described>> {
    let statement = session.client().prepare(&format!("SELECT * FROM {from}")).await.map_err(|error| errors::running(source, &error))?;
    let columns = statement.columns();
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<String> = columns.iter().enumerate().map(|(place, column)| format!("({place}, {}::oid, {})", column.type_().oid(), column.type_modifier())).collect();
    // Of an array its elements', below their domains, of which the last says precision and scale.
    let element = "WITH RECURSIVE below AS (SELECT oid, typtype, typbasetype, asked.modifier, typtypmod FROM pg_type WHERE typarray = t.oid \
                   UNION ALL SELECT base.oid, base.typtype, base.typbasetype, below.typtypmod, base.typtypmod FROM below JOIN pg_type base ON base.oid = below.typbasetype) \
                   SELECT oid, modifier, typtype FROM below WHERE typtype <> 'd'";
    let types = format!(
        "SELECT format_type(t.oid, asked.modifier), t.typtype, e.oid, e.modifier, format_type(e.oid, e.modifier), e.typtype FROM (VALUES {}) AS asked (place, oid, modifier) \
         JOIN pg_type t ON t.oid = asked.oid LEFT JOIN LATERAL ({element}) AS e ON true ORDER BY asked.place",
        asked.join(", ")
    );
    let types = session.rows(source, &types).await?;
    if types.len() != columns.len() {
        return Err(odd(source));
    }
    let described = columns.iter().zip(types).map(|(column, row)| {
        let [Some(printed), Some(kind), element @ ..] = row.as_slice() else { return Err(odd(source)) };
        let of = Type { oid: column.type_().oid(), modifier: column.type_modifier(), printed: printed.clone(), labels: kind == "e" };
        let element = match element {
            [Some(oid), Some(modifier), Some(printed), Some(kind)] => {
                let oid = oid.parse().map_err(|_| odd(source))?;
                let modifier = modifier.parse().map_err(|_| odd(source))?;
                Some(Type { oid, modifier, printed: printed.clone(), labels: kind == "e" })
            }
            _ => None,
        };
        Ok(Described { name: column.name().to_owned(), of, element })
    });
    described.collect()
}

/// How the rows are told apart, and how many rows and bytes there are, about.
async fn body(session: &Session, source: &str, request: &PostgresRequest, kind: Option<Kind>, from: String, described: &[Described]) -> Result<(Body, u64, u64)> {
    // All tables below are locked by it against being changed in their columns, until the call ends.
    let plan = session.value(source, &format!("EXPLAIN (FORMAT JSON) SELECT * FROM {from}")).await?.ok_or_else(|| odd(source))?;
    let plan: serde_json::Value = serde_json::from_str(&plan).map_err(|_| odd(source))?;
    let estimate = |name: &str| plan[0]["Plan"][name].as_f64().unwrap_or(0.0).max(0.0) as u64;
    let rows = estimate("Plan Rows");
    if let Some(column) = &request.partition_by {
        let key = key(session, source, column, &from, described).await?;
        return Ok((Body::Keyed { from, key }, rows, rows.saturating_mul(estimate("Plan Width"))));
    }
    let heaps = match kind {
        Some(Kind { oid, kind: 'r' | 'p' | 'm', .. }) => heaps(session, source, &oid).await?,
        _ => None,
    };
    Ok(match heaps {
        Some((heaps, bytes)) => (Body::Heaps(heaps), rows, bytes),
        None => (Body::Whole { from }, rows, rows.saturating_mul(estimate("Plan Width"))),
    })
}

/// The tables that hold the rows of a table, and their bytes. None where they cannot be read one by one: they are not of blocks, or
/// the partitions would show other rows than the whole.
async fn heaps(session: &Session, source: &str, oid: &str) -> Result<Option<(Vec<Heap>, u64)>> {
    let tree = format!(
        "WITH RECURSIVE tree AS (SELECT {oid}::oid AS oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid) \
         SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind IN ('r', 'm') AND a.amname = 'heap' OR c.relkind = 'p', \
         c.relrowsecurity OR NOT has_table_privilege(c.oid, 'SELECT'), pg_relation_size(c.oid) / current_setting('block_size')::int8, pg_relation_size(c.oid), c.relkind \
         FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam ORDER BY c.oid <> {oid}, n.nspname, c.relname"
    );
    let rows = session.rows(source, &tree).await?;
    let several = rows.len() > 1;
    let (mut heaps, mut all) = (Vec::new(), 0);
    for row in &rows {
        let [Some(table), readable, Some(guarded), blocks, bytes, Some(kind)] = row.as_slice() else { return Ok(None) };
        if readable.as_deref() != Some("t") || several && guarded == "t" {
            return Ok(None);
        }
        if kind != "p" {
            let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u64>().ok());
            let (Some(blocks), Some(bytes)) = (number(blocks), number(bytes)) else { return Ok(None) };
            heaps.push(Heap { table: table.clone(), blocks });
            all += bytes;
        }
    }
    Ok(Some((heaps, all)))
}

async fn key(session: &Session, source: &str, column: &str, from: &str, described: &[Described]) -> Result<Key> {
    let Some(found) = described.iter().find(|known| known.name == column) else {
        let fix = did_you_mean(&near_misses(column, described.iter().map(|known| known.name.as_str()))).unwrap_or_else(|| "name one of its columns".to_owned());
        let message = format!("partitionBy: {source} has no column \"{column}\"; {fix}");
        return Err(ConnectorError::new("LS2002", message, json!({ "source": source, "column": column })));
    };
    let quoted = name(column);
    let (origin, number) = match found.of.oid {
        20 | 21 | 23 => (Origin::Integer, format!("{quoted}::int8")),
        1082 => (Origin::Day, format!("({quoted} - date '2000-01-01')::int8")),
        1114 => (Origin::Second { zoned: false }, format!("floor(extract(epoch FROM {quoted}))::int8")),
        1184 => (Origin::Second { zoned: true }, format!("floor(extract(epoch FROM {quoted}))::int8")),
        _ => {
            let message = format!("partitionBy: column {column} of {source} is {}; ranges are made of integers, dates and timestamps", found.of.printed);
            return Err(ConnectorError::unsupported(message, json!({ "source": source, "column": column })));
        }
    };
    let finite = if matches!(origin, Origin::Integer) { String::new() } else { format!(" WHERE isfinite({quoted})") };
    let ends = session.rows(source, &format!("SELECT min({number}), max({number}) FROM {from}{finite}")).await?;
    let end = |index: usize| ends.first()?.get(index)?.as_deref()?.parse::<i64>().ok();
    let (low, high) = end(0).zip(end(1)).unwrap_or((0, 0));
    Ok(Key { column: quoted, origin, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tables() {
        let parts = |table: &str, folded| parts_of(table, folded).map(|parts| parts.join("|"));
        assert_eq!(parts("Sales.Orders", true).unwrap(), "sales|orders");
        assert_eq!(parts("Sales.Orders", false).unwrap(), "Sales|Orders");
        assert_eq!(parts("sales.\"Or.\"\"ders\"", true).unwrap(), "sales|Or.\"ders");
        for wrong in ["", ".", "a.", "\"a", "\"a\"b", "a..b"] {
            assert_eq!(parts(wrong, true), None, "{wrong}");
        }
    }
}
