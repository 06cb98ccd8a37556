//! The providers' wire formats: what is sent, and what is made of answers that were recorded, written or
//! drawn at random.

mod bodies;
mod chat_completions;
mod drawn;
mod encoded;
mod messages;
mod properties;
mod round_trip;

use std::{fs, sync::Arc};

use dreamtrial::{
    experiment::live::{ModelSettings, Provider},
    http::{Answer, Progress, Wrong},
    model::{
        Answered, Assistant, Call, Content, Request, Structure, Tool, Turn, anthropic, openai,
    },
    quantity::Seed,
    transcript::{Failure, Role},
};
use serde_json::{Map, Value, json};

use crate::{support::wire_formats::events, world::root};

/// Settings with everything at its default.
fn settings(provider: Provider) -> ModelSettings {
    serde_json::from_value(json!({"provider": provider, "id": "some-model"}))
        .expect("the other settings have defaults")
}

fn encode(request: &Request, settings: &ModelSettings) -> Result<Vec<u8>, Failure> {
    match settings.provider {
        Provider::Anthropic => anthropic::encode(request, settings),
        Provider::Openai => openai::encode(request, settings, "http://localhost:11434/v1"),
    }
}

fn body(request: &Request, settings: &ModelSettings) -> Value {
    let bytes = encode(request, settings).expect("something is said");
    serde_json::from_slice(&bytes).expect("a body is JSON")
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn user(text: &str) -> Turn {
    Turn::User(vec![Content::Text(text.to_owned())])
}

fn result(call: &str, text: &str, failed: bool) -> Content {
    Content::Result {
        call: call.to_owned(),
        text: text.to_owned(),
        failed,
    }
}

fn call(id: &str, name: &str, arguments: &Value) -> Call {
    Call {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: Ok(object(arguments)),
    }
}

/// A request that has nothing but a question.
fn question() -> Request {
    Request {
        role: Role::FinalGrader,
        system: Arc::from(""),
        tools: Arc::from([]),
        turns: vec![user("Is it good?")],
        structure: None,
        max_output_tokens: 100_000,
        seed: Seed(u64::MAX),
    }
}

/// A request with everything: tools, calls, results, one that failed, a form for the answer.
fn conversation() -> Request {
    Request {
        role: Role::Agent,
        system: Arc::from("You work for Northwind."),
        tools: Arc::from([Tool {
            name: "lookup_order".to_owned(),
            description: "Looks up an order.".to_owned(),
            parameters: json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}),
        }]),
        turns: vec![
            user("What of orders 7 and 8?"),
            Turn::Assistant(Assistant {
                text: "I look them up.".to_owned(),
                calls: vec![
                    call("call_a", "lookup_order", &json!({"id": "7"})),
                    Call {
                        arguments: Err("{\"id\": ".to_owned()),
                        ..call("call_b", "lookup_order", &json!({}))
                    },
                ],
                verbatim: Value::Null,
            }),
            Turn::User(vec![
                result("call_a", "sent", false),
                result("call_b", "the arguments are no JSON object", true),
            ]),
            Turn::Assistant(Assistant {
                calls: vec![call("call_c", "lookup_order", &json!({"id": "8"}))],
                ..Assistant::default()
            }),
            Turn::User(vec![
                result("call_c", "", false),
                Content::Text(" \n".to_owned()),
                Content::Text("Be brief.".to_owned()),
            ]),
        ],
        structure: Some(Arc::new(Structure {
            name: "states",
            schema: json!({"type": "object", "properties": {"7": {"type": "string"}}, "required": ["7"], "additionalProperties": false}),
        })),
        max_output_tokens: 2_000,
        seed: Seed(0xffe0_0000_0000_0007),
    }
}

/// Reads a whole body.
fn read_whole<R: Answer + Default>(body: &[u8]) -> Result<R::Output, Wrong> {
    let mut reading = R::default();
    reading.body(body)?;
    reading.finish()
}

/// Reads a stream as the transport does: nothing behind the event that makes it whole.
fn read_events<'e, R: Answer + Default>(
    events: impl IntoIterator<Item = (&'e str, &'e str)>,
) -> Result<R::Output, Wrong> {
    let mut reading = R::default();
    for (name, data) in events {
        if reading.event(name, data)? == Progress::Whole {
            break;
        }
    }
    reading.finish()
}

fn read_stream<R: Answer + Default>(stream: &str) -> Result<R::Output, Wrong> {
    let events = events(stream);
    read_events::<R>(
        events
            .iter()
            .map(|(name, data)| (name.as_str(), data.as_str())),
    )
}

/// Reads a recorded answer, whole or streamed.
fn recorded<R: Answer<Output = Answered> + Default>(file: &str) -> Result<Answered, Wrong> {
    let path = root().join("tests/fixtures/wire").join(file);
    let text = fs::read_to_string(&path).expect("the fixture is there");
    if path.extension().is_some_and(|extension| extension == "sse") {
        read_stream::<R>(&text)
    } else {
        read_whole::<R>(text.as_bytes())
    }
}

/// An answer on a few lines, for snapshots.
fn shown(answered: Result<Answered, Wrong>) -> String {
    match answered {
        Err(wrong) => format!("{wrong:?}"),
        Ok(answered) => {
            let calls = answered.assistant.calls.iter().map(|call| {
                let arguments = match &call.arguments {
                    Ok(arguments) => Value::Object(arguments.clone()).to_string(),
                    Err(text) => format!("not an object: {text}"),
                };
                format!("call {} {} {arguments}", call.id, call.name)
            });
            let usage = answered.usage.map_or("not counted".to_owned(), |usage| {
                format!(
                    "{} uncached, {} to cache, {} from cache, {} out",
                    usage.uncached_input.0, usage.cache_write.0, usage.cache_read.0, usage.output.0
                )
            });
            let mut lines = vec![format!("text {:?}", answered.assistant.text)];
            lines.extend(calls);
            lines.push(format!("stop {:?}", answered.stop));
            lines.push(format!("usage {usage}"));
            lines.push(format!("model {:?}", answered.model));
            if !answered.assistant.verbatim.is_null() {
                lines.push(format!("verbatim {}", answered.assistant.verbatim));
            }
            lines.join("\n")
        }
    }
}
