//! Answers as the providers' servers write them, whole or as a stream.

use dreamtrial::{experiment::live::Provider, model::Stop, transcript::Usage};
use serde_json::{Value, json};

/// What a server answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// Id, name, arguments.
    pub(crate) calls: Vec<(String, String, Value)>,
    pub(crate) stop: Stop,
    /// Chat completions have no class for tokens written to a cache: they are among the uncached ones.
    pub(crate) usage: Usage,
    pub(crate) model: String,
}

/// The content type of an answer and its pieces: the whole body, or one frame of a stream after the
/// other.
pub(crate) fn write_answer(
    provider: Provider,
    answer: &Answer,
    stream: bool,
) -> (&'static str, Vec<String>) {
    let frames = match (provider, stream) {
        (Provider::Anthropic, false) => return whole(&anthropic(answer)),
        (Provider::Openai, false) => return whole(&openai(answer)),
        (Provider::Anthropic, true) => anthropic_frames(answer),
        (Provider::Openai, true) => openai_frames(answer),
    };
    ("text/event-stream", frames)
}

fn whole(body: &Value) -> (&'static str, Vec<String>) {
    ("application/json", vec![body.to_string()])
}

/// The events of a stream, by name and data, as a reader of server-sent events gives them.
pub(crate) fn events(stream: &str) -> Vec<(String, String)> {
    stream
        .split("\n\n")
        .filter_map(|frame| {
            let field = |name: &str| {
                let values: Vec<&str> = frame
                    .lines()
                    .filter_map(|line| line.strip_prefix(name))
                    .map(|value| value.strip_prefix(' ').unwrap_or(value))
                    .collect();
                (!values.is_empty()).then(|| values.join("\n"))
            };
            let name = field("event:").unwrap_or_else(|| "message".to_owned());
            Some((name, field("data:")?))
        })
        .collect()
}

/// A text in pieces of a few letters.
fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters
        .chunks(7)
        .map(|piece| piece.iter().collect())
        .collect()
}

fn anthropic_stop(stop: &Stop) -> &str {
    match stop {
        Stop::End => "end_turn",
        Stop::Calls => "tool_use",
        Stop::OutputLimit => "max_tokens",
        Stop::ContextLimit => "model_context_window_exceeded",
        Stop::Refusal => "refusal",
        Stop::Pause => "pause_turn",
        Stop::Other(name) => name,
    }
}

fn anthropic_usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.uncached_input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
        "service_tier": "standard",
    })
}

fn anthropic_message(answer: &Answer, content: &[Value], stop: &Value, usage: &Value) -> Value {
    json!({
        "id": "msg_0a", "type": "message", "role": "assistant", "model": answer.model,
        "content": content, "stop_reason": stop, "stop_sequence": null, "usage": usage,
    })
}

fn anthropic(answer: &Answer) -> Value {
    let text = (!answer.text.is_empty())
        .then(|| json!({"type": "text", "text": answer.text, "citations": null}));
    let calls = answer.calls.iter().map(|(id, name, arguments)| {
        json!({"type": "tool_use", "id": id, "name": name, "input": arguments})
    });
    let content: Vec<Value> = text.into_iter().chain(calls).collect();
    let usage = anthropic_usage(&answer.usage);
    anthropic_message(
        answer,
        &content,
        &anthropic_stop(&answer.stop).into(),
        &usage,
    )
}

fn anthropic_frames(answer: &Answer) -> Vec<String> {
    let mut usage = anthropic_usage(&answer.usage);
    usage["output_tokens"] = 1.into();
    let message = anthropic_message(answer, &[], &Value::Null, &usage);
    let mut events = vec![
        json!({"type": "message_start", "message": message}),
        json!({"type": "ping"}),
    ];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        events.extend(
            deltas.into_iter().map(
                |delta| json!({"type": "content_block_delta", "index": index, "delta": delta}),
            ),
        );
        events.push(json!({"type": "content_block_stop", "index": index}));
        index += 1;
    };
    if !answer.text.is_empty() {
        let deltas = pieces(&answer.text)
            .into_iter()
            .map(|piece| json!({"type": "text_delta", "text": piece}));
        block(json!({"type": "text", "text": ""}), deltas.collect());
    }
    for (id, name, arguments) in &answer.calls {
        let start = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        let deltas = pieces(&arguments.to_string())
            .into_iter()
            .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        block(start, deltas.collect());
    }
    events.push(json!({
        "type": "message_delta",
        "delta": {"stop_reason": anthropic_stop(&answer.stop), "stop_sequence": null},
        "usage": {"output_tokens": answer.usage.output},
    }));
    events.push(json!({"type": "message_stop"}));
    events
        .iter()
        .map(|event| {
            let name = event["type"].as_str().expect("each has a type");
            format!("event: {name}\ndata: {event}\n\n")
        })
        .collect()
}

fn openai_stop(stop: &Stop) -> &str {
    match stop {
        Stop::End => "stop",
        Stop::Calls => "tool_calls",
        Stop::OutputLimit => "length",
        Stop::Refusal => "content_filter",
        Stop::ContextLimit => "context_limit",
        Stop::Pause => "pause",
        Stop::Other(name) => name,
    }
}

fn openai_usage(usage: &Usage) -> Value {
    let prompt = usage.uncached_input + usage.cache_write + usage.cache_read;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    })
}

fn openai_call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn openai(answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": null});
    if !answer.text.is_empty() {
        message["content"] = answer.text.clone().into();
    }
    if !answer.calls.is_empty() {
        message["tool_calls"] = answer
            .calls
            .iter()
            .map(|(id, name, arguments)| openai_call(id, name, &arguments.to_string()))
            .collect();
    }
    let choice =
        json!({"index": 0, "message": message, "finish_reason": openai_stop(&answer.stop)});
    json!({
        "id": "chatcmpl-0", "object": "chat.completion", "created": 1_795_000_000,
        "model": answer.model, "choices": [choice], "usage": openai_usage(&answer.usage),
    })
}

fn openai_frames(answer: &Answer) -> Vec<String> {
    let mut deltas = vec![json!({"role": "assistant", "content": ""})];
    deltas.extend(
        pieces(&answer.text)
            .iter()
            .map(|piece| json!({"content": piece})),
    );
    for (index, (id, name, arguments)) in answer.calls.iter().enumerate() {
        let mut first = openai_call(id, name, "");
        first["index"] = index.into();
        deltas.push(json!({"tool_calls": [first]}));
        deltas.extend(pieces(&arguments.to_string()).iter().map(
            |piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}),
        ));
    }
    let chunk = |choices: Value, usage: Value| {
        json!({
            "id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 1_795_000_000,
            "model": answer.model, "choices": choices, "usage": usage,
        })
    };
    let stop = openai_stop(&answer.stop);
    let mut chunks: Vec<Value> = deltas
        .into_iter()
        .map(|delta| json!([{"index": 0, "delta": delta, "finish_reason": null}]))
        .chain([json!([{"index": 0, "delta": {}, "finish_reason": stop}])])
        .map(|choices| chunk(choices, Value::Null))
        .collect();
    chunks.push(chunk(json!([]), openai_usage(&answer.usage)));
    let frames = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    frames.chain(["data: [DONE]\n\n".to_owned()]).collect()
}
