//! Compressed buffers: how long they say to be, before arrow-rs believes it.
use arrow::ipc::{CompressionType, RecordBatch};
use zstd::zstd_safe::get_frame_content_size;

use crate::errors::{ConnectorError, Result};

/// Bytes that one byte can become: of LZ4 by its format, of zstd about (a block of 128 KiB of one value takes four).
const LZ4: u64 = 255;
const ZSTD: u64 = 1 << 15;
/// Bytes of headers.
const SLACK: u64 = 1 << 10;

/// LS2005 where one of the `buffers` of a batch, whose `body` is here, says to be longer than it can be.
pub fn check(file: &str, batch: &RecordBatch, buffers: impl Iterator<Item = usize>, body: &[u8]) -> Result<()> {
    let Some(compression) = batch.compression() else { return Ok(()) };
    let wrong = |what: &str| ConnectorError::corrupt(file, format!("a compressed buffer {what}"));
    let Some(listed) = batch.buffers() else { return Ok(()) };
    for index in buffers {
        let buffer = listed.get(index);
        if buffer.length() == 0 {
            continue;
        }
        let bytes = body.get(buffer.offset() as usize..(buffer.offset() + buffer.length()) as usize).ok_or_else(|| wrong("lies outside of its batch"))?;
        let (length, content) = bytes.split_first_chunk::<8>().ok_or_else(|| wrong("has no length"))?;
        let length = match i64::from_le_bytes(*length) {
            // What compression would have made longer stands as it is.
            -1 => continue,
            length => u64::try_from(length).map_err(|_| wrong("has no length"))?,
        };
        let most = (content.len() as u64).saturating_mul(if compression.codec() == CompressionType::LZ4_FRAME { LZ4 } else { ZSTD }).saturating_add(SLACK);
        let said = if compression.codec() == CompressionType::ZSTD { get_frame_content_size(content).ok().flatten() } else { None };
        if said.map_or(length > most, |said| said != length) {
            return Err(wrong("says to be longer than it is"));
        }
    }
    Ok(())
}
