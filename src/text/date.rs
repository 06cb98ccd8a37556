//! Dates as people write them: `2026-02-01`, `1 February 2026`, `February 1, 2026`.

use jiff::civil::Date;

use super::{Word, words};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn month(word: &str) -> Option<i8> {
    let position = MONTHS.iter().position(|name| {
        word.eq_ignore_ascii_case(name)
            || (word.len() == 3 && word.eq_ignore_ascii_case(&name[..3]))
    })?;
    i8::try_from(position + 1).ok()
}

fn number<T: std::str::FromStr>(word: &str) -> Option<T> {
    (word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| word.parse().ok())?
}

/// The date that starts with word number `at`, and how many words it takes.
fn date_at(text: &str, words: &[Word], at: usize) -> Option<(Date, usize)> {
    let three = words.get(at..at + 3)?;
    let [first, second, third] = [three[0].of(text), three[1].of(text), three[2].of(text)];
    let (year, month, day) = if first.len() == 4 && third.len() == 2 {
        let dashed = text.as_bytes().get(three[0].end as usize) == Some(&b'-')
            && text.as_bytes().get(three[1].end as usize) == Some(&b'-');
        (
            number(first).filter(|_| dashed)?,
            number(second)?,
            number(third)?,
        )
    } else if let Some(month) = month(second) {
        (
            number(third).filter(|_| third.len() == 4)?,
            month,
            number(first)?,
        )
    } else {
        let month = month(first)?;
        (
            number(third).filter(|_| third.len() == 4)?,
            month,
            number(second)?,
        )
    };
    Date::new(year, month, day).ok().map(|date| (date, 3))
}

/// The dates of a text: each with the number of its first word and of the word after it.
pub fn dates_in(text: &str, words: &[Word]) -> Vec<(usize, usize, Date)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let starts_like_a_date = {
            let first = words[at].of(text);
            first.as_bytes().first().is_some_and(u8::is_ascii_digit) || month(first).is_some()
        };
        match starts_like_a_date
            .then(|| date_at(text, words, at))
            .flatten()
        {
            Some((date, length)) => {
                found.push((at, at + length, date));
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// The date that the whole text is, if it is one.
pub fn parse_date(text: &str) -> Option<Date> {
    let words = words(text);
    match dates_in(text, &words).as_slice() {
        [(0, end, date)] if *end == words.len() => Some(*date),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_to_write_a_date_are_one_date() {
        for text in [
            "2026-02-01",
            "1 February 2026",
            "February 1, 2026",
            "1 Feb 2026",
            " Feb. 1, 2026 ",
        ] {
            assert_eq!(
                parse_date(text),
                Some(jiff::civil::date(2026, 2, 1)),
                "{text}"
            );
        }
        for text in [
            "2026-02-30",
            "1 2 2026",
            "February 2026",
            "2026-02-01 or later",
            "",
            "2026.02.01",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_found_among_words() {
        let text = "Due on 3 March 2026, not 2026-04-01.";
        let found = dates_in(text, &words(text));
        assert_eq!(
            found,
            [
                (2, 5, jiff::civil::date(2026, 3, 3)),
                (6, 9, jiff::civil::date(2026, 4, 1))
            ]
        );
    }
}
