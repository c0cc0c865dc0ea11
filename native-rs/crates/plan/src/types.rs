use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};
use std::hash::Hash;
use std::sync::{LazyLock, Mutex};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The type a value has when JavaScript looks at it. `null` is a value of every nullable type.
///
/// Written as text, which nests: `number`, `date[]`, `{at: {x: number, y: number}, tags: string[]}[]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(into = "String", try_from = "String")]
#[ts(
    export,
    export_to = "../../../plan/index.d.ts",
    type = "\"number\" | \"string\" | \"boolean\" | \"bigint\" | \"date\" | `${string}[]` | `{${string}}`"
)]
pub enum JsType {
    /// float64. An integer column looked at as a number is checked: past ±2^53 it is an error.
    Number,
    /// Well-formed UTF-8 in memory, UTF-16 in every observable way (length, indices, order).
    String,
    Boolean,
    /// int64.
    Bigint,
    /// timestamp(ms, UTC).
    Date,
    /// Lists of these, `list<item: …>`; an element may be null.
    Numbers,
    Strings,
    Booleans,
    Bigints,
    Dates,
    /// Lists of lists, or of objects.
    Lists(Inner),
    /// Objects, `struct<…>`; a member may be null.
    Object(Members),
}

/// A type inside of another. Types are few, so each is kept once, for as long as the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inner(&'static JsType);

/// The members of an object, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Members(&'static [Member]);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    pub name: String,
    pub js: JsType,
}

/// The one value that equals it.
fn kept<K: Eq + Hash + ?Sized>(all: &Mutex<HashSet<&'static K>>, value: Box<K>) -> &'static K {
    let mut all = all.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(&known) = all.get(&*value) {
        return known;
    }
    let kept: &'static K = Box::leak(value);
    all.insert(kept);
    kept
}

static INNER: LazyLock<Mutex<HashSet<&'static JsType>>> = LazyLock::new(Mutex::default);
static MEMBERS: LazyLock<Mutex<HashSet<&'static [Member]>>> = LazyLock::new(Mutex::default);

impl Members {
    pub fn get(self, name: &str) -> Option<JsType> {
        self.0.iter().find(|member| member.name == name).map(|member| member.js)
    }
}

impl std::ops::Deref for Members {
    type Target = [Member];

    fn deref(&self) -> &[Member] {
        self.0
    }
}

impl JsType {
    /// The type of a list's elements; None of what is no list.
    pub fn element(self) -> Option<Self> {
        match self {
            Self::Numbers => Some(Self::Number),
            Self::Strings => Some(Self::String),
            Self::Booleans => Some(Self::Boolean),
            Self::Bigints => Some(Self::Bigint),
            Self::Dates => Some(Self::Date),
            Self::Lists(inner) => Some(*inner.0),
            Self::Number | Self::String | Self::Boolean | Self::Bigint | Self::Date | Self::Object(_) => None,
        }
    }

    /// Lists of this type.
    pub fn list(self) -> Self {
        match self {
            Self::Number => Self::Numbers,
            Self::String => Self::Strings,
            Self::Boolean => Self::Booleans,
            Self::Bigint => Self::Bigints,
            Self::Date => Self::Dates,
            nested => Self::Lists(Inner(kept(&INNER, Box::new(nested)))),
        }
    }

    /// Objects of these members.
    pub fn object(members: impl IntoIterator<Item = (String, Self)>) -> Self {
        let members: Vec<Member> = members.into_iter().map(|(name, js)| Member { name, js }).collect();
        Self::Object(Members(kept(&MEMBERS, members.into_boxed_slice())))
    }

    pub fn members(self) -> Option<Members> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// Whether values of the types look alike, whatever the order of their members.
    pub fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().all(|member| b.get(&member.name).is_some_and(|js| member.js.is_like(js)))
            }
            (Self::Lists(a), Self::Lists(b)) => a.0.is_like(*b.0),
            _ => self == other,
        }
    }
}

impl Display for JsType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self, self.element()) {
            (_, Some(element)) => write!(f, "{element}[]"),
            (Self::Object(members), _) => {
                f.write_str("{")?;
                for (at, Member { name, js }) in members.iter().enumerate() {
                    let plain = !name.is_empty() && name.chars().all(is_plain);
                    let name = if plain { name.clone() } else { serde_json::Value::from(name.as_str()).to_string() };
                    write!(f, "{}{name}: {js}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            (Self::Number, _) => f.write_str("number"),
            (Self::String, _) => f.write_str("string"),
            (Self::Boolean, _) => f.write_str("boolean"),
            (Self::Bigint, _) => f.write_str("bigint"),
            (_, _) => f.write_str("date"),
        }
    }
}

impl From<JsType> for String {
    fn from(js: JsType) -> Self {
        js.to_string()
    }
}

impl TryFrom<String> for JsType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut rest = text.as_str();
        match read(&mut rest) {
            Some(js) if rest.is_empty() => Ok(js),
            _ => Err(format!("{text:?} is no type of JavaScript's")),
        }
    }
}

/// Takes a type from the front of the text.
fn read(text: &mut &str) -> Option<JsType> {
    let mut js = if take(text, "{") { members(text)? } else { scalar(text)? };
    while take(text, "[]") {
        js = js.list();
    }
    Some(js)
}

fn scalar(text: &mut &str) -> Option<JsType> {
    let names = [("number", JsType::Number), ("string", JsType::String), ("boolean", JsType::Boolean), ("bigint", JsType::Bigint), ("date", JsType::Date)];
    names.into_iter().find_map(|(name, js)| take(text, name).then_some(js))
}

fn members(text: &mut &str) -> Option<JsType> {
    let mut members = vec![];
    while !take(text, "}") {
        if !members.is_empty() && !take(text, ", ") {
            return None;
        }
        let name = name(text)?;
        if !take(text, ": ") {
            return None;
        }
        members.push((name, read(text)?));
    }
    Some(JsType::object(members))
}

/// An identifier, or JSON's text.
fn name(text: &mut &str) -> Option<String> {
    let rest: &str = text;
    if rest.starts_with('"') {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let name = values.next()?.ok()?;
        *text = &rest[values.byte_offset()..];
        return Some(name);
    }
    let end = rest.find(|c: char| !is_plain(c)).unwrap_or(rest.len());
    *text = &rest[end..];
    (end > 0).then(|| rest[..end].to_owned())
}

/// A character of names that stand without quotes.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

fn take(text: &mut &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).map(|rest| *text = rest).is_some()
}

/// What the program's interface says of a source column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct ColumnType {
    pub name: String,
    #[serde(rename = "type")]
    pub js: JsType,
    /// False: a null found while reading is an error that names file, column and row.
    pub nullable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<JsType, String> {
        JsType::try_from(text.to_owned())
    }

    #[test]
    fn types_are_read_as_they_are_printed() {
        for text in ["number", "date[]", "string[][]", "{}", "{x: number}", "{at: {x: number, \"a b\": bigint[]}, tags: string[]}[]"] {
            assert_eq!(parsed(text).unwrap().to_string(), text);
        }
        for text in ["", "numbers", "number ", "[]", "{x}", "{x: number", "{x: number,y: number}", "number]", "number?", "{\"x: number}"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn members_in_another_order_are_alike_but_not_equal() {
        let (a, b) = (parsed("{x: number, y: {a: date, b: string}}[]").unwrap(), parsed("{y: {b: string, a: date}, x: number}[]").unwrap());
        assert!(a != b && a.is_like(b) && b.is_like(a));
        assert!(!a.is_like(parsed("{x: number}[]").unwrap()));
    }
}
