//! The exchange of radix partitions after the input has ended.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::ToByteSlice;
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::metrics::Count;
use lockstep_comm::{ExchangeReceiver, ExchangeSender, OpKind};
use parking_lot::Mutex;

use super::collect::Collector;
use super::grouping::RADIX_BITS;
use crate::error::EngineError;
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
    pub sender: ExchangeSender,
    pub receiver: ExchangeReceiver,
    /// Of the rows held.
    pub memory: MemoryReservation,
}

impl Sharing {
    /// Sends the rows of others, receives those of this rank's partitions.
    pub async fn share(self, collectors: Vec<Collector>, sent: &Count) -> Result<Owned> {
        let radix = 1usize << RADIX_BITS;
        let memory = self.memory;
        // Their reservations go, this one takes over.
        let mut stores: Vec<_> = collectors.into_iter().map(|collector| collector.store).collect();
        memory.grow(stores.iter().map(RadixStore::bytes).sum());
        let mut counts = vec![0u64; radix];
        for store in &stores {
            store.rows().iter().zip(&mut counts).for_each(|(rows, count)| *count += *rows as u64);
        }
        let mine: Bytes = counts.iter().flat_map(|count| count.to_le_bytes()).collect::<Vec<_>>().into();
        let all = self.run.agree(self.agreement, OpKind::Sample, mine).await?;
        let shares = shares(&all, radix, self.ranks.partitions());
        let own = self.ranks.local(self.ranks.partitions());

        let mut from_others: Vec<Vec<(usize, Chunk)>> = (0..self.ranks.size).map(|_| vec![]).collect();
        let (sender, mut receiver) = (self.sender, self.receiver);
        let mut own_chunks: Vec<Vec<Chunk>> = (0..radix).map(|_| vec![]).collect();
        let send = async {
            for (partition, share) in shares.iter().enumerate() {
                for radix in share.clone() {
                    let chunks = stores.iter_mut().flat_map(|store| store.take(radix));
                    if own.contains(&partition) {
                        own_chunks[radix] = chunks.collect();
                        continue;
                    }
                    for chunk in chunks {
                        let bytes = message_bytes(&chunk);
                        let Some(mut slot) = sender.reserve(self.ranks.owner(partition), bytes).await.map_err(EngineError::from)?
                        else {
                            memory.shrink(chunk.bytes());
                            continue;
                        };
                        encode(radix, &chunk, &mut slot);
                        slot.commit().await.map_err(EngineError::from)?;
                        sent.add(bytes);
                        memory.shrink(chunk.bytes());
                        drop(chunk);
                        // What has arrived comes first: memory that a chunk has left is warm for the next.
                        tokio::task::yield_now().await;
                    }
                }
            }
            sender.finish().await.map_err(EngineError::from)?;
            Ok::<_, DataFusionError>(())
        };
        let receive = async {
            while let Some(message) = receiver.next().await {
                let message = message.map_err(EngineError::from)?;
                let (radix, chunk) = decode(&message.bytes)?;
                memory.try_grow(chunk.bytes()).map_err(|_| specialise::general("the memory limit"))?;
                from_others[message.from].push((radix, chunk));
            }
            Ok(())
        };
        tokio::try_join!(send, receive)?;
        // In rank order, so that a run is like the one before.
        let mut chunks: Vec<Vec<Chunk>> = (0..radix).map(|_| vec![]).collect();
        for (rank, received) in from_others.into_iter().enumerate() {
            if rank == self.ranks.rank {
                own_chunks.iter_mut().enumerate().for_each(|(radix, own)| chunks[radix].append(own));
            }
            received.into_iter().for_each(|(radix, chunk)| chunks[radix].push(chunk));
        }
        Ok(Owned { shares: shares[own].to_vec(), chunks: Mutex::new(chunks), memory })
    }
}

/// Contiguous radix partitions for each output partition, of about equal rows.
fn shares(counts: &[Bytes], radix: usize, partitions: usize) -> Vec<Range<usize>> {
    let mut sums = vec![0u64; radix];
    for counts in counts {
        for (count, sum) in counts.chunks_exact(8).zip(&mut sums) {
            *sum += u64::from_le_bytes(count.try_into().expect("eight bytes"));
        }
    }
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

/// Of a message: radix partition, rows, columns, and what they are.
const HEADER_WORDS: usize = 4;
/// Bits of the last header word.
const GROUPS: u64 = 1;
const WIDE: u64 = 2;

fn message_bytes(chunk: &Chunk) -> usize {
    let rows = chunk.keys.len();
    8 * (HEADER_WORDS + rows * chunk.columns.len()) + rows * chunk.keys.width()
}

/// Header, columns, keys, in this machine's byte order, which is that of all ranks.
fn encode(radix: usize, chunk: &Chunk, bytes: &mut [u8]) {
    let wide = matches!(chunk.keys, LowKeys::Wide(_));
    let kind = if chunk.groups { GROUPS } else { 0 } | if wide { WIDE } else { 0 };
    let header = [radix as u64, chunk.keys.len() as u64, chunk.columns.len() as u64, kind];
    let mut rest = bytes;
    for words in std::iter::once(&header[..]).chain(chunk.columns.iter().map(Vec::as_slice)) {
        let (target, after) = rest.split_at_mut(8 * words.len());
        target.copy_from_slice(words.to_byte_slice());
        rest = after;
    }
    rest.copy_from_slice(match &chunk.keys {
        LowKeys::Narrow(keys) => keys.to_byte_slice(),
        LowKeys::Wide(keys) => keys.to_byte_slice(),
    });
}

fn decode(bytes: &[u8]) -> Result<(usize, Chunk)> {
    let invalid = || EngineError::bug("an exchanged partition is malformed");
    let header = words(bytes.get(..8 * HEADER_WORDS).ok_or_else(invalid)?);
    let [radix, rows, columns, kind] = header[..] else { return Err(invalid().into()) };
    let (radix, rows, columns, wide) = (radix as usize, rows as usize, columns as usize, kind & WIDE != 0);
    let bytes = &bytes[8 * HEADER_WORDS..];
    let column_bytes = rows.checked_mul(8).ok_or_else(invalid)?;
    let columns_bytes = column_bytes.checked_mul(columns).ok_or_else(invalid)?;
    let keys_bytes = if wide { column_bytes } else { 4 * rows };
    if radix >= 1 << RADIX_BITS || columns_bytes.checked_add(keys_bytes) != Some(bytes.len()) {
        return Err(invalid().into());
    }
    let (columns, keys) = bytes.split_at(columns_bytes);
    let keys = if wide {
        LowKeys::Wide(words(keys))
    } else {
        let keys = keys.chunks_exact(4).map(|key| u32::from_ne_bytes(key.try_into().expect("four bytes")));
        LowKeys::Narrow(keys.collect())
    };
    // No rows: no bytes to cut into columns, and no chunk is sent empty.
    let columns = columns.chunks_exact(column_bytes.max(1)).map(words).collect();
    Ok((radix, Chunk { keys, columns, groups: kind & GROUPS != 0 }))
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
            let bytes: Bytes = counts.iter().flat_map(|count| count.to_le_bytes()).collect::<Vec<_>>().into();
            let shares = shares(&[bytes.clone(), bytes], 512, partitions);
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
            let mut bytes = vec![0; message_bytes(&chunk)];
            encode(17, &chunk, &mut bytes);
            let (radix, back) = decode(&bytes).unwrap();
            assert_eq!((radix, &back.keys, &back.columns, back.groups), (17, &chunk.keys, &chunk.columns, true));
            assert!(decode(&bytes[..bytes.len() - 4]).is_err());
            assert!(decode(&bytes[..16]).is_err());
            bytes[0] = 0xff;
            bytes[1] = 0xff;
            assert!(decode(&bytes).is_err());
        }
    }
}
