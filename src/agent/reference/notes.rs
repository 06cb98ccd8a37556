//! What the reference agent leaves in its memory: short, repetitive, sometimes about one case only, and
//! never all of it. It is busy.

use std::sync::Arc;

use super::{
    reading::Sources,
    slots::{Origin, Slots},
};
use crate::{
    brief::{SessionBrief, TaskBrief},
    form::{Field, FieldKind},
    quantity::Seed,
    text::{Force, Sentence, force, is_general, mentions, stems},
};

/// How likely each kind of note is written.
const NOTES_A_RULE: f64 = 0.9;
const NOTES_AN_ANSWER: f64 = 0.95;
const NOTES_A_USE: f64 = 0.6;
const NOTES_AN_ASIDE: f64 = 0.6;
/// Sentences longer than this are not copied.
const LONGEST_COPY: usize = 240;
/// How many sentences of a brief and its documents are copied at most.
const MOST_COPIES: usize = 8;

pub(super) struct Notebook {
    brief: Arc<SessionBrief>,
    seed: Seed,
    lines: Vec<String>,
}

impl Notebook {
    pub(super) fn new(brief: Arc<SessionBrief>, seed: Seed) -> Self {
        Self {
            brief,
            seed: seed.derive("notes"),
            lines: Vec::new(),
        }
    }

    fn happens(&self, label: &str, probability: f64) -> bool {
        self.seed.derive(label).happens(probability)
    }

    fn line(&mut self, text: String) {
        if !self.lines.contains(&text) {
            self.lines.push(text);
        }
    }

    /// What the sentence is said of, as the head of a note: the attributes that it names, nothing where
    /// it speaks of everybody or opens with a name of its own, otherwise the session's.
    fn scope(&self, sentence: &Sentence) -> String {
        let named: Vec<&str> = self
            .brief
            .about
            .iter()
            .filter(|attribute| mentions(sentence, &stems(&attribute.value)))
            .map(|attribute| attribute.value.as_str())
            .collect();
        let whom = match (named.is_empty(), self.brief.about.first()) {
            (false, _) => named.join(" / "),
            (true, Some(first))
                if !is_general(sentence) && !sentence.text().starts_with("For ") =>
            {
                first.value.clone()
            }
            (true, _) => return String::new(),
        };
        format!("For {whom}: ")
    }

    fn case(&self) -> String {
        format!("On {} ({}): ", self.brief.case, self.brief.date)
    }

    /// Copies some of the rules and exceptions that brief and documents state, and some of the talk.
    pub(super) fn notice(&mut self, sources: &Sources<'_>) {
        let mut copies = 0;
        for sentence in &sources.given {
            let text = sentence.text();
            let reach = force(sentence);
            if reach == Force::Case
                || text.len() > LONGEST_COPY
                || copies >= MOST_COPIES
                || !self.happens(text, NOTES_A_RULE)
            {
                continue;
            }
            copies += 1;
            let head = if reach == Force::OneOff {
                self.case()
            } else {
                self.scope(sentence)
            };
            self.line(format!("{head}{text}"));
        }
        for aside in sources.asides.sentences() {
            if self.happens(aside.text(), NOTES_AN_ASIDE) {
                self.line(aside.text().to_owned());
            }
        }
    }

    /// The user answered a question.
    pub(super) fn answered(&mut self, field: &Field, value: &str, sentence: &Sentence) {
        if self.happens(field.name().as_str(), NOTES_AN_ANSWER) {
            let head = if force(sentence) == Force::OneOff {
                self.case()
            } else {
                self.scope(sentence)
            };
            self.line(format!(
                "{head}the {} is {}.",
                field.label(),
                quoted(field, value)
            ));
        }
    }

    /// The user corrected a value: a rule if they said that it is one, otherwise about this case.
    pub(super) fn corrected(&mut self, field: &Field, value: &str, sentence: &Sentence) {
        if self.happens(field.name().as_str(), NOTES_AN_ANSWER) {
            let note = match force(sentence) {
                Force::Standing => format!(
                    "{}the {} is {}.",
                    self.scope(sentence),
                    field.label(),
                    quoted(field, value)
                ),
                Force::Case => format!(
                    "{}{} corrected to {}.",
                    self.case(),
                    field.label(),
                    quoted(field, value)
                ),
                Force::OneOff => format!("{}{}", self.case(), sentence.text()),
            };
            self.line(note);
        }
    }

    /// A task is over: what was used again, what way a tool took, and a line for the log.
    pub(super) fn finish(&mut self, task: &TaskBrief, slots: &Slots, accepted: bool, rounds: u32) {
        for (field, slot) in task.form.fields().iter().zip(&slots.0) {
            match (&slot.origin, &slot.value) {
                (Origin::Memory(scopes), Some(value))
                    if accepted && self.happens(field.name().as_str(), NOTES_A_USE) =>
                {
                    let head = if scopes.is_empty() {
                        String::new()
                    } else {
                        format!("For {}: ", scopes.join(" / "))
                    };
                    self.line(format!(
                        "{head}used {} for {} again.",
                        quoted(field, value),
                        field.label()
                    ));
                }
                (Origin::Tool, Some(_)) => {
                    if let Some(note) = slots
                        .way_note(field, task, &self.brief)
                        .filter(|_| self.happens(field.name().as_str(), NOTES_AN_ANSWER))
                    {
                        let names: Vec<&str> = self
                            .brief
                            .about
                            .iter()
                            .map(|attribute| attribute.value.as_str())
                            .collect();
                        let head = if names.is_empty() {
                            String::new()
                        } else {
                            format!("For {}: ", names.join(" / "))
                        };
                        self.line(format!("{head}{note}"));
                    }
                }
                (Origin::Memory(_) | Origin::Tool | Origin::Session | Origin::Unknown, _) => {}
            }
        }
        let end = if accepted { "done" } else { "not taken" };
        let rounds = if rounds == 1 {
            "1 round".to_owned()
        } else {
            format!("{rounds} rounds")
        };
        let log = format!("{}{}, {rounds}, {end}.", self.case(), task.title);
        self.line(log);
    }

    /// The entry for this session.
    pub(super) fn write(self) -> Vec<(String, String)> {
        if self.lines.is_empty() {
            return Vec::new();
        }
        let text = format!("- {}\n", self.lines.join("\n- "));
        vec![(format!("notes/{}.md", self.brief.date), text)]
    }
}

/// A value as it stands in a sentence: texts in quotes, so that they can be read back.
fn quoted(field: &Field, value: &str) -> String {
    match field.kind() {
        FieldKind::Text => format!("\"{value}\""),
        FieldKind::Choice(_) | FieldKind::Number(_) | FieldKind::Date => value.to_owned(),
    }
}
