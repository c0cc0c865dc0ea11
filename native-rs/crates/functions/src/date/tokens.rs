//! The tokens of a date's text, as V8 cuts it.
use crate::text::is_space;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token {
    Number { value: i64, length: usize },
    /// `: - + . )`
    Symbol(char),
    Word(Word),
    Space,
    Other,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Word {
    Month(i64),
    /// Hours to add.
    HalfDay(i64),
    /// Hours east of UTC, and whether it is "Z".
    Zone(i64, bool),
    TimeSeparator,
    Unknown,
}

impl Token {
    pub(super) fn fixed(self, length: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        match self {
            Self::Number { value, length: found } if found == length && range.contains(&value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn sign(self) -> Option<i64> {
        match self {
            Self::Symbol('+') => Some(1),
            Self::Symbol('-') => Some(-1),
            _ => None,
        }
    }

    pub(super) fn is_z(self) -> bool {
        matches!(self, Self::Word(Word::Zone(_, true)))
    }
}

/// The text not yet cut, and the token ahead.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    pub(super) next: Token,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut tokens = Self { rest: text, next: Token::End };
        tokens.advance();
        tokens
    }

    pub(super) fn skip(&mut self, symbol: char) -> bool {
        let found = self.next == Token::Symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// The token ahead; scans the one after it.
    pub(super) fn advance(&mut self) -> Token {
        let token = self.scan();
        std::mem::replace(&mut self.next, token)
    }

    fn scan(&mut self) -> Token {
        let Some(first) = self.rest.chars().next() else { return Token::End };
        if first.is_ascii_digit() {
            let digits = self.take(|character| character.is_ascii_digit());
            let significant = digits.trim_start_matches('0');
            let value = significant[..significant.len().min(9)].parse().unwrap_or(0);
            return Token::Number { value, length: digits.len() };
        }
        if first >= 'A' && !is_space(first) {
            return Token::Word(word(self.take(|character| character >= 'A' && !is_space(character))));
        }
        if first == '(' {
            self.skip_parentheses();
            return Token::Other;
        }
        self.rest = &self.rest[first.len_utf8()..];
        match first {
            ':' | '-' | '+' | '.' | ')' => Token::Symbol(first),
            space if is_space(space) => Token::Space,
            _ => Token::Other,
        }
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.rest.split_at(self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn skip_parentheses(&mut self) {
        let mut depth = 0;
        for (at, character) in self.rest.char_indices() {
            depth += (character == '(') as i32 - (character == ')') as i32;
            if depth == 0 {
                self.rest = &self.rest[at + 1..];
                return;
            }
        }
        self.rest = "";
    }
}

/// Months go by their first three letters; the others are whole words.
fn word(text: &str) -> Word {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let lower: String = text.chars().take(4).map(|character| character.to_ascii_lowercase()).collect();
    let prefix: String = lower.chars().take(3).collect();
    if let Some(month) = MONTHS.iter().position(|month| *month == prefix) {
        return Word::Month(month as i64 + 1);
    }
    match lower.as_str() {
        "am" => Word::HalfDay(0),
        "pm" => Word::HalfDay(12),
        "z" => Word::Zone(0, true),
        "ut" | "utc" | "gmt" => Word::Zone(0, false),
        "est" | "cdt" => Word::Zone(-5, false),
        "edt" => Word::Zone(-4, false),
        "cst" | "mdt" => Word::Zone(-6, false),
        "mst" | "pdt" => Word::Zone(-7, false),
        "pst" => Word::Zone(-8, false),
        "t" => Word::TimeSeparator,
        _ => Word::Unknown,
    }
}

/// The three most significant digits of a fraction.
pub(super) fn milliseconds(token: Token) -> Option<i64> {
    let Token::Number { value, length } = token else { return None };
    Some(match length {
        1 => value * 100,
        2 => value * 10,
        length => value / 10i64.pow(length.min(9) as u32 - 3),
    })
}
