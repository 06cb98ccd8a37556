//! The scripted user: what is answered, what is corrected, and what they have said so far.
//!
//! Knows the truth of the day; deterministic under a seed. Patience is counted by whoever runs the
//! session. Not a model of people: it answers what it is asked and names what is wrong, nothing else.

pub mod rephrase;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    brief::Deliverable,
    form::{Field, Form},
    quantity::Seed,
    scenario::{FactToday, SERIAL, Scenario, Session, Truth, WhenAsked},
    text::{Sentence, mentions, stems},
};

/// What kind of message a round of questions was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clarification {
    /// Asks something that was never said before in this trial.
    Necessary,
    /// Asks something that was said or shown in an earlier session.
    Avoidable,
    /// Asks something that was said in this session.
    Repeated,
    /// Asks nothing that the user could tell.
    Unanswerable,
}

/// Which facts and quirks were said or shown, and in which session first: numbers as
/// [`Session::reveals`] counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said(pub BTreeMap<usize, u32>);

impl Said {
    /// Notes that this was said or shown in a session.
    pub fn note(&mut self, number: usize, session: u32) {
        self.0.entry(number).or_insert(session);
    }
}

/// The values of the fields of a task on its day, in the order of the form.
pub fn truths(scenario: &Scenario, session: &Session, task: usize, serial: &str) -> Vec<String> {
    session.tasks[task]
        .truths
        .iter()
        .map(|truth| match truth {
            Truth::Fact(fact) => session.facts[*fact].value.clone(),
            Truth::Stated(value) | Truth::Once(value) => value.clone(),
            Truth::Tool(tool) => scenario.tools[*tool].returns.replace(SERIAL, serial),
        })
        .collect()
}

/// What a wrong value was, besides wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// It held before.
    Stale,
    /// It holds for someone else, or held for one case alone.
    OtherScope,
    /// Neither.
    Plain,
}

/// The user at one task.
pub struct Desk<'d> {
    scenario: &'d Scenario,
    session: &'d Session,
    number: u32,
    task: usize,
    truths: &'d [String],
    seed: Seed,
}

const USUAL: [&str; 4] = [
    "Do it the usual way, please.",
    "The usual, as always with us.",
    "You know how we do that. The usual way.",
    "Same as ever, please.",
];
const UNKNOWN: [&str; 3] = ["I don't know.", "No idea, sorry.", "That I can't tell you."];

impl<'d> Desk<'d> {
    /// The user at task `task` of session `number` (from 1), who knows these truths.
    pub fn new(
        scenario: &'d Scenario,
        number: u32,
        task: usize,
        truths: &'d [String],
        seed: Seed,
    ) -> Self {
        let session = &scenario.sessions[number as usize - 1];
        Self {
            scenario,
            session,
            number,
            task,
            truths,
            seed: seed.derive("user").derive_number(task as u64),
        }
    }

    fn form(&self) -> &'d Form {
        &self.session.brief.tasks[self.task].form
    }

    fn today(&self, fact: usize) -> &'d FactToday {
        &self.session.facts[fact]
    }

    /// Answers a message of questions, line by line, and says what kind of message it was: the best of
    /// its questions counts.
    pub fn answer(&self, questions: &[String], said: &mut Said) -> (String, Clarification) {
        let mut kind = Clarification::Unanswerable;
        let mut lines = Vec::new();
        for (at, question) in questions.iter().enumerate() {
            let seed = self
                .seed
                .derive("answer")
                .derive(question)
                .derive_number(at as u64);
            let (line, one) = self.answer_one(&Sentence::new(question.clone()), seed, said);
            kind = kind.min(one);
            lines.push(line);
        }
        (lines.join("\n"), kind)
    }

    fn answer_one(
        &self,
        question: &Sentence,
        seed: Seed,
        said: &mut Said,
    ) -> (String, Clarification) {
        let fields = self.form().fields().iter().enumerate();
        let named = fields
            .filter(|(_, field)| field.slot().is_named_in(question))
            .max_by_key(|(_, field)| field.label().len());
        let tool = self
            .scenario
            .tools
            .iter()
            .position(|tool| mentions(question, &stems(&tool.declaration.name)));
        if let Some(number) = tool.and_then(|tool| self.quirk(tool)) {
            return self.answer_on(number, seed, said);
        }
        let Some((position, field)) = named else {
            return (pick(&UNKNOWN, seed).to_owned(), Clarification::Unanswerable);
        };
        match &self.session.tasks[self.task].truths[position] {
            Truth::Fact(fact) => self.answer_on(*fact, seed, said),
            Truth::Stated(_) | Truth::Once(_) => (
                format!(
                    "The {} is {}; it is in what I sent.",
                    field.label(),
                    self.spoken(position)
                ),
                Clarification::Repeated,
            ),
            Truth::Tool(tool) => match self.quirk(*tool) {
                Some(number) => self.answer_on(number, seed, said),
                None => (pick(&UNKNOWN, seed).to_owned(), Clarification::Unanswerable),
            },
        }
    }

    /// The number of the quirk that a tool shows in this session.
    fn quirk(&self, tool: usize) -> Option<usize> {
        let quirk = self.scenario.quirk_of(tool, &self.session.brief.about)?;
        self.scenario.number_of_quirk(&quirk.id)
    }

    fn answer_on(&self, number: usize, seed: Seed, said: &mut Said) -> (String, Clarification) {
        let known_since = said.0.get(&number).copied();
        let (when_asked, says) = match self.scenario.facts.get(number) {
            Some(fact) => (fact.when_asked, &self.today(number).says),
            None => match self.scenario.quirk(number - self.scenario.facts.len()) {
                Some((_, quirk)) => (quirk.when_asked, &quirk.says),
                None => return (pick(&UNKNOWN, seed).to_owned(), Clarification::Unanswerable),
            },
        };
        let answered = when_asked == WhenAsked::Answer;
        let kind = match known_since {
            Some(session) if session < self.number => Clarification::Avoidable,
            Some(_) => Clarification::Repeated,
            None if answered => Clarification::Necessary,
            None => Clarification::Unanswerable,
        };
        if answered {
            said.note(number, self.number);
        }
        let line = match when_asked {
            WhenAsked::Answer => pick(says, seed).to_owned(),
            WhenAsked::Usual => pick(&USUAL, seed).to_owned(),
            WhenAsked::Unknown => pick(&UNKNOWN, seed).to_owned(),
        };
        (line, kind)
    }

    /// A field's truth as it is put into a sentence: texts in quotes.
    fn spoken(&self, position: usize) -> String {
        let value = &self.truths[position];
        match self.form().fields()[position].kind() {
            crate::form::FieldKind::Text => format!("\"{value}\""),
            crate::form::FieldKind::Choice(_)
            | crate::form::FieldKind::Number(_)
            | crate::form::FieldKind::Date => value.clone(),
        }
    }

    /// The positions of the fields that are not as they should be.
    pub fn wrong(&self, deliverable: &Deliverable) -> Vec<usize> {
        let wrong = |(position, field): (usize, &Field)| {
            let given = deliverable.field(field.name()).unwrap_or("");
            (!field.kind().same(given, &self.truths[position])).then_some(position)
        };
        self.form()
            .fields()
            .iter()
            .enumerate()
            .filter_map(wrong)
            .collect()
    }

    /// Names what is wrong, at most as many things as this user names at once. `unmet` are the titles
    /// of criteria that the grader found wanting, for when every field is right.
    pub fn correct(
        &self,
        deliverable: &Deliverable,
        unmet: &[String],
        round: u32,
        said: &mut Said,
    ) -> String {
        let wrong = self.wrong(deliverable);
        let seed = self.seed.derive("correct").derive_number(u64::from(round));
        let order = seed.permutation(wrong.len());
        let mut lines = Vec::new();
        for position in order
            .into_iter()
            .map(|at| wrong[at])
            .take(self.scenario.user.corrections_per_round)
        {
            let label = self.form().fields()[position].label();
            let seed = seed.derive(label);
            lines.push(match &self.session.tasks[self.task].truths[position] {
                Truth::Fact(fact) => {
                    said.note(*fact, self.number);
                    pick(&self.today(*fact).corrects, seed).to_owned()
                }
                Truth::Stated(_) => format!(
                    "The {label} should be {}, as in what I sent.",
                    self.spoken(position)
                ),
                Truth::Once(_) => format!(
                    "For this one only, the {label} should be {}.",
                    self.spoken(position)
                ),
                Truth::Tool(tool) => format!(
                    "The {label} is missing: it comes from {}.",
                    self.scenario.tools[*tool].declaration.name
                ),
            });
        }
        if lines.is_empty() {
            lines.extend(
                unmet
                    .iter()
                    .take(self.scenario.user.corrections_per_round)
                    .map(|title| format!("Please look again at this: {title}.")),
            );
        }
        lines.join("\n")
    }

    /// Whether one of the questions was about a field.
    pub fn was_asked(&self, position: usize, questions: &[String]) -> bool {
        let slot = self.form().fields()[position].slot();
        questions
            .iter()
            .any(|question| slot.is_named_in(&Sentence::new(question.clone())))
    }

    /// What a wrong value of a field was.
    pub fn mistake(&self, position: usize, given: &str) -> Mistake {
        let field = &self.form().fields()[position];
        let truth = &self.session.tasks[self.task].truths[position];
        let is = |value: &str| field.kind().same(given, value);
        if let Truth::Fact(fact) = truth
            && self.today(*fact).earlier.iter().any(|value| is(value))
        {
            return Mistake::Stale;
        }
        let others = self
            .scenario
            .facts
            .iter()
            .enumerate()
            .any(|(number, fact)| {
                fact.field == *field.name()
                    && *truth != Truth::Fact(number)
                    && is(&self.today(number).value)
            });
        let once = self.scenario.sessions[..self.number as usize - 1]
            .iter()
            .any(|session| {
                session
                    .brief
                    .tasks
                    .iter()
                    .zip(&session.tasks)
                    .any(|(brief, task)| {
                        brief
                            .form
                            .fields()
                            .iter()
                            .zip(&task.truths)
                            .any(|(other, truth)| {
                                other.name() == field.name()
                                    && matches!(truth, Truth::Once(value) if is(value))
                            })
                    })
            });
        if others || once {
            Mistake::OtherScope
        } else {
            Mistake::Plain
        }
    }
}

fn pick<T: AsRef<str>>(texts: &[T], seed: Seed) -> &str {
    texts
        .get(seed.below(texts.len().max(1)))
        .map_or("", AsRef::as_ref)
}
