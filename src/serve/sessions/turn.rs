//! One turn of a session: what was sent is taken, the embedded agent says what comes next, and that is
//! appended.
//!
//! What always holds: what is appended is what the agent does on exactly the history that was taken, all
//! of it at once; a turn that was taken and not appended is played again from the same history.

use serde_json::{Value, json};

use super::{
    compose::Composer,
    cost,
    history::{self, Entry, Writer, kind},
    outcomes,
    past::{Past, PlaySettings, opening, past_of},
    session::{self, Session, Status},
};
use crate::serve::{
    ApiError,
    play::{Evaluation, Next, Stop, Verdict},
};

/// Why a session goes on or does not.
pub(super) enum Taken {
    /// There is nothing to do.
    Nothing,
    /// The history has changed, but there is nothing to play. Whether the session still runs.
    Settled(bool),
    /// This is to be played.
    Play(Box<Past>),
}

impl Writer<'_> {
    /// Takes what was sent to a session into its history.
    pub(super) fn take(&self, number: i64, play: &PlaySettings) -> Result<Taken, ApiError> {
        let Some(mut session) = self.running(number)? else {
            return Ok(Taken::Nothing);
        };
        if session.opening.is_none() {
            session.opening = Some(opening(self.transaction, play, &session)?);
        }
        let queued = history::queued(self.transaction, number)?;
        self.place(&mut session, &queued)?;
        self.pursue_outcomes(number)?;
        self.say_running(&mut session)?;
        let spent = cost::is_spent(&session, self.prices);
        // An interrupt ends what is under way, and that costs nothing.
        let interrupted = queued.iter().any(|event| event.kind == kind::INTERRUPT);
        if spent && !interrupted {
            self.stop_at_the_cap(&mut session)?;
            session.save(self.transaction)?;
            return Ok(Taken::Settled(session.status == Status::Running));
        }
        session.capped = spent;
        session.save(self.transaction)?;
        past_of(self.transaction, play, &session).map(|past| Taken::Play(Box::new(past)))
    }

    /// Appends what the agent does; whether the session still runs.
    pub(super) fn append_next(&self, number: i64, next: &Next) -> Result<bool, ApiError> {
        let Some(mut session) = self.running(number)? else {
            return Ok(false);
        };
        let mut composer = Composer::new(self, &mut session)?;
        for emission in &next.emissions {
            if !composer.emit(emission)? {
                break;
            }
        }
        let done = composer.finish()?;
        session.waiting = if done.asked.is_empty() {
            match &next.stop {
                Stop::EndTurn => Vec::new(),
                Stop::RequiresAction(calls) => calls.iter().cloned().chain(done.calls).collect(),
            }
        } else {
            done.asked
        };
        if session.waiting.is_empty() {
            self.give_up_outcomes(&mut session)?;
        }
        let spent = cost::is_spent(&session, self.prices);
        if session.waiting.is_empty()
            && !spent
            && !history::queued(self.transaction, number)?.is_empty()
        {
            // Clients take the first end of a turn for the end: there is none while something waits.
            session.updated = self.now;
            session.save(self.transaction)?;
            return Ok(true);
        }
        if spent {
            self.stop_at_the_cap(&mut session)?;
        } else {
            let reason = if session.waiting.is_empty() {
                json!({"type": "end_turn"})
            } else {
                json!({"type": "requires_action", "event_ids": session.waiting})
            };
            self.say_idle(&mut session, &reason)?;
        }
        session.save(self.transaction)?;
        Ok(session.status == Status::Running)
    }

    /// Ends a session that cannot go on.
    pub(super) fn break_off(&self, number: i64, why: &str) -> Result<(), ApiError> {
        let Some(mut session) = self.running(number)? else {
            return Ok(());
        };
        let queued = history::queued(self.transaction, number)?;
        self.place(&mut session, &queued)?;
        self.pursue_outcomes(number)?;
        let error = json!({"error": {
            "type": "unknown_error",
            "message": why,
            "retry_status": {"type": "terminal"},
        }});
        self.append(&mut session, &Entry::new("session.error", error))?;
        self.give_up_outcomes(&mut session)?;
        self.say_terminated(&mut session)?;
        session.save(self.transaction)
    }

    fn running(&self, number: i64) -> Result<Option<Session>, ApiError> {
        let found = session::numbered(self.transaction, number)?;
        Ok(found.filter(|session| session.status == Status::Running && !session.pipeline))
    }

    fn stop_at_the_cap(&self, session: &mut Session) -> Result<(), ApiError> {
        session.capped = true;
        self.say_idle(session, &json!({"type": "budget_reached"}))
    }

    /// Ends the outcomes that the agent has stopped working towards, as when the user goes on without it.
    /// The embedded agent has not evaluated anything, so its replay does not see this.
    pub(super) fn give_up_outcomes(&self, session: &mut Session) -> Result<(), ApiError> {
        let open = outcomes::open(self.transaction, session.number)?;
        for outcome in open.into_iter().filter(|outcome| outcome.is_pursued) {
            let evaluation = Evaluation {
                iteration: outcome.iteration,
                verdict: Verdict::Interrupted,
                explanation: "The agent does not work towards this any more.".to_owned(),
                usage: crate::transcript::Usage::default(),
            };
            self.note_evaluation(&outcome, &evaluation)?;
            let body = evaluation_end("", &outcome.id, &evaluation);
            let entry = Entry {
                played: false,
                ..Entry::new(kind::EVALUATION_END, body)
            };
            self.append(session, &entry)?;
        }
        Ok(())
    }
}

/// The fields of the event that ends an evaluation.
pub(super) fn evaluation_end(start: &str, outcome: &str, evaluation: &Evaluation) -> Value {
    json!({
        "outcome_evaluation_start_id": start,
        "outcome_id": outcome,
        "iteration": evaluation.iteration,
        "result": evaluation.verdict.as_str(),
        "explanation": evaluation.explanation,
        "usage": cost::span_usage(&evaluation.usage),
    })
}
