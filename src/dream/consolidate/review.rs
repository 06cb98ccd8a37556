//! Review: read the whole store, and all transcripts, as statements.

use std::{collections::BTreeSet, sync::Arc};

use jiff::civil::Date;

use super::{
    super::{EditKind, Source},
    statement::{Kind, Statement},
    vocabulary::{Vocabulary, values_of},
};
use crate::{
    memory::Store,
    text::{Force, Passage, Sentence, force, is_general, until},
    transcript::{Entry, Transcript},
};

/// The statements of a store. One that has no day of its own takes the day in its entry's path, or else
/// the day of the dream.
pub(super) fn store(store: &Store, vocabulary: &Vocabulary, today: Date) -> Vec<Statement> {
    let mut found = Vec::new();
    for (path, line) in store.lines() {
        let from_path = path
            .split(['/', '.'])
            .find_map(|part| part.parse::<Date>().ok());
        let (first, last) = line
            .seen
            .or(from_path.map(|date| (date, date)))
            .unwrap_or((today, today));
        let source = Source::Memory {
            path: path.to_owned(),
            line: u32::try_from(line.at).unwrap_or(u32::MAX),
        };
        let mut scopes = line.scopes.clone();
        scopes.sort();
        let base = Statement {
            kind: Kind::Chatter,
            scopes,
            case: line.case.clone(),
            force: line.force,
            field: 0,
            value: String::new(),
            sentence: line.statement.clone(),
            until: line.until,
            first,
            last,
            sessions: line.sessions,
            seen_in: Vec::new(),
            context: Vec::new(),
            sources: vec![source],
            change: None,
            stated: !line.statement.text().starts_with("used "),
        };
        found.extend(classified(base, vocabulary));
    }
    found
}

/// A statement for each field that the sentence gives a value to, or one of another kind.
fn classified(base: Statement, vocabulary: &Vocabulary) -> Vec<Statement> {
    let values = vocabulary.values(&base.sentence);
    if values.is_empty() {
        let kind = if vocabulary.shows_a_way(&base.sentence) {
            Kind::Way
        } else if base.case.is_none() && force(&base.sentence) == Force::Standing {
            Kind::Remark
        } else {
            Kind::Chatter
        };
        return vec![Statement { kind, ..base }];
    }
    values
        .into_iter()
        .map(|(field, value)| Statement {
            kind: Kind::Value,
            field,
            value,
            ..base.clone()
        })
        .collect()
}

/// Adds what the transcripts say: rules and exceptions in briefs and documents, answers, corrections,
/// and the ways by which failing tools were made to work. Notes are not read: they are in the store.
pub(super) fn transcripts(
    transcripts: &[Arc<Transcript>],
    vocabulary: &Vocabulary,
    statements: &mut Vec<Statement>,
) {
    for transcript in transcripts {
        let reader = Reader {
            transcript,
            vocabulary,
        };
        for task in &transcript.brief.tasks {
            reader.passage(&task.text, 0, statements);
        }
        let mut failed: Vec<&str> = Vec::new();
        let mut before: Option<&str> = None;
        for (number, entry) in transcript.entries.iter().enumerate() {
            let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            match entry {
                Entry::Read(name) => {
                    if let Some(document) = transcript
                        .brief
                        .documents
                        .iter()
                        .find(|document| document.name == *name)
                    {
                        reader.passage(&document.text, number, statements);
                    }
                }
                Entry::Answer(text) => reader.words(text, number, Force::Standing, statements),
                Entry::Correction(text) => reader.words(text, number, Force::Case, statements),
                Entry::Call {
                    tool,
                    worked: false,
                    ..
                } => failed.push(tool),
                Entry::Call {
                    tool,
                    options,
                    worked: true,
                    ..
                } => {
                    if options.is_empty() {
                        before = Some(tool);
                    } else {
                        let special = options.iter().any(|(option, value)| {
                            vocabulary.default_of(tool, option) != Some(value)
                        });
                        if special || before.is_some() || failed.contains(&tool.as_str()) {
                            reader.way(tool, options, before, number, statements);
                        }
                        before = None;
                    }
                }
                Entry::Task(_)
                | Entry::Recall(_)
                | Entry::Question(_)
                | Entry::Stopped(_)
                | Entry::Submission(_)
                | Entry::Finding(_)
                | Entry::Accepted
                | Entry::GivenUp
                | Entry::Note { .. } => {}
            }
        }
    }
}

struct Reader<'r> {
    transcript: &'r Transcript,
    vocabulary: &'r Vocabulary,
}

impl Reader<'_> {
    fn statement(&self, sentence: &Sentence, force: Force, entry: u32) -> Statement {
        let brief = &self.transcript.brief;
        let case = (force != Force::Standing).then(|| brief.case.clone());
        Statement {
            kind: Kind::Chatter,
            scopes: if case.is_some() {
                Vec::new()
            } else {
                self.scopes(sentence)
            },
            case,
            force,
            field: 0,
            value: String::new(),
            until: until(sentence),
            sentence: sentence.clone(),
            first: brief.date,
            last: brief.date,
            sessions: 1,
            seen_in: vec![self.transcript.session],
            context: values_of(&brief.about),
            sources: vec![Source::Session {
                session: self.transcript.session,
                entry,
            }],
            change: Some((EditKind::Added, "said in a session".to_owned())),
            stated: true,
        }
    }

    /// Whom a rule is said of: those it names; everybody, where it says so or opens with a name that is
    /// no attribute's; otherwise the first attribute of the session.
    fn scopes(&self, sentence: &Sentence) -> Vec<String> {
        let named = self.vocabulary.scopes_in(sentence);
        if !named.is_empty() || is_general(sentence) || sentence.text().starts_with("For ") {
            return named;
        }
        self.transcript
            .brief
            .about
            .first()
            .map(|attribute| attribute.value.clone())
            .into_iter()
            .collect()
    }

    fn passage(&self, passage: &Passage, entry: u32, statements: &mut Vec<Statement>) {
        for sentence in passage.notable() {
            let statement = self.statement(sentence, force(sentence), entry);
            statements.extend(
                classified(statement, self.vocabulary)
                    .into_iter()
                    .filter(|found| found.kind != Kind::Chatter),
            );
        }
        // A bulletin may show a way without a word for always.
        for sentence in passage.sentences() {
            if force(sentence) == Force::Case && self.vocabulary.shows_a_way(sentence) {
                let statement = self.statement(sentence, Force::Standing, entry);
                statements.push(Statement {
                    kind: Kind::Way,
                    ..statement
                });
            }
        }
    }

    /// The user's words: `otherwise` is how far a sentence reaches that does not say.
    fn words(&self, text: &str, entry: u32, otherwise: Force, statements: &mut Vec<Statement>) {
        for sentence in Passage::new(text).sentences() {
            let reach = match force(sentence) {
                Force::Case => otherwise,
                said @ (Force::OneOff | Force::Standing) => said,
            };
            let statement = self.statement(sentence, reach, entry);
            // "The usual, as always" is no rule.
            let useful = |found: &Statement| matches!(found.kind, Kind::Value | Kind::Way);
            statements.extend(
                classified(statement, self.vocabulary)
                    .into_iter()
                    .filter(useful),
            );
        }
    }

    fn way(
        &self,
        tool: &str,
        options: &[(String, String)],
        before: Option<&str>,
        entry: u32,
        statements: &mut Vec<Statement>,
    ) {
        let with = options
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect::<Vec<_>>()
            .join(" and ");
        let first = before.map_or_else(String::new, |first| {
            format!(", after calling {first} first")
        });
        let sentence = Sentence::new(format!("{tool} works with {with}{first}."));
        let mut statement = self.statement(&sentence, Force::Standing, entry);
        statement.kind = Kind::Way;
        statement.scopes = values_of(&self.transcript.brief.about);
        statement.change = Some((
            EditKind::Added,
            "worked in a session where other ways failed or would have".to_owned(),
        ));
        statements.push(statement);
    }
}

/// Leaves one of statements that are the same observation: same words, same reach, same day.
pub(super) fn distinct(statements: &mut Vec<Statement>) {
    /// Words, case, scopes, day, field.
    type Observation = (String, Option<String>, Vec<String>, Date, usize);
    let mut seen: BTreeSet<Observation> = BTreeSet::new();
    statements.retain(|statement| {
        seen.insert((
            statement.sentence.text().to_owned(),
            statement.case.clone(),
            statement.scopes.clone(),
            statement.last,
            if statement.kind == Kind::Value {
                statement.field
            } else {
                usize::MAX
            },
        ))
    });
}
