//! Which edit of a dream led to which wrong field.
//!
//! For each task that a broken scenario failed, the fields that the final grader did not accept are traced
//! back through the dreams before it: to the statement that put the wrong value into the store, or to
//! the removal of the last statement on the field. A field that no dream touched has no edit: then the
//! dreams are not what broke it.

use std::collections::BTreeMap;

use crate::{
    brief::Deliverable,
    dream::{Edit, EditKind},
    ident::{ArmId, ScenarioId},
    memory::Store,
    record::{Planned, Record, RecordError},
    text::{Sentence, stems},
    transcript::submissions,
};

/// How many fields of a scenario are named.
const FIELDS: usize = 3;

/// A field that failed tasks had wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The criterion that was not met, which is the field's name.
    pub field: String,
    /// What was handed in for it, in the task of the example; empty if nothing.
    pub value: String,
    /// In how many failed tasks it was wrong.
    pub tasks: u64,
    /// Where the example is: repetition, session.
    pub example: (u32, u32),
    /// The dream that followed this session made this edit; `None` if no dream touched the field.
    pub edit: Option<(u32, Edit)>,
}

/// Why a scenario broke.
#[derive(Debug, Clone, PartialEq)]
pub struct Blame {
    /// The scenario.
    pub scenario: ScenarioId,
    /// How many tasks failed in the candidate.
    pub failed: u64,
    /// The fields, the most frequent first.
    pub causes: Vec<Cause>,
}

/// Traces the failed tasks of an arm in a scenario.
pub fn blame(record: &Record, arm: &ArmId, scenario: &ScenarioId) -> Result<Blame, RecordError> {
    let manifest = record.manifest();
    let is_ours = |trial: &&Planned| {
        manifest.arms[trial.arm].id == *arm && manifest.scenarios[trial.scenario].id == *scenario
    };
    let mut found: BTreeMap<String, Cause> = BTreeMap::new();
    let mut failed = 0;
    for trial in manifest.trials.iter().filter(is_ours) {
        let edits = record.edits_of(trial.number)?;
        let sessions = manifest.scenarios[trial.scenario].tasks_per_session.len();
        let mut store: Option<Store> = None;
        for session in (1..).take(sessions) {
            let Some(past) = record.session(trial.number, session)? else {
                break;
            };
            let verdicts = record.verdicts(trial.number, session)?;
            let handed_in = submissions(&past.entries);
            for (task, verdicts) in verdicts.iter().enumerate() {
                let Some(verdicts) = verdicts.as_ref().filter(|verdicts| !verdicts.satisfied)
                else {
                    continue;
                };
                failed += 1;
                for verdict in verdicts.verdicts.iter().filter(|verdict| !verdict.met) {
                    let field = verdict.criterion.to_string();
                    let value = handed_in
                        .get(&task)
                        .and_then(|deliverable| value(deliverable, &field))
                        .unwrap_or_default();
                    let edit = edit(&edits, session, &field, &value, store.as_ref());
                    let cause = Cause {
                        field: field.clone(),
                        value,
                        tasks: 0,
                        example: (trial.repetition, session),
                        edit,
                    };
                    let kept = found.entry(field).or_insert_with(|| cause.clone());
                    kept.tasks += 1;
                    if kept.edit.is_none() && cause.edit.is_some() {
                        *kept = Cause {
                            tasks: kept.tasks,
                            ..cause
                        };
                    }
                }
            }
            store = past.dreamed.or(store);
        }
    }
    let mut causes: Vec<Cause> = found.into_values().collect();
    causes.sort_by(|one, other| {
        let key = |cause: &Cause| (cause.edit.is_some(), cause.tasks);
        key(other)
            .cmp(&key(one))
            .then_with(|| one.field.cmp(&other.field))
    });
    causes.truncate(FIELDS);
    Ok(Blame {
        scenario: scenario.clone(),
        failed,
        causes,
    })
}

fn value(deliverable: &Deliverable, field: &str) -> Option<String> {
    let fields = deliverable.fields.iter();
    let mut found = fields.filter(|(name, _)| name.as_str() == field);
    found.next().map(|(_, value)| value.clone())
}

/// The last edit before a session that wrote the wrong value, or took out the last word on the field.
fn edit(
    edits: &[(u32, Vec<Edit>)],
    session: u32,
    field: &str,
    value: &str,
    store: Option<&Store>,
) -> Option<(u32, Edit)> {
    let label = stems(&field.replace('_', " "));
    let wrong = stems(value);
    let before = || {
        edits
            .iter()
            .filter(move |(after, _)| *after < session)
            .rev()
            .flat_map(|(after, edits)| edits.iter().map(move |edit| (*after, edit)))
    };
    let speaks = |text: &str, what: &[u64]| Sentence::new(text).has_all(what);
    let wrote = before().find(|(_, edit)| {
        edit.kind != EditKind::Removed
            && !wrong.is_empty()
            && speaks(&edit.text, &label)
            && speaks(&edit.text, &wrong)
    });
    let still_there = || {
        store.is_some_and(|store| {
            store
                .entries()
                .any(|(_, entry)| entry.content().lines().any(|line| speaks(line, &label)))
        })
    };
    let removed =
        || before().find(|(_, edit)| edit.kind == EditKind::Removed && speaks(&edit.text, &label));
    wrote
        .or_else(|| if still_there() { None } else { removed() })
        .map(|(after, edit)| (after, edit.clone()))
}
