//! What the embedded agent does, as events: requests as pairs of spans with what the agent does between
//! them, results of its tools behind them, evaluations of outcomes as spans of their own.
//!
//! A file is used at once, unless the agent's tools must ask first: then the use waits for the client,
//! and the replay gives it again once it was confirmed.

use std::collections::VecDeque;

use rusqlite::params;
use serde_json::{Value, json};

use super::{
    cost,
    history::{Entry, Writer, kind},
    mounts::{self, Access, Mounted},
    outcomes,
    session::{Session, json as json_column},
    turn::evaluation_end,
};
use crate::{
    managed::tools::TOOLSET,
    quantity::Milliseconds,
    serve::{
        ApiError,
        error::ErrorKind,
        memories::{Actor, Place},
        play::{Emission, Evaluation, FileUse, Verdict},
    },
    transcript::Usage,
};

/// A use of a file that was shown to the client and has no result yet.
struct Asked {
    id: String,
    name: String,
    input: Value,
    /// What the client said: whether it may be done, and if not, why. Absent: nothing yet.
    answer: Option<Result<(), String>>,
}

/// What was appended that waits for the client.
pub(super) struct Done {
    /// Uses of custom tools.
    pub(super) calls: Vec<String>,
    /// Uses of files that must be confirmed.
    pub(super) asked: Vec<String>,
}

/// Appends what an agent does, thing by thing.
pub(super) struct Composer<'c> {
    writer: &'c Writer<'c>,
    session: &'c mut Session,
    mount: Option<Mounted>,
    /// Whether uses of files must be confirmed.
    asks: bool,
    /// Uses of files that the client was asked about before.
    asked_before: VecDeque<Asked>,
    /// Tokens and time of the request that comes next.
    request: (Usage, Milliseconds),
    /// The event that began the request under way.
    span: Option<String>,
    /// Results that come behind the request: of which use, what, whether it went wrong.
    results: Vec<(String, String, bool)>,
    done: Done,
}

impl<'c> Composer<'c> {
    pub(super) fn new(writer: &'c Writer<'c>, session: &'c mut Session) -> Result<Self, ApiError> {
        let mount = mounts::of(writer.transaction, session.number)?
            .into_iter()
            .next();
        let asked_before = writer.asked(session)?;
        Ok(Self {
            mount,
            asks: must_ask(session),
            asked_before,
            writer,
            session,
            request: <(Usage, Milliseconds)>::default(),
            span: None,
            results: Vec::new(),
            done: Done {
                calls: Vec::new(),
                asked: Vec::new(),
            },
        })
    }

    /// Appends one thing; whether another may follow before the client has answered.
    pub(super) fn emit(&mut self, emission: &Emission) -> Result<bool, ApiError> {
        let is_file = matches!(emission, Emission::File(_));
        let is_request = matches!(emission, Emission::Request { .. });
        if !self.done.asked.is_empty() && !is_file && !is_request {
            return Ok(false);
        }
        match emission {
            Emission::Request { usage, active } => self.request = (*usage, *active),
            Emission::Said(text) => {
                let body = json!({"content": [{"type": "text", "text": text}]});
                self.act(kind::SAID, body)?;
            }
            Emission::Call { name, input } => {
                let body = json!({"name": name, "input": input});
                let id = self.act(kind::CALL, body)?;
                self.done.calls.push(id);
            }
            Emission::File(file) => self.file(file)?,
            Emission::Evaluation(evaluation) => {
                self.close()?;
                self.evaluate(evaluation)?;
            }
        }
        Ok(true)
    }

    /// Ends the request under way.
    pub(super) fn finish(mut self) -> Result<Done, ApiError> {
        self.close()?;
        Ok(self.done)
    }

    /// Appends what the agent does within a request.
    fn act(&mut self, kind: &str, body: Value) -> Result<String, ApiError> {
        if self.span.is_none() {
            let start = Entry::new("span.model_request_start", json!({}));
            self.span = Some(self.writer.append(self.session, &start)?);
        }
        self.writer.append(self.session, &Entry::new(kind, body))
    }

    fn close(&mut self) -> Result<(), ApiError> {
        if let Some(start) = self.span.take() {
            let (usage, active) = std::mem::take(&mut self.request);
            let mut model_usage = cost::span_usage(&usage);
            model_usage["speed"] = self.session.agent["model"]["speed"].clone();
            let body = json!({
                "model_request_start_id": start,
                "is_error": false,
                "model_usage": model_usage,
            });
            let end = Entry {
                active: Some(active),
                ..Entry::new(kind::REQUEST_END, body)
            };
            self.writer.append(self.session, &end)?;
            self.session.usage += usage;
            self.session.active += active;
        }
        for (tool_use, text, failed) in std::mem::take(&mut self.results) {
            let body = json!({
                "tool_use_id": tool_use,
                "content": [{"type": "text", "text": text}],
                "is_error": failed,
            });
            self.writer
                .append(self.session, &Entry::new(kind::TOOL_RESULT, body))?;
        }
        Ok(())
    }

    fn file(&mut self, file: &FileUse) -> Result<(), ApiError> {
        if let Some(asked) = self.asked_before.pop_front() {
            if asked.name != file.name || asked.input != file.input {
                // What was confirmed is done, and nothing else.
                return Err(ApiError::new(
                    ErrorKind::Internal,
                    format!(
                        "the use of a file `{}` is none that the embedded agent makes there: the session's memory was redacted, or another version of dreamtrial played it",
                        asked.id
                    ),
                ));
            }
            match asked.answer {
                None => self.done.asked.push(asked.id),
                Some(Err(why)) => self.results.push((asked.id, why, true)),
                Some(Ok(())) => {
                    let (text, failed) = self.carry_out(file)?;
                    self.results.push((asked.id, text, failed));
                }
            }
            return Ok(());
        }
        let (permission, evaluation) = if self.asks {
            ("ask", "always_ask")
        } else {
            ("allow", "always_allow")
        };
        let body = json!({
            "name": file.name,
            "input": file.input,
            "evaluated_permission": permission,
            "evaluation": {"type": evaluation},
        });
        let id = self.act(kind::TOOL_USE, body)?;
        if self.asks {
            self.done.asked.push(id);
        } else {
            let (text, failed) = self.carry_out(file)?;
            self.results.push((id, text, failed));
        }
        Ok(())
    }

    /// What a use of a file gives, and whether it went wrong. A refusal is the agent's to see; a database
    /// that fails is not.
    fn carry_out(&self, file: &FileUse) -> Result<(String, bool), ApiError> {
        if file.name != "write" {
            return Ok((file.text.clone(), false));
        }
        let path = file.input["file_path"].as_str().unwrap_or_default();
        let within = self.mount.as_ref().and_then(|mount| {
            let within = path.strip_prefix(&mount.path)?;
            within.starts_with('/').then_some((mount, within))
        });
        let Some((mount, within)) = within else {
            return Ok((format!("`{path}` is in no memory store"), true));
        };
        if mount.access == Access::ReadOnly {
            return Ok((format!("`{path}` is on a read-only file system"), true));
        }
        let place = Place {
            owner: self.session.owner.clone(),
            store: mount.store.clone(),
            path: within.to_owned(),
        };
        let content = file.input["content"].as_str().unwrap_or_default();
        let written = self.writer.database.write_memory_in(
            self.writer.transaction,
            &place,
            content.to_owned(),
            Actor::session(&self.session.id),
            self.writer.now,
        );
        match written {
            Ok(_) => Ok((file.text.clone(), false)),
            Err(error) if error.is_of_the_server() => Err(error),
            Err(error) => Ok((error.message, true)),
        }
    }

    fn evaluate(&mut self, evaluation: &Evaluation) -> Result<(), ApiError> {
        let open = outcomes::open(self.writer.transaction, self.session.number)?;
        let Some(outcome) = open.first() else {
            return Err(ApiError::new(
                ErrorKind::Internal,
                "an evaluation of no outcome",
            ));
        };
        let mut start = String::new();
        // Where the user interrupted, no evaluation had begun.
        if evaluation.verdict != Verdict::Interrupted {
            let body = json!({"outcome_id": outcome.id, "iteration": evaluation.iteration});
            start = self.writer.append(
                self.session,
                &Entry::new("span.outcome_evaluation_start", body.clone()),
            )?;
            self.writer.append(
                self.session,
                &Entry::new("span.outcome_evaluation_ongoing", body),
            )?;
        }
        self.writer.note_evaluation(outcome, evaluation)?;
        let body = evaluation_end(&start, &outcome.id, evaluation);
        self.writer
            .append(self.session, &Entry::new(kind::EVALUATION_END, body))?;
        Ok(())
    }
}

/// Whether the service's own tools of a session's agent must ask.
fn must_ask(session: &Session) -> bool {
    let tools = session.opening.as_ref().map(|opening| &opening.tools);
    tools.into_iter().flatten().any(|tool| {
        tool["type"] == TOOLSET
            && tool["default_config"]["permission_policy"]["type"] == "always_ask"
    })
}

impl Writer<'_> {
    /// Uses of files without a result, in order, with what the client said of them. Those before an
    /// interrupt are over.
    fn asked(&self, session: &Session) -> Result<VecDeque<Asked>, ApiError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT made.id, (SELECT answer.body FROM session_events AS answer
                WHERE answer.session = ?1 AND answer.place IS NOT NULL AND answer.kind = ?3
                    AND json_extract(answer.body, '$.tool_use_id') = made.id), made.body
            FROM session_events AS made
            WHERE made.session = ?1 AND made.kind = ?2
                AND made.place > (SELECT coalesce(max(place), 0) FROM session_events
                    WHERE session = ?1 AND kind = ?5)
                AND NOT EXISTS (SELECT 1 FROM session_events AS result
                    WHERE result.session = ?1 AND result.kind = ?4
                        AND json_extract(result.body, '$.tool_use_id') = made.id)
            ORDER BY made.place",
        )?;
        let mut rows = statement.query(params![
            session.number,
            kind::TOOL_USE,
            kind::CONFIRMATION,
            kind::TOOL_RESULT,
            kind::INTERRUPT,
        ])?;
        let mut asked = VecDeque::new();
        while let Some(row) = rows.next()? {
            let answer: Option<String> = row.get(1)?;
            let answer: Option<Value> =
                answer.map(|text| serde_json::from_str(&text)).transpose()?;
            let mut made: Value = json_column(row, 2)?;
            asked.push_back(Asked {
                id: row.get(0)?,
                name: made["name"].as_str().unwrap_or_default().to_owned(),
                input: made["input"].take(),
                answer: answer.map(|answer| {
                    if answer["result"] == "allow" {
                        Ok(())
                    } else {
                        let why = answer["deny_message"].as_str();
                        Err(why.unwrap_or("The user does not allow it.").to_owned())
                    }
                }),
            });
        }
        Ok(asked)
    }
}
