//! `toISOString`, `toJSON`.
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use datafusion::common::Result;
use lockstep_plan::JsType;
use crate::arguments::Arguments;
use crate::date::civil::civil_from_days;
use crate::date::getters::Moment;
use crate::date::is_valid;
use crate::error::RowError;
use crate::function::Function;
use crate::function::Kind::Date;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("date.toISOString", &[Date], JsType::String, |a| {
        a.check_receiver("toISOString")?;
        texts(a, |row| RowError::range_error(row, "Invalid time value"))
    })
    .throws(),
    Function::new("date.toJSON", &[Date], JsType::String, |a| {
        a.check_receiver("toJSON")?;
        texts(a, |_| Ok(()))
    })
    .method()
    .nullable(),
];

/// The ISO text of every row; null where `invalid` lets an invalid date pass.
fn texts(a: &Arguments, invalid: impl Fn(usize) -> Result<()>) -> Result<ArrayRef> {
    let times = a.date(0)?;
    let mut out = StringBuilder::with_capacity(a.rows, a.rows * 24);
    let mut iso = Iso::default();
    for row in 0..a.rows {
        let time = times.get(row);
        if is_valid(time) {
            out.append_value(iso.of(Moment::of(time)));
        } else {
            invalid(row)?;
            out.append_null();
        }
    }
    Ok(Arc::new(out.finish()))
}

/// Writes ISO texts; neighbouring rows often share the day, whose text is kept.
#[derive(Default)]
struct Iso {
    /// `±YYYYYY-MM-DDTHH:mm:ss.sssZ` at the longest.
    text: Vec<u8>,
    day: Option<(i32, usize)>,
}

impl Iso {
    fn of(&mut self, moment: Moment) -> &str {
        let date = match self.day {
            Some((day, length)) if day == moment.days => length,
            _ => self.write_day(moment.days),
        };
        let (seconds, ms) = (moment.ms / 1000, moment.ms % 1000);
        let time = &mut self.text[date..];
        two(&mut time[0..], seconds / 3600);
        two(&mut time[3..], seconds / 60 % 60);
        two(&mut time[6..], seconds % 60);
        time[9] = b'0' + (ms / 100) as u8;
        two(&mut time[10..], ms % 100);
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Leaves a whole text whose time is to be filled in; returns where that begins.
    fn write_day(&mut self, days: i32) -> usize {
        let civil = civil_from_days(days);
        let (month, day) = (civil.month + 1, civil.day);
        let date = match civil.year {
            year @ 0..=9999 => format!("{year:04}-{month:02}-{day:02}T"),
            year => format!("{year:+07}-{month:02}-{day:02}T"),
        };
        self.text.clear();
        self.text.extend_from_slice(date.as_bytes());
        self.text.extend_from_slice(b"00:00:00.000Z");
        self.day = Some((days, date.len()));
        date.len()
    }
}

#[inline(always)]
fn two(at: &mut [u8], value: u32) {
    at[0] = b'0' + (value / 10) as u8;
    at[1] = b'0' + (value % 10) as u8;
}
