//! Answers drawn at random, and the same answers cut into events.

use dreamtrial::quantity::Seed;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A text in pieces, cut where a seed says, between letters.
fn cut(text: &str, seed: Seed) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for (number, letter) in text.chars().enumerate() {
        if seed.derive_number(number as u64).happens(0.4) {
            pieces.push(String::new());
        }
        if let Some(last) = pieces.last_mut() {
            last.push(letter);
        }
    }
    pieces
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn input() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => proptest::collection::btree_map(".{0,6}", value(), 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect::<Map<String, Value>>())),
        1 => value(),
    ]
}

/// Names of calls: most servers give ids, some give none, some the same again.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![3 => "id_[a-f0-9]{6}", 1 => Just(String::new()), 1 => Just("call_2".to_owned())]
}

fn block() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,30}".prop_map(|text| json!({"type": "text", "text": text})),
        (".{0,30}", "[A-Za-z0-9+/=]{4,12}").prop_map(|(thinking, signature)| {
            json!({"type": "thinking", "thinking": thinking, "signature": signature})
        }),
        "[A-Za-z0-9+/=]{4,12}".prop_map(|data| json!({"type": "redacted_thinking", "data": data})),
        (id(), "[a-z]{1,6}", input()).prop_map(
            |(id, name, input)| json!({"type": "tool_use", "id": id, "name": name, "input": input})
        ),
        value().prop_map(|value| json!({"type": "novelty", "value": value})),
    ]
}

pub(super) fn message() -> impl Strategy<Value = Value> {
    let stop = prop_oneof![
        Just("end_turn"),
        Just("tool_use"),
        Just("max_tokens"),
        Just("refusal"),
        Just("pause_turn"),
        Just("novelty")
    ];
    (
        proptest::collection::vec(block(), 0..6),
        stop,
        1..9_999_u64,
        0..9_999_u64,
        0..9_999_u64,
    )
        .prop_map(|(content, stop, input, read, output)| {
            json!({
                "type": "message", "role": "assistant", "model": "m", "content": content,
                "stop_reason": stop,
                "usage": {"input_tokens": input, "cache_read_input_tokens": read, "output_tokens": output},
            })
        })
}

/// The events of a block: what it begins as, and what is added.
fn block_events(index: usize, block: &Value, seed: Seed) -> Vec<Value> {
    let mut start = block.clone();
    let field = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
    let deltas: Vec<Value> = match block["type"].as_str() {
        Some("text") => {
            start["text"] = "".into();
            cut(&field("text"), seed)
                .into_iter()
                .map(|piece| json!({"type": "text_delta", "text": piece}))
                .collect()
        }
        Some("thinking") => {
            start["thinking"] = "".into();
            start["signature"] = "".into();
            cut(&field("thinking"), seed)
                .into_iter()
                .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
                .chain([json!({"type": "signature_delta", "signature": block["signature"]})])
                .collect()
        }
        Some("tool_use") => {
            start["input"] = json!({});
            cut(&block["input"].to_string(), seed)
                .into_iter()
                .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}))
                .collect()
        }
        _ => Vec::new(),
    };
    let deltas = deltas
        .into_iter()
        .map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta}));
    [json!({"type": "content_block_start", "index": index, "content_block": start})]
        .into_iter()
        .chain(deltas)
        .chain([json!({"type": "content_block_stop", "index": index})])
        .collect()
}

pub(super) fn message_events(message: &Value, seed: Seed) -> Vec<Value> {
    let mut start = message.clone();
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let blocks = message["content"].as_array().expect("a list");
    let delta = json!({
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"]},
        "usage": {"output_tokens": message["usage"]["output_tokens"], "input_tokens": null},
    });
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in blocks.iter().enumerate() {
        events.extend(block_events(index, block, seed.derive_number(index as u64)));
        events.push(json!({"type": "ping"}));
    }
    events.extend([delta, json!({"type": "message_stop"})]);
    events
}

pub(super) fn completion() -> impl Strategy<Value = Value> {
    let call = (id(), "[a-z]{1,6}", input());
    let finish = prop_oneof![
        Just("stop"),
        Just("length"),
        Just("tool_calls"),
        Just("novelty")
    ];
    (
        proptest::option::of(".{0,30}"),
        proptest::option::of(".{0,8}"),
        proptest::collection::vec(call, 0..4),
        finish,
        1..9_999_u64,
        0..9_999_u64,
    )
        .prop_map(|(content, refusal, calls, finish, prompt, output)| {
            let calls: Vec<Value> = calls
                .iter()
                .map(|(id, name, input)| {
                    json!({"id": id, "type": "function", "function": {"name": name, "arguments": input.to_string()}})
                })
                .collect();
            let message = json!({"role": "assistant", "content": content, "refusal": refusal, "tool_calls": calls});
            json!({
                "model": "m",
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": {"prompt_tokens": prompt, "completion_tokens": output},
            })
        })
}

pub(super) fn chunks(completion: &Value, seed: Seed) -> Vec<String> {
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let mut deltas = vec![json!({"role": "assistant", "content": null})];
    for key in ["content", "refusal"] {
        let text = message[key].as_str().unwrap_or_default();
        deltas.extend(
            cut(text, seed.derive(key))
                .into_iter()
                .map(|piece| json!({key: piece})),
        );
    }
    for (index, call) in message["tool_calls"]
        .as_array()
        .expect("a list")
        .iter()
        .enumerate()
    {
        let mut start = call.clone();
        start["index"] = json!(index);
        start["function"]["arguments"] = "".into();
        deltas.push(json!({"tool_calls": [start]}));
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        let pieces = cut(arguments, seed.derive_number(index as u64));
        deltas.extend(pieces.into_iter().map(
            |piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}),
        ));
    }
    let finish = json!({"delta": {}, "finish_reason": choice["finish_reason"]});
    let chunk = |choices: Value| json!({"model": "m", "choices": choices, "usage": null});
    let mut chunks: Vec<Value> = deltas
        .into_iter()
        .map(|delta| chunk(json!([{"delta": delta, "finish_reason": null}])))
        .collect();
    chunks.push(chunk(json!([finish])));
    chunks.push(json!({"choices": [], "usage": completion["usage"]}));
    let done = "[DONE]".to_owned();
    chunks.iter().map(Value::to_string).chain([done]).collect()
}

/// Data that look a little like what the formats send.
pub(super) fn odd_data() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("type"),
        Just("index"),
        Just("delta"),
        Just("content_block"),
        Just("message"),
        Just("usage"),
        Just("choices"),
        Just("tool_calls"),
        Just("function"),
        Just("arguments"),
        Just("content"),
        Just("stop_reason"),
        Just("finish_reason"),
        Just("error"),
        Just("input_tokens"),
    ];
    let word = prop_oneof![
        Just("message_start"),
        Just("content_block_start"),
        Just("content_block_delta"),
        Just("content_block_stop"),
        Just("message_delta"),
        Just("message_stop"),
        Just("text"),
        Just("tool_use"),
        Just("text_delta"),
        Just("input_json_delta"),
        Just("{"),
        Just(""),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        word.prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ];
    let like = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..5).prop_map(|entries| {
                Value::Object(
                    entries
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    });
    prop_oneof![4 => like.prop_map(|value| value.to_string()), 1 => ".{0,20}"]
}

pub(super) fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("message"),
        Just("message_start"),
        Just("content_block_start"),
        Just("content_block_delta"),
        Just("content_block_stop"),
        Just("message_delta"),
        Just("message_stop"),
        Just("error"),
        Just("ping"),
    ]
}
