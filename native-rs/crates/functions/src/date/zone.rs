//! Local time: one zone for all ranks, rank 0's.
use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::date::civil::{civil_from_days, days_from_month};
use crate::date::MS_PER_DAY;

/// The zone of local time: `TZ`, which the runtime sets to rank 0's at the start of each call, else the machine's,
/// else UTC.
pub(crate) fn zone() -> Tz {
    let named = |name: &str| name.trim_start_matches(':').parse().ok();
    let machine = || {
        let link = std::fs::read_link("/etc/localtime").ok()?;
        named(link.to_str()?.split_once("zoneinfo/")?.1)
    };
    match std::env::var("TZ") {
        Ok(name) if !name.is_empty() => named(&name).unwrap_or(Tz::UTC),
        _ => machine().unwrap_or(Tz::UTC),
    }
}

/// Offsets of a zone in ms; remembers the last quarter of an hour, within which no zone changes.
pub(crate) struct Offsets {
    zone: Tz,
    quarter: i64,
    offset: i64,
}

const QUARTER: i64 = 900_000;

impl Offsets {
    pub(crate) fn new(zone: Tz) -> Self {
        Self { zone, quarter: i64::MIN, offset: 0 }
    }

    /// What to add to a time value for local time.
    pub(crate) fn of(&mut self, ms: i64) -> i64 {
        let quarter = ms.div_euclid(QUARTER);
        if quarter != self.quarter {
            self.quarter = quarter;
            self.offset = self.search(ms);
        }
        self.offset
    }

    fn search(&self, ms: i64) -> i64 {
        let instant = DateTime::from_timestamp_millis(near(ms)).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
        self.zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc() as i64 * 1000
    }

    /// The time value of a local time: of two the earlier; in a gap, with the offset before it, as ECMA-262 has it.
    pub(crate) fn to_utc(&self, local: i64) -> i64 {
        let shifted = near(local);
        let naive = |ms: i64| -> NaiveDateTime {
            DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::UNIX_EPOCH).naive_utc()
        };
        let offset = match self.zone.offset_from_local_datetime(&naive(shifted)) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                offset.fix().local_minus_utc() as i64 * 1000
            }
            LocalResult::None => self.search(shifted - MS_PER_DAY),
        };
        local - offset
    }
}

/// A time with the same offset within the zone tables, which end with this century and begin after JavaScript's
/// range: later years take the rules of a like one, the first times know but one offset.
fn near(ms: i64) -> i64 {
    const BEGIN: i64 = -20_000 * 365 * MS_PER_DAY;
    let first_of = |year: i64| days_from_month(year, 0) * MS_PER_DAY;
    let year = civil_from_days(ms.div_euclid(MS_PER_DAY) as i32).year as i64;
    if year < 2090 {
        return ms.max(BEGIN);
    }
    let start = first_of(year);
    let length = first_of(year + 1) - start;
    // Weekdays and leap years repeat every 28 years within a century.
    let mut like = (2060..2088).map(|year| (first_of(year), first_of(year + 1)));
    let week = 7 * MS_PER_DAY;
    let same = |&(first, next): &(i64, i64)| next - first == length && (first - start).rem_euclid(week) == 0;
    like.find(same).map_or(ms, |(first, _)| ms - start + first)
}
