//! `Date.parse`: ECMA-262's format, then what V8 takes besides (its dateparser, rule by rule).
use crate::date::civil::days_from_month;
use crate::date::zone::Offsets;
use crate::date::{INVALID, MS_PER_DAY, time_clip};
use crate::date::tokens::{Token, Tokens, Word, milliseconds};

/// The time value of a text, [`INVALID`] if it is no date.
pub(crate) fn parse(text: &str, offsets: &Offsets) -> i64 {
    Parser::new(text).run().map_or(INVALID, |local| match local.zone {
        Some(seconds) => time_clip((local.ms - seconds * 1000) as f64),
        None => time_clip(offsets.to_utc(local.ms) as f64),
    })
}

/// A date and time as written; `zone` in seconds east of UTC, none for local time.
struct Written {
    ms: i64,
    zone: Option<i64>,
}

/// What ends the first, strict attempt.
enum Strict {
    Done,
    /// A date in another format: go on with this token.
    Other(Token),
    Invalid,
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    day: Vec<i64>,
    month: Option<i64>,
    iso: bool,
    time: Vec<i64>,
    half_day: Option<i64>,
    sign: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            tokens: Tokens::new(text),
            day: Vec::new(),
            month: None,
            iso: false,
            time: Vec::new(),
            half_day: None,
            sign: None,
            hour: None,
            minute: None,
        }
    }

    fn run(mut self) -> Option<Written> {
        match self.strict() {
            Strict::Done => {}
            Strict::Invalid => return None,
            Strict::Other(token) => self.lenient(token)?,
        }
        self.finish()
    }

    /// `±YYYYYY-MM-DDTHH:mm:ss.sssZ` and its shorter forms.
    fn strict(&mut self) -> Strict {
        if let Some(sign) = self.tokens.next.sign() {
            let token = self.tokens.advance();
            match self.tokens.next.fixed(6, 0..=999_999) {
                Some(year) if sign > 0 || year > 0 => self.day.push(sign * year),
                Some(_) => {
                    self.tokens.advance();
                    return Strict::Other(token);
                }
                None => return Strict::Other(token),
            }
        } else {
            match self.tokens.next.fixed(4, 0..=9999) {
                Some(year) => self.day.push(year),
                None => return Strict::Other(self.tokens.advance()),
            }
        }
        self.tokens.advance();
        for range in [1..=12, 1..=31] {
            if !self.tokens.skip('-') {
                break;
            }
            match self.tokens.next.fixed(2, range) {
                Some(part) => self.day.push(part),
                None => return Strict::Other(self.tokens.advance()),
            }
            self.tokens.advance();
        }
        match self.tokens.next {
            Token::End => {}
            Token::Word(Word::TimeSeparator) => {
                self.tokens.advance();
                if self.strict_time().is_none() || self.tokens.next != Token::End {
                    return Strict::Invalid;
                }
            }
            _ => return Strict::Other(self.tokens.advance()),
        }
        // A date alone is UTC, a date with a time local.
        if self.time.is_empty() {
            self.set_zone(0);
        }
        self.iso = true;
        Strict::Done
    }

    fn strict_time(&mut self) -> Option<()> {
        let hour = self.tokens.next.fixed(2, 0..=24)?;
        let last = |range: i64| if hour == 24 { 0..=0 } else { 0..=range };
        self.time.push(hour);
        self.tokens.advance();
        if !self.tokens.skip(':') {
            return None;
        }
        self.time.push(self.tokens.next.fixed(2, last(59))?);
        self.tokens.advance();
        if self.tokens.skip(':') {
            self.time.push(self.tokens.next.fixed(2, last(59))?);
            self.tokens.advance();
            if self.tokens.skip('.') {
                let ms = milliseconds(self.tokens.advance())?;
                if hour == 24 && ms > 0 {
                    return None;
                }
                self.time.push(ms);
            }
        }
        if self.tokens.next.is_z() {
            self.tokens.advance();
            self.set_zone(0);
        } else if let Some(sign) = self.tokens.next.sign() {
            self.tokens.advance();
            self.sign = Some(sign);
            if let Some(both) = self.tokens.next.fixed(4, 0..=2359) {
                self.tokens.advance();
                (self.hour, self.minute) = (Some(both / 100), Some(both % 100));
                if both % 100 > 59 {
                    return None;
                }
            } else {
                self.hour = Some(self.tokens.next.fixed(2, 0..=23)?);
                self.tokens.advance();
                if !self.tokens.skip(':') {
                    return None;
                }
                self.minute = Some(self.tokens.next.fixed(2, 0..=59)?);
                self.tokens.advance();
            }
        }
        Some(())
    }

    /// Any order of numbers, month names, zones; words before the first number and parentheses do not count.
    fn lenient(&mut self, first: Token) -> Option<()> {
        let mut number_read = !self.day.is_empty();
        let mut token = first;
        while token != Token::End {
            match token {
                Token::Number { value, .. } => {
                    number_read = true;
                    self.number(value)?;
                }
                Token::Word(Word::HalfDay(hours)) if !self.time.is_empty() => self.half_day = Some(hours),
                Token::Word(Word::Month(month)) => {
                    self.month = Some(month);
                    self.tokens.skip('-');
                }
                Token::Word(Word::Zone(hours, _)) if number_read => self.set_zone(hours),
                Token::Word(_) => {
                    // A word must not follow a number, nor touch one.
                    if number_read || matches!(self.tokens.next, Token::Number { .. }) {
                        return None;
                    }
                }
                Token::Symbol('+' | '-') if self.is_utc() || !self.time.is_empty() => {
                    self.sign = token.sign();
                    self.offset()?;
                    number_read = true;
                }
                Token::Symbol('+' | '-' | ')') if number_read => return None,
                _ => {}
            }
            token = self.tokens.advance();
        }
        Some(())
    }

    fn number(&mut self, value: i64) -> Option<()> {
        if self.tokens.skip(':') {
            if self.tokens.skip(':') {
                if !self.time.is_empty() {
                    return None;
                }
                self.time.extend([value, 0]);
            } else {
                self.add_time(value)?;
                self.tokens.skip('.');
            }
        } else if self.tokens.next == Token::Symbol('.') && {
            self.tokens.advance();
            self.expects_time(value)
        } {
            self.add_time(value)?;
            let ms = milliseconds(self.tokens.next)?;
            self.tokens.advance();
            self.add_last_time(ms)?;
        } else if self.hour.is_some() && self.minute.is_none() && (0..60).contains(&value) {
            self.minute = Some(value);
        } else if self.expects_time(value) {
            self.add_last_time(value)?;
            let ends = matches!(self.tokens.next, Token::End | Token::Space) || self.tokens.next.is_z() || self.tokens.next.sign().is_some();
            if !ends {
                return None;
            }
        } else {
            if self.day.len() == 3 {
                return None;
            }
            self.day.push(value);
            self.tokens.skip('-');
        }
        Some(())
    }

    /// What follows the sign of a zone: `8`, `08`, `0830`, `08:30`, or nothing.
    fn offset(&mut self) -> Option<()> {
        let (value, length) = match self.tokens.next {
            Token::Number { value, length } => {
                self.tokens.advance();
                (value, length)
            }
            _ => (0, 0),
        };
        (self.hour, self.minute) = match length {
            _ if self.tokens.next == Token::Symbol(':') => (Some(value), None),
            1 | 2 => (Some(value), Some(0)),
            3 | 4 => (Some(value / 100), Some(value % 100)),
            _ => return None,
        };
        Some(())
    }

    fn add_time(&mut self, value: i64) -> Option<()> {
        (self.time.len() < 4).then(|| self.time.push(value))
    }

    fn add_last_time(&mut self, value: i64) -> Option<()> {
        self.add_time(value)?;
        self.time.resize(4, 0);
        Some(())
    }

    fn expects_time(&self, value: i64) -> bool {
        match self.time.len() {
            1 | 2 => (0..60).contains(&value),
            3 => (0..1000).contains(&value),
            _ => false,
        }
    }

    fn is_utc(&self) -> bool {
        self.hour == Some(0) && self.minute == Some(0)
    }

    fn set_zone(&mut self, hours: i64) {
        self.sign = Some(if hours < 0 { -1 } else { 1 });
        (self.hour, self.minute) = (Some(hours.abs()), Some(0));
    }

    fn finish(mut self) -> Option<Written> {
        let (year, month, day) = self.date()?;
        self.time.resize(4, 0);
        if let Some(hours) = self.half_day {
            if !(0..=12).contains(&self.time[0]) {
                return None;
            }
            self.time[0] = self.time[0] % 12 + hours;
        }
        let in_range = self.time.iter().zip([24, 60, 60, 1000]).all(|(part, limit)| (0..limit).contains(part));
        if !in_range && self.time != [24, 0, 0, 0] {
            return None;
        }
        let ms = ((self.time[0] * 60 + self.time[1]) * 60 + self.time[2]) * 1000 + self.time[3];
        let days = days_from_month(year, month - 1) + day - 1;
        let offset = self.hour.unwrap_or(0) * 3600 + self.minute.unwrap_or(0) * 60;
        Some(Written { ms: days * MS_PER_DAY + ms, zone: self.sign.map(|sign| sign * offset) })
    }

    fn date(&mut self) -> Option<(i64, i64, i64)> {
        if self.day.is_empty() {
            return None;
        }
        self.day.resize(3, 1);
        let [first, second, third] = self.day[..] else { return None };
        let is_day = |value: i64| (1..=31).contains(&value);
        let (year, month, day) = match self.month {
            None if self.iso || !is_day(first) => (first, second, third),
            None => (third, first, second),
            Some(month) if !is_day(first) => (first, month, second),
            Some(month) => (second, month, first),
        };
        let year = match year {
            0..=49 if !self.iso => year + 2000,
            50..=99 if !self.iso => year + 1900,
            _ => year,
        };
        // A Date ends long before the year 400 000.
        (year.abs() < 400_000 && (1..=12).contains(&month) && is_day(day)).then_some((year, month, day))
    }
}
