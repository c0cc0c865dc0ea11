//! Local time: one zone for all ranks, rank 0's.
use std::sync::LazyLock;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::date::MS_PER_DAY;

/// `LOCKSTEP_TZ` (rank 0's zone, set by the launcher), else `TZ`, else the machine's zone, else UTC.
pub(crate) static ZONE: LazyLock<Tz> = LazyLock::new(|| {
    let named = |name: &str| name.trim_start_matches(':').parse().ok();
    ["LOCKSTEP_TZ", "TZ"]
        .into_iter()
        .find_map(|variable| std::env::var(variable).ok().and_then(|name| named(&name)))
        .or_else(|| {
            let link = std::fs::read_link("/etc/localtime").ok()?;
            named(link.to_str()?.split_once("zoneinfo/")?.1)
        })
        .unwrap_or(Tz::UTC)
});

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
            LocalResult::None => self.search(shifted - self.search(shifted - MS_PER_DAY) - 1),
        };
        local - offset
    }
}

/// chrono's calendar ends before JavaScript's: far times take the rules of a like year near its ends.
fn near(ms: i64) -> i64 {
    const CYCLE: i64 = 146_097 * MS_PER_DAY;
    const END: i64 = 200_000 * 365 * MS_PER_DAY;
    match ms {
        ms if ms > END => ms - CYCLE * ((ms - END) / CYCLE + 1),
        ms if ms < -END => ms + CYCLE * ((-END - ms) / CYCLE + 1),
        ms => ms,
    }
}
