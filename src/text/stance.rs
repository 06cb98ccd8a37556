//! What a sentence claims of how widely and how long it holds.
//!
//! Rules over marker words, the same for everybody who reads: the agent that takes notes, the dreamer
//! that consolidates them, the check that warns an author. A language model would not need them.

use std::sync::OnceLock;

use jiff::civil::Date;

use super::{Sentence, dates_in, find_sequence, stems};

/// How far a statement reaches beyond the case it was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Force {
    /// An exception for one case, said to be one.
    OneOff,
    /// Said of the case at hand; nothing is claimed of others.
    Case,
    /// A convention: it holds wherever its scope fits.
    Standing,
}

struct Markers {
    one_off: Vec<Vec<u64>>,
    standing: Vec<Vec<u64>>,
    strong: Vec<Vec<u64>>,
    general: Vec<Vec<u64>>,
    until: Vec<u64>,
}

fn markers() -> &'static Markers {
    static MARKERS: OnceLock<Markers> = OnceLock::new();
    MARKERS.get_or_init(|| Markers {
        one_off: [
            "just this once",
            "this time only",
            "one-off",
            "exception",
            "for this one",
            "only for this",
            "just for this",
            "this once",
        ]
        .map(stems)
        .to_vec(),
        standing: [
            "always",
            "never",
            "as a rule",
            "from now on",
            "going forward",
            "by default",
            "every",
            "all",
            "convention",
            "house style",
            "policy",
            "practice",
            "we use",
            "unless told otherwise",
            "standing",
            "effective from",
            "as of",
        ]
        .map(stems)
        .to_vec(),
        strong: [
            "always",
            "as a rule",
            "from now on",
            "going forward",
            "by default",
            "convention",
            "house style",
            "policy",
            "we use",
            "unless told otherwise",
            "effective from",
        ]
        .map(stems)
        .to_vec(),
        general: [
            "all",
            "every",
            "everyone",
            "everywhere",
            "across the board",
            "whatever the",
            "regardless of",
            "each",
            "wide",
        ]
        .map(stems)
        .to_vec(),
        until: ["until", "till", "through"]
            .iter()
            .flat_map(|word| stems(word))
            .collect(),
    })
}

fn has_any(sentence: &Sentence, sequences: &[Vec<u64>]) -> bool {
    sequences
        .iter()
        .any(|sequence| find_sequence(sentence.words(), sequence, 0).is_some())
}

/// How far the sentence says that it reaches.
pub fn force(sentence: &Sentence) -> Force {
    let markers = markers();
    if has_any(sentence, &markers.one_off) {
        Force::OneOff
    } else if has_any(sentence, &markers.standing) {
        Force::Standing
    } else {
        Force::Case
    }
}

/// Whether the sentence lays a rule down in so many words ("from now on", "our convention"), and not
/// only by an "all" or "every", which any contract has.
pub fn lays_down(sentence: &Sentence) -> bool {
    has_any(sentence, &markers().strong)
}

/// Whether the sentence speaks of everybody: all clients, every ward, across the board.
pub fn is_general(sentence: &Sentence) -> bool {
    has_any(sentence, &markers().general)
}

/// The last day on which the sentence says that it holds ("until 31 March 2026").
pub fn until(sentence: &Sentence) -> Option<Date> {
    let words = sentence.words();
    dates_in(sentence.text(), words)
        .into_iter()
        .find(|(start, _, _)| {
            words[start.saturating_sub(2)..*start]
                .iter()
                .any(|word| markers().until.contains(&word.stem))
        })
        .map(|(_, _, date)| date)
}

/// Whether the sentence contains the name, word for word.
pub fn mentions(sentence: &Sentence, name: &[u64]) -> bool {
    find_sequence(sentence.words(), name, 0).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_tell_rules_from_cases_and_exceptions() {
        for (text, expected) in [
            ("We always take Delaware.", Force::Standing),
            ("From now on it is 45 days.", Force::Standing),
            ("It should be 45 days here.", Force::Case),
            (
                "For this one only, 60 days, though our policy stays.",
                Force::OneOff,
            ),
            ("A one-off: use Ontario.", Force::OneOff),
        ] {
            assert_eq!(force(&Sentence::new(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_date_after_until_is_the_last_day() {
        let read = |text: &str| until(&Sentence::new(text));
        assert_eq!(
            read("Until 31 March 2026 the term is 10 days."),
            Some(jiff::civil::date(2026, 3, 31))
        );
        assert_eq!(read("The filing is due on 31 March 2026."), None);
    }

    #[test]
    fn names_are_mentioned_word_for_word() {
        let sentence = Sentence::new("For Ward 7B, every note is signed.");
        assert!(mentions(&sentence, &stems("Ward 7B")));
        assert!(!mentions(&sentence, &stems("Ward 7A")));
        assert!(is_general(&sentence));
    }
}
