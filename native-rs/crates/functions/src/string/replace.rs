//! `replace` and `replaceAll` with string patterns.
use arrow::array::ArrayRef;
use datafusion::common::Result;
use lockstep_plan::JsType;

use super::map;
use crate::arguments::Arguments;
use crate::function::Function;
use crate::function::Kind::String as Text;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("string.replace", &[Text, Text, Text], JsType::String, |a| substitute(a, "replace", 1)).method(),
    Function::new("string.replaceAll", &[Text, Text, Text], JsType::String, |a| substitute(a, "replaceAll", usize::MAX)).method(),
];

fn substitute(a: &Arguments, method: &str, limit: usize) -> Result<ArrayRef> {
    let (pattern, replacement) = (a.string(1)?, a.string(2)?);
    map(a, method, |text, row, out| {
        let (pattern, replacement) = (pattern.text(row), pieces(replacement.text(row)));
        if pattern.is_empty() && limit > 1 && !text.is_ascii() {
            out.push_str(&between_units(text, &replacement));
            return Ok(());
        }
        let mut from = 0;
        for (at, found) in text.match_indices(pattern).take(limit) {
            out.push_str(&text[from..at]);
            from = at + found.len();
            out.extend(replacement.iter().map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Match => found,
                Piece::Before => &text[..at],
                Piece::After => &text[from..],
            }));
        }
        out.push_str(&text[from..]);
        Ok(())
    })
}

/// `replaceAll("", …)`: the replacement between any two code units, also within a pair.
fn between_units(text: &str, replacement: &[Piece]) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut out = Vec::new();
    for at in 0..=units.len() {
        for piece in replacement {
            match piece {
                Piece::Text(text) => out.extend(text.encode_utf16()),
                Piece::Match => {}
                Piece::Before => out.extend(&units[..at]),
                Piece::After => out.extend(&units[at..]),
            }
        }
        out.extend(units.get(at));
    }
    String::from_utf16_lossy(&out)
}

enum Piece<'a> {
    Text(&'a str),
    Match,
    Before,
    After,
}

/// ECMA-262 GetSubstitution without groups: `$$`, `$&`, `` $` `` and `$'`; other dollars stand for themselves.
fn pieces(replacement: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some(dollar) = rest.find('$') {
        pieces.push(Piece::Text(&rest[..dollar]));
        let (piece, length) = match rest.as_bytes().get(dollar + 1) {
            Some(b'&') => (Piece::Match, 2),
            Some(b'`') => (Piece::Before, 2),
            Some(b'\'') => (Piece::After, 2),
            Some(b'$') => (Piece::Text("$"), 2),
            _ => (Piece::Text("$"), 1),
        };
        pieces.push(piece);
        rest = &rest[dollar + length..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}
