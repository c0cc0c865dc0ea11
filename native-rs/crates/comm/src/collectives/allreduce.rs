use super::{Collective, Underway};
use crate::core::{Contributions, Core};
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// The sums of all ranks' numbers, place by place, on every rank; all have as many. On a grid a door adds up those behind it, and the
/// members of a group their sums: what a rank is sent does not grow with the ranks, as what is gathered does.
pub(crate) async fn allreduce(core: &Core, op: &Op, values: &[u64]) -> Result<Vec<u64>> {
    let underway = Underway { core, op, primitive: Primitive::Allreduce, root: None };
    let steps = Collective::Allreduce.steps(core.place());
    let mut sums = values.to_vec();
    for (at, step) in steps.iter().enumerate() {
        let part: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        let parts = match steps.get(at + 1) {
            Some(next) => underway.first_step(step, &part, next).await?,
            None => underway.step(step, &part).await?,
        };
        add(&mut sums, parts)?;
    }
    Ok(sums)
}

fn add(sums: &mut [u64], parts: Contributions) -> Result<()> {
    for (from, part) in parts {
        let (words, rest) = part.as_chunks::<8>();
        if words.len() != sums.len() || !rest.is_empty() {
            return Err(CommError::Invalid { from, what: "count of numbers" });
        }
        sums.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(u64::from_le_bytes(*word)));
    }
    Ok(())
}
