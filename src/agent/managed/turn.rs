//! What comes of the events of one turn, in order. Sends nothing: what is to be answered is handed to
//! whoever reads the events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::ledger::Ledger;
use crate::{
    model::caller::{Caller, Evidence},
    platform::{Event, ModelUsage, SessionUsage, Stop},
    quantity::Milliseconds,
    text::estimate_tokens,
    transcript::{Entry, Usage},
};

/// A call of a custom tool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// The id of its event.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) input: Map<String, Value>,
}

/// How a stretch of a turn ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// The agent is idle, or waits for answers to these calls.
    Idle(Stop, Vec<Call>),
    /// The session will say no more, and why.
    Gone(String),
}

/// What an outcome came to so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Evaluated {
    /// How often a revision was asked for.
    pub(super) revisions: u32,
    /// Tokens of the grader.
    pub(super) usage: Usage,
    /// Whether the grader is done.
    pub(super) over: bool,
}

/// The sums of one turn.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) entries: Vec<Entry>,
    pub(super) usage: Usage,
    pub(super) active: Milliseconds,
    pub(super) evaluated: Evaluated,
    /// Calls of custom tools that were not answered yet.
    calls: BTreeMap<String, Call>,
    /// Uses of files that were not answered yet.
    reads: BTreeSet<String>,
    /// What the service said last that went wrong.
    trouble: Option<String>,
}

impl Sums {
    /// Takes an event; `Some` where it ends a stretch.
    pub(super) fn take(
        &mut self,
        event: &Event,
        ledger: &mut Ledger,
        caller: &Caller,
    ) -> Option<End> {
        match event.kind.as_str() {
            "agent.custom_tool_use" => {
                let call = Call {
                    id: event.id.clone(),
                    name: event.text("name").unwrap_or_default().to_owned(),
                    input: event.field("input").unwrap_or_default(),
                };
                self.calls.insert(event.id.clone(), call);
            }
            "agent.tool_use" => {
                if matches!(event.text("name"), Some("read" | "grep")) {
                    self.reads.insert(event.id.clone());
                }
            }
            "agent.tool_result" => {
                let is_read = event
                    .text("tool_use_id")
                    .is_some_and(|id| self.reads.remove(id));
                if is_read && event.field("is_error") != Some(true) {
                    let tokens = estimate_tokens(&event.content());
                    self.entries.push(Entry::Recall(tokens));
                }
            }
            "span.model_request_end" => {
                let usage: ModelUsage = event.field("model_usage").unwrap_or_default();
                let usage = Usage::from(usage);
                ledger.request(usage);
                self.usage += usage;
            }
            "span.outcome_evaluation_start" | "span.outcome_evaluation_ongoing" => {
                attest(event, caller);
            }
            "span.outcome_evaluation_end" => {
                attest(event, caller);
                self.evaluated(event, ledger);
            }
            "session.usage" => {
                let usage: SessionUsage = event.field("usage").unwrap_or_default();
                self.active += ledger.active(usage.active());
            }
            "session.error" => {
                let error: Value = event.field("error").unwrap_or_default();
                self.trouble = Some(format!(
                    "{}: {}",
                    error["type"].as_str().unwrap_or("error"),
                    error["message"].as_str().unwrap_or_default()
                ));
            }
            "session.status_idle" => {
                let stop: Stop = event.field("stop_reason").unwrap_or(Stop::Unknown);
                return Some(self.idle(stop));
            }
            "session.status_terminated" => {
                return Some(End::Gone(self.because("the service ended the session")));
            }
            "session.deleted" => {
                return Some(End::Gone("the session was deleted".to_owned()));
            }
            _ => {}
        }
        None
    }

    /// What happened, with what the service said went wrong before it.
    pub(super) fn because(&self, what: &str) -> String {
        self.trouble
            .as_ref()
            .map_or_else(|| what.to_owned(), |trouble| format!("{what}: {trouble}"))
    }

    fn idle(&mut self, stop: Stop) -> End {
        let calls = match &stop {
            Stop::RequiresAction { event_ids } => event_ids
                .iter()
                .filter_map(|id| self.calls.remove(id))
                .collect(),
            Stop::EndTurn
            | Stop::RetriesExhausted
            | Stop::BudgetReached
            | Stop::Refusal
            | Stop::Unknown => Vec::new(),
        };
        End::Idle(stop, calls)
    }

    fn evaluated(&mut self, event: &Event, ledger: &mut Ledger) {
        let usage: ModelUsage = event.field("usage").unwrap_or_default();
        let usage = Usage::from(usage);
        ledger.evaluation(usage);
        self.evaluated.usage += usage;
        if event.text("result") == Some("needs_revision") {
            let said = event.text("explanation").unwrap_or_default().to_owned();
            self.evaluated.revisions += 1;
            self.entries.push(Entry::Finding(said));
        } else {
            self.evaluated.over = true;
        }
    }
}

fn attest(event: &Event, caller: &Caller) {
    caller.attest(Evidence {
        kind: event.kind.clone(),
        id: event.id.clone(),
        body: event.json().to_string(),
    });
}
