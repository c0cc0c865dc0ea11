//! What the values of a nested column are: put together from all that are seen, as plain Node does it.
use lockstep_plan::JsType;

use super::members::{Elements, Kind, Members, Value};
use crate::text::Source;

/// Objects in one another, and members of one object, that are looked at: of more a column has no type.
const DEEPEST: usize = 64;
const MOST_MEMBERS: usize = 1000;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Shape {
    /// Null says nothing.
    #[default]
    Nothing,
    Boolean,
    Number,
    Text,
    List(Box<Shape>),
    /// Members in order of appearance; absent is null.
    Object(Vec<(String, Shape)>),
    /// Values of several types.
    Mixed,
}

impl Shape {
    /// Of a value that has been read before.
    pub fn of(value: &Value, source: Source<'_>) -> Self {
        Self::within(value, source, 0)
    }

    fn within(value: &Value, source: Source<'_>, depth: usize) -> Self {
        match value.kind {
            Kind::Null => Self::Nothing,
            Kind::Boolean => Self::Boolean,
            Kind::Number => Self::Number,
            Kind::String => Self::Text,
            _ if depth == DEEPEST => Self::Mixed,
            Kind::Object => Self::members(value, source, depth),
            Kind::Nulls | Kind::Numbers | Kind::Strings | Kind::Booleans | Kind::List => {
                let mut of = Self::Nothing;
                for element in Elements::new(source.bytes(0..value.at.end), value.at.clone()) {
                    of.join(Self::within(&element, source, depth + 1));
                }
                Self::List(Box::new(of))
            }
        }
    }

    /// Of a key that an object has twice the last value counts; keys stand as JavaScript has an object's.
    fn members(object: &Value, source: Source<'_>, depth: usize) -> Self {
        let mut members: Vec<(String, Self)> = Vec::new();
        let mut rest = Members::inside(source.bytes(0..object.at.end), object.at.clone());
        while let Ok(Some((key, value))) = rest.next() {
            let (name, shape) = (key.text(source), Self::within(&value, source, depth + 1));
            match members.iter().position(|(known, _)| *known == name) {
                Some(place) => members[place].1 = shape,
                None if members.len() == MOST_MEMBERS => return Self::Mixed,
                None => members.push((name.into_owned(), shape)),
            }
        }
        members.sort_by_key(|(name, _)| index_of(name).map_or((1, 0), |index| (0, index)));
        Self::Object(members)
    }

    /// What values of both are.
    pub fn join(&mut self, other: Self) {
        *self = match (std::mem::take(self), other) {
            (Self::Nothing, known) | (known, Self::Nothing) => known,
            (Self::List(mut of), Self::List(other)) => {
                of.join(*other);
                Self::List(of)
            }
            (Self::Object(mut members), Self::Object(others)) => {
                for (name, shape) in others {
                    match members.iter().position(|(known, _)| *known == name) {
                        Some(place) => members[place].1.join(shape),
                        None if members.len() == MOST_MEMBERS => return *self = Self::Mixed,
                        None => members.push((name, shape)),
                    }
                }
                Self::Object(members)
            }
            (one, other) if one == other => one,
            _ => Self::Mixed,
        };
    }

    /// What JavaScript sees; None where that is several types, or not known. Of what is null alone the `declared` type, or the `unsaid`.
    pub fn js(&self, declared: Option<JsType>, unsaid: Option<JsType>) -> Option<JsType> {
        match self {
            Self::Nothing => declared.or(unsaid),
            Self::Boolean => Some(JsType::Boolean),
            Self::Number => Some(JsType::Number),
            Self::Text => Some(JsType::String),
            Self::List(of) => Some(of.js(declared.and_then(JsType::element), unsaid)?.list()),
            Self::Object(members) if !members.is_empty() => {
                let declared = |name: &str| declared.and_then(JsType::members).and_then(|members| members.get(name));
                let member = |(name, shape): &(String, Self)| Some((name.clone(), shape.js(declared(name), unsaid)?));
                Some(JsType::object(members.iter().map(member).collect::<Option<Vec<_>>>()?))
            }
            Self::Object(_) | Self::Mixed => None,
        }
    }
}

/// `"0"` … `"4294967294"`, without leading zeros.
pub fn index_of(name: &str) -> Option<u32> {
    let plain = name == "0" || name.starts_with(|first: char| ('1'..='9').contains(&first)) && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|index| plain && *index != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type of the member `a` of all lines.
    fn js(lines: &[&str]) -> Option<String> {
        let mut all = Shape::Nothing;
        for line in lines {
            let source = Source::new(line.as_bytes());
            let mut members = Members::new(line.as_bytes(), 0..line.len()).unwrap();
            while let Some((_, value)) = members.next().unwrap() {
                all.join(Shape::of(&value, source));
            }
        }
        all.js(None, Some(JsType::Number)).map(|js| js.to_string())
    }

    #[test]
    fn members_are_those_of_all_objects() {
        let lines = [r#"{"a":{"y":1,"x":null}}"#, r#"{"a":null}"#, r#"{"a":{"x":"t","1":[{"z":true}],"0":[]}}"#, r#"{"a":{"1":[null,{"w":[[]]}]}}"#];
        assert_eq!(js(&lines).unwrap(), "{y: number, x: string, 0: number[], 1: {z: boolean, w: number[][]}[]}");
    }

    #[test]
    fn several_types_are_none() {
        for lines in [[r#"{"a":{"x":1}}"#, r#"{"a":{"x":"1"}}"#], [r#"{"a":[{"x":1}]}"#, r#"{"a":[[1]]}"#], [r#"{"a":{}}"#, r#"{"a":{}}"#]] {
            assert_eq!(js(&lines), None);
        }
        assert_eq!(js(&[r#"{"a":{"x":"1","x":2}}"#]).unwrap(), "{x: number}");
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(js(&[&deep]), None);
    }
}
