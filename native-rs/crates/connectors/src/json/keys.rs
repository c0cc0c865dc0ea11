//! Keys → columns.
use std::{borrow::Cow, collections::HashMap};

use super::members::Value;
use crate::text::Source;

/// Keys remembered by their place in a line.
const PLACES: usize = 1000;

/// Which column a key is of. Most lines have the keys of the line before, in their order: these are not looked up.
#[derive(Default)]
pub struct Keys {
    columns: HashMap<String, usize>,
    /// By place: the key as it is written, and its column.
    before: Vec<(Vec<u8>, usize)>,
}

impl Keys {
    /// The next column.
    pub fn add(&mut self, name: String) {
        let next = self.columns.len();
        self.columns.entry(name).or_insert(next);
    }

    /// The column of a line's key, by number; else the name.
    pub fn find<'a>(&mut self, place: usize, key: &Value, source: Source<'a>) -> Result<usize, Cow<'a, str>> {
        let written = source.bytes(key.at.clone());
        if let Some((before, column)) = self.before.get(place) && before == written {
            return Ok(*column);
        }
        let name = key.text(source);
        let Some(column) = self.columns.get(name.as_ref()) else { return Err(name) };
        if place < PLACES {
            // No key is written as a quote: of a place that was passed over nothing is known.
            self.before.resize_with(self.before.len().max(place + 1), || (b"\"".to_vec(), 0));
            let (before, known) = &mut self.before[place];
            before.clear();
            before.extend_from_slice(written);
            *known = *column;
        }
        Ok(*column)
    }
}
