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
        let (pattern, replacement) = (pattern.text(row), replacement.text(row));
        let mut from = 0;
        for (at, found) in text.match_indices(pattern).take(limit) {
            out.push_str(&text[from..at]);
            expand(replacement, text, at, found, out);
            from = at + found.len();
        }
        out.push_str(&text[from..]);
        Ok(())
    })
}

/// ECMA-262 GetSubstitution without groups: `$$`, `$&`, `` $` `` and `$'`; other dollars stand for themselves.
fn expand(replacement: &str, text: &str, at: usize, found: &str, out: &mut String) {
    let mut rest = replacement;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let (value, length) = match rest.as_bytes().get(dollar + 1) {
            Some(b'$') => ("$", 2),
            Some(b'&') => (found, 2),
            Some(b'`') => (&text[..at], 2),
            Some(b'\'') => (&text[at + found.len()..], 2),
            _ => ("$", 1),
        };
        out.push_str(value);
        rest = &rest[dollar + length..];
    }
    out.push_str(rest);
}
