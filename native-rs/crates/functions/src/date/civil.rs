//! The proleptic Gregorian calendar without branches.
//!
//! C. Neri and L. Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022).

/// A calendar day; `month` from 0, `day` from 1, as JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// 400-year cycles that make every day of JavaScript's range positive.
const CYCLES: i32 = 687;
const DAYS_PER_CYCLE: i32 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i32 = 719_468;

/// The calendar day of `days` since 1970-01-01; right for JavaScript's ±100 million days.
#[inline(always)]
pub(crate) fn civil_from_days(days: i32) -> Civil {
    let n = days.wrapping_add(EPOCH + DAYS_PER_CYCLE * CYCLES) as u32;
    let n1 = n.wrapping_mul(4).wrapping_add(3);
    let century = n1 / 146_097;
    let n2 = (n1 % 146_097) | 3;
    let product = 2_939_745 * n2 as u64;
    let year_of_century = (product >> 32) as u32;
    let day_of_year = product as u32 / 2_939_745 / 4;
    let n3 = 2_141 * day_of_year + 197_913;
    let (month, day) = (n3 >> 16, (n3 & 0xFFFF) / 2_141);
    let after_december = (day_of_year >= 306) as u32;
    Civil {
        year: (100 * century + year_of_century + after_december) as i32 - 400 * CYCLES,
        month: month - 12 * after_december - 1,
        day: day + 1,
    }
}

/// Days since 1970-01-01 of the first of a month; `month` may be any integer.
pub(crate) fn days_from_month(year: i64, month: i64) -> i64 {
    let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12));
    // Years begin in March, so that the leap day is the last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let (cycle, year_of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5;
    cycle * DAYS_PER_CYCLE as i64 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year - EPOCH as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_follows_the_one_before() {
        let limit = 100_000_000;
        for start in [-limit, -146_097 * 3, -800_000, -1000, 10_000, limit - 300_000] {
            let mut previous = civil_from_days(start);
            for days in start + 1..=start + 300_000 {
                let civil = civil_from_days(days);
                let next_month = (previous.month + 1) % 12;
                assert!(
                    civil.day == previous.day + 1 && civil.month == previous.month
                        || civil.day == 1 && civil.month == next_month && previous.day >= 28,
                    "{days}: {previous:?} then {civil:?}"
                );
                let first = days_from_month(civil.year as i64, civil.month as i64);
                assert_eq!(first + civil.day as i64 - 1, days as i64, "{civil:?}");
                previous = civil;
            }
        }
        assert_eq!(civil_from_days(0), Civil { year: 1970, month: 0, day: 1 });
    }
}
