//! `Date.UTC`, `new Date(…)`, `Date.parse`.
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;
use lockstep_plan::JsType;

use crate::arguments::{Arguments, Lane, dates, numbers};
use crate::convert::number_of;
use crate::date::civil::{civil_from_days, days_from_month};
use crate::date::getters::moments;
use crate::date::parse::parse;
use crate::date::zone::{Offsets, zone};
use crate::date::{INVALID, MS_PER_DAY, time_clip, time_value};
use crate::function::Function;
use crate::function::Kind::{Any, Instant, Number, String};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("Date.UTC", &[Number; 7], JsType::Number, |a| {
        numbers(parts(a)?.map(|ms| time_value(time_clip(ms))).collect())
    })
    .optional(6),
    Function::new("Date.parse", &[String], JsType::Number, |a| {
        let text = a.string(0)?;
        let offsets = Offsets::new(zone());
        numbers((0..a.rows).map(|row| time_value(parse(text.text(row), &offsets))).collect())
    }),
    Function::new("Date", &[Any], JsType::Date, from_value),
    Function::new("Date", &[Number; 7], JsType::Date, |a| {
        let offsets = Offsets::new(zone());
        dates(parts(a)?.map(|ms| local_to_utc(ms, &offsets)).collect(), None)
    })
    .optional(5),
    START_OF_DAY,
];

/// `new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate()))`: what [`crate::lower`] makes of it.
pub(crate) const START_OF_DAY_NAME: &str = "date.startOfUTCDay";
const START_OF_DAY: Function = Function::new(START_OF_DAY_NAME, &[Instant], JsType::Date, start_of_day).method();

fn from_value(a: &Arguments) -> Result<ArrayRef> {
    let offsets = Offsets::new(zone());
    let times = match a.values[0].data_type() {
        DataType::Utf8 => {
            let text = a.string(0)?;
            // `new Date(null)` is 1970, whatever the type of the null.
            (0..a.rows).map(|row| text.get(row).map_or(0, |text| parse(text, &offsets))).collect()
        }
        _ => {
            let lane = number_of(a, 0)?;
            (0..a.rows).map(|row| time_clip(lane.get(row))).collect()
        }
    };
    dates(times, None)
}

fn local_to_utc(ms: f64, offsets: &Offsets) -> i64 {
    // Within a day of the range's ends the offset decides; NaN compares false.
    if ms.abs() < 8.64e15 + MS_PER_DAY as f64 { time_clip(offsets.to_utc(ms as i64) as f64) } else { INVALID }
}

/// MakeDate(MakeDay(…), MakeTime(…)) of year, month, day, hours, minutes, seconds, ms; unclipped, NaN if any is.
fn parts<'a>(a: &'a Arguments) -> Result<impl Iterator<Item = f64> + 'a> {
    let lanes: Vec<Lane<f64>> = (0..a.len()).map(|index| a.number(index)).collect::<Result<_>>()?;
    Ok((0..a.rows).map(move |row| {
        let part = |index: usize, default: f64| lanes.get(index).map_or(default, |lane| lane.get(row)).trunc();
        let year = part(0, 0.0);
        let year = if (0.0..=99.0).contains(&year) { year + 1900.0 } else { year };
        let time = part(3, 0.0) * 3_600_000.0 + part(4, 0.0) * 60_000.0 + part(5, 0.0) * 1000.0 + part(6, 0.0);
        make_day(year, part(1, 0.0), part(2, 1.0)) * MS_PER_DAY as f64 + time
    }))
}

/// ECMA-262 MakeDay of integral numbers.
fn make_day(year: f64, month: f64, day: f64) -> f64 {
    // Anything past these years is out of a Date's range, whatever the day of a sane number of days.
    if !(year.abs() < 1e9 && month.abs() < 1e10 && day.is_finite()) {
        return f64::NAN;
    }
    days_from_month(year as i64, month as i64) as f64 + day - 1.0
}

fn start_of_day(a: &Arguments) -> Result<ArrayRef> {
    // The first getter that the source calls.
    a.check_receiver("getUTCFullYear")?;
    let days = moments(&a.array(0)?, |moment| {
        let civil = civil_from_days(moment.days);
        let days = match civil.year {
            0..=99 => days_from_month(civil.year as i64 + 1900, civil.month as i64) + civil.day as i64 - 1,
            _ => moment.days as i64,
        };
        (days * MS_PER_DAY) as f64
    })?;
    dates(days.as_primitive::<Float64Type>().values().iter().map(|&ms| time_clip(ms)).collect(), None)
}
