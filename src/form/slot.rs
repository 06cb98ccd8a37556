//! How a field is recognised in a sentence and its value read off.
//!
//! The rules are those that `scenarios/README.md` tells authors: label and value in one sentence, the
//! value nearest to the label, and nothing that stands behind a "not".

use std::sync::OnceLock;

use crate::text::{Sentence, Word, dates_in, find_sequence, stems, words};

use super::{FieldKind, with_unit};

/// The words of a field and the shapes of its values, ready for matching.
#[derive(Debug, Clone)]
pub struct Slot {
    names: Vec<Vec<u64>>,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    Choice(Vec<(String, Vec<u64>)>),
    Number { unit: String, stems: Vec<u64> },
    Date,
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    start: usize,
    end: usize,
    value: String,
}

impl Slot {
    /// A slot that goes by this label or by one of these cues.
    pub fn new(label: &str, cues: &[String], kind: &FieldKind) -> Self {
        let names = std::iter::once(label)
            .chain(cues.iter().map(String::as_str))
            .map(stems)
            .filter(|name| !name.is_empty());
        let shape = match kind {
            FieldKind::Choice(options) => Shape::Choice(
                options
                    .iter()
                    .map(|option| (option.clone(), stems(option)))
                    .collect(),
            ),
            FieldKind::Number(unit) => Shape::Number {
                unit: unit.clone(),
                stems: stems(unit),
            },
            FieldKind::Date => Shape::Date,
            FieldKind::Text => Shape::Text,
        };
        Self {
            names: names.collect(),
            shape,
        }
    }

    /// The stems of its label and of each cue.
    pub fn names(&self) -> &[Vec<u64>] {
        &self.names
    }

    /// Whether the sentence speaks of this field.
    pub fn is_named_in(&self, sentence: &Sentence) -> bool {
        self.names.iter().any(|name| sentence.has_all(name))
    }

    /// The value that the sentence gives to this field, in the normal form of its kind.
    pub fn value_in(&self, sentence: &Sentence) -> Option<String> {
        let name = self.names.iter().find(|name| sentence.has_all(name))?;
        let words = sentence.words();
        let label_at: Vec<usize> = (0..words.len())
            .filter(|&at| name.contains(&words[at].stem))
            .collect();
        let mut candidates = self.candidates(sentence, name);
        candidates.retain(|candidate| !is_negated(sentence.text(), words, candidate));
        candidates
            .into_iter()
            .min_by_key(|candidate| distance(candidate, &label_at))
            .map(|candidate| candidate.value)
    }

    /// Every value of the field's kind in a text, whatever it is said of.
    pub fn values_in(&self, sentence: &Sentence) -> Vec<String> {
        self.candidates(sentence, &[])
            .into_iter()
            .map(|candidate| candidate.value)
            .collect()
    }

    pub(super) fn numbers_in(&self, text: &str) -> Vec<String> {
        match &self.shape {
            Shape::Number { unit, stems } => numbers(text, &words(text), unit, stems)
                .into_iter()
                .map(|found| found.value)
                .collect(),
            Shape::Choice(_) | Shape::Date | Shape::Text => Vec::new(),
        }
    }

    fn candidates(&self, sentence: &Sentence, name: &[u64]) -> Vec<Candidate> {
        let (text, words) = (sentence.text(), sentence.words());
        match &self.shape {
            Shape::Choice(options) => choices(words, options),
            Shape::Number { unit, stems } => numbers(text, words, unit, stems),
            Shape::Date => dates_in(text, words)
                .into_iter()
                .map(|(start, end, date)| Candidate {
                    start,
                    end,
                    value: date.to_string(),
                })
                .collect(),
            Shape::Text => {
                let quoted = quoted(text, words);
                if quoted.is_empty() {
                    after_colon(text, words, name).into_iter().collect()
                } else {
                    quoted
                }
            }
        }
    }
}

fn choices(words: &[Word], options: &[(String, Vec<u64>)]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (option, stems) in options {
        let mut from = 0;
        while let Some(start) = find_sequence(words, stems, from) {
            found.push(Candidate {
                start,
                end: start + stems.len(),
                value: option.clone(),
            });
            from = start + 1;
        }
    }
    // `York` inside `New York` is not another option.
    let spans: Vec<(usize, usize)> = found.iter().map(|c| (c.start, c.end)).collect();
    found.retain(|c| {
        !spans
            .iter()
            .any(|&(start, end)| start <= c.start && c.end <= end && end - start > c.end - c.start)
    });
    found
}

fn numbers(text: &str, words: &[Word], unit: &str, unit_stems: &[u64]) -> Vec<Candidate> {
    let is_unit = |at: usize| {
        words.get(at..at + unit_stems.len()).is_some_and(|part| {
            part.iter()
                .zip(unit_stems)
                .all(|(word, &stem)| word.stem == stem)
        })
    };
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let digits = word.of(text);
        if !digits.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        let plain = digits.replace(',', "");
        let before = at >= unit_stems.len() && is_unit(at - unit_stems.len());
        if plain.parse::<f64>().is_ok() && (before || is_unit(at + 1)) {
            found.push(Candidate {
                start: at,
                end: at + 1,
                value: with_unit(&plain, unit),
            });
        }
    }
    found
}

fn quoted(text: &str, words: &[Word]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, letter) in text.char_indices() {
        match (open, letter) {
            (None, '"' | '`') => open = Some((at + 1, letter)),
            (None, '“') => open = Some((at + '“'.len_utf8(), '”')),
            (Some((start, close)), letter) if letter == close => {
                let value = text[start..at].trim().trim_end_matches(['.', ',']);
                if !value.is_empty() {
                    let first = words.partition_point(|word| (word.start as usize) < start);
                    let last = words.partition_point(|word| (word.start as usize) < at);
                    found.push(Candidate {
                        start: first,
                        end: last,
                        value: value.to_owned(),
                    });
                }
                open = None;
            }
            (None | Some(_), _) => {}
        }
    }
    found
}

/// The rest of a line `Label: value`.
fn after_colon(text: &str, words: &[Word], name: &[u64]) -> Option<Candidate> {
    let (at, _) = text.match_indices(": ").next()?;
    let colon = words.partition_point(|word| (word.start as usize) < at);
    let label = &words[..colon];
    let value = text[at + 2..].trim().trim_end_matches('.');
    let named = !name.is_empty()
        && name
            .iter()
            .all(|stem| label.iter().any(|word| word.stem == *stem));
    (named && label.len() <= name.len() + 1 && !value.is_empty()).then(|| Candidate {
        start: colon,
        end: words.len(),
        value: value.to_owned(),
    })
}

/// How far a value stands from the label; a value behind the label is nearer than one before it.
fn distance(candidate: &Candidate, label_at: &[usize]) -> usize {
    label_at
        .iter()
        .map(|&at| {
            if at < candidate.start {
                2 * (candidate.start - at)
            } else {
                2 * (at + 1).saturating_sub(candidate.end) + 1
            }
        })
        .min()
        .unwrap_or(usize::MAX)
}

struct Negations {
    plain: Vec<u64>,
    no_longer: Vec<u64>,
    from: u64,
    to: u64,
}

fn negations() -> &'static Negations {
    static NEGATIONS: OnceLock<Negations> = OnceLock::new();
    NEGATIONS.get_or_init(|| {
        let one = |word: &str| stems(word).first().copied().unwrap_or(0);
        Negations {
            plain: [
                "not",
                "never",
                "instead",
                "rather",
                "formerly",
                "previously",
                "was",
                "were",
                "old",
            ]
            .map(one)
            .to_vec(),
            no_longer: stems("no longer"),
            from: one("from"),
            to: one("to"),
        }
    })
}

/// How many words before a value a "not" reaches it, within the same clause.
const REACH: usize = 4;

fn is_negated(text: &str, words: &[Word], candidate: &Candidate) -> bool {
    let negations = negations();
    let mut first = candidate.start;
    while first > 0 && candidate.start - first < REACH {
        let between = text.get(
            words[first - 1].end as usize
                ..words
                    .get(first)
                    .map_or(text.len(), |word| word.start as usize),
        );
        if between.is_some_and(|gap| gap.contains([',', ';', ':', '(', ')', '—', '–'])) {
            break;
        }
        first -= 1;
    }
    let before = &words[first..candidate.start];
    if before
        .iter()
        .any(|word| negations.plain.contains(&word.stem))
        || find_sequence(before, &negations.no_longer, 0).is_some()
    {
        return true;
    }
    // "from 30 days to 45 days": only the second one holds.
    let after = &words[candidate.end..(candidate.end + 3).min(words.len())];
    before
        .iter()
        .rev()
        .take(2)
        .any(|word| word.stem == negations.from)
        && after.iter().any(|word| word.stem == negations.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(label: &str, kind: &FieldKind, text: &str) -> Option<String> {
        Slot::new(label, &[], kind).value_in(&Sentence::new(text))
    }

    #[test]
    fn choices_are_spotted_and_what_is_denied_is_not() {
        let kind = FieldKind::Choice(
            ["New York", "York", "Delaware", "England and Wales"]
                .map(String::from)
                .to_vec(),
        );
        for (text, expected) in [
            (
                "For Northwind, the governing law is always New York.",
                Some("New York"),
            ),
            (
                "The governing law should be Delaware, not New York.",
                Some("Delaware"),
            ),
            (
                "Not New York, Delaware is the governing law.",
                Some("Delaware"),
            ),
            (
                "Governing law: England and Wales",
                Some("England and Wales"),
            ),
            (
                "Use Delaware as the governing law instead of the usual York.",
                Some("Delaware"),
            ),
            ("The law is Delaware.", None),
            ("We talked about the governing law again.", None),
        ] {
            assert_eq!(
                read("governing law", &kind, text).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_need_their_unit_and_the_nearest_to_the_label_wins() {
        let kind = FieldKind::Number("days".into());
        for (text, expected) in [
            (
                "From now on the notice period is 45 days, no longer 30 days.",
                Some("45 days"),
            ),
            (
                "The notice period moves from 30 days to 45 days.",
                Some("45 days"),
            ),
            (
                "Within 10 days of signing, a notice period of 60 days runs.",
                Some("60 days"),
            ),
            ("The notice period is long: clause 30.", None),
        ] {
            assert_eq!(
                read("notice period", &kind, text).as_deref(),
                expected,
                "{text}"
            );
        }
        let dollars = FieldKind::Number("USD".into());
        assert_eq!(
            read("fee cap", &dollars, "The fee cap is $12,500.").as_deref(),
            Some("USD 12500")
        );
    }

    #[test]
    fn texts_are_quoted_or_behind_a_colon() {
        for text in [
            "The opening header always reads \"Privileged and Joint\".",
            "Opening header: Privileged and Joint",
        ] {
            assert_eq!(
                read("opening header", &FieldKind::Text, text).as_deref(),
                Some("Privileged and Joint"),
                "{text}"
            );
        }
        assert_eq!(
            read(
                "opening header",
                &FieldKind::Text,
                "The opening header matters: ask."
            ),
            None
        );
        assert_eq!(
            read("due day", &FieldKind::Date, "The due day is 3 March 2026.").as_deref(),
            Some("2026-03-03")
        );
    }
}
