//! `toISOString`, `toJSON`.
use std::fmt::Write;

use arrow::array::{ArrayRef, StringBuilder};
use datafusion::common::Result;
use lockstep_plan::JsType;
use std::sync::Arc;

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
    text: String,
    day: Option<(i32, usize)>,
}

impl Iso {
    fn of(&mut self, moment: Moment) -> &str {
        let date = match self.day {
            Some((day, length)) if day == moment.days => length,
            _ => {
                self.text.clear();
                let civil = civil_from_days(moment.days);
                let (month, day) = (civil.month + 1, civil.day);
                // Writing to a String cannot fail.
                let _ = match civil.year {
                    year @ 0..=9999 => write!(self.text, "{year:04}-{month:02}-{day:02}T"),
                    year => write!(self.text, "{year:+07}-{month:02}-{day:02}T"),
                };
                self.day = Some((moment.days, self.text.len()));
                self.text.len()
            }
        };
        self.text.truncate(date);
        let (seconds, ms) = (moment.ms / 1000, moment.ms % 1000);
        for (value, after) in [(seconds / 3600, ':'), (seconds / 60 % 60, ':'), (seconds % 60, '.')] {
            self.digit(value / 10);
            self.digit(value % 10);
            self.text.push(after);
        }
        self.digit(ms / 100);
        self.digit(ms / 10 % 10);
        self.digit(ms % 10);
        self.text.push('Z');
        &self.text
    }

    #[inline(always)]
    fn digit(&mut self, value: u32) {
        self.text.push((b'0' + value as u8) as char);
    }
}
