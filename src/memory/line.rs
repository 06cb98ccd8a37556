//! One line of memory: what it says, and of what it says that it speaks.
//!
//! The forms are those in which people and agents note things: `For Northwind: …` (or a heading `For
//! Northwind`) for a scope, `On Project Lantern (2026-01-12): …` for one case, and behind a statement
//! `[2026-01-12]` or `[3 sessions, 2026-01-12 to 2026-03-02]` for when it was seen.

use jiff::civil::Date;

use crate::text::{Block, Force, Sentence, estimate_tokens, force, parse_date, until};

/// One statement of a store.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is said of: values of attributes; empty where it names none.
    pub scopes: Vec<String>,
    /// The one case that it is said of.
    pub case: Option<String>,
    /// The first and the last day on which it was seen.
    pub seen: Option<(Date, Date)>,
    /// In how many sessions it was seen.
    pub sessions: u32,
    /// What it says, without the marks around it.
    pub statement: Sentence,
    /// How far it says that it reaches.
    pub force: Force,
    /// The last day on which it says that it holds.
    pub until: Option<Date>,
    /// Its size in tokens with the marks, as it stands in the store.
    pub tokens: u64,
    /// The line of its entry on which it begins, from 1.
    pub at: usize,
}

impl Line {
    /// Reads a block of an entry.
    pub fn read(block: &Block) -> Self {
        let mut rest = block.text.as_str();
        let mut scopes = Vec::new();
        let mut case = None;
        let mut seen = None;
        let mut sessions = 1;
        for heading in &block.headings {
            if let Some(names) = heading.strip_prefix("For ") {
                scopes.extend(names.split(" / ").map(str::to_owned));
            }
        }
        if let Some((names, after)) = rest
            .strip_prefix("For ")
            .and_then(|text| text.split_once(": "))
            .filter(|(names, _)| names.len() <= 120 && !names.contains(','))
        {
            scopes.extend(names.split(" / ").map(str::to_owned));
            rest = after;
        } else if let Some((head, after)) = rest
            .strip_prefix("On ")
            .and_then(|text| text.split_once("): "))
            && let Some((name, date)) = head.rsplit_once(" (")
        {
            case = Some(name.to_owned());
            seen = parse_date(date).map(|date| (date, date));
            rest = after;
        }
        if let Some((before, mark)) = rest
            .strip_suffix(']')
            .and_then(|text| text.rsplit_once(" ["))
            && let Some((count, first, last)) = read_mark(mark)
        {
            sessions = count;
            seen = Some((first, last));
            rest = before;
        }
        let statement = Sentence::new(rest);
        let force = match (force(&statement), &case) {
            (Force::OneOff, _) => Force::OneOff,
            (_, Some(_)) => Force::Case,
            // A note with no case is a rule to whoever reads it, whatever its words.
            (Force::Standing | Force::Case, None) => Force::Standing,
        };
        Self {
            until: until(&statement),
            tokens: estimate_tokens(&block.text) + 1,
            scopes,
            case,
            seen,
            sessions,
            statement,
            force,
            at: block.line,
        }
    }
}

/// `2026-01-12` or `3 sessions, 2026-01-12 to 2026-03-02`.
fn read_mark(mark: &str) -> Option<(u32, Date, Date)> {
    if let Ok(date) = mark.parse() {
        return Some((1, date, date));
    }
    let (count, dates) = mark.split_once(" sessions, ")?;
    let (first, last) = dates.split_once(" to ")?;
    Some((count.parse().ok()?, first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::text::blocks;

    fn read(text: &str) -> Line {
        Line::read(&blocks(text)[0])
    }

    #[test]
    fn marks_are_read_and_taken_off() {
        let line = read(
            "- For Northwind / SaaS: the cap is 24 months. [3 sessions, 2026-01-12 to 2026-03-02]",
        );
        assert_eq!(line.scopes, ["Northwind", "SaaS"]);
        assert_eq!(line.statement.text(), "the cap is 24 months.");
        assert_eq!(
            (line.sessions, line.seen),
            (3, Some((date(2026, 1, 12), date(2026, 3, 2))))
        );
        assert_eq!(line.force, Force::Standing);

        let line = read("- On Project Lantern (2026-01-12): the cap corrected to 24 months.");
        assert_eq!(
            (line.case.as_deref(), line.force),
            (Some("Project Lantern"), Force::Case)
        );

        let line = read("# For Ward 7\n- sign every page [2026-02-01]");
        assert_eq!(
            (line.scopes, line.seen.map(|s| s.0)),
            (vec!["Ward 7".to_owned()], Some(date(2026, 2, 1)))
        );

        let line = read("The cap is 60 days for this one only.");
        assert_eq!(line.force, Force::OneOff);
    }
}
