//! How each part of an event becomes a row. Whoever calls sees to it that all rows of a session are
//! committed together.

use rusqlite::{Connection, ErrorCode, params};

use super::{
    Outcome, Planned,
    rows::{parts, whole},
};
use crate::{
    event::{DreamDone, SessionDone, TaskDone, TrialOutcome},
    model::caller::{Account, Evidence},
    transcript::Usage,
};

const SESSION: &str = "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const TASK: &str = "INSERT INTO tasks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
     ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35)";
const DREAM: &str = "INSERT INTO dreams VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
const SPENT: &str = "
INSERT INTO spending VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO UPDATE SET
    calls = calls + excluded.calls, attempts = attempts + excluded.attempts,
    uncached_input = uncached_input + excluded.uncached_input,
    cache_write = cache_write + excluded.cache_write, cache_read = cache_read + excluded.cache_read,
    output = output + excluded.output, micro_usd = micro_usd + excluded.micro_usd,
    estimated_calls = estimated_calls + excluded.estimated_calls, served = excluded.served";
const REMARK: &str = "INSERT INTO remarks VALUES (?1, ?2, ?3, ?4, ?5)";
// Attempts at a session that did not come to its end stand before the one that did.
const EVIDENCE: &str = "
INSERT INTO evidence
SELECT ?1, ?2, coalesce(max(number) + 1, 0), ?3, ?4, ?5 FROM evidence WHERE trial = ?1 AND session = ?2";
const TRIAL: &str = "INSERT OR REPLACE INTO trials VALUES (?1, ?2, ?3)";

/// Writes a session; `false` if it is there already, and then nothing is written.
pub(super) fn insert_session(
    connection: &Connection,
    done: &SessionDone,
    trial: Planned,
) -> rusqlite::Result<bool> {
    let (entries, said) = (json(&done.entries)?, json(&done.said)?);
    let row = params![
        whole(done.trial),
        done.session,
        entries,
        said,
        whole(done.memory.0),
        whole(done.memory.1)
    ];
    match connection.prepare_cached(SESSION)?.execute(row) {
        Ok(_) => {}
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    let last = done.tasks.len().saturating_sub(1);
    for (number, task) in done.tasks.iter().enumerate() {
        let grader = if number == last {
            done.in_session_grader
        } else {
            Usage::default()
        };
        let key = [
            trial.repetition.into(),
            whole(trial.scenario),
            done.session.into(),
            whole(number),
            whole(trial.arm),
            whole(trial.number),
        ];
        insert_task(connection, key, task, &grader)?;
    }
    if let Some(dream) = &done.dream {
        let key = [
            trial.repetition.into(),
            whole(trial.scenario),
            done.session.into(),
            whole(trial.arm),
            whole(trial.number),
        ];
        insert_dream(connection, key, dream)?;
    }
    insert_spending(connection, done.trial, done.session, &done.account)?;
    insert_evidence(connection, done.trial, done.session, &done.evidence)?;
    for (number, remark) in done.remarks.iter().enumerate() {
        connection.prepare_cached(REMARK)?.execute(params![
            whole(done.trial),
            done.session,
            whole(number),
            remark.role.as_str(),
            remark.text,
        ])?;
    }
    Ok(true)
}

/// Adds what was spent on a session to what earlier attempts at it spent.
pub(super) fn insert_spending(
    connection: &Connection,
    trial: usize,
    session: u32,
    account: &Account,
) -> rusqlite::Result<()> {
    for ((role, model), spent) in account {
        let [uncached, written, read, output] = parts(&spent.usage);
        connection.prepare_cached(SPENT)?.execute(params![
            whole(trial),
            session,
            role.as_str(),
            model,
            whole(spent.calls),
            whole(spent.attempts),
            uncached,
            written,
            read,
            output,
            spent.cost.0,
            whole(spent.estimated),
            json(&spent.served)?,
        ])?;
    }
    Ok(())
}

/// Adds what a service keeps of a session to what it keeps of earlier attempts at it.
pub(super) fn insert_evidence(
    connection: &Connection,
    trial: usize,
    session: u32,
    evidence: &[Evidence],
) -> rusqlite::Result<()> {
    for one in evidence {
        connection.prepare_cached(EVIDENCE)?.execute(params![
            whole(trial),
            session,
            one.kind,
            one.id,
            one.body
        ])?;
    }
    Ok(())
}

fn insert_task(
    connection: &Connection,
    key: [i64; 6],
    done: &TaskDone,
    in_session_grader: &Usage,
) -> rusqlite::Result<()> {
    let counts = [
        done.corrections,
        done.revisions,
        done.wrong_assumptions,
        done.stale_uses,
        done.scope_errors,
        done.failed_calls,
    ];
    let mut statement = connection.prepare_cached(TASK)?;
    let numbers = key
        .into_iter()
        .chain([done.completed, done.first_try, done.probe].map(i64::from))
        .chain(done.clarifications.map(i64::from))
        .chain(counts.map(i64::from))
        .chain(parts(&done.agent))
        .chain(parts(&done.final_grader))
        .chain(parts(in_session_grader))
        .chain([whole(done.active.0)]);
    let mut next = 1;
    for number in numbers {
        statement.raw_bind_parameter(next, number)?;
        next += 1;
    }
    let score = done.verdicts.as_ref().map(|verdicts| verdicts.score);
    statement.raw_bind_parameter(next, score.map(|(met, _)| met))?;
    statement.raw_bind_parameter(next + 1, score.map(|(_, all)| all))?;
    statement.raw_bind_parameter(next + 2, done.verdicts.as_ref().map(json).transpose()?)?;
    statement.raw_execute().map(|_| ())
}

fn insert_dream(connection: &Connection, key: [i64; 5], done: &DreamDone) -> rusqlite::Result<()> {
    let store: Vec<(&str, &str)> = done
        .store
        .entries()
        .map(|(path, entry)| (path, entry.content()))
        .collect();
    let mut statement = connection.prepare_cached(DREAM)?;
    let numbers = key
        .into_iter()
        .chain([
            whole(done.before.0),
            whole(done.before.1),
            whole(done.store.len()),
            whole(done.store.tokens()),
        ])
        .chain(parts(&done.usage))
        .chain([whole(done.active.0)]);
    let mut next = 1;
    for number in numbers {
        statement.raw_bind_parameter(next, number)?;
        next += 1;
    }
    statement.raw_bind_parameter(next, json(&done.edits)?)?;
    statement.raw_bind_parameter(next + 1, json(&store)?)?;
    statement.raw_execute().map(|_| ())
}

pub(super) fn insert_outcome(
    connection: &Connection,
    trial: usize,
    outcome: &TrialOutcome,
) -> rusqlite::Result<()> {
    let (outcome, reason) = match outcome {
        TrialOutcome::Graded => (Outcome::Graded, None),
        TrialOutcome::BackendFailed(failure) => (Outcome::BackendFailed, Some(failure.to_string())),
        TrialOutcome::BudgetReached { reason, .. } => {
            (Outcome::BudgetReached, Some(reason.clone()))
        }
        TrialOutcome::Canceled => (Outcome::Canceled, None),
    };
    connection
        .prepare_cached(TRIAL)?
        .execute(params![whole(trial), outcome.as_str(), reason])
        .map(|_| ())
}

fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
