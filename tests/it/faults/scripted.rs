//! Sessions of a model that says what a test wants it to say, and the check that whatever it said, what
//! it is sent next is a request that a service takes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use dreamtrial::{
    agent::chat::ChatAgent,
    dream::consolidate::Consolidator,
    event::{Event, SessionDone, TrialOutcome},
    experiment::live::{LoopLimits, ModelSettings, Provider},
    grade::Checks,
    model::{Assistant, Call, Completion, Content, Model, Request, Stop, Turn, anthropic, openai},
    plan::Plan,
    quantity::{Milliseconds, Tokens},
    run::{Cancel, Runner, Staff},
    transcript::{Entry, Failure, Pending, Usage},
};
use serde_json::{Value, json};

use crate::{
    support::wire_formats::read_request,
    world::{Nothing, plan},
};

/// What the model answers, by how often it was answered in the session and what it is asked.
pub(super) type Script = Box<dyn Fn(usize, &Request) -> Said + Send + Sync>;

/// One answer.
pub(super) enum Said {
    /// This, at once.
    This(Assistant, Stop),
    /// This, after a time that the service counts.
    Slowly(Assistant, Milliseconds),
}

struct Scripted {
    script: Script,
    requests: Mutex<Vec<Request>>,
    /// How often each session was answered, by its seed. Arms share seeds, so only one may run.
    answered: Mutex<BTreeMap<u64, usize>>,
}

impl Model for Scripted {
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>> {
        check(request);
        self.requests.lock().unwrap().push(request.clone());
        let number = {
            let mut answered = self.answered.lock().unwrap();
            let number = answered.entry(request.seed.0).or_insert(0);
            *number += 1;
            *number - 1
        };
        let (assistant, stop, active) = match (self.script)(number, request) {
            Said::This(assistant, stop) => (assistant, stop, Milliseconds(7)),
            Said::Slowly(assistant, active) => (assistant, Stop::End, active),
        };
        Box::pin(std::future::ready(Ok(Completion {
            assistant,
            stop,
            usage: Usage {
                uncached_input: Tokens(100),
                output: Tokens(10),
                ..Usage::default()
            },
            estimated: false,
            model: "scripted".to_owned(),
            active,
            attempts: 1,
        })))
    }
}

/// Each call of the last turn of the model has one result, in order; and servers of both formats take
/// the request.
fn check(request: &Request) {
    for provider in [Provider::Anthropic, Provider::Openai] {
        let settings = ModelSettings::new(provider, "local".to_owned());
        let body = match provider {
            Provider::Anthropic => anthropic::encode(request, &settings),
            Provider::Openai => openai::encode(request, &settings, "http://127.0.0.1"),
        };
        read_request(provider, &body.unwrap());
    }
    for pair in request.turns.windows(2) {
        if let [Turn::Assistant(said), Turn::User(contents)] = pair {
            let given: Vec<&str> = contents
                .iter()
                .filter_map(|content| match content {
                    Content::Result { call, .. } => Some(call.as_str()),
                    Content::Text(_) => None,
                })
                .collect();
            let made: Vec<&str> = said.calls.iter().map(|call| call.id.as_str()).collect();
            assert_eq!(given, made);
        }
    }
}

/// What a run with such a model came to.
pub(super) struct Went {
    pub(super) sessions: Vec<SessionDone>,
    pub(super) outcomes: Vec<TrialOutcome>,
    pub(super) requests: Vec<Request>,
}

impl Went {
    /// Everything that was said and done, session by session.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sessions.iter().flat_map(|session| &session.entries)
    }

    /// Why the agent stopped, each time.
    pub(super) fn stops(&self) -> Vec<&str> {
        self.entries()
            .filter_map(|entry| match entry {
                Entry::Stopped(why) => Some(why.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The results of calls in the whole conversation of each session's last request.
    pub(super) fn results(&self) -> Vec<(String, bool)> {
        let mut longest: BTreeMap<u64, &Request> = BTreeMap::new();
        for request in &self.requests {
            longest.insert(request.seed.0, request);
        }
        let turns = longest.into_values().flat_map(|request| &request.turns);
        turns
            .filter_map(|turn| match turn {
                Turn::User(contents) => Some(contents),
                Turn::Assistant(_) => None,
            })
            .flatten()
            .filter_map(|content| match content {
                Content::Result { text, failed, .. } => Some((text.clone(), *failed)),
                Content::Text(_) => None,
            })
            .collect()
    }
}

pub(super) const SCENARIO: &str = "coding/control";

/// One trial of one scenario under one arm.
pub(super) fn run(arm: &str, limits: LoopLimits, script: Script) -> Went {
    let mut plan = plan("standard.yaml", 1, |id| id == SCENARIO);
    let mut arms = plan.experiment.arms.iter();
    let wanted = arms.position(|one| one.id.as_str() == arm).unwrap();
    plan.trials.retain(|trial| trial.arm == wanted);
    run_plan(Arc::new(plan), limits, script)
}

fn run_plan(plan: Arc<Plan>, limits: LoopLimits, script: Script) -> Went {
    let model = Arc::new(Scripted {
        script,
        requests: Mutex::default(),
        answered: Mutex::default(),
    });
    let staff = Staff {
        agent: Box::new(ChatAgent::new(
            Arc::clone(&model) as Arc<dyn Model>,
            limits,
            4_096,
        )),
        dreamer: Box::new(Consolidator::new(plan.experiment.reference)),
        in_session_grader: Box::new(Checks),
        final_grader: Box::new(Checks),
        rephraser: None,
    };
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let sink = Arc::clone(&events);
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(
            Runner::new(plan, 1, Cancel::default())
                .staffed(Arc::new(staff))
                .run(&Nothing, move |event| sink.lock().unwrap().push(event)),
        );
    let (mut sessions, mut outcomes) = (Vec::new(), Vec::new());
    for event in std::mem::take(&mut *events.lock().unwrap()) {
        match event {
            Event::Session(session) => sessions.push(*session),
            Event::Trial { outcome, .. } => outcomes.push(outcome),
        }
    }
    let requests = model.requests.lock().unwrap().clone();
    Went {
        sessions,
        outcomes,
        requests,
    }
}

/// Words, and no calls.
pub(super) fn words(text: &str) -> Said {
    let said = Assistant {
        text: text.to_owned(),
        ..Assistant::default()
    };
    Said::This(said, Stop::End)
}

/// Calls by name and arguments.
pub(super) fn calls(made: &[(&str, Value)]) -> Said {
    Said::This(calling(made), Stop::Calls)
}

pub(super) fn calling(made: &[(&str, Value)]) -> Assistant {
    let calls = made
        .iter()
        .enumerate()
        .map(|(number, (name, arguments))| Call {
            id: format!("call_{number}"),
            name: (*name).to_owned(),
            arguments: match arguments {
                Value::Object(map) => Ok(map.clone()),
                Value::String(text) => Err(text.clone()),
                other => Err(other.to_string()),
            },
        });
    Assistant {
        calls: calls.collect(),
        ..Assistant::default()
    }
}

/// The calls of an agent that hands in nothing of worth.
pub(super) fn hand_in() -> Said {
    calls(&[("submit", json!({"fields": {}, "body": "That is all."}))])
}

/// Whether it is the end of the session that the model is told.
pub(super) fn is_closing(request: &Request) -> bool {
    matches!(request.turns.last(), Some(Turn::User(contents)) if contents.iter().any(
        |content| matches!(content, Content::Text(text) if text.starts_with("The session is over."))
    ))
}
