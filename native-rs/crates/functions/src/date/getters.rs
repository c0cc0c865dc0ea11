//! `date.getUTC…`, `date.get…`, `getTime`, straight from the stored unit: no pass over the column to make it ms.
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use chrono_tz::Tz;
use datafusion::common::{Result, internal_err};
use lockstep_plan::JsType;

use crate::arguments::{Arguments, numbers};
use crate::date::civil::civil_from_days;
use crate::date::zone::{Offsets, zone};
use crate::date::{MS_PER_DAY, is_valid};
use crate::function::Function;
use crate::function::Kind::Instant;

/// A point in time, split as the calendar wants it.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// Since 1970-01-01.
    pub(crate) days: i32,
    /// Of the day, from 0.
    pub(crate) ms: u32,
}

impl Moment {
    #[inline(always)]
    pub(crate) fn of(ms: i64) -> Self {
        Self { days: ms.div_euclid(MS_PER_DAY) as i32, ms: ms.rem_euclid(MS_PER_DAY) as u32 }
    }

    #[inline(always)]
    fn time(self) -> i64 {
        self.days as i64 * MS_PER_DAY + self.ms as i64
    }
}

macro_rules! getter {
    ($utc:literal, $local:literal, $part:expr) => {
        [
            Function::new(concat!("date.", $utc), &[Instant], JsType::Number, |a| utc(a, $utc, $part)).method(),
            Function::new(concat!("date.", $local), &[Instant], JsType::Number, |a| local(a, $local, $part)).method(),
        ]
    };
}

pub(crate) const FAMILIES: [&[Function]; 9] = [
    &getter!("getUTCFullYear", "getFullYear", |moment| civil_from_days(moment.days).year as f64),
    &getter!("getUTCMonth", "getMonth", |moment| civil_from_days(moment.days).month as f64),
    &getter!("getUTCDate", "getDate", |moment| civil_from_days(moment.days).day as f64),
    &getter!("getUTCDay", "getDay", |moment| (moment.days + 4).rem_euclid(7) as f64),
    &getter!("getUTCHours", "getHours", |moment| (moment.ms / 3_600_000) as f64),
    &getter!("getUTCMinutes", "getMinutes", |moment| (moment.ms / 60_000 % 60) as f64),
    &getter!("getUTCSeconds", "getSeconds", |moment| (moment.ms / 1000 % 60) as f64),
    &getter!("getUTCMilliseconds", "getMilliseconds", |moment| (moment.ms % 1000) as f64),
    &[
        Function::new("date.getTime", &[Instant], JsType::Number, |a| utc(a, "getTime", |moment| moment.time() as f64)).method(),
        Function::new("date.valueOf", &[Instant], JsType::Number, |a| utc(a, "valueOf", |moment| moment.time() as f64)).method(),
        Function::new("date.getTimezoneOffset", &[Instant], JsType::Number, timezone_offset).method(),
    ],
];

/// `part` of the UTC time; NaN of an invalid date.
#[inline(always)]
fn utc(a: &Arguments, method: &str, part: impl Fn(Moment) -> f64) -> Result<ArrayRef> {
    a.check_receiver(method)?;
    moments(&a.array(0)?, part)
}

fn local(a: &Arguments, method: &str, part: impl Fn(Moment) -> f64) -> Result<ArrayRef> {
    if zone() == Tz::UTC {
        return utc(a, method, part);
    }
    a.check_receiver(method)?;
    let mut offsets = Offsets::new(zone());
    moments(&a.array(0)?, |moment| {
        let time = moment.time();
        part(Moment::of(time + offsets.of(time)))
    })
}

fn timezone_offset(a: &Arguments) -> Result<ArrayRef> {
    a.check_receiver("getTimezoneOffset")?;
    let mut offsets = Offsets::new(zone());
    // In whole minutes, though zones once had seconds.
    moments(&a.array(0)?, |moment| (-offsets.of(moment.time()) / 60_000) as f64)
}

/// `f` of every row's moment; what stands at null positions is computed too and means nothing.
#[inline(always)]
pub(crate) fn moments(array: &ArrayRef, f: impl FnMut(Moment) -> f64) -> Result<ArrayRef> {
    const SECOND: i64 = 86_400;
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => each::<TimestampSecondType>(array, f, |x| {
            Some(Moment { days: x.div_euclid(SECOND) as i32, ms: x.rem_euclid(SECOND) as u32 * 1000 })
        }),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            // The only unit in which an expression can have made an invalid date.
            each::<TimestampMillisecondType>(array, f, |x| is_valid(x).then(|| Moment::of(x)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => each::<TimestampMicrosecondType>(array, f, |x| {
            Some(Moment {
                days: x.div_euclid(SECOND * 1_000_000) as i32,
                ms: (x.rem_euclid(SECOND * 1_000_000) as u64 / 1000) as u32,
            })
        }),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => each::<TimestampNanosecondType>(array, f, |x| {
            Some(Moment {
                days: x.div_euclid(SECOND * 1_000_000_000) as i32,
                ms: (x.rem_euclid(SECOND * 1_000_000_000) as u64 / 1_000_000) as u32,
            })
        }),
        DataType::Date32 => each::<Date32Type>(array, f, |x| Some(Moment { days: x, ms: 0 })),
        DataType::Date64 => each::<Date64Type>(array, f, |x| Some(Moment::of(x))),
        other => internal_err!("a date getter of {other}"),
    }
}

#[inline(always)]
fn each<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    mut f: impl FnMut(Moment) -> f64,
    moment: impl Fn(T::Native) -> Option<Moment>,
) -> Result<ArrayRef> {
    let values = array.as_primitive::<T>().values();
    numbers(values.iter().map(|&x| moment(x).map_or(f64::NAN, &mut f)).collect())
}
