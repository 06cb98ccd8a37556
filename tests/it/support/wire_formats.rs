//! The providers' wire formats from the other side: what a server reads of a request.
//!
//! Written against the formats and not against the encoders, so that one checks the other. A request
//! that breaks the format is a panic with the reason, as a server would refuse it.

use std::collections::BTreeSet;

use dreamtrial::experiment::live::Provider;
use serde_json::{Map, Value};

pub(crate) use super::written_answers::{Answer, events, write_answer};

/// What a server sees of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeenRequest {
    pub(crate) system: String,
    /// Name, description, parameters.
    pub(crate) tools: Vec<(String, String, Value)>,
    pub(crate) turns: Vec<SeenTurn>,
    /// Name (empty where the format has none) and schema.
    pub(crate) structure: Option<(String, Value)>,
    pub(crate) seed: Option<u64>,
    pub(crate) stream: bool,
    pub(crate) model: String,
    pub(crate) max_tokens: u64,
}

/// A turn of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SeenTurn {
    User {
        /// Call id, text, whether it failed.
        results: Vec<(String, String, bool)>,
        texts: Vec<String>,
    },
    Assistant {
        text: String,
        /// Id, name, arguments.
        calls: Vec<(String, String, Map<String, Value>)>,
    },
}

/// Reads the body of a request.
pub(crate) fn read_request(provider: Provider, body: &[u8]) -> SeenRequest {
    let body: Value = serde_json::from_slice(body).expect("a request is JSON");
    let seen = match provider {
        Provider::Anthropic => anthropic(&body),
        Provider::Openai => openai(&body),
    };
    check_results(&seen.turns);
    seen
}

/// Every call is answered by the turn that follows, and nothing else is.
fn check_results(turns: &[SeenTurn]) {
    let mut called = BTreeSet::new();
    for turn in turns {
        match turn {
            SeenTurn::User { results, texts } => {
                assert!(results.len() + texts.len() > 0, "an empty user turn");
                let answered: BTreeSet<&str> = results.iter().map(|(id, ..)| id.as_str()).collect();
                assert_eq!(answered, called, "results do not fit the calls");
                called.clear();
            }
            SeenTurn::Assistant { calls, .. } => {
                assert!(called.is_empty(), "calls without results");
                called = calls.iter().map(|(id, ..)| id.as_str()).collect();
                assert_eq!(
                    called.len(),
                    calls.len(),
                    "a call id is used twice in a turn"
                );
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn anthropic(body: &Value) -> SeenRequest {
    assert!(breakpoints(body) <= 4, "more than 4 breakpoints");
    let system: Vec<String> = list(&body["system"]).iter().map(anthropic_text).collect();
    let mut turns: Vec<SeenTurn> = Vec::new();
    for message in list(&body["messages"]) {
        let blocks = list(&message["content"]);
        assert!(!blocks.is_empty(), "a message without content");
        turns.push(match message["role"].as_str() {
            Some("user") => anthropic_user(blocks),
            Some("assistant") => anthropic_assistant(blocks),
            other => panic!("role {other:?}"),
        });
    }
    let format = &body["output_config"]["format"];
    SeenRequest {
        system: system.concat(),
        tools: list(&body["tools"])
            .iter()
            .map(|tool| {
                let schema = tool["input_schema"].clone();
                (text(&tool["name"]), text(&tool["description"]), schema)
            })
            .collect(),
        turns,
        structure: (format["type"] == "json_schema")
            .then(|| (String::new(), format["schema"].clone())),
        seed: body["metadata"]["user_id"]
            .as_str()
            .map(|id| u64::from_str_radix(id, 16).expect("hexadecimal digits")),
        stream: body["stream"] == true,
        model: text(&body["model"]),
        max_tokens: body["max_tokens"].as_u64().expect("max_tokens"),
    }
}

/// How many `cache_control` there are anywhere in a value.
pub(crate) fn breakpoints(value: &Value) -> usize {
    match value {
        Value::Object(map) => {
            usize::from(map.contains_key("cache_control"))
                + map.values().map(breakpoints).sum::<usize>()
        }
        Value::Array(values) => values.iter().map(breakpoints).sum(),
        _ => 0,
    }
}

fn anthropic_text(block: &Value) -> String {
    let words = text(&block["text"]);
    assert!(!words.trim().is_empty(), "a blank text block");
    words
}

fn anthropic_user(blocks: &[Value]) -> SeenTurn {
    let (mut results, mut texts) = (Vec::new(), Vec::new());
    for block in blocks {
        match block["type"].as_str() {
            Some("tool_result") => {
                assert!(texts.is_empty(), "a result behind a text");
                results.push((
                    text(&block["tool_use_id"]),
                    block["content"].as_str().unwrap_or_default().to_owned(),
                    block["is_error"] == true,
                ));
            }
            Some("text") => texts.push(anthropic_text(block)),
            other => panic!("a user's block of type {other:?}"),
        }
    }
    SeenTurn::User { results, texts }
}

fn anthropic_assistant(blocks: &[Value]) -> SeenTurn {
    let (mut words, mut calls) = (String::new(), Vec::new());
    for block in blocks {
        match block["type"].as_str() {
            Some("text") => words.push_str(&anthropic_text(block)),
            Some("tool_use") => calls.push((
                text(&block["id"]),
                text(&block["name"]),
                block["input"].as_object().expect("an object").clone(),
            )),
            _ => {}
        }
    }
    SeenTurn::Assistant { text: words, calls }
}

fn openai(body: &Value) -> SeenRequest {
    let mut system = String::new();
    let mut turns: Vec<SeenTurn> = Vec::new();
    for message in list(&body["messages"]) {
        match message["role"].as_str() {
            Some("system") => system.push_str(&text(&message["content"])),
            Some("assistant") => turns.push(openai_assistant(message)),
            Some("tool") => openai_result(&mut turns, message),
            Some("user") => {
                let words = text(&message["content"]);
                if let Some(SeenTurn::User { texts, .. }) = turns.last_mut() {
                    texts.push(words);
                } else {
                    turns.push(SeenTurn::User {
                        results: Vec::new(),
                        texts: vec![words],
                    });
                }
            }
            other => panic!("role {other:?}"),
        }
    }
    let format = &body["response_format"];
    let limits: Vec<u64> = ["max_tokens", "max_completion_tokens"]
        .iter()
        .filter_map(|key| body[key].as_u64())
        .collect();
    assert_eq!(limits.len(), 1, "one limit, under one name");
    assert_eq!(
        body["stream"] == true,
        body["stream_options"]["include_usage"] == true,
        "usage is asked for in every stream, and only there"
    );
    SeenRequest {
        system,
        tools: list(&body["tools"])
            .iter()
            .map(|tool| &tool["function"])
            .map(|function| {
                let parameters = function["parameters"].clone();
                (
                    text(&function["name"]),
                    text(&function["description"]),
                    parameters,
                )
            })
            .collect(),
        turns,
        structure: (format["type"] == "json_schema").then(|| {
            let schema = &format["json_schema"];
            assert_eq!(schema["strict"], true, "a form is strict");
            (text(&schema["name"]), schema["schema"].clone())
        }),
        seed: body["seed"].as_u64(),
        stream: body["stream"] == true,
        model: text(&body["model"]),
        max_tokens: limits[0],
    }
}

fn openai_assistant(message: &Value) -> SeenTurn {
    let calls: Vec<_> = list(&message["tool_calls"])
        .iter()
        .map(|call| {
            assert_eq!(call["type"], "function");
            let arguments = text(&call["function"]["arguments"]);
            (
                text(&call["id"]),
                text(&call["function"]["name"]),
                serde_json::from_str(&arguments).expect("a JSON object as a string"),
            )
        })
        .collect();
    let words = message["content"].as_str().unwrap_or_default().to_owned();
    assert!(
        !words.is_empty() || (message["content"].is_null() && !calls.is_empty()),
        "an assistant message without content, or with an empty one"
    );
    SeenTurn::Assistant { text: words, calls }
}

fn openai_result(turns: &mut Vec<SeenTurn>, message: &Value) {
    let words = text(&message["content"]);
    let result = match words.strip_prefix("error: ") {
        Some(reason) => (text(&message["tool_call_id"]), reason.to_owned(), true),
        None => (text(&message["tool_call_id"]), words, false),
    };
    if let Some(SeenTurn::User { results, texts }) = turns.last_mut() {
        assert!(texts.is_empty(), "a result behind a text");
        results.push(result);
    } else {
        turns.push(SeenTurn::User {
            results: vec![result],
            texts: Vec::new(),
        });
    }
}
