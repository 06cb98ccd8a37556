//! What can be wrong with a scenario beyond its syntax.

use std::{collections::BTreeSet, ops::Range, path::Path, str::FromStr, sync::Arc};

use jiff::civil::Date;

use super::{Scenario, Truth, wire::WireScenario};
use crate::source::{Located, Problem, Problems, Templates, Values, closest};

/// The most sessions that a scenario may have.
const MAX_SESSIONS: usize = 200;
/// The most facts that a scenario may have.
const MAX_FACTS: usize = 500;

/// Collects the problems of one scenario file.
pub(super) struct Checker<'c> {
    file: &'c Path,
    text: &'c Arc<str>,
    problems: &'c mut Problems,
}

impl<'c> Checker<'c> {
    pub(super) fn new(file: &'c Path, text: &'c Arc<str>, problems: &'c mut Problems) -> Self {
        Self {
            file,
            text,
            problems,
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.problems.has_errors()
    }

    pub(super) fn error(&mut self, span: &Range<usize>, message: String, hint: &str) {
        let mut problem = Problem::error(self.file, message).at(span.clone());
        problem.hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        // The same template is rendered for every session; once is enough.
        if !self.problems.iter().any(|known| *known == problem) {
            self.problems.push(problem, Some(self.text));
        }
    }

    pub(super) fn warn(&mut self, span: &Range<usize>, message: String, hint: &str) {
        let problem = Problem::error(self.file, message)
            .at(span.clone())
            .hint(hint)
            .as_warning();
        if !self.problems.iter().any(|known| *known == problem) {
            self.problems.push(problem, Some(self.text));
        }
    }

    /// Parses a name, or says why it is none.
    pub(super) fn name<T: FromStr<Err = crate::ident::NameError>>(
        &mut self,
        text: &Located<String>,
    ) -> Option<T> {
        text.value
            .parse()
            .map_err(|error: crate::ident::NameError| self.error(&text.span, error.to_string(), ""))
            .ok()
    }

    pub(super) fn date(&mut self, text: &Located<String>) -> Option<Date> {
        text.value
            .parse()
            .map_err(|_: jiff::Error| {
                self.error(
                    &text.span,
                    format!("`{}` is not a date", text.value),
                    "write dates as 2026-02-01",
                );
            })
            .ok()
    }

    /// The text if it is among the known names; otherwise says which these are.
    pub(super) fn known<'t, 'k>(
        &mut self,
        text: &'t Located<String>,
        what: &str,
        names: impl Iterator<Item = &'k str> + Clone,
    ) -> Option<&'t str> {
        if names.clone().any(|name| name == text.value) {
            Some(&text.value)
        } else {
            self.unknown(text, what, names);
            None
        }
    }

    pub(super) fn unknown<'k>(
        &mut self,
        text: &Located<String>,
        what: &str,
        names: impl Iterator<Item = &'k str> + Clone,
    ) {
        let hint = match closest(&text.value, names.clone()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!(
                "known: {}",
                names
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        self.error(
            &text.span,
            format!("no {what} `{}` in this scenario", text.value),
            &hint,
        );
    }

    pub(super) fn render(
        &mut self,
        templates: &Templates,
        template: &Located<String>,
        values: &Values,
    ) -> String {
        match templates.render(&template.value, values) {
            Ok(text) => text,
            Err(error) => {
                // The parser's text has no indentation any more, so the place is found by the words.
                let words = error
                    .span
                    .and_then(|span| template.value.get(span))
                    .unwrap_or("{{");
                let span = self
                    .text
                    .get(template.span.clone())
                    .and_then(|part| part.find(words))
                    .map_or(template.span.clone(), |at| {
                        template.span.start + at..template.span.start + at + words.len()
                    });
                let known = values
                    .names()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                self.error(
                    &span,
                    error.message,
                    &format!("a template here may use {known}"),
                );
                String::new()
            }
        }
    }

    /// Renders a document, whose problems are shown in that file.
    pub(super) fn render_file(
        &mut self,
        templates: &Templates,
        path: &Path,
        text: String,
        values: &Values,
    ) -> Option<String> {
        templates
            .render(&text, values)
            .map_err(|error| {
                let mut problem = Problem::error(path, error.message);
                problem.span = error.span;
                let known = values
                    .names()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                problem.hint = Some(format!("a template here may use {known}"));
                let text: Arc<str> = text.into();
                if !self
                    .problems
                    .iter()
                    .any(|known| known.file == problem.file && known.span == problem.span)
                {
                    self.problems.push(problem, Some(&text));
                }
            })
            .ok()
    }
}

/// Checks that need no resolved scenario: counts, duplicates, the order of dates, cycles.
pub(super) fn structure(wire: &WireScenario, checker: &mut Checker<'_>) {
    let quirks = wire.tools.into_iter().flat_map(|tool| &tool.quirks);
    unique(
        wire.facts
            .into_iter()
            .map(|fact| &fact.id)
            .chain(quirks.map(|quirk| &quirk.id)),
        "fact or quirk",
        checker,
    );
    unique(
        wire.tools.into_iter().map(|tool| &tool.name),
        "tool",
        checker,
    );
    for fields in wire.forms.values() {
        unique(
            fields.into_iter().map(|field| &field.field),
            "field",
            checker,
        );
        unique(
            fields.into_iter().map(|field| &field.label),
            "label",
            checker,
        );
    }
    if wire.facts.0.len() > MAX_FACTS {
        checker.error(
            &wire.facts.0[MAX_FACTS].id.span,
            format!("more than {MAX_FACTS} facts"),
            "split the scenario",
        );
    }
    for fact in &wire.facts {
        if fact.id.value.contains('-') {
            checker.error(
                &fact.id.span,
                format!("`{}` cannot be used in templates", fact.id.value),
                "use `_` instead of `-`",
            );
        }
        if fact.values.0.is_empty() {
            checker.error(
                &fact.id.span,
                format!("fact `{}` has no value", fact.id.value),
                "give it at least one under `values`",
            );
        }
        if fact.says.0.len() < 2 {
            checker.error(
                &fact.id.span,
                format!("fact `{}` has fewer than two phrasings", fact.id.value),
                "repetitions vary the phrasing: give two or more under `says`",
            );
        }
    }
    if wire.sessions.0.is_empty() || wire.sessions.0.len() > MAX_SESSIONS {
        checker.error(
            &(0..0),
            format!(
                "a scenario has 1 to {MAX_SESSIONS} sessions, this one has {}",
                wire.sessions.0.len()
            ),
            "",
        );
    }
    let mut last: Option<(Date, &str)> = None;
    for session in &wire.sessions {
        let Some(date) = checker.date(&session.date) else {
            continue;
        };
        if let Some((_, before)) = last.filter(|(before, _)| *before >= date) {
            checker.error(
                &session.date.span,
                format!("session on `{date}` does not come after the one on `{before}`"),
                "put the sessions in the order of their days, one a day",
            );
        }
        last = Some((date, &session.date.value));
        if session.tasks.0.is_empty() {
            checker.error(
                &session.date.span,
                format!("session on `{date}` has no task"),
                "give it at least one under `tasks`",
            );
        }
    }
    cycles(wire, checker);
}

fn unique<'w>(
    names: impl Iterator<Item = &'w Located<String>>,
    what: &str,
    checker: &mut Checker<'_>,
) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        if !seen.insert(&name.value) {
            checker.error(
                &name.span,
                format!("{what} `{}` is there twice", name.value),
                "give each a name of its own",
            );
        }
    }
}

/// A tool that must be called before itself, through others, can never be called.
fn cycles(wire: &WireScenario, checker: &mut Checker<'_>) {
    let before = |name: &str| -> Vec<&Located<String>> {
        wire.tools
            .into_iter()
            .filter(|tool| tool.name.value == name)
            .flat_map(|tool| &tool.quirks)
            .filter_map(|quirk| quirk.first.as_ref())
            .collect()
    };
    for tool in &wire.tools {
        let mut reached: Vec<&Located<String>> = before(&tool.name.value);
        let mut at = 0;
        while at < reached.len() {
            if reached[at].value == tool.name.value {
                let message = format!("tool `{}` must be called before itself", tool.name.value);
                checker.error(&reached[at].span, message, "break the circle of `first`");
                break;
            }
            for next in before(&reached[at].value) {
                if !reached.iter().any(|known| known.value == next.value) {
                    reached.push(next);
                }
            }
            at += 1;
        }
    }
}

/// Checks on the resolved scenario.
pub(super) fn whole(scenario: &Scenario, wire: &WireScenario, checker: &mut Checker<'_>) {
    for (number, fact) in scenario.facts.iter().enumerate() {
        let used = scenario.sessions.iter().any(|session| {
            session.reveals.contains(&number)
                || session
                    .tasks
                    .iter()
                    .any(|task| task.truths.contains(&Truth::Fact(number)))
        });
        let Some(wire) = wire
            .facts
            .into_iter()
            .find(|wire| wire.id.value == fact.id.as_str())
        else {
            continue;
        };
        if !used {
            let message = format!("fact `{}` is never revealed", fact.id);
            checker.error(
                &wire.id.span,
                message,
                "name it under `reveals` of a session, or let a task need it, or remove it",
            );
        }
    }
}
