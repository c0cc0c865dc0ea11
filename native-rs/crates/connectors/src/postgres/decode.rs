//! Binary COPY → arrays. What comes was sent by a server that may be any: nothing in it is taken on trust.
//!
//! ```text
//! "PGCOPY\n\xff\r\n\0" flags:i32 length:i32 … ── once a statement
//! fields:i16 (length:i32 bytes)…              ── a row; length −1: null
//! −1:i16                                      ── the end
//! ```
use arrow::{array::ArrayRef, datatypes::SchemaRef};

use super::values::Column;

pub(super) const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Why bytes are no rows of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// They are not what the protocol promises.
    Bytes,
    /// The value of a column, by number, that its type here does not have.
    Value { column: usize, what: &'static str },
}

/// Takes blocks of whole rows, statement after statement.
pub struct Decoder {
    columns: Vec<Column>,
    /// Between the statements.
    outside: bool,
    /// Rows that wait to be a batch, and their bytes.
    rows: usize,
    bytes: usize,
}

/// Bytes of a batch, about: a row may have gigabytes, a column's texts in a batch may not.
const BATCH_BYTES: usize = 16 << 20;

impl Decoder {
    pub fn new(schema: &SchemaRef) -> Self {
        Self { columns: schema.fields().iter().map(|field| Column::new(field.data_type())).collect(), outside: true, rows: 0, bytes: 0 }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there are enough for a batch.
    pub fn full(&self, most: usize) -> bool {
        self.rows >= most || self.bytes >= BATCH_BYTES
    }

    /// Whether the last statement's rows have all come.
    pub fn complete(&self) -> bool {
        self.outside
    }

    /// Reads rows off the front of `bytes` until there are enough, `most` or less, or the bytes are used up.
    pub fn take(&mut self, bytes: &mut &[u8], most: usize) -> Result<(), Wrong> {
        while !bytes.is_empty() && !self.full(most) {
            let before = bytes.len();
            if self.outside {
                let rest = bytes.strip_prefix(SIGNATURE).ok_or(Wrong::Bytes)?;
                *bytes = rest;
                let _flags = int32(bytes)?;
                let extension = length(int32(bytes)?)?;
                part(bytes, extension)?;
                self.outside = false;
                continue;
            }
            match int16(bytes)? {
                -1 => self.outside = true,
                fields if fields as usize == self.columns.len() && fields >= 0 => {
                    for (column, builder) in self.columns.iter_mut().enumerate() {
                        match int32(bytes)? {
                            -1 => builder.append_null(),
                            size => builder.append(part(bytes, length(size)?)?).map_err(|what| what.map_or(Wrong::Bytes, |what| Wrong::Value { column, what }))?,
                        }
                    }
                    self.rows += 1;
                    self.bytes += before - bytes.len();
                }
                _ => return Err(Wrong::Bytes),
            }
        }
        Ok(())
    }

    /// The rows so far.
    pub fn finish(&mut self) -> Vec<ArrayRef> {
        (self.rows, self.bytes) = (0, 0);
        self.columns.iter_mut().map(Column::finish).collect()
    }
}

pub(super) fn part<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Wrong> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Wrong::Bytes)?;
    *bytes = rest;
    Ok(taken)
}

pub(super) fn int16(bytes: &mut &[u8]) -> Result<i16, Wrong> {
    Ok(i16::from_be_bytes(part(bytes, 2)?.try_into().expect("two bytes")))
}

pub(super) fn int32(bytes: &mut &[u8]) -> Result<i32, Wrong> {
    Ok(i32::from_be_bytes(part(bytes, 4)?.try_into().expect("four bytes")))
}

pub(super) fn length(said: i32) -> Result<usize, Wrong> {
    usize::try_from(said).map_err(|_| Wrong::Bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{Array, AsArray},
        datatypes::{DataType, Field, Int32Type, Schema, TimeUnit},
    };

    use super::*;

    fn decoder(types: &[DataType]) -> Decoder {
        let fields: Vec<Field> = types.iter().enumerate().map(|(index, data_type)| Field::new(index.to_string(), data_type.clone(), true)).collect();
        Decoder::new(&Arc::new(Schema::new(fields)))
    }

    fn statement(rows: &[&[Option<&[u8]>]]) -> Vec<u8> {
        let mut bytes = [SIGNATURE, &[0, 0, 0, 0, 0, 0, 0, 2, 7, 7]].concat();
        for row in rows {
            bytes.extend((row.len() as i16).to_be_bytes());
            for value in *row {
                bytes.extend(value.map_or(-1, |value| value.len() as i32).to_be_bytes());
                bytes.extend(value.unwrap_or_default());
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        bytes
    }

    pub(in super::super) fn numeric(weight: i16, sign: u16, digits: &[i16]) -> Vec<u8> {
        let head = [digits.len() as i16, weight, sign as i16, 0];
        head.iter().chain(digits).flat_map(|part| part.to_be_bytes()).collect()
    }

    #[test]
    fn rows_of_several_statements() {
        let types = [DataType::Int32, DataType::Utf8];
        let bytes = [statement(&[&[Some(&[0, 0, 0, 5]), Some("é".as_bytes())], &[None, None]]), statement(&[]), statement(&[&[Some(&[255; 4]), Some(b"")]])].concat();
        let mut decoder = decoder(&types);
        let mut rest = bytes.as_slice();
        decoder.take(&mut rest, 2).unwrap();
        assert_eq!((decoder.rows(), decoder.complete()), (2, false));
        let first = decoder.finish();
        assert_eq!((first[0].null_count(), first[1].as_string::<i32>().value(0)), (1, "é"));
        decoder.take(&mut rest, 2).unwrap();
        assert!(rest.is_empty() && decoder.complete() && decoder.rows() == 1);
        assert_eq!(decoder.finish()[0].as_primitive::<Int32Type>().value(0), -1);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_an_answer() {
        let texts = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        let types = [DataType::Int64, DataType::Utf8, DataType::Decimal128(10, 2), DataType::Date32, DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Boolean, texts];
        let list = [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 25], [0, 0, 0, 2], [0, 0, 0, 1], [255; 4], [0, 0, 0, 4], *b"text"].concat();
        let whole = statement(&[&[Some(&[1; 8]), Some(b"text"), Some(&numeric(1, 0, &[12, 3400])), Some(&[0; 4]), Some(&[0; 8]), Some(&[1]), Some(&list)], &[None; 7]]);
        for end in 0..whole.len() {
            let mut cut = decoder(&types);
            let outcome = cut.take(&mut &whole[..end], usize::MAX);
            assert!(outcome.is_err() || !cut.complete() || end == 0, "cut at {end}");
        }
        for place in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] = value;
                let mut decoder = decoder(&types);
                let _ = decoder.take(&mut changed.as_slice(), usize::MAX);
                decoder.finish().iter().for_each(|column| column.to_data().validate_full().unwrap());
            }
        }
    }
}
