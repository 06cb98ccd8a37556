//! Requests read as a server reads them, and answers as a server writes them.

use dreamtrial::{
    experiment::live::Provider,
    http::Wrong,
    model::{Answered, Call, Request, Stop, anthropic, openai},
    quantity::{Seed, Tokens},
    transcript::Usage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{conversation, encode, object, read_stream, read_whole, settings};
use crate::support::wire_formats::{Answer, SeenRequest, SeenTurn, read_request, write_answer};

const PROVIDERS: [Provider; 2] = [Provider::Anthropic, Provider::Openai];

fn seen(request: &Request, provider: Provider) -> SeenRequest {
    let sent = encode(request, &settings(provider)).expect("something is said");
    read_request(provider, &sent)
}

#[test]
fn a_server_sees_what_the_request_has() {
    let request = conversation();
    let result = |call: &str, text: &str, failed: bool| (call.to_owned(), text.to_owned(), failed);
    let called =
        |id: &str, arguments: Value| (id.to_owned(), "lookup_order".to_owned(), object(&arguments));
    for provider in PROVIDERS {
        let seen = seen(&request, provider);
        let name = match provider {
            Provider::Anthropic => "",
            Provider::Openai => "states",
        };
        let schema = &request.structure.as_ref().expect("it has a form").schema;
        let expected = SeenRequest {
            system: "You work for Northwind.".to_owned(),
            tools: request
                .tools
                .iter()
                .map(|tool| {
                    (
                        tool.name.clone(),
                        tool.description.clone(),
                        tool.parameters.clone(),
                    )
                })
                .collect(),
            turns: vec![
                SeenTurn::User {
                    results: Vec::new(),
                    texts: vec!["What of orders 7 and 8?".to_owned()],
                },
                SeenTurn::Assistant {
                    text: "I look them up.".to_owned(),
                    calls: vec![
                        called("call_a", json!({"id": "7"})),
                        called("call_b", json!({"invalid_arguments": "{\"id\": "})),
                    ],
                },
                SeenTurn::User {
                    results: vec![
                        result("call_a", "sent", false),
                        result("call_b", "the arguments are no JSON object", true),
                    ],
                    texts: Vec::new(),
                },
                SeenTurn::Assistant {
                    text: String::new(),
                    calls: vec![called("call_c", json!({"id": "8"}))],
                },
                SeenTurn::User {
                    results: vec![result("call_c", "", false)],
                    texts: vec!["Be brief.".to_owned()],
                },
            ],
            structure: Some((name.to_owned(), schema.clone())),
            seed: Some(7),
            stream: true,
            model: "some-model".to_owned(),
            max_tokens: 2_000,
        };
        assert_eq!(seen, expected);
        assert_eq!(seen.seed, Some(request.sent_seed()));
    }
}

fn read(provider: Provider, content_type: &str, pieces: &[String]) -> Result<Answered, Wrong> {
    let text = pieces.concat();
    match (provider, content_type == "text/event-stream") {
        (Provider::Anthropic, false) => read_whole::<anthropic::Reading>(text.as_bytes()),
        (Provider::Anthropic, true) => read_stream::<anthropic::Reading>(&text),
        (Provider::Openai, false) => read_whole::<openai::Reading>(text.as_bytes()),
        (Provider::Openai, true) => read_stream::<openai::Reading>(&text),
    }
}

fn answer() -> impl Strategy<Value = Answer> {
    let arguments = prop_oneof![
        Just(json!({})),
        (".*", any::<i64>())
            .prop_map(|(text, number)| json!({"text": text, "list": [number, null]})),
    ];
    let call = ("[a-z]{1,8}", arguments);
    let usage = (
        1..1_000_000_u64,
        0..1_000_u64,
        0..1_000_000_u64,
        0..1_000_u64,
    );
    (
        // Letters that start a thought are another matter.
        "([^<\\s].*)?",
        proptest::collection::vec(call, 0..4),
        0..3_usize,
        usage,
        "[a-z0-9.-]{1,12}",
    )
        .prop_map(|(text, calls, stop, usage, model)| Answer {
            text,
            stop: match (stop, calls.is_empty()) {
                (0, _) => Stop::OutputLimit,
                (1, _) => Stop::Other("new_reason".to_owned()),
                (_, true) => Stop::End,
                (_, false) => Stop::Calls,
            },
            calls: calls
                .into_iter()
                .enumerate()
                .map(|(number, (name, arguments))| (format!("id_{number}"), name, arguments))
                .collect(),
            usage: Usage {
                uncached_input: Tokens(usage.0),
                cache_write: Tokens(usage.1),
                cache_read: Tokens(usage.2),
                output: Tokens(usage.3),
            },
            model,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_a_server_writes_is_what_is_read(written in answer()) {
        for provider in PROVIDERS {
            for stream in [false, true] {
                let (content_type, pieces) = write_answer(provider, &written, stream);
                let answered = read(provider, content_type, &pieces).expect("the answer is whole");
                let calls: Vec<Call> = written
                    .calls
                    .iter()
                    .map(|(id, name, arguments)| super::call(id, name, arguments))
                    .collect();
                let usage = match provider {
                    Provider::Anthropic => written.usage,
                    Provider::Openai => Usage {
                        uncached_input: written.usage.uncached_input + written.usage.cache_write,
                        cache_write: Tokens(0),
                        ..written.usage
                    },
                };
                prop_assert_eq!(&answered.assistant.text, &written.text);
                prop_assert_eq!(&answered.assistant.calls, &calls);
                prop_assert_eq!(&answered.stop, &written.stop);
                prop_assert_eq!(answered.usage, Some(usage));
                prop_assert_eq!(&answered.model, &written.model);

                // What was read can be sent back.
                let mut request = conversation();
                request.seed = Seed(1);
                request.turns.truncate(1);
                request.turns.push(dreamtrial::model::Turn::Assistant(answered.assistant));
                let results = calls.iter().map(|call| super::result(&call.id, "seen", false));
                let go_on = dreamtrial::model::Content::Text("Go on.".to_owned());
                request.turns.push(dreamtrial::model::Turn::User(results.chain([go_on]).collect()));
                let seen = seen(&request, provider);
                if !written.text.trim().is_empty() || !calls.is_empty() {
                    let expected = SeenTurn::Assistant {
                        text: written.text.clone(),
                        calls: calls
                            .into_iter()
                            .map(|call| (call.id, call.name, call.arguments.expect("an object")))
                            .collect(),
                    };
                    prop_assert_eq!(&seen.turns[1], &expected);
                }
            }
        }
    }
}
