//! What is wrong with a file, where, and what to do about it.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

/// Whether a file can be used in spite of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but probably does not do what its author wants.
    Warning,
}

/// One problem of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// The bytes at fault, if it is about a place.
    pub span: Option<Range<usize>>,
    /// What is wrong: a lower-case fragment with literals in backticks.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The problems found so far, each with the text of its file for display.
#[derive(Debug, Default, Clone)]
pub struct Problems {
    found: Vec<(Problem, Option<std::sync::Arc<str>>)>,
}

impl Problems {
    /// Adds a problem; `text` is the content of its file, where the place is to be shown.
    pub fn push(&mut self, problem: Problem, text: Option<&std::sync::Arc<str>>) {
        self.found.push((problem, text.cloned()));
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
    }

    /// The problems in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.found.iter().map(|(problem, _)| problem)
    }

    /// How many of them are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.iter()
            .filter(|problem| problem.severity == severity)
            .count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether one of them makes a file unusable.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// The problems as text for a terminal, errors first within each file, each with its line and hint.
    pub fn render(&self, colour: bool) -> String {
        let mut order: Vec<&(Problem, Option<std::sync::Arc<str>>)> = self.found.iter().collect();
        order.sort_by_key(|(problem, _)| {
            (
                problem.file.clone(),
                problem.severity,
                problem.span.as_ref().map_or(0, |span| span.start),
            )
        });
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        }
        .decor_style(DecorStyle::Ascii);
        let mut text = String::new();
        for (problem, source) in order {
            text.push_str(&render_one(&renderer, problem, source.as_deref()));
            text.push_str("\n\n");
        }
        text
    }
}

fn render_one(renderer: &Renderer, problem: &Problem, source: Option<&str>) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let path = problem.file.display().to_string();
    let title = level.primary_title(problem.message.as_str());
    let place = problem.span.clone().zip(source).filter(|(span, text)| {
        span.start <= span.end
            && span.end <= text.len()
            && text.is_char_boundary(span.start)
            && text.is_char_boundary(span.end)
    });
    let mut report: Vec<Group<'_>> = vec![match &place {
        Some((span, text)) => title.element(
            Snippet::source(*text)
                .path(path.as_str())
                .annotation(AnnotationKind::Primary.span(span.clone())),
        ),
        None => title.element(annotate_snippets::Origin::path(path.as_str())),
    }];
    if let Some(hint) = &problem.hint {
        report.push(Group::with_title(
            Level::HELP.with_name("hint").secondary_title(hint.as_str()),
        ));
    }
    renderer.render(&report)
}

impl Problem {
    /// An error about a whole file.
    pub fn error(file: &Path, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            span: None,
            message: message.into(),
            hint: None,
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// The same, with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The name among `known` that is most like `text`, if it is a slip away: one edit in three letters, a
/// swap of neighbours counting as one.
pub fn closest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(text, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(text.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
