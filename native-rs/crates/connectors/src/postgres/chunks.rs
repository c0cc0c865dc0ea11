//! Which rows each partition reads: runs of blocks, or of a key, in the order of the table.
use super::schema::{Body, Heap, Key, Origin, PostgresRelation};
use crate::relation::{ROWS_A_PART, reading};

/// Blocks of a part at least: what a session of its own is worth.
const BLOCKS: u64 = 64;
/// More than a block has room for.
const ROWS_A_BLOCK: u64 = 1 << 11;

/// A run of rows that one statement reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub rows: Rows,
    /// A number below those of its rows, and above those of the rows before: they are numbered from it on.
    pub first: u64,
    /// For messages: where it begins.
    pub place: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    Blocks { table: String, from: u64, to: u64 },
    /// Of the key; none: no bound, and with no upper one the rows without a key.
    Keys { from: Option<i64>, to: Option<i64> },
    All,
}

/// The spans of each partition; partition i comes before i + 1 in the order of the table, which does not depend on their number.
pub(super) fn spans(relation: &PostgresRelation, ranks: usize, threads: usize) -> Vec<Vec<Span>> {
    let mut parts = vec![Vec::new(); ranks * threads];
    let reading = reading(relation.readers, ranks, threads);
    let dealt = match &relation.body {
        Body::Heaps(heaps) => blocks(heaps, reading.len()),
        Body::Keyed { key, .. } => keys(key, reading.len()),
        Body::Whole { .. } => vec![vec![Span { rows: Rows::All, first: 0, place: String::new() }]],
    };
    for (partition, spans) in reading.into_iter().zip(dealt) {
        parts[partition] = spans;
    }
    parts
}

/// A bound of the numbers of all rows.
pub(super) fn below(relation: &PostgresRelation, partitions: usize) -> u64 {
    match &relation.body {
        Body::Heaps(heaps) => (heaps.iter().map(|heap| heap.blocks).sum::<u64>() * ROWS_A_BLOCK).max(1),
        Body::Keyed { .. } => partitions as u64 * ROWS_A_PART,
        Body::Whole { .. } => ROWS_A_PART,
    }
}

fn blocks(heaps: &[Heap], most: usize) -> Vec<Vec<Span>> {
    let total: u64 = heaps.iter().map(|heap| heap.blocks).sum();
    let parts = (most as u64).min(total.div_ceil(BLOCKS));
    let part = |part: u64| {
        let [start, end] = [part, part + 1].map(|part| (u128::from(total) * u128::from(part) / u128::from(parts)) as u64);
        let mut before = 0;
        let spans = heaps.iter().filter_map(|heap| {
            let (from, to) = (start.max(before), end.min(before + heap.blocks));
            let span = (from < to).then(|| Span {
                rows: Rows::Blocks { table: heap.table.clone(), from: from - before, to: to - before },
                first: from * ROWS_A_BLOCK,
                place: format!("of {} from block {} on", heap.table, from - before),
            });
            before += heap.blocks;
            span
        });
        spans.collect()
    };
    (0..parts).map(part).collect()
}

fn keys(key: &Key, most: usize) -> Vec<Vec<Span>> {
    let values = i128::from(key.high) - i128::from(key.low) + 1;
    let parts = (most as i128).min(values).max(1);
    let bound = |part: i128| (part > 0 && part < parts).then(|| (i128::from(key.low) + values * part / parts) as i64);
    let part = |part: i128| {
        let (from, to) = (bound(part), bound(part + 1));
        let place = from.map_or_else(String::new, |from| format!("from {} = {} on", key.column, key.value(from)));
        vec![Span { rows: Rows::Keys { from, to }, first: part as u64 * ROWS_A_PART, place }]
    };
    (0..parts).map(part).collect()
}

impl Key {
    /// A number of its range as SQL writes it.
    pub(super) fn value(&self, number: i64) -> String {
        match self.origin {
            Origin::Integer => format!("({number})"),
            Origin::Day => format!("(date '2000-01-01' + ({number}))"),
            Origin::Second { zoned: true } => format!("to_timestamp({number})"),
            Origin::Second { zoned: false } => format!("(to_timestamp({number}) AT TIME ZONE 'UTC')"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_once_in_order() {
        let heaps = [700, 0, 3, 5000].map(|blocks| Heap { table: format!("t{blocks}"), blocks });
        for most in 1..40 {
            let dealt = blocks(&heaps, most);
            assert!(dealt.len() <= most);
            let mut next = 0;
            for span in dealt.iter().flatten() {
                let Rows::Blocks { from, to, .. } = &span.rows else { panic!("blocks") };
                assert!(from < to);
                assert_eq!(span.first, next * ROWS_A_BLOCK);
                next += to - from;
            }
            assert_eq!(next, 5703);
        }
        assert!(blocks(&[Heap { table: "t".into(), blocks: 0 }], 3).is_empty());
    }

    #[test]
    fn every_key_once() {
        for (low, high) in [(0, 0), (-5, 1), (i64::MIN, i64::MAX), (1, 1000)] {
            let key = Key { column: "k".into(), origin: Origin::Integer, low, high };
            for most in 1..9 {
                let dealt: Vec<Span> = keys(&key, most).into_iter().flatten().collect();
                let ends: Vec<(Option<i64>, Option<i64>)> = dealt.iter().map(|span| match span.rows {
                    Rows::Keys { from, to } => (from, to),
                    _ => panic!("keys"),
                }).collect();
                assert!(ends[0].0.is_none() && ends[ends.len() - 1].1.is_none());
                assert!(ends.windows(2).all(|pair| pair[0].1.is_some() && pair[0].1 == pair[1].0));
            }
        }
    }
}
