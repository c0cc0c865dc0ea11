//! Which parts of the rows each partition reads: runs of them, so partition i comes before i + 1 in the order of the table.
use std::ops::Range;

use super::schema::SnowflakeRelation;
use crate::relation::reading;

/// The parts of each partition, about as many rows each. The first partition that reads is of rank 0, which has the first rows.
pub fn dealt(relation: &SnowflakeRelation, ranks: usize, threads: usize) -> Vec<Range<usize>> {
    let mut dealt = vec![0..0; ranks * threads];
    let reading = reading(relation.connections, ranks, threads);
    let all = relation.parts.len();
    let runs = all.min(reading.len());
    let rows = relation.rows().max(1);
    let (mut start, mut before) = (0, 0_u64);
    for run in 0..runs {
        // At least one part for this run and for each that follows.
        let mut end = start;
        let goal = (u128::from(rows) * (run as u128 + 1) / runs as u128) as u64;
        while end < all && all - end > runs - run - 1 && (end == start || before + relation.parts[end].rows / 2 < goal) {
            before += relation.parts[end].rows;
            end += 1;
        }
        let end = if run + 1 == runs { all } else { end };
        dealt[reading[run * reading.len() / runs]] = start..end;
        start = end;
    }
    dealt
}

/// The position of a part's first row.
pub fn first(relation: &SnowflakeRelation, part: usize) -> u64 {
    relation.parts[..part].iter().map(|part| part.rows).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_once_in_order() {
        for parts in 0..20_u64 {
            for connections in 1..10 {
                for ranks in 1..8 {
                    let rows: Vec<u64> = (0..parts).map(|part| part * 7919 % 13).collect();
                    let relation = SnowflakeRelation::of(&rows, connections);
                    let dealt = dealt(&relation, ranks, 2);
                    assert_eq!(dealt.iter().cloned().flatten().collect::<Vec<_>>(), (0..parts as usize).collect::<Vec<_>>(), "{connections} connections, {ranks} ranks");
                    let most = dealt.iter().filter(|part| !part.is_empty()).count();
                    assert_eq!(most, (parts as usize).min(connections.min(ranks * 2)), "{parts} parts, {connections} connections, {ranks} ranks");
                    assert!(parts == 0 || dealt[0].start == 0 && !dealt[0].is_empty(), "the first rows are rank 0's: {dealt:?}");
                }
            }
        }
        let even = dealt(&SnowflakeRelation::of(&[100, 1500, 1500, 1500, 1500], 8), 2, 1);
        assert_eq!(even, [0..3, 3..5]);
    }
}
