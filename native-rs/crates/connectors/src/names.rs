//! "Did you mean": the known names nearest to one that does not exist.

/// At most three of `known` that a typing mistake could have turned into `name`: the nearest, and others as near.
pub fn near_misses<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .map(|candidate| (distance(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    found.sort();
    let nearest = found.first().map_or(0, |(distance, _)| *distance);
    found.retain(|(distance, _)| *distance == nearest);
    found.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// `did you mean "a" or "b"?`, or nothing.
pub fn did_you_mean(names: &[&str]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    (!quoted.is_empty()).then(|| format!("did you mean {}?", quoted.join(" or ")))
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typing_mistakes_only() {
        let known = ["pickup_datetime", "PULocationID", "DOLocationID", "trip_miles"];
        assert_eq!(near_misses("PULocationId", known), ["PULocationID"]);
        assert_eq!(near_misses("LocationID", known), ["DOLocationID", "PULocationID"]);
        assert_eq!(near_misses("trip_mile", known), ["trip_miles"]);
        assert!(near_misses("fare", known).is_empty());
        assert_eq!(did_you_mean(&["a", "b"]).unwrap(), "did you mean \"a\" or \"b\"?");
    }
}
