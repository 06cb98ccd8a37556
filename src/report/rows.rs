//! `tasks.csv` and `dreams.csv`: raw rows, streamed from the record.

use std::{collections::BTreeMap, io::Write};

use super::ReportError;
use crate::{
    analyse::cost_of,
    dream::EditKind,
    quantity::Usd,
    record::{Manifest, Outcome, Planned, Record, TaskRow},
    transcript::Role,
};

/// Dollars with six decimals.
fn dollars(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let micro = Usd(micro).0.unsigned_abs();
    format!("{sign}{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

const TASK_COLUMNS: [&str; 40] = [
    "repetition",
    "scenario",
    "domain",
    "construct",
    "session",
    "date",
    "task",
    "arm",
    "outcome",
    "completed",
    "first_try",
    "probe",
    "clarifications_necessary",
    "clarifications_avoidable",
    "clarifications_repeated",
    "clarifications_unanswerable",
    "corrections",
    "revisions",
    "wrong_assumptions",
    "stale_uses",
    "scope_errors",
    "failed_calls",
    "score",
    "score_of",
    "agent_uncached_tokens",
    "agent_cache_write_tokens",
    "agent_cache_read_tokens",
    "agent_output_tokens",
    "in_session_grader_input_tokens",
    "in_session_grader_output_tokens",
    "final_grader_input_tokens",
    "final_grader_output_tokens",
    "active_seconds",
    "memory_entries",
    "memory_tokens",
    "agent_usd",
    "in_session_grader_usd",
    "runtime_usd",
    "final_grader_usd",
    "last_of_session",
];

/// One row for each planned task, in the order of repetition, scenario, session, task, arm; one that was
/// not run has its outcome and nothing else.
pub(super) fn tasks(record: &Record, out: &mut impl Write) -> Result<(), ReportError> {
    let manifest = record.manifest();
    let outcomes = record.trial_outcomes()?;
    let mut planned: BTreeMap<(u32, usize), Vec<Planned>> = BTreeMap::new();
    record.for_each_planned(|trial| {
        planned
            .entry((trial.repetition, trial.scenario))
            .or_default()
            .push(trial);
    })?;
    let mut cells = Cells {
        manifest,
        planned: planned.into_values(),
        now: Vec::new(),
        at: 0,
        session: 0,
        task: 0,
    };
    let lost = |trial: &Planned| match outcomes.get(&trial.number) {
        Some((Outcome::BackendFailed, _)) => "backend_failed",
        Some((Outcome::BudgetReached, _)) => "budget_reached",
        Some((Outcome::Graded | Outcome::Canceled, _)) | None => "canceled",
    };
    let mut table = csv::Writer::from_writer(out);
    table.write_record(TASK_COLUMNS)?;
    let mut result = Ok(());
    record.for_each_task(|row| {
        if result.is_err() {
            return;
        }
        result = (|| {
            while let Some((trial, session, task)) = cells.next() {
                let here = (trial.repetition, trial.scenario, session, task, trial.arm);
                if here == (row.repetition, row.scenario, row.session, row.task, row.arm) {
                    return table.write_record(full(manifest, &row));
                }
                table.write_record(empty(manifest, &trial, session, task, lost(&trial)))?;
            }
            Ok(())
        })();
    })?;
    result?;
    while let Some((trial, session, task)) = cells.next() {
        table.write_record(empty(manifest, &trial, session, task, lost(&trial)))?;
    }
    table.flush().map_err(csv::Error::from)?;
    Ok(())
}

/// The planned tasks in the order of the rows.
struct Cells<'m, I> {
    manifest: &'m Manifest,
    planned: I,
    /// The arms of the scenario and repetition at hand.
    now: Vec<Planned>,
    at: usize,
    session: u32,
    task: u32,
}

impl<I: Iterator<Item = Vec<Planned>>> Cells<'_, I> {
    fn next(&mut self) -> Option<(Planned, u32, u32)> {
        loop {
            if let Some(first) = self.now.first() {
                let tasks = &self.manifest.scenarios[first.scenario].tasks_per_session;
                if let Some(&count) = tasks.get(self.session as usize) {
                    if self.task < count {
                        if let Some(&trial) = self.now.get(self.at) {
                            self.at += 1;
                            return Some((trial, self.session + 1, self.task));
                        }
                        (self.at, self.task) = (0, self.task + 1);
                    } else {
                        (self.session, self.task) = (self.session + 1, 0);
                    }
                    continue;
                }
            }
            self.now = self.planned.next()?;
            (self.at, self.session, self.task) = (0, 0, 0);
        }
    }
}

fn head(
    manifest: &Manifest,
    repetition: u32,
    scenario: usize,
    session: u32,
    task: u32,
    arm: usize,
    outcome: &str,
) -> Vec<String> {
    let entry = &manifest.scenarios[scenario];
    let date = entry
        .session_dates
        .get(session as usize - 1)
        .map(ToString::to_string)
        .unwrap_or_default();
    vec![
        repetition.to_string(),
        entry.id.to_string(),
        entry.domain.to_string(),
        entry.construct.to_string(),
        session.to_string(),
        date,
        (task + 1).to_string(),
        manifest.arms[arm].id.to_string(),
        outcome.to_owned(),
    ]
}

fn empty(
    manifest: &Manifest,
    trial: &Planned,
    session: u32,
    task: u32,
    outcome: &str,
) -> Vec<String> {
    let mut record = head(
        manifest,
        trial.repetition,
        trial.scenario,
        session,
        task,
        trial.arm,
        outcome,
    );
    record.resize(TASK_COLUMNS.len(), String::new());
    record
}

fn full(manifest: &Manifest, row: &TaskRow) -> Vec<String> {
    let outcome = if row.graded { "graded" } else { "ungraded" };
    let mut record = head(
        manifest,
        row.repetition,
        row.scenario,
        row.session,
        row.task,
        row.arm,
        outcome,
    );
    let prices = manifest.prices();
    let (agent, grader, runtime) = cost_of(row, &prices);
    let flag = |is: bool| u8::from(is).to_string();
    record.extend([flag(row.completed), flag(row.first_try), flag(row.probe)]);
    record.extend(row.clarifications.map(|count| count.to_string()));
    record.extend(
        [
            row.corrections,
            row.revisions,
            row.wrong_assumptions,
            row.stale_uses,
            row.scope_errors,
            row.failed_calls,
        ]
        .map(|count| count.to_string()),
    );
    record.extend(
        row.score
            .map_or([String::new(), String::new()], |(met, all)| {
                [met.to_string(), all.to_string()]
            }),
    );
    record.extend(
        [
            row.agent.uncached_input,
            row.agent.cache_write,
            row.agent.cache_read,
            row.agent.output,
            row.in_session_grader.uncached_input,
            row.in_session_grader.output,
            row.final_grader.uncached_input,
            row.final_grader.output,
        ]
        .map(|tokens| tokens.0.to_string()),
    );
    record.push(format!(
        "{}.{:03}",
        row.active.0 / 1000,
        row.active.0 % 1000
    ));
    record.extend([row.memory.0.to_string(), row.memory.1.to_string()]);
    record.extend(
        [
            agent,
            grader,
            runtime,
            prices.of(Role::FinalGrader).of_tokens(&row.final_grader).0,
        ]
        .map(dollars),
    );
    record.push(flag(row.last_of_session));
    record
}

/// One row for each dream.
pub(super) fn dreams(record: &Record, out: &mut impl Write) -> Result<(), ReportError> {
    let manifest = record.manifest();
    let mut table = csv::Writer::from_writer(out);
    table.write_record([
        "repetition",
        "scenario",
        "after_session",
        "arm",
        "entries_before",
        "tokens_before",
        "entries_after",
        "tokens_after",
        "uncached_tokens",
        "cache_write_tokens",
        "cache_read_tokens",
        "output_tokens",
        "seconds",
        "usd",
        "added",
        "merged",
        "replaced",
        "promoted",
        "removed",
    ])?;
    let mut result = Ok(());
    record.for_each_dream(|dream| {
        if result.is_err() {
            return;
        }
        let of = |kind: EditKind| {
            dream
                .edits
                .iter()
                .filter(|edit| edit.kind == kind)
                .count()
                .to_string()
        };
        result = table.write_record([
            dream.repetition.to_string(),
            manifest.scenarios[dream.scenario].id.to_string(),
            dream.session.to_string(),
            manifest.arms[dream.arm].id.to_string(),
            dream.before.0.to_string(),
            dream.before.1.to_string(),
            dream.after.0.to_string(),
            dream.after.1.to_string(),
            dream.usage.uncached_input.0.to_string(),
            dream.usage.cache_write.0.to_string(),
            dream.usage.cache_read.0.to_string(),
            dream.usage.output.0.to_string(),
            format!("{}.{:03}", dream.active.0 / 1000, dream.active.0 % 1000),
            dollars(
                manifest
                    .prices()
                    .of(Role::Dreamer)
                    .of_tokens(&dream.usage)
                    .0,
            ),
            of(EditKind::Added),
            of(EditKind::Merged),
            of(EditKind::Replaced),
            of(EditKind::Promoted),
            of(EditKind::Removed),
        ]);
    })?;
    result?;
    table.flush().map_err(csv::Error::from)?;
    Ok(())
}
