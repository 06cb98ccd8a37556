//! The outcomes of a session, kept in step with its events.

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use super::{
    history::Writer,
    sent::{MAX_RUBRIC, Outcome},
    session::Session,
};
use crate::serve::{
    ApiError,
    database::optional_time,
    files,
    play::{Evaluation, Verdict},
};

/// An outcome that the agent has not come to an end with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    /// The number of its row.
    number: i64,
    /// Its id.
    pub(super) id: String,
    /// The number of the evaluation that is next, from 0.
    pub(super) iteration: u32,
    /// Whether the agent works towards it: the event that defined it was processed.
    pub(super) is_pursued: bool,
}

/// The outcomes of a session that are not at an end, the oldest first. A second one is there only behind
/// an interrupt that is about to end the first.
pub(super) fn open(transaction: &Transaction<'_>, session: i64) -> Result<Vec<Open>, ApiError> {
    let mut statement = transaction.prepare_cached(
        "SELECT number, id, iteration, result <> 'pending' FROM session_outcomes
        WHERE session = ?1 AND completed IS NULL ORDER BY number",
    )?;
    let found = statement.query_map([session], |row| {
        Ok(Open {
            number: row.get(0)?,
            id: row.get(1)?,
            iteration: row.get(2)?,
            is_pursued: row.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The outcomes of a session as they are sent.
pub(super) fn wire(transaction: &Transaction<'_>, session: i64) -> Result<Vec<Value>, ApiError> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, description, result, iteration, explanation, completed FROM session_outcomes
        WHERE session = ?1 ORDER BY number",
    )?;
    let found = statement.query_map([session], |row| {
        Ok(json!({
            "type": "outcome_evaluation",
            "outcome_id": row.get::<_, String>(0)?,
            "description": row.get::<_, String>(1)?,
            "result": row.get::<_, String>(2)?,
            "iteration": row.get::<_, u32>(3)?,
            "explanation": row.get::<_, Option<String>>(4)?,
            "completed_at": optional_time(row, 5)?,
        }))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The text of the rubric that an outcome was given as a file.
pub(super) fn rubric(transaction: &Transaction<'_>, id: &str) -> Result<Option<String>, ApiError> {
    let found = transaction
        .prepare_cached("SELECT rubric FROM session_outcomes WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    Ok(found)
}

impl Writer<'_> {
    /// The text of a rubric that is a file. It is read when the outcome is defined: what becomes of the
    /// file later does not change what is asked for.
    pub(super) fn rubric_in_file(
        &self,
        session: &Session,
        defined: &Outcome,
    ) -> Result<Option<String>, ApiError> {
        let file = defined.rubric_file();
        file.map(|file| files::text(self.transaction, &session.owner, file, MAX_RUBRIC, self.now))
            .transpose()
    }

    /// Keeps a new outcome. `rubric` is its text where that is not in the event.
    pub(super) fn define_outcome(
        &self,
        session: i64,
        id: &str,
        description: &str,
        rubric: Option<&str>,
    ) -> Result<(), ApiError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO session_outcomes
                    (id, session, description, result, iteration, rubric)
                VALUES (?1, ?2, ?3, 'pending', 0, ?4)",
            )?
            .execute(params![id, session, description, rubric])?;
        Ok(())
    }

    /// The agent has begun to work towards the outcomes of a session.
    pub(super) fn pursue_outcomes(&self, session: i64) -> Result<(), ApiError> {
        self.transaction
            .prepare_cached(
                "UPDATE session_outcomes SET result = 'running'
                WHERE session = ?1 AND result = 'pending'",
            )?
            .execute([session])?;
        Ok(())
    }

    /// Keeps what became of an outcome.
    pub(super) fn note_evaluation(
        &self,
        outcome: &Open,
        evaluation: &Evaluation,
    ) -> Result<(), ApiError> {
        let goes_on = evaluation.verdict == Verdict::NeedsRevision;
        let result = if goes_on {
            "running"
        } else {
            evaluation.verdict.as_str()
        };
        self.transaction
            .prepare_cached(
                "UPDATE session_outcomes
                SET result = ?2, iteration = ?3, explanation = ?4, completed = ?5
                WHERE number = ?1",
            )?
            .execute(params![
                outcome.number,
                result,
                evaluation.iteration + u32::from(goes_on),
                evaluation.explanation,
                (!goes_on).then(|| self.now.as_microsecond()),
            ])?;
        Ok(())
    }
}
