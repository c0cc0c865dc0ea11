//! Encoded pages → a column chunk: levels, compression, headers, statistics, page index.
use parquet::{
    basic::{Compression, Encoding, PageType, Type},
    column::{
        page::{CompressedPage, Page as ParquetPage, PageWriter},
        writer::ColumnCloseResult,
    },
    data_type::ByteArray,
    errors::{ParquetError, Result},
    file::{
        metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats},
        statistics::{Statistics, ValueStatistics},
        writer::{SerializedPageWriter, TrackedWrite},
    },
    schema::types::ColumnDescPtr,
};

use super::{
    hybrid,
    values::{Dictionary, Page},
};

/// Longer bounds of strings are left out of the statistics.
const LONGEST_BOUND: usize = 64;

pub struct Pages {
    descriptor: ColumnDescPtr,
    snappy: Option<snap::raw::Encoder>,
    sink: TrackedWrite<Vec<u8>>,
    /// Offset in `sink`, size with header.
    locations: Vec<(u64, usize)>,
    uncompressed: usize,
    column_index: ColumnIndexBuilder,
    offset_index: OffsetIndexBuilder,
    /// Least and greatest value so far; `bounded` is false once one was too long.
    bounds: Option<(Vec<u8>, Vec<u8>)>,
    bounded: bool,
    rows: usize,
    nulls: usize,
    coded: usize,
    plain: usize,
}

impl Pages {
    pub fn new(descriptor: ColumnDescPtr, snappy: bool) -> Self {
        let column_index = ColumnIndexBuilder::new(descriptor.physical_type());
        let (locations, uncompressed, bounds, rows, nulls, coded, plain) = Default::default();
        Self {
            descriptor,
            snappy: snappy.then(snap::raw::Encoder::new),
            sink: TrackedWrite::new(Vec::new()),
            locations,
            uncompressed,
            column_index,
            offset_index: OffsetIndexBuilder::new(),
            bounds,
            bounded: true,
            rows,
            nulls,
            coded,
            plain,
        }
    }

    pub fn memory_size(&self) -> usize {
        self.sink.bytes_written()
    }

    /// `levels`: 1 a value, 0 a null, for a column that may have nulls.
    pub fn write(&mut self, page: Page, rows: usize, nulls: usize, levels: Option<&[u32]>) -> Result<()> {
        let mut body = Vec::new();
        if let Some(levels) = levels {
            body.extend_from_slice(&[0; 4]);
            hybrid::encode(levels, 1, &mut body);
            let length = body.len() as u32 - 4;
            body[..4].copy_from_slice(&length.to_le_bytes());
            body.extend_from_slice(&page.bytes);
        } else {
            body = page.bytes;
        }
        let uncompressed = body.len();
        let data_page = ParquetPage::DataPage {
            buf: self.compress(body)?.into(),
            num_values: rows as u32,
            encoding: page.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let spec = SerializedPageWriter::new(&mut self.sink).write_page(CompressedPage::new(data_page, uncompressed))?;
        self.locations.push((spec.offset, spec.compressed_size));
        self.uncompressed += spec.uncompressed_size;
        self.offset_index.append_row_count(rows as i64);
        self.rows += rows;
        self.nulls += nulls;
        match page.encoding {
            Encoding::PLAIN => self.plain += 1,
            _ => self.coded += 1,
        }
        self.index(page.bounds, rows, nulls);
        Ok(())
    }

    fn index(&mut self, bounds: Option<(Vec<u8>, Vec<u8>)>, rows: usize, nulls: usize) {
        match bounds {
            Some((min, max)) if min.len() <= LONGEST_BOUND && max.len() <= LONGEST_BOUND => {
                self.column_index.append(false, min.clone(), max.clone(), nulls as i64);
                self.bounds = match self.bounds.take() {
                    None => Some((min, max)),
                    Some((low, high)) => Some((self.least(low, min), self.greatest(high, max))),
                };
            }
            None if nulls == rows => self.column_index.append(true, Vec::new(), Vec::new(), nulls as i64),
            // Only NaN in the page, or a bound too long: the format has no way to say so.
            _ => {
                self.column_index.to_invalid();
                self.bounded = self.bounded && self.descriptor.physical_type() == Type::DOUBLE;
            }
        }
    }

    fn least(&self, a: Vec<u8>, b: Vec<u8>) -> Vec<u8> {
        if self.is_less(&b, &a) { b } else { a }
    }

    fn greatest(&self, a: Vec<u8>, b: Vec<u8>) -> Vec<u8> {
        if self.is_less(&a, &b) { b } else { a }
    }

    fn is_less(&self, a: &[u8], b: &[u8]) -> bool {
        match self.descriptor.physical_type() {
            Type::INT32 => i32::from_le_bytes(word(a)) < i32::from_le_bytes(word(b)),
            Type::INT64 => i64::from_le_bytes(word(a)) < i64::from_le_bytes(word(b)),
            Type::DOUBLE => f64::from_le_bytes(word(a)) < f64::from_le_bytes(word(b)),
            _ => a < b,
        }
    }

    fn compress(&mut self, body: Vec<u8>) -> Result<Vec<u8>> {
        match &mut self.snappy {
            Some(encoder) => encoder.compress_vec(&body).map_err(|error| ParquetError::External(Box::new(error))),
            None => Ok(body),
        }
    }

    pub fn close(mut self, dictionary: Option<Dictionary>) -> Result<(Vec<u8>, ColumnCloseResult)> {
        let mut bytes = Vec::new();
        let mut encoding_stats = Vec::new();
        let mut dictionary_offset = None;
        if let Some(Dictionary { bytes: body, count }) = dictionary {
            let uncompressed = body.len();
            let buf = self.compress(body)?.into();
            let page = ParquetPage::DictionaryPage { buf, num_values: count as u32, encoding: Encoding::PLAIN, is_sorted: false };
            let mut sink = TrackedWrite::new(bytes);
            let spec = SerializedPageWriter::new(&mut sink).write_page(CompressedPage::new(page, uncompressed))?;
            self.uncompressed += spec.uncompressed_size;
            bytes = sink.into_inner()?;
            dictionary_offset = Some(0);
            encoding_stats.push(PageEncodingStats { page_type: PageType::DICTIONARY_PAGE, encoding: Encoding::PLAIN, count: 1 });
        }
        let data_offset = bytes.len();
        for (offset, size) in &self.locations {
            self.offset_index.append_offset_and_size((data_offset as u64 + offset) as i64, *size as i32);
        }
        let mut encodings = vec![Encoding::RLE];
        for (encoding, pages) in [(Encoding::RLE_DICTIONARY, self.coded), (Encoding::PLAIN, self.plain)] {
            if pages > 0 {
                encodings.push(encoding);
                encoding_stats.push(PageEncodingStats { page_type: PageType::DATA_PAGE, encoding, count: pages as i32 });
            }
        }
        if dictionary_offset.is_some() && self.plain == 0 {
            encodings.push(Encoding::PLAIN);
        }
        let statistics = self.statistics();
        bytes.append(&mut self.sink.into_inner()?);
        let compression = if self.snappy.is_some() { Compression::SNAPPY } else { Compression::UNCOMPRESSED };
        let metadata = ColumnChunkMetaData::builder(self.descriptor)
            .set_compression(compression)
            .set_encodings(encodings)
            .set_page_encoding_stats(encoding_stats)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_num_values(self.rows as i64)
            .set_data_page_offset(data_offset as i64)
            .set_dictionary_page_offset(dictionary_offset)
            .set_statistics(statistics)
            .build()?;
        let column_index = if self.column_index.valid() { Some(self.column_index.build()?) } else { None };
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index,
            offset_index: Some(self.offset_index.build()),
        };
        Ok((bytes, close))
    }

    fn statistics(&mut self) -> Statistics {
        let bounds = self.bounds.take().filter(|_| self.bounded);
        let (min, max) = bounds.unzip();
        let nulls = Some(self.nulls as u64);
        match self.descriptor.physical_type() {
            Type::BOOLEAN => Statistics::boolean(min.map(|min| min == [1]), max.map(|max| max == [1]), None, nulls, false),
            Type::INT32 => {
                let value = |bytes: Vec<u8>| i32::from_le_bytes(word(&bytes));
                Statistics::int32(min.map(value), max.map(value), None, nulls, false)
            }
            Type::INT64 => {
                let value = |bytes: Vec<u8>| i64::from_le_bytes(word(&bytes));
                Statistics::int64(min.map(value), max.map(value), None, nulls, false)
            }
            Type::DOUBLE => {
                let value = |bytes: Vec<u8>| f64::from_le_bytes(word(&bytes));
                Statistics::double(min.map(value), max.map(value), None, nulls, false)
            }
            _ => {
                let statistics = ValueStatistics::new(min.map(ByteArray::from), max.map(ByteArray::from), None, nulls, false);
                Statistics::ByteArray(statistics.with_min_is_exact(true).with_max_is_exact(true))
            }
        }
    }
}

/// A bound in plain encoding as a fixed number of bytes.
fn word<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("a bound has the width of its type")
}
