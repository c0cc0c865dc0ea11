use std::collections::BTreeMap;

use bytes::Bytes;
use futures::future::try_join;

use super::bundle::{pack, unpack};
use crate::communicator::Communicator;
use crate::error::{CommError, RankError, Result};
use crate::exchange::{ExchangeReceiver, ExchangeSender};
use crate::grid::{Grid, Hop};
use crate::operation::Op;

/// Every rank has a part for every rank, or none. Sends and receives at once, so that long parts wait in nobody's memory;
/// on a grid they do, at the doors.
pub(crate) async fn alltoall(comm: &Communicator, op: &Op, parts: Vec<Option<Bytes>>) -> Result<Vec<Option<Bytes>>> {
    if let Some(grid) = comm.grid() {
        return in_two_hops(comm, op, grid, &parts).await;
    }
    let parts = parts.into_iter().enumerate().filter_map(|(to, part)| Some((to, part?)));
    let mut received = swap(comm.exchange(op)?, parts).await?;
    Ok((0..comm.size()).map(|from| received.remove(&from)).collect())
}

/// A door gets one bundle of each rank behind it, of parts for the members of its group, and makes of them one for each
/// member.
async fn in_two_hops(comm: &Communicator, op: &Op, grid: Grid, parts: &[Option<Bytes>]) -> Result<Vec<Option<Bytes>>> {
    let for_group = |group: usize| (grid.door(group), pack(parts[grid.members(group)].iter().map(Option::as_ref)));
    let across = swap(comm.exchange_hop(op, Hop::Across)?, (0..grid.groups()).map(for_group)).await;
    if let Err(CommError::Left { rank }) = across {
        // Those who wait for this rank in the other hop hear of it.
        comm.fail(RankError::left(rank));
    }
    let (across, members) = (across?, grid.members(grid.group()));
    let behind = grid.behind().map(|from| bundle_of(&across, from, members.len())).collect::<Result<Vec<_>>>()?;
    let for_member = |member: usize| {
        let place = member - members.start;
        (member, pack(behind.iter().map(|parts| parts[place].as_ref())))
    };
    let within = swap(comm.exchange_hop(op, Hop::Within)?, members.clone().map(for_member)).await?;
    let mut received = vec![None; comm.size()];
    for member in members.clone() {
        let behind: Vec<usize> = grid.seen_by(member).behind().collect();
        let parts = bundle_of(&within, member, behind.len())?;
        behind.into_iter().zip(parts).for_each(|(from, part)| received[from] = part);
    }
    Ok(received)
}

fn bundle_of(received: &BTreeMap<usize, Bytes>, from: usize, count: usize) -> Result<Vec<Option<Bytes>>> {
    let missing = CommError::Invalid { from, what: "no part of a collective" };
    unpack(received.get(&from).ok_or(missing)?, count, from)
}

/// Sends each part to its rank; what came, by rank.
async fn swap(
    (sender, mut receiver): (ExchangeSender, ExchangeReceiver),
    parts: impl Iterator<Item = (usize, Bytes)>,
) -> Result<BTreeMap<usize, Bytes>> {
    let mut received = BTreeMap::new();
    let send = async {
        for (to, part) in parts {
            sender.send(to, part).await?;
        }
        sender.finish().await
    };
    let receive = async {
        while let Some(message) = receiver.next().await {
            let message = message?;
            received.insert(message.from, message.bytes.into_bytes());
        }
        Ok(())
    };
    try_join(send, receive).await?;
    Ok(received)
}
