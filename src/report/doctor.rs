//! What was found before a run, in words for a terminal and as JSON.
//!
//! Says what it is given; the checks themselves are made where services and programs are known.

use std::fmt::Write as _;

use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use super::{
    terminal::wrapped,
    words::{capitalised, count},
};
use crate::quantity::{Milliseconds, Tokens, Usd};

/// How wide the names of parts are.
const PART: usize = 18;

/// How wide the names of checks are.
const NAME: usize = 11;

/// How wide the words of a level are.
const LEVEL: usize = 9;

/// What a check means for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// All is well.
    Good,
    /// It could not be found out.
    Unknown,
    /// A run can succeed, and may not do what was meant.
    Doubtful,
    /// A run would fail.
    Wrong,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Unknown => "unknown",
            Self::Doubtful => "warning",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What: `key`, `price`.
    pub name: &'static str,
    /// What it means.
    pub level: Level,
    /// What was found.
    pub words: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Check {
    /// A check without a hint.
    pub fn new(name: &'static str, level: Level, words: impl Into<String>) -> Self {
        Self {
            name,
            level,
            words: words.into(),
            hint: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }
}

/// What the calls to a model came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// Completions that came.
    pub calls: u64,
    /// Tokens that they wrote.
    pub output: Tokens,
    /// How long they took, waits for their first tokens included.
    pub active: Milliseconds,
    /// What they cost.
    pub cost: Usd,
}

impl Measured {
    /// Tokens written in a second, waits included; `None` where none were written.
    #[expect(clippy::cast_precision_loss, reason = "a few tokens")]
    pub fn tokens_per_second(&self) -> Option<f64> {
        // A server on this machine may take less than a millisecond.
        let seconds = self.active.max(Milliseconds(1)).seconds();
        (self.output.0 > 0).then(|| self.output.0 as f64 / seconds)
    }
}

/// A model, a program or the run, with what was found of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What it is called.
    pub name: String,
    /// What was found, in the order in which a reader asks.
    pub checks: Vec<Check>,
    /// What its calls came to, if it is a model.
    pub measured: Option<Measured>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The experiment's title.
    pub title: String,
    /// Each part and who plays it.
    pub parts: Vec<(&'static str, String)>,
    /// What was found.
    pub subjects: Vec<Subject>,
}

impl Diagnosis {
    /// Whether nothing was found of which a run would fail.
    pub fn is_ready(&self) -> bool {
        self.of_level(Level::Wrong).next().is_none()
    }

    /// What the checks cost.
    pub fn cost(&self) -> Usd {
        let measured = self.subjects.iter().filter_map(|subject| subject.measured);
        measured.map(|measured| measured.cost).sum()
    }

    fn of_level(&self, level: Level) -> impl Iterator<Item = String> {
        self.subjects.iter().flat_map(move |subject| {
            let checks = subject.checks.iter();
            checks
                .filter(move |check| check.level == level)
                .map(|check| format!("{} of {}", check.name, subject.name))
        })
    }

    /// For a terminal of 80 columns.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in wrapped(&self.title, "", "").lines() {
            let _ = writeln!(text, "{}", line.bold());
        }
        let indent = " ".repeat(PART + 2);
        for (part, who) in &self.parts {
            text.push_str(&wrapped(who, &format!("  {part:<PART$}"), &indent));
        }
        for subject in &self.subjects {
            let _ = writeln!(text);
            for line in wrapped(&capitalised(&subject.name), "", "").lines() {
                let _ = writeln!(text, "{}", line.bold());
            }
            for check in &subject.checks {
                text.push_str(&lines_of(check));
            }
        }
        let _ = writeln!(text);
        text.push_str(&wrapped(
            &format!("These checks cost {}.", self.cost()),
            "",
            "",
        ));
        for line in wrapped(&self.conclusion(), "", "").lines() {
            let _ = writeln!(text, "{}", line.bold());
        }
        text
    }

    fn conclusion(&self) -> String {
        let wrong: Vec<String> = self.of_level(Level::Wrong).collect();
        let warnings = self.of_level(Level::Doubtful).count() as u64;
        if !wrong.is_empty() {
            return format!("A run would fail: {}.", wrong.join(", "));
        }
        let warned = match warnings {
            0 => String::new(),
            some => format!(", with {}", count(some, "warning")),
        };
        format!("Nothing stands in the way of a run{warned}.")
    }

    /// The same for programs: `ready`, `usd`, `parts`, and `subjects` with their `checks`.
    pub fn json(&self) -> Value {
        let subjects: Vec<Value> = self.subjects.iter().map(subject).collect();
        let parts: serde_json::Map<String, Value> = self
            .parts
            .iter()
            .map(|(part, who)| ((*part).to_owned(), json!(who)))
            .collect();
        json!({
            "title": self.title,
            "ready": self.is_ready(),
            "usd": self.cost().dollars(),
            "parts": parts,
            "subjects": subjects,
        })
    }
}

/// A check, with its hint below it. Only the level has a colour.
fn lines_of(check: &Check) -> String {
    let level = check.level.as_str();
    let indent = " ".repeat(2 + LEVEL + NAME);
    let lines = wrapped(
        &check.words,
        &format!("  {level:<LEVEL$}{:<NAME$}", check.name),
        &indent,
    );
    let shown = match check.level {
        Level::Good => level.green().to_string(),
        Level::Unknown => level.dimmed().to_string(),
        Level::Doubtful => level.yellow().to_string(),
        Level::Wrong => level.red().to_string(),
    };
    let mut text = lines.replacen(level, &shown, 1);
    if let Some(hint) = &check.hint {
        text.push_str(&wrapped(hint, &format!("{indent}hint: "), &indent));
    }
    text
}

fn subject(subject: &Subject) -> Value {
    let checks: Vec<Value> = subject
        .checks
        .iter()
        .map(|check| {
            json!({
                "check": check.name,
                "level": check.level.as_str(),
                "words": check.words,
                "hint": check.hint,
            })
        })
        .collect();
    let measured = subject.measured.map(|measured| {
        json!({
            "calls": measured.calls,
            "output_tokens": measured.output.0,
            "seconds": measured.active.seconds(),
            "tokens_per_second": measured.tokens_per_second(),
            "usd": measured.cost.dollars(),
        })
    });
    json!({"name": subject.name, "checks": checks, "measured": measured})
}
