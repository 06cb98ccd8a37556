//! The fields of the task at hand: what is known of each, from where, and what was tried.

use super::{
    meter::Meter,
    notes::Notebook,
    reading::Sources,
    ways::{self, Way},
};
use crate::{
    agent::Tools,
    brief::{Deliverable, SessionBrief, TaskBrief},
    form::{Field, FieldKind, PLACEHOLDER},
    quantity::Seed,
    text::{Passage, Sentence},
    transcript::Entry,
};

/// Where the value of a field is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nothing is known.
    Unknown,
    /// The brief, a document, or the user in this session.
    Session,
    /// Memory, from a line with these scopes.
    Memory(Vec<String>),
    /// A tool's result.
    Tool,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) value: Option<String>,
    pub(super) origin: Origin,
    /// Other values to fall back on, the best first.
    others: Vec<String>,
    /// Values that turned out wrong.
    rejected: Vec<String>,
    /// Whether the agent forgets to put the value in, until it is told.
    slipped: bool,
    asked: bool,
    torn: bool,
    /// The tool whose result answers the field, by its number.
    tool: Option<usize>,
    tool_error: Option<String>,
    attempts: u32,
    /// The way that worked, where others failed or another tool went first.
    way: Option<Way>,
}

pub(super) struct Slots(pub(super) Vec<Slot>);

impl Slots {
    /// Fills the fields: a rule or an exception in the brief goes before all, then a rule that a document
    /// states, then memory, then whatever brief and documents mention.
    pub(super) fn fill(sources: &Sources<'_>, task: &TaskBrief, slip: f64, seed: Seed) -> Self {
        let slots = task.form.fields().iter().map(|field| {
            let mut slot = Slot {
                value: None,
                origin: Origin::Unknown,
                others: Vec::new(),
                rejected: Vec::new(),
                slipped: seed
                    .derive("slip")
                    .derive(field.name().as_str())
                    .happens(slip),
                asked: false,
                torn: false,
                tool: None,
                tool_error: None,
                attempts: 0,
                way: None,
            };
            let remembered = sources.remembered(field);
            let told = sources.told(field).or_else(|| sources.ruled(field));
            let stated = sources.stated(field);
            slot.others
                .extend(remembered.values.iter().cloned().chain(stated.clone()));
            if let Some(value) = told {
                (slot.value, slot.origin) = (Some(value), Origin::Session);
            } else if let Some(value) = remembered.values.first() {
                (slot.value, slot.origin, slot.torn) = (
                    Some(value.clone()),
                    Origin::Memory(remembered.scopes),
                    remembered.torn,
                );
            } else if let Some(value) = stated {
                (slot.value, slot.origin) = (Some(value), Origin::Session);
            }
            slot
        });
        Self(slots.collect())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the tools need the whole desk; a struct for one call would hide that"
    )]
    pub(super) fn run_tools(
        &mut self,
        sources: &Sources<'_>,
        brief: &SessionBrief,
        task: &TaskBrief,
        tools: &mut dyn Tools,
        limit: u32,
        seed: Seed,
        meter: &mut Meter,
        entries: &mut Vec<Entry>,
    ) {
        for (number, tool) in brief.tools.iter().enumerate() {
            let Some(label) = &tool.returns else { continue };
            let Some(position) = task
                .form
                .fields()
                .iter()
                .position(|field| field.label() == label)
            else {
                continue;
            };
            let hints = sources.sentences_on_tool(&tool.name);
            let ways = ways::ways(tool, &brief.tools, &hints, seed.derive(&tool.name));
            self.0[position].tool = Some(number);
            self.0[position].value = None;
            self.0[position].origin = Origin::Unknown;
            self.try_ways(position, brief, &ways, tools, limit, meter, entries);
        }
    }

    /// Tries again what failed, if the words of the user show a way.
    #[expect(clippy::too_many_arguments, reason = "as `run_tools`")]
    pub(super) fn retry_tools(
        &mut self,
        words: &str,
        brief: &SessionBrief,
        task: &TaskBrief,
        tools: &mut dyn Tools,
        limit: u32,
        seed: Seed,
        meter: &mut Meter,
        entries: &mut Vec<Entry>,
    ) {
        let passage = Passage::new(words);
        for position in 0..task.form.fields().len() {
            let Some(tool) = self.0[position]
                .tool
                .filter(|_| self.0[position].value.is_none())
                .and_then(|number| brief.tools.get(number))
            else {
                continue;
            };
            let hints: Vec<&Sentence> =
                ways::on_tool(passage.sentences().iter(), &tool.name).collect();
            if !hints.is_empty() {
                let ways = ways::ways(tool, &brief.tools, &hints, seed.derive(&tool.name));
                self.0[position].attempts = 0;
                self.try_ways(position, brief, &ways, tools, limit, meter, entries);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "as `run_tools`")]
    fn try_ways(
        &mut self,
        position: usize,
        brief: &SessionBrief,
        ways: &[Way],
        tools: &mut dyn Tools,
        limit: u32,
        meter: &mut Meter,
        entries: &mut Vec<Entry>,
    ) {
        let slot = &mut self.0[position];
        let Some(name) = slot
            .tool
            .and_then(|number| brief.tools.get(number))
            .map(|tool| tool.name.clone())
        else {
            return;
        };
        for way in ways {
            if slot.attempts >= limit {
                return;
            }
            slot.attempts += 1;
            if let Some(first) = &way.first {
                let (worked, answer) = outcome(tools.call(first, &[]));
                meter.tool_call(12);
                entries.push(Entry::Call {
                    tool: first.clone(),
                    options: Vec::new(),
                    worked,
                    answer,
                });
            }
            let result = tools.call(&name, &way.options);
            meter.tool_call(16 + 4 * way.options.len() as u64);
            let (worked, answer) = outcome(result);
            entries.push(Entry::Call {
                tool: name.clone(),
                options: way.options.clone(),
                worked,
                answer: answer.clone(),
            });
            if worked {
                slot.value = Some(answer);
                slot.origin = Origin::Tool;
                slot.tool_error = None;
                slot.way = Some(way.clone());
                return;
            }
            slot.tool_error = Some(answer);
        }
    }

    /// How the tool behind a field was made to work, in a sentence; `None` where the plain call did.
    pub(super) fn way_note(
        &self,
        field: &Field,
        task: &TaskBrief,
        brief: &SessionBrief,
    ) -> Option<String> {
        let position = task
            .form
            .fields()
            .iter()
            .position(|other| other.name() == field.name())?;
        let slot = &self.0[position];
        let tool = brief.tools.get(slot.tool?)?;
        let way = slot.way.as_ref()?;
        let plain = way.first.is_none()
            && way
                .options
                .iter()
                .zip(&tool.options)
                .all(|((_, value), option)| option.values.first() == Some(value));
        if plain {
            return None;
        }
        let options = way
            .options
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect::<Vec<_>>()
            .join(" and ");
        let first = way.first.as_ref().map_or_else(String::new, |first| {
            format!(", after calling {first} first")
        });
        Some(format!("{} works with {options}{first}.", tool.name))
    }

    /// What the agent asks next: the fields of which it knows nothing, or two things at once.
    pub(super) fn questions(
        &mut self,
        task: &TaskBrief,
        brief: &SessionBrief,
        limit: u32,
    ) -> Vec<String> {
        let whose = brief
            .about
            .first()
            .map_or(&brief.case, |attribute| &attribute.value);
        let mut questions = Vec::new();
        for (field, slot) in task.form.fields().iter().zip(&mut self.0) {
            if slot.asked || questions.len() >= limit as usize {
                continue;
            }
            let question = match (&slot.value, &slot.tool_error) {
                (None, Some(error)) => {
                    let tool = slot
                        .tool
                        .and_then(|number| brief.tools.get(number))
                        .map_or("the tool", |tool| tool.name.as_str());
                    format!(
                        "{tool} answers \"{error}\": how do I get the {}?",
                        field.label()
                    )
                }
                (None, None) => format!("What is the {} for {whose}?", field.label()),
                (Some(_), _) if slot.torn => format!(
                    "My notes disagree: which {} holds for {whose}?",
                    field.label()
                ),
                (Some(_), _) => continue,
            };
            slot.asked = true;
            questions.push(question);
        }
        questions
    }

    pub(super) fn take_answer(&mut self, text: &str, task: &TaskBrief, notebook: &mut Notebook) {
        for (field, slot) in task.form.fields().iter().zip(&mut self.0) {
            let passage = Passage::new(text);
            let found = passage.sentences().iter().find_map(|sentence| {
                field
                    .slot()
                    .value_in(sentence)
                    .map(|value| (value, sentence))
            });
            if let Some((value, sentence)) = found.filter(|_| slot.asked && slot.tool.is_none()) {
                notebook.answered(field, &value, sentence);
                (slot.value, slot.origin, slot.torn) = (Some(value), Origin::Session, false);
            }
        }
    }

    pub(super) fn take_correction(
        &mut self,
        text: &str,
        task: &TaskBrief,
        notebook: &mut Notebook,
    ) {
        let passage = Passage::new(text);
        for (field, slot) in task.form.fields().iter().zip(&mut self.0) {
            let named: Vec<&Sentence> = passage
                .sentences()
                .iter()
                .filter(|sentence| field.slot().is_named_in(sentence))
                .collect();
            if named.is_empty() {
                continue;
            }
            slot.slipped = false;
            let found = named.iter().find_map(|sentence| {
                field
                    .slot()
                    .value_in(sentence)
                    .map(|value| (value, *sentence))
            });
            if let Some((value, sentence)) = found.filter(|_| slot.tool.is_none()) {
                if slot.value.as_ref() != Some(&value) {
                    notebook.corrected(field, &value, sentence);
                }
                (slot.value, slot.origin) = (Some(value), Origin::Session);
            }
        }
    }

    /// The in-session grader names fields that are not what is wanted, not what they should be: a
    /// forgotten one is put in, another takes the next best value.
    pub(super) fn take_finding(&mut self, text: &str, task: &TaskBrief, seed: Seed) {
        for (field, slot) in task.form.fields().iter().zip(&mut self.0) {
            let named = text
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
                .any(|word| word == field.name().as_str());
            if !named || slot.tool.is_some() {
                continue;
            }
            if slot.slipped {
                slot.slipped = false;
                continue;
            }
            slot.rejected.extend(slot.value.take());
            let untried = |value: &&String| !slot.rejected.contains(value);
            let next = slot
                .others
                .iter()
                .find(untried)
                .cloned()
                .or_else(|| guess(field, &slot.rejected, seed));
            (slot.value, slot.origin) = (next, Origin::Session);
        }
    }

    /// The deliverable as the agent would hand it in now. Where it knows nothing it guesses among the
    /// options, or says that the value is to be confirmed.
    pub(super) fn deliverable(
        &mut self,
        task: &TaskBrief,
        brief: &SessionBrief,
        seed: Seed,
    ) -> Deliverable {
        let mut fields = Vec::with_capacity(self.0.len());
        let mut body = format!("{}\n{}\n", task.title, brief.case);
        for attribute in &brief.about {
            body.push_str(&attribute.value);
            body.push('\n');
        }
        for (field, slot) in task.form.fields().iter().zip(&mut self.0) {
            let value = if slot.slipped {
                String::new()
            } else {
                if slot.value.is_none() && slot.tool.is_none() {
                    slot.value = guess(field, &slot.rejected, seed);
                }
                slot.value.clone().unwrap_or_else(|| PLACEHOLDER.to_owned())
            };
            body.push_str(field.label());
            body.push_str(": ");
            body.push_str(&value);
            body.push('\n');
            fields.push((field.name().clone(), value));
        }
        Deliverable { fields, body }
    }
}

fn outcome(result: Result<String, String>) -> (bool, String) {
    match result {
        Ok(answer) => (true, answer),
        Err(error) => (false, error),
    }
}

/// An option drawn from those that were not wrong before; other kinds cannot be guessed.
fn guess(field: &Field, rejected: &[String], seed: Seed) -> Option<String> {
    match field.kind() {
        FieldKind::Choice(options) => {
            let left: Vec<&String> = options
                .iter()
                .filter(|option| !rejected.contains(option))
                .collect();
            let draw = seed
                .derive("guess")
                .derive(field.name().as_str())
                .below(left.len().max(1));
            left.get(draw).map(|option| (*option).clone())
        }
        FieldKind::Number(_) | FieldKind::Date | FieldKind::Text => None,
    }
}
