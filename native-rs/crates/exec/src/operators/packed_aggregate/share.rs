//! The exchange of radix partitions after the input has ended. Where the ranks are a grid, the chunks for another group go to its door,
//! which sends them on.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::ToByteSlice;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryReservation;
use lockstep_comm::{ExchangeReceiver, ExchangeSender, Grid, OpKind};
use parking_lot::Mutex;

use super::collect::Collector;
use super::grouping::RADIX_BITS;
use crate::error::EngineError;
use crate::exchange::{Meter, Outboxes};
use crate::packed::{Chunk, LowKeys, RadixStore};
use crate::run::{Ranks, Run};
use crate::specialise;

/// What this rank aggregates after the exchange.
#[derive(Debug)]
pub struct Owned {
    /// Radix partitions of each partition of the output.
    shares: Vec<Range<usize>>,
    /// Rows by radix partition, emptied as they are read.
    chunks: Mutex<Vec<Vec<Chunk>>>,
    /// Of the chunks.
    memory: MemoryReservation,
}

impl Owned {
    /// Radix partitions of this rank's output partition.
    pub fn share(&self, local: usize) -> Range<usize> {
        self.shares[local].clone()
    }

    /// Removes a radix partition's rows.
    pub fn take(&self, radix: usize) -> Vec<Chunk> {
        let chunks = std::mem::take(&mut self.chunks.lock()[radix]);
        self.memory.shrink(bytes_of(&chunks));
        chunks
    }
}

fn bytes_of(chunks: &[Chunk]) -> usize {
    chunks.iter().map(Chunk::bytes).sum()
}

/// What it takes to share out.
pub struct Sharing {
    pub run: Arc<Run>,
    pub ranks: Ranks,
    /// The operation in which the ranks add up their counts.
    pub agreement: u64,
    /// To the ranks of this rank's group, which are all where there is no grid.
    pub within: (ExchangeSender, ExchangeReceiver),
    /// To the doors of other groups.
    pub across: Option<(Grid, ExchangeSender, ExchangeReceiver)>,
    /// Of the rows held.
    pub memory: MemoryReservation,
}

impl Sharing {
    /// Sends the rows of others, receives those of this rank's partitions. `meters`: of what goes to its group, and to other groups.
    pub async fn share(self, collectors: Vec<Collector>, meters: [Meter; 2]) -> Result<Owned> {
        let [to_group, to_others] = meters;
        let radix = 1usize << RADIX_BITS;
        let memory = self.memory;
        // Their reservations go, this one takes over.
        let mut stores: Vec<_> = collectors.into_iter().map(|collector| collector.store).collect();
        memory.grow(stores.iter().map(RadixStore::bytes).sum());
        let mut counts = vec![0u64; radix];
        for store in &stores {
            store.rows().iter().zip(&mut counts).for_each(|(rows, count)| *count += *rows as u64);
        }
        let sums = self.run.sum(self.agreement, OpKind::Sample, &counts).await?;
        let shares = shares(&sums, self.ranks.partitions());
        let own = self.ranks.local(self.ranks.partitions());

        let (rank, owner) = (self.ranks.rank, |partition: usize| self.ranks.owner(partition));
        let (within, mut receiver) = self.within;
        let (across, arrived) = self.across.map(|(grid, sender, receiver)| ((grid, sender), receiver)).unzip();
        let members = across.as_ref().map_or(0..self.ranks.size, |(grid, _)| grid.members(grid.group()));
        // What this rank's send and its relay have for its group goes together.
        let to_members = tokio::sync::Mutex::new(Outboxes::new(&within, members.clone(), rank, to_group));
        let mut own_chunks: Vec<Vec<Chunk>> = (0..radix).map(|_| vec![]).collect();
        // By rank, each in the order sent.
        let from_others: Mutex<Vec<(usize, usize, Chunk)>> = Mutex::default();
        let arrive = |bytes: &[u8]| -> Result<()> {
            let (from, radix, chunk) = decode(bytes)?;
            memory.try_grow(chunk.bytes()).map_err(|_| specialise::general("the memory limit"))?;
            from_others.lock().push((from, radix, chunk));
            Ok(())
        };
        let send = async {
            let mut to_groups = across.as_ref().map(|(grid, across)| {
                let doors = (0..grid.groups()).map(|group| grid.door(group));
                Outboxes::new(across, doors, rank, to_others)
            });
            for (partition, share) in shares.iter().enumerate() {
                for radix in share.clone() {
                    let chunks = stores.iter_mut().flat_map(|store| store.take(radix));
                    if own.contains(&partition) {
                        own_chunks[radix] = chunks.collect();
                        continue;
                    }
                    let to = owner(partition);
                    for chunk in chunks {
                        memory.shrink(chunk.bytes());
                        let encoded = |bytes: &mut Vec<u8>| encode(rank, radix, &chunk, bytes);
                        match (&across, &mut to_groups) {
                            (Some((grid, _)), Some(to_groups)) if !members.contains(&to) => to_groups.write(grid.group_of(to), encoded).await?,
                            _ => to_members.lock().await.write(to - members.start, encoded).await?,
                        }
                        drop(chunk);
                        // What has arrived comes first: memory that a chunk has left is warm for the next.
                        tokio::task::yield_now().await;
                    }
                }
            }
            if let (Some((_, across)), Some(to_groups)) = (&across, &mut to_groups) {
                to_groups.flush().await?;
                across.finish().await.map_err(EngineError::from)?;
            }
            Ok::<_, DataFusionError>(())
        };
        let relay = async {
            let Some(mut arrived) = arrived else { return Ok(()) };
            while let Some(message) = arrived.next().await {
                let message = message.map_err(EngineError::from)?;
                let mut rest = &message.bytes[..];
                while !rest.is_empty() {
                    let header = Header::of(rest)?;
                    let (chunk, after) = rest.split_at(header.bytes()?);
                    let to = shares.iter().position(|share| share.contains(&header.radix)).map(owner);
                    let place = to.filter(|to| members.contains(to)).ok_or_else(malformed)? - members.start;
                    match members.start + place == rank {
                        true => arrive(chunk)?,
                        false => to_members.lock().await.append(place, chunk).await?,
                    }
                    rest = after;
                }
            }
            Ok(())
        };
        let receive = async {
            while let Some(message) = receiver.next().await {
                let message = message.map_err(EngineError::from)?;
                let mut rest = &message.bytes[..];
                while !rest.is_empty() {
                    let (chunk, after) = rest.split_at(Header::of(rest)?.bytes()?);
                    arrive(chunk)?;
                    rest = after;
                }
            }
            Ok(())
        };
        let send_all = async {
            tokio::try_join!(send, relay)?;
            to_members.lock().await.flush().await?;
            within.finish().await.map_err(EngineError::from)?;
            Ok::<_, DataFusionError>(())
        };
        tokio::try_join!(send_all, receive)?;
        let mut from_others = from_others.into_inner();
        // In rank order, so that a run is like the one before.
        from_others.sort_by_key(|(from, ..)| *from);
        let mut chunks: Vec<Vec<Chunk>> = (0..radix).map(|_| vec![]).collect();
        let after = from_others.split_off(from_others.partition_point(|(from, ..)| *from < rank));
        from_others.into_iter().for_each(|(_, radix, chunk)| chunks[radix].push(chunk));
        own_chunks.iter_mut().enumerate().for_each(|(radix, own)| chunks[radix].append(own));
        after.into_iter().for_each(|(_, radix, chunk)| chunks[radix].push(chunk));
        Ok(Owned { shares: shares[own].to_vec(), chunks: Mutex::new(chunks), memory })
    }
}

/// Contiguous radix partitions for each output partition, of about equal rows. `sums`: rows of all ranks by radix partition.
fn shares(sums: &[u64], partitions: usize) -> Vec<Range<usize>> {
    let radix = sums.len();
    let total: u64 = sums.iter().sum();
    let mut shares = Vec::with_capacity(partitions);
    let (mut start, mut before) = (0, 0u64);
    for partition in 1..=partitions {
        let goal = (u128::from(total) * partition as u128 / partitions as u128) as u64;
        let mut end = start;
        // A partition that straddles the goal goes where its larger half lies.
        while end < radix && (partition == partitions || before + sums[end] / 2 < goal) {
            before += sums[end];
            end += 1;
        }
        shares.push(start..end);
        start = end;
    }
    shares
}

/// What a chunk begins with as it travels: numbers of eight bytes, the last of them bits.
const HEADER_WORDS: usize = 5;
const GROUPS: u64 = 1;
const WIDE: u64 = 2;

/// The rank that a chunk comes from, its radix partition, and what it has.
struct Header {
    from: usize,
    radix: usize,
    rows: usize,
    columns: usize,
    kind: u64,
}

impl Header {
    fn of(bytes: &[u8]) -> Result<Self> {
        let header = words(bytes.get(..8 * HEADER_WORDS).ok_or_else(malformed)?);
        let [from, radix, rows, columns, kind] = header[..] else { return Err(malformed().into()) };
        let header = Self { from: from as usize, radix: radix as usize, rows: rows as usize, columns: columns as usize, kind };
        match header.radix < 1 << RADIX_BITS && header.bytes()? <= bytes.len() {
            true => Ok(header),
            false => Err(malformed().into()),
        }
    }

    fn is_wide(&self) -> bool {
        self.kind & WIDE != 0
    }

    /// Of the whole chunk.
    fn bytes(&self) -> Result<usize> {
        let width = if self.is_wide() { 8 } else { 4 };
        let row = self.columns.checked_mul(8).and_then(|columns| columns.checked_add(width));
        let rows = row.and_then(|row| row.checked_mul(self.rows));
        Ok(rows.and_then(|rows| rows.checked_add(8 * HEADER_WORDS)).ok_or_else(malformed)?)
    }
}

fn malformed() -> EngineError {
    EngineError::bug("an exchanged partition is malformed")
}

/// Header, columns, keys, in this machine's byte order, which is that of all ranks.
fn encode(rank: usize, radix: usize, chunk: &Chunk, bytes: &mut Vec<u8>) {
    let wide = matches!(chunk.keys, LowKeys::Wide(_));
    let kind = if chunk.groups { GROUPS } else { 0 } | if wide { WIDE } else { 0 };
    let header = [rank as u64, radix as u64, chunk.keys.len() as u64, chunk.columns.len() as u64, kind];
    let rows = chunk.keys.len();
    bytes.reserve(8 * (HEADER_WORDS + rows * chunk.columns.len()) + rows * chunk.keys.width());
    for words in std::iter::once(&header[..]).chain(chunk.columns.iter().map(Vec::as_slice)) {
        bytes.extend_from_slice(words.to_byte_slice());
    }
    bytes.extend_from_slice(match &chunk.keys {
        LowKeys::Narrow(keys) => keys.to_byte_slice(),
        LowKeys::Wide(keys) => keys.to_byte_slice(),
    });
}

/// The rank that a chunk comes from, its radix partition, and the chunk; `bytes` are its own alone.
fn decode(bytes: &[u8]) -> Result<(usize, usize, Chunk)> {
    let header = Header::of(bytes)?;
    if header.bytes()? != bytes.len() {
        return Err(malformed().into());
    }
    let (columns, keys) = bytes[8 * HEADER_WORDS..].split_at(8 * header.rows * header.columns);
    let keys = if header.is_wide() {
        LowKeys::Wide(words(keys))
    } else {
        let keys = keys.chunks_exact(4).map(|key| u32::from_ne_bytes(key.try_into().expect("four bytes")));
        LowKeys::Narrow(keys.collect())
    };
    // No rows: no bytes to cut into columns, and no chunk is sent empty.
    let columns = columns.chunks_exact((8 * header.rows).max(1)).map(words).collect();
    Ok((header.from, header.radix, Chunk { keys, columns, groups: header.kind & GROUPS != 0 }))
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().expect("eight bytes"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_contiguous_and_even() {
        for partitions in [1, 2, 3, 7] {
            let counts: Vec<u64> = (0..512).map(|radix| 1000 / (radix + 1)).collect();
            let shares = shares(&counts, partitions);
            assert_eq!(shares.len(), partitions);
            assert_eq!(shares[0].start, 0);
            assert_eq!(shares.last().unwrap().end, 512);
            assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn a_chunk_travels_whole() {
        for keys in [LowKeys::Narrow(vec![1, 2, u32::MAX]), LowKeys::Wide(vec![1, 2, u64::MAX])] {
            let chunk = Chunk { keys, columns: vec![vec![4, 5, 6], vec![7, 8, u64::MAX]], groups: true };
            let mut bytes = vec![];
            encode(3, 17, &chunk, &mut bytes);
            let (from, radix, back) = decode(&bytes).unwrap();
            assert_eq!((from, radix, &back.keys, &back.columns, back.groups), (3, 17, &chunk.keys, &chunk.columns, true));
            assert!(decode(&bytes[..bytes.len() - 4]).is_err());
            assert!(decode(&bytes[..16]).is_err());
            bytes[8] = 0xff;
            bytes[9] = 0xff;
            assert!(decode(&bytes).is_err());
        }
    }
}
