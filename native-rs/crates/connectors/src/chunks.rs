//! Which rows each partition reads: contiguous in (file, row) order, balanced by bytes, splitting groups by rows.
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Group};

/// A run of rows of one group of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Index into `Dataset::files`.
    pub file: usize,
    /// Index into `DataFile::groups`.
    pub group: usize,
    /// First row within the group.
    pub start: u64,
    pub rows: u64,
    /// Number of that row within the dataset: the hidden order key.
    pub first_row: u64,
}

/// Deals the rows of the dataset over `parts`; part i comes before part i + 1 in table order.
///
/// `keep`: one flag a group in dataset order, as [`crate::Pruner::groups`] returns them; groups not kept belong to no part.
pub fn chunks(dataset: &Dataset, columns: &[String], parts: usize, keep: Option<&[bool]>) -> Vec<Vec<Chunk>> {
    let indices: Vec<usize> = columns.iter().filter_map(|name| dataset.schema.index_of(name).ok()).collect();
    let mut first_row = 0;
    let mut groups = Vec::new();
    for (file, entry) in dataset.files.iter().enumerate() {
        for (group, content) in entry.groups.iter().enumerate() {
            let rows = dataset.sampled.as_ref().map_or(content.rows, |sampled| sampled[groups.len()]);
            groups.push((Chunk { file, group, start: 0, rows, first_row }, weight(content, &indices, rows)));
            first_row += content.rows;
        }
    }
    if let Some(keep) = keep {
        let mut keep = keep.iter();
        groups.retain(|_| *keep.next().unwrap_or(&true));
    }
    groups.retain(|(chunk, _)| chunk.rows > 0);
    if dataset.units.is_empty() { deal(&groups, parts) } else { deal_whole(&groups, &dataset.units, parts) }
}

/// Of units that stay whole each goes to the part in which its middle lies.
fn deal_whole(groups: &[(Chunk, u128)], units: &[u32], parts: usize) -> Vec<Vec<Chunk>> {
    let total: u128 = groups.iter().map(|(_, weight)| weight).sum();
    let mut dealt = vec![Vec::new(); parts];
    let mut before = 0;
    for unit in groups.chunk_by(|(a, _), (b, _)| units[a.file] == units[b.file]) {
        let weight: u128 = unit.iter().map(|(_, weight)| weight).sum();
        let part = (before + weight / 2) * parts as u128 / total.max(1);
        dealt[(part as usize).min(parts - 1)].extend(unit.iter().map(|(chunk, _)| chunk.clone()));
        before += weight;
    }
    dealt
}

/// Bytes to decode of `rows` of the group's rows, and one a row for what every row costs whatever is read of it.
fn weight(group: &Group, columns: &[usize], rows: u64) -> u128 {
    let lines = group.lines.map_or(0, |lines| u128::from(lines.bytes));
    let bytes = |index: &usize| group.columns.get(*index).map_or(0, |column| u128::from(column.bytes));
    u128::from(rows) + (lines + columns.iter().map(bytes).sum::<u128>()) * u128::from(rows) / u128::from(group.rows.max(1))
}

fn deal(groups: &[(Chunk, u128)], parts: usize) -> Vec<Vec<Chunk>> {
    let total: u128 = groups.iter().map(|(_, weight)| weight).sum();
    let mut dealt = Vec::with_capacity(parts);
    // Where the previous part ended: group, row within it, weight of all groups before it.
    let (mut group, mut row, mut before) = (0, 0, 0);
    for part in 1..=parts as u128 {
        let end = total * part / parts as u128;
        let mut chunks = Vec::new();
        while let Some((whole, weight)) = groups.get(group) {
            let cut = if end >= before + weight { whole.rows } else { cut(end, before, *weight, whole.rows, total / parts as u128) };
            if cut > row {
                let first_row = whole.first_row + row;
                chunks.push(Chunk { start: row, rows: cut - row, first_row, ..whole.clone() });
                row = cut;
            }
            if row < whole.rows {
                break;
            }
            (group, row, before) = (group + 1, 0, before + weight);
        }
        dealt.push(chunks);
    }
    dealt
}

/// The row of a group at which the weight `end` is reached, moved to the group's edge if that is near: a group read
/// by two parts has its dictionaries decoded twice.
fn cut(end: u128, before: u128, weight: u128, rows: u64, share: u128) -> u64 {
    let slack = share / 32;
    let inside = end.saturating_sub(before);
    if inside <= slack {
        0
    } else if weight - inside <= slack {
        rows
    } else {
        (inside * u128::from(rows) / weight) as u64
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Schema, SchemaRef};

    use super::*;
    use crate::dataset::{DataFile, Format};
    use crate::store::{StoreOptions, Version};

    /// A small generator: the same numbers on every run.
    fn random(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    fn groups(seed: &mut u64, count: u64, largest: u64) -> Vec<(Chunk, u128)> {
        let mut first_row = 0;
        (0..count as usize)
            .map(|group| {
                let rows = 1 + random(seed) % largest;
                let chunk = Chunk { file: group / 3, group: group % 3, start: 0, rows, first_row };
                first_row += rows;
                (chunk, u128::from(rows) * u128::from(1 + random(seed) % 40))
            })
            .collect()
    }

    #[test]
    fn every_row_once_in_order_and_balanced() {
        let mut seed = 7;
        for round in 0..300 {
            let count = 1 + random(&mut seed) % 60;
            let groups = groups(&mut seed, count, if round % 3 == 0 { 5 } else { 100_000 });
            let parts = 1 + (random(&mut seed) % 17) as usize;
            let dealt = deal(&groups, parts);
            assert_eq!(dealt, deal(&groups, parts));
            assert_eq!(dealt.len(), parts);
            let mut next = 0;
            for chunk in dealt.iter().flatten() {
                let (whole, _) = &groups[chunk.file * 3 + chunk.group];
                assert!(chunk.rows > 0 && chunk.start + chunk.rows <= whole.rows);
                assert_eq!(chunk.first_row, next);
                assert_eq!(chunk.first_row, whole.first_row + chunk.start);
                next += chunk.rows;
            }
            let last = &groups.last().unwrap().0;
            assert_eq!(next, last.first_row + last.rows);
            let weigh = |chunk: &Chunk| {
                let (whole, weight) = &groups[chunk.file * 3 + chunk.group];
                *weight as f64 * chunk.rows as f64 / whole.rows as f64
            };
            let loads: Vec<f64> = dealt.iter().map(|chunks| chunks.iter().map(weigh).sum()).collect();
            let mean = loads.iter().sum::<f64>() / parts as f64;
            if next > 10_000 * parts as u64 {
                assert!(loads.iter().all(|load| *load <= 1.1 * mean), "{loads:?}");
            }
        }
    }

    #[test]
    fn a_sample_is_of_groups_from_all_of_it() {
        let groups = |rows: &[u64]| rows.iter().map(|&rows| Group { rows, ..Group::default() }).collect();
        let file = |rows: &[u64]| DataFile { groups: groups(rows), rows: rows.iter().sum(), version: Version::Once, path: String::new(), size: 0, query: None, unpacked: None, held: None, deletes: Vec::new() };
        let dataset = |files: &[&[u64]]| Dataset::new(Format::JsonLines, files.iter().map(|rows| file(rows)).collect(), SchemaRef::new(Schema::empty()), StoreOptions::default());
        let sampled = |files: &[&[u64]], rows| {
            let mut dataset = dataset(files);
            dataset.sample(rows);
            let read: Vec<_> = chunks(&dataset, &[], 1, None)[0].iter().map(|chunk| (chunk.first_row, chunk.rows)).collect();
            assert_eq!(dataset.rows, read.iter().map(|(_, rows)| rows).sum::<u64>());
            read
        };
        assert_eq!(sampled(&[&[10, 10, 0, 10], &[10, 10, 10]], 30), [(0, 10), (20, 10), (40, 10)]);
        assert_eq!(sampled(&[&[10, 10, 0, 10], &[10, 10, 10]], 25), [(0, 10), (30, 10)]);
        assert_eq!(sampled(&[&[1000]], 7), [(0, 7)]);
        assert_eq!(sampled(&[&[10, 20]], 30), [(0, 10), (10, 20)]);
    }

    #[test]
    fn units_stay_whole_and_in_order() {
        let mut seed = 3;
        for _ in 0..100 {
            let groups = groups(&mut seed, 60, 1000);
            let units: Vec<u32> = (0..20).scan(0, |unit, _| { *unit += (random(&mut seed) % 3 == 0) as u32; Some(*unit) }).collect();
            let parts = 1 + (random(&mut seed) % 9) as usize;
            let dealt = deal_whole(&groups, &units, parts);
            let chunks: Vec<_> = groups.iter().map(|(chunk, _)| chunk.clone()).collect();
            assert_eq!(dealt.concat(), chunks);
            for unit in 0..20 {
                assert!(dealt.iter().filter(|part| part.iter().any(|chunk| units[chunk.file] == unit)).count() <= 1);
            }
        }
        let even: Vec<_> = (0..4).map(|file| (Chunk { file, group: 0, start: 0, rows: 10, first_row: 0 }, 10)).collect();
        assert_eq!(deal_whole(&even, &[0, 0, 1, 1], 2).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn fewer_rows_than_parts() {
        let mut seed = 1;
        let dealt = deal(&groups(&mut seed, 1, 1), 7);
        assert_eq!(dealt.iter().map(Vec::len).sum::<usize>(), 1);
        assert_eq!(deal(&[], 3), vec![vec![]; 3]);
    }
}
