//! What the reference agent reads, and what it makes of it for one field.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::ways::on_tool;
use crate::{
    agent::MemoryAccess,
    brief::{SessionBrief, TaskBrief},
    form::Field,
    memory::{Line, recall},
    text::{Force, Passage, Sentence, lays_down, mentions, stems},
};

/// The sentences and lines that bear on a task.
pub(super) struct Sources<'s> {
    brief: &'s Passage,
    pub(super) given: Vec<&'s Sentence>,
    pub(super) asides: &'s Passage,
    memory: Vec<&'s Line>,
    names: Vec<Vec<u64>>,
    today: Date,
}

/// What memory says of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// Values, the most believed first.
    pub(super) values: Vec<String>,
    /// Whether the first two are equally believed.
    pub(super) torn: bool,
    /// The scopes of the line that the first value is from.
    pub(super) scopes: Vec<String>,
}

impl<'s> Sources<'s> {
    pub(super) fn new(
        brief: &'s SessionBrief,
        memory: Option<&'s MemoryAccess>,
        task: &'s TaskBrief,
        budget: u64,
    ) -> Self {
        let documents = brief.documents.iter().map(|document| &document.text);
        let given = std::iter::once(&task.text)
            .chain(documents)
            .flat_map(Passage::sentences)
            .collect();
        let memory = memory.map_or_else(Vec::new, |access| {
            recall(&access.store, &query(brief, task), budget)
                .into_iter()
                .map(|(_, line)| line)
                .filter(|line| applies(line, brief))
                .collect()
        });
        let names = brief
            .about
            .iter()
            .map(|attribute| stems(&attribute.value))
            .collect();
        Self {
            brief: &task.text,
            given,
            asides: &task.asides,
            memory,
            names,
            today: brief.date,
        }
    }

    /// Tokens of the lines that were recalled and apply.
    pub(super) fn memory_tokens(&self) -> u64 {
        self.memory.iter().map(|line| line.tokens).sum()
    }

    /// The value that the user's own words lay down for a field, as a rule or as an exception. What they
    /// merely mention may be what the other side wants.
    pub(super) fn told(&self, field: &Field) -> Option<String> {
        self.value_among(field, self.brief.notable())
    }

    /// The value that brief and documents give to a field.
    pub(super) fn stated(&self, field: &Field) -> Option<String> {
        self.value_among(field, self.given.iter().copied())
    }

    /// A rule that the brief or a document states, as against a mere value in a document.
    pub(super) fn ruled(&self, field: &Field) -> Option<String> {
        self.value_among(
            field,
            self.given
                .iter()
                .copied()
                .filter(|sentence| lays_down(sentence)),
        )
    }

    /// The first value: a sentence that names an attribute of the session goes before others, one that
    /// speaks of somebody else is left out.
    fn value_among<'a>(
        &self,
        field: &Field,
        sentences: impl Iterator<Item = &'a Sentence>,
    ) -> Option<String> {
        let mut first = None;
        for sentence in sentences {
            let Some(value) = field.slot().value_in(sentence) else {
                continue;
            };
            if self.names.iter().any(|name| mentions(sentence, name)) {
                return Some(value);
            }
            if first.is_none() && !self.is_of_another(sentence) {
                first = Some(value);
            }
        }
        first
    }

    /// Whether a sentence opens with a scope that is none of this session's: "For Halyard, …".
    pub(super) fn is_of_another(&self, sentence: &Sentence) -> bool {
        !self.names.is_empty()
            && opens_with_a_name(sentence.text())
            && !self.names.iter().any(|name| mentions(sentence, name))
    }

    /// What memory says of a field. The most specific lines count; among them each has a vote, and the
    /// value that is said most often is believed: the agent trusts repetition, not dates.
    pub(super) fn remembered(&self, field: &Field) -> Remembered {
        let mut votes: BTreeMap<String, (u32, usize)> = BTreeMap::new();
        let mut best = 0;
        let mut scopes = Vec::new();
        for (position, line) in self.memory.iter().enumerate() {
            let Some(value) = field
                .slot()
                .value_in(&line.statement)
                .filter(|_| !self.is_of_another(&line.statement))
            else {
                continue;
            };
            // What holds for now goes before what holds in general, and what names its scope before
            // what does not.
            let rank = line.scopes.len()
                + usize::from(line.until.is_some_and(|last| last >= self.today)) * 8;
            if rank > best {
                votes.clear();
                best = rank;
            }
            if rank == best {
                let vote = votes.entry(value).or_insert((0, position));
                vote.0 += 1;
                vote.1 = position;
                scopes.clone_from(&line.scopes);
            }
        }
        let mut ranked: Vec<(String, (u32, usize))> = votes.into_iter().collect();
        ranked.sort_by_key(|(_, vote)| std::cmp::Reverse(*vote));
        let torn = matches!(ranked.as_slice(), [first, second, ..] if first.1.0 == second.1.0);
        Remembered {
            values: ranked.into_iter().map(|(value, _)| value).collect(),
            torn,
            scopes,
        }
    }
}

impl<'s> Sources<'s> {
    /// The sentences that speak of a tool: those that name an attribute of the session first, those of
    /// somebody else left out; what is given in the session goes before memory.
    pub(super) fn sentences_on_tool(&self, tool: &str) -> Vec<&'s Sentence> {
        let lines = self.memory.iter().map(|line| &line.statement);
        let mut found: Vec<&Sentence> = on_tool(self.given.iter().copied().chain(lines), tool)
            .filter(|sentence| !self.is_of_another(sentence))
            .collect();
        found.sort_by_key(|sentence| !self.names.iter().any(|name| mentions(sentence, name)));
        found
    }
}

fn opens_with_a_name(text: &str) -> bool {
    text.strip_prefix("For ")
        .and_then(|rest| rest.split_once(','))
        .is_some_and(|(name, _)| {
            name.len() <= 40
                && name.split(' ').count() <= 4
                && name
                    .split(' ')
                    .all(|word| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()))
        })
}

/// Whether a line of memory may be used in this session: its scopes are the session's, its case is the
/// session's, it is no exception made for another case, and its time has not run out.
fn applies(line: &Line, brief: &SessionBrief) -> bool {
    let here = line.case.as_ref().is_some_and(|case| *case == brief.case);
    let in_scope = line.scopes.iter().all(|scope| {
        brief
            .about
            .iter()
            .any(|attribute| attribute.value.eq_ignore_ascii_case(scope))
    });
    let in_time = line.until.is_none_or(|last| last >= brief.date);
    in_scope && in_time && (here || (line.case.is_none() && line.force == Force::Standing))
}

/// The words by which memory is searched: the labels of the form, the attributes, the title.
fn query(brief: &SessionBrief, task: &TaskBrief) -> Vec<u64> {
    let mut query: Vec<u64> = task
        .form
        .fields()
        .iter()
        .flat_map(|field| field.slot().names().concat())
        .collect();
    query.extend(
        brief
            .about
            .iter()
            .flat_map(|attribute| stems(&attribute.value)),
    );
    query.extend(brief.tools.iter().flat_map(|tool| stems(&tool.name)));
    query.extend(stems(&task.title));
    query
}
