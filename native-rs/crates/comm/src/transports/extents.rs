//! Free ranges of an arena: best fit, neighbours joined.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Extents {
    by_start: BTreeMap<usize, usize>,
    by_size: BTreeSet<(usize, usize)>,
}

impl Extents {
    /// Takes `size` bytes from the smallest range that has them; the lowest where several do.
    pub fn take(&mut self, size: usize) -> Option<usize> {
        let &(found, start) = self.by_size.range((size, 0)..).next()?;
        self.remove(start, found);
        if found > size {
            self.add(start + size, found - size);
        }
        Some(start)
    }

    /// Frees a range.
    pub fn insert(&mut self, mut start: usize, mut size: usize) {
        if size == 0 {
            return;
        }
        if let Some((&before, &length)) = self.by_start.range(..start).next_back()
            && before + length == start
        {
            self.remove(before, length);
            start = before;
            size += length;
        }
        if let Some(&after) = self.by_start.get(&(start + size)) {
            self.remove(start + size, after);
            size += after;
        }
        self.add(start, size);
    }

    /// Free bytes just before `end`.
    pub fn tail(&self, end: usize) -> usize {
        match self.by_start.iter().next_back() {
            Some((&start, &size)) if start + size == end => size,
            _ => 0,
        }
    }

    fn add(&mut self, start: usize, size: usize) {
        self.by_start.insert(start, size);
        self.by_size.insert((size, start));
    }

    fn remove(&mut self, start: usize, size: usize) {
        self.by_start.remove(&start);
        self.by_size.remove(&(size, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_fit_and_joining() {
        let mut extents = Extents::default();
        extents.insert(0, 1000);
        let (a, b, c) = (extents.take(100).unwrap(), extents.take(200).unwrap(), extents.take(300).unwrap());
        assert_eq!((a, b, c), (0, 100, 300));
        assert_eq!(extents.tail(1000), 400);
        extents.insert(a, 100);
        assert_eq!(extents.take(90), Some(0), "the smaller hole fits better");
        extents.insert(0, 90);
        extents.insert(c, 300);
        extents.insert(b, 200);
        assert_eq!(extents.take(1000), Some(0), "all neighbours joined");
        assert_eq!(extents.take(1), None);
    }

    #[test]
    fn random_use_never_overlaps_and_never_leaks() {
        let mut extents = Extents::default();
        extents.insert(0, 1 << 16);
        let mut seed = 1u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((seed >> 33) % below) as usize
        };
        let mut owner = vec![0u32; 1 << 16];
        let mut held: Vec<(usize, usize, u32)> = Vec::new();
        for id in 1..5000 {
            if random(2) == 0 && !held.is_empty() {
                let (start, size, id) = held.swap_remove(random(held.len() as u64));
                assert!(owner[start..start + size].iter().all(|&by| by == id));
                owner[start..start + size].fill(0);
                extents.insert(start, size);
            } else {
                let size = 1 + random(700);
                if let Some(start) = extents.take(size) {
                    assert!(owner[start..start + size].iter().all(|&by| by == 0));
                    owner[start..start + size].fill(id);
                    held.push((start, size, id));
                }
            }
        }
        held.iter().for_each(|&(start, size, _)| extents.insert(start, size));
        assert_eq!(extents.take(1 << 16), Some(0));
    }
}
