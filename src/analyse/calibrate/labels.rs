//! From a file of labels, with or without the key of a sheet, to checked labels.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::{Tasks, Unit};
use crate::{
    record::Manifest,
    source::{MAX_FILE_BYTES, Problems, closest, read_text},
    table::{Check, Fields, Sheet, columns},
};

/// The columns of a sheet that people fill in.
pub const SHEET_COLUMNS: [&str; 7] = [
    "row",
    "scenario",
    "session",
    "task",
    "deliverable",
    "completed",
    "rater",
];

const UNIT: [&str; 5] = ["scenario", "repetition", "session", "task", "arm"];

/// One label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) unit: Unit,
    pub(super) rater: String,
    pub(super) completed: bool,
}

/// Checked labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    pub(super) rows: Vec<Label>,
    /// Whether the labelled tasks were drawn at random from the run's.
    pub(super) sampled: bool,
    /// How many were drawn, if a key says so.
    pub(super) drawn: Option<u64>,
}

/// What the rows of a sheet stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key(BTreeMap<String, Unit>);

/// What the files are checked against.
struct Run<'r> {
    manifest: &'r Manifest,
    tasks: &'r Tasks,
}

impl Labels {
    /// Reads a file of labels; with a `key` the rows are those of a sheet that was drawn from the run.
    /// `None` if there was a problem with either file.
    pub fn read(
        file: &Path,
        key: Option<&Path>,
        sampled: bool,
        manifest: &Manifest,
        tasks: &Tasks,
        problems: &mut Problems,
    ) -> Option<Self> {
        let run = Run { manifest, tasks };
        let key = key.map(|key| opened(key, problems, |check| run.key(check)).flatten());
        let labels = match &key {
            // A key that cannot be read leaves nothing to look rows up in.
            Some(None) => return None,
            Some(Some(key)) => opened(file, problems, |check| run.labels(check, Some(key))),
            None => opened(file, problems, |check| run.labels(check, None)),
        };
        let rows = labels.flatten()?;
        let key = key.flatten();
        (!problems.has_errors()).then(|| Self {
            rows,
            sampled: sampled || key.is_some(),
            drawn: key.map(|key| key.0.len() as u64),
        })
    }

    /// The raters by name; one without a name is the empty one.
    pub(super) fn raters(&self) -> Vec<String> {
        let raters: BTreeSet<&String> = self.rows.iter().map(|label| &label.rater).collect();
        raters.into_iter().cloned().collect()
    }

    /// The labels of each task.
    pub(super) fn by_unit(&self) -> BTreeMap<Unit, Vec<bool>> {
        let mut units: BTreeMap<Unit, Vec<bool>> = BTreeMap::new();
        for label in &self.rows {
            units.entry(label.unit).or_default().push(label.completed);
        }
        units
    }

    /// What most raters say of each task, and how many tasks have no majority.
    pub(super) fn truths(&self) -> (BTreeMap<Unit, bool>, u64) {
        let mut tied = 0;
        let mut truths = BTreeMap::new();
        for (unit, labels) in self.by_unit() {
            let done = labels.iter().filter(|done| **done).count();
            if 2 * done == labels.len() {
                tied += 1;
            } else {
                truths.insert(unit, 2 * done > labels.len());
            }
        }
        (truths, tied)
    }
}

fn opened<T>(
    file: &Path,
    problems: &mut Problems,
    read: impl FnOnce(&mut Check<'_>) -> T,
) -> Option<T> {
    match read_text(file, MAX_FILE_BYTES) {
        Ok(text) => {
            let text: Arc<str> = text.into();
            Some(read(&mut Check {
                file,
                text: &text,
                problems,
            }))
        }
        Err(problem) => {
            let hint = "name a CSV file; `--sample 120 --out sheet.csv` draws one to fill in";
            problems.push(problem.hint(hint), None);
            None
        }
    }
}

impl Run<'_> {
    fn key(&self, check: &mut Check<'_>) -> Option<Key> {
        let sheet = Sheet::read(check)?;
        let wanted = [&["row", "plan"][..], &UNIT].concat();
        if !columns(check, &sheet, &wanted, &[]) {
            return None;
        }
        let mut key = Key::default();
        let mut other_plan = false;
        for row in &sheet.rows {
            let fields = Fields::of(&sheet, row);
            let plan = fields.text("plan");
            if !other_plan && plan != self.plan() {
                other_plan = true;
                check.at(
                    &row.span,
                    format!(
                        "key is of the plan `{plan}`, the run's is `{}`",
                        self.plan()
                    ),
                    "name the run that the sheet was drawn from",
                );
            }
            let (name, unit) = (fields.name(check, "row"), self.unit(check, &fields));
            if let (Some(name), Some(unit)) = (name, unit)
                && key.0.insert(name.to_owned(), unit).is_some()
            {
                let message = format!("row `{name}` is in the key twice");
                check.at(&row.span, message, "use the key as it was written");
            }
        }
        Some(key)
    }

    /// The beginning of the plan's digest, which ties a key to its run.
    fn plan(&self) -> &str {
        &self.manifest.plan_digest[..12.min(self.manifest.plan_digest.len())]
    }

    fn labels(&self, check: &mut Check<'_>, key: Option<&Key>) -> Option<Vec<Label>> {
        let sheet = Sheet::read(check)?;
        let complete = if key.is_some() {
            columns(check, &sheet, &["row", "completed"], &SHEET_COLUMNS)
        } else if sheet.column("row").is_some() && sheet.column("arm").is_none() {
            check.at(
                &sheet.head,
                "labels of a sheet need its key",
                "give `--key sheet.key.csv`, the file beside the sheet",
            );
            false
        } else {
            let wanted = [&UNIT[..], &["completed"]].concat();
            columns(check, &sheet, &wanted, &["rater"])
        };
        if !complete {
            return None;
        }
        let mut labels = Vec::new();
        let mut seen: BTreeMap<(Unit, &str), usize> = BTreeMap::new();
        for row in &sheet.rows {
            let fields = Fields::of(&sheet, row);
            let completed = fields.outcome(check, "completed");
            let unit = match key {
                Some(key) => in_key(check, &fields, key),
                None => self.unit(check, &fields),
            };
            let Some(unit) = unit else { continue };
            let rater = fields.text("rater");
            if let Some(line) = seen.insert((unit, rater), row.line) {
                let by = if rater.is_empty() {
                    String::new()
                } else {
                    format!(" by `{rater}`")
                };
                check.at(
                    &row.span,
                    format!("line {} repeats a label{by}", row.line),
                    format!(
                        "line {line} has that task already; keep one of them, or name the raters"
                    ),
                );
            }
            if let Some(completed) = completed {
                labels.push(Label {
                    unit,
                    rater: rater.to_owned(),
                    completed,
                });
            }
        }
        Some(labels)
    }

    /// The task of a row, if the run has it and something was handed in.
    fn unit(&self, check: &mut Check<'_>, fields: &Fields<'_>) -> Option<Unit> {
        let scenarios = || self.manifest.scenarios.iter().map(|one| one.id.as_str());
        let arms = || self.manifest.arms.iter().map(|one| one.id.as_str());
        let scenario = named(check, fields, "scenario", scenarios);
        let arm = named(check, fields, "arm", arms);
        let repetition = fields.count(check, "repetition");
        let session = fields.count(check, "session");
        let task = fields.count(check, "task");
        let unit = Unit {
            arm: arm?,
            scenario: scenario?,
            repetition: repetition?,
            session: session?,
            // Files count tasks from 1; a 0 is no task of any session.
            task: task?.wrapping_sub(1),
        };
        let (message, hint) = match self.tasks.0.get(&unit) {
            Some(judged) if judged.graded => return Some(unit),
            Some(_) => (
                "nothing was handed in for this task",
                "leave out the row: there is nothing to label",
            ),
            None => (
                "no such task in the run",
                "repetitions, sessions and tasks count from 1, as in tasks.csv",
            ),
        };
        let message = format!(
            "{message}: repetition {}, session {}, task {} of `{}` in arm `{}`",
            unit.repetition,
            unit.session,
            fields.text("task"),
            fields.text("scenario"),
            fields.text("arm"),
        );
        check.at(&fields.row.span, message, hint);
        None
    }
}

fn in_key(check: &mut Check<'_>, fields: &Fields<'_>, key: &Key) -> Option<Unit> {
    let name = fields.name(check, "row")?;
    let unit = key.0.get(name).copied();
    if unit.is_none() {
        let message = format!("row `{name}` is not in the key");
        let hint = "use the key that was written with the sheet";
        check.at(&fields.row.span, message, hint);
    }
    unit
}

/// The position of a name in a list of the run.
fn named<'n, I: Iterator<Item = &'n str>>(
    check: &mut Check<'_>,
    fields: &Fields<'_>,
    column: &str,
    known: impl Fn() -> I,
) -> Option<usize> {
    let name = fields.name(check, column)?;
    let found = known().position(|one| one == name);
    if found.is_none() {
        let hint = closest(name, known()).map_or_else(
            || format!("use the names in the column `{column}` of tasks.csv"),
            |like| format!("did you mean `{like}`?"),
        );
        let message = format!("no {column} `{name}` in the run");
        check.at(&fields.row.span, message, hint);
    }
    found
}
