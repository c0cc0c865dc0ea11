//! Is a dictionary worth its hash table?
use std::collections::HashSet;

use arrow::array::{Array, ArrayRef};
use datafusion::common::hash_utils::{RandomState, create_hashes};

/// More than half of the sampled values are distinct: a dictionary would cost more than it saves.
pub fn is_mostly_distinct(sample: &[&ArrayRef]) -> bool {
    let rows: usize = sample.iter().map(|array| array.len() - array.null_count()).sum();
    let state = RandomState::with_seed(0);
    let mut seen = HashSet::new();
    for array in sample {
        let mut hashes = vec![0; array.len()];
        // A type without hashes is nested: leave it to the writer's own judgement.
        if create_hashes([*array], &state, &mut hashes).is_err() {
            return false;
        }
        seen.extend(hashes);
        if seen.len() * 2 > rows {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, StringArray};

    use super::*;

    #[test]
    fn counts_distinct_values_over_batches() {
        let unique: ArrayRef = Arc::new(Float64Array::from_iter_values((0..100).map(f64::from)));
        let few: ArrayRef = Arc::new(StringArray::from_iter_values((0..100).map(|value| (value % 7).to_string())));
        assert!(is_mostly_distinct(&[&unique]));
        assert!(!is_mostly_distinct(&[&unique, &unique]));
        assert!(!is_mostly_distinct(&[&few, &few]));
        assert!(!is_mostly_distinct(&[]));
    }
}
