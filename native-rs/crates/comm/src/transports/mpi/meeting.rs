//! That all ranks are of one build, before anything else is believed: rank 0 compares and answers, of many ranks by some that compare for
//! it and tell its answer. It also says which groups the ranks form: they follow the machines, and ranks of different machines may count differently.

use std::mem::size_of;
use std::time::Duration;

use super::calls::{Calls, Probed, Result};
use super::wire::MEETING;
use crate::grid::Grid;
use crate::transport::Frame;

/// Changes with what travels.
const PROTOCOL: u32 = 4;
const PAUSE: Duration = Duration::from_micros(100);

/// What has to be equal on all ranks.
pub(super) struct Terms<'a> {
    /// Memory for messages, bytes.
    pub arena: usize,
    pub build: &'a str,
    /// `Options::group`.
    pub group: Option<usize>,
}

/// First byte of what is said of some ranks: that they match, and their terms or, as rank 0's answer, the number of groups follow; or why
/// they do not.
const MATCHED: u8 = b'=';
const REFUSED: u8 = b'!';

/// Up to so many ranks all tell rank 0.
const FLAT: usize = 64;

/// Who compares whom: the first rank of each group its members, rank 0 these.
fn tree(rank: usize, size: usize) -> Grid {
    Grid::new(rank, size, if size <= FLAT { 1 } else { (size as f64).sqrt().round() as usize })
}

/// Returns when all ranks have been compared: into how many groups rank 0 divides them (`groups`, which only its own is read
/// of; 0: none). The same error on all of them where they differ.
pub(super) fn meet(calls: &dyn Calls, rank: usize, size: usize, groups: usize, terms: &Terms<'_>) -> Result<usize> {
    let Terms { arena, build, group } = terms;
    let group = group.map_or_else(|| "groups as they fit".to_owned(), |length| format!("groups of {length} ranks"));
    let frame = size_of::<Frame>();
    let own = format!("protocol {PROTOCOL}, frames of {frame} bytes, {arena} bytes for messages, {group}, build {build:?}");
    let tree = tree(rank, size);
    let (members, first) = (tree.members(tree.group()), |group: usize| tree.members(group).start);
    // Those that tell this rank of themselves, and to which it tells the answer.
    let below: Vec<usize> = match rank == members.start {
        true => members.clone().chain((0..tree.groups()).filter(|_| rank == 0).map(first)).filter(|other| *other != rank && *other != 0).collect(),
        false => vec![],
    };
    let mut said = [&[MATCHED], own.as_bytes()].concat();
    for _ in &below {
        let (from, theirs) = receive(calls)?;
        match theirs.split_first() {
            _ if said[0] == REFUSED => {}
            Some((&MATCHED, terms)) if terms == own.as_bytes() => {}
            Some((&REFUSED, _)) => said = theirs,
            _ => {
                let theirs = String::from_utf8_lossy(theirs.get(1..).unwrap_or_default());
                said = [&[REFUSED], format!("the ranks do not match: rank {rank} has {own}; rank {from} has {theirs}").as_bytes()].concat();
            }
        }
    }
    let answer = if rank != 0 {
        send(calls, if rank == members.start { 0 } else { members.start }, &said)?;
        receive(calls)?.1
    } else if said[0] == MATCHED {
        [&[MATCHED], &(groups as u64).to_le_bytes()[..]].concat()
    } else {
        said
    };
    for to in below {
        send(calls, to, &answer)?;
    }
    verdict(&answer)
}

/// What an answer of rank 0 says.
fn verdict(answer: &[u8]) -> Result<usize> {
    match answer.split_first() {
        Some((&MATCHED, groups)) => {
            let groups = groups.try_into().map(u64::from_le_bytes).map_err(|_| "rank 0 says nothing of groups")?;
            Ok(groups as usize)
        }
        Some((_, text)) => Err(String::from_utf8_lossy(text).into_owned()),
        None => Err("rank 0 is of another version of Lockstep".into()),
    }
}

fn send(calls: &dyn Calls, to: usize, bytes: &[u8]) -> Result<()> {
    // SAFETY: the bytes outlive the request, which is awaited.
    let mut request = unsafe { calls.send(bytes.as_ptr(), bytes.len(), to, MEETING, false) }?;
    while !calls.test(&mut request)? {
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn receive(calls: &dyn Calls) -> Result<(usize, Vec<u8>)> {
    let probed: Probed = loop {
        match calls.probe(MEETING)? {
            Some(probed) => break probed,
            None => std::thread::sleep(PAUSE),
        }
    };
    let (from, mut bytes) = (probed.from, vec![0; probed.length]);
    // SAFETY: the buffer is as long as the message and outlives the request, which is awaited.
    let mut request = unsafe { calls.receive(probed, bytes.as_mut_ptr()) }?;
    while !calls.test(&mut request)? {
        std::thread::sleep(PAUSE);
    }
    Ok((from, bytes))
}
