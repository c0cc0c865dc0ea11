//! Which endpoints each partition reads: runs of them, so partition i comes before i + 1 in the order of the table.
use std::ops::Range;

use super::schema::FlightSqlRelation;
use crate::relation::{ROWS_A_PART, runs};

/// The endpoints of each partition.
pub fn dealt(relation: &FlightSqlRelation, ranks: usize, threads: usize) -> Vec<Range<usize>> {
    runs(relation.endpoints.len(), relation.connections, ranks, threads)
}

/// The position of an endpoint's first row.
pub fn first(endpoint: usize) -> u64 {
    endpoint as u64 * ROWS_A_PART
}

/// A bound of the positions of all rows.
pub fn below(relation: &FlightSqlRelation) -> u64 {
    first(relation.endpoints.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_once_in_order() {
        for endpoints in 0..20 {
            for connections in 1..10 {
                for ranks in 1..8 {
                    let relation = FlightSqlRelation::of(endpoints, connections);
                    let parts = dealt(&relation, ranks, 2);
                    assert_eq!(parts.iter().cloned().flatten().collect::<Vec<_>>(), (0..endpoints).collect::<Vec<_>>());
                    let most = parts.iter().filter(|part| !part.is_empty()).count();
                    assert_eq!(most, endpoints.min(connections.min(ranks * 2)), "{endpoints} endpoints, {connections} connections, {ranks} ranks");
                }
            }
        }
        let parts = dealt(&FlightSqlRelation::of(2, 8), 4, 2);
        assert_eq!(parts.iter().position(|part| *part == (1..2)), Some(4), "not both on the first rank: {parts:?}");
    }
}
