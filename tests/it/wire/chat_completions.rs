//! Recorded answers of services that speak chat completions, in their dialects.

use dreamtrial::model::openai::Reading;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{read_events, read_whole, recorded, shown};

fn fixture(file: &str) -> String {
    shown(recorded::<Reading>(&format!("openai/{file}")))
}

#[test]
fn whole_answers() {
    assert_snapshot!(fixture("tools.json"), @r#"
    text ""
    call call_0 lookup_order {"id":"7"}
    call call_1 list_orders {}
    stop Calls
    usage 24 uncached, 0 to cache, 96 from cache, 21 out
    model "gpt-5.2"
    "#);
    assert_snapshot!(fixture("refusal.json"), @r#"
    text "I can't help with that."
    stop Refusal
    usage 24 uncached, 0 to cache, 96 from cache, 21 out
    model "gpt-5.2"
    "#);
    assert_snapshot!(fixture("truncated.json"), @r#"
    text "The contract says that the parties"
    stop OutputLimit
    usage 41 uncached, 0 to cache, 0 from cache, 8 out
    model "gpt-5.2"
    "#);
    assert_snapshot!(fixture("filtered.json"), @r#"
    text ""
    stop Refusal
    usage 41 uncached, 0 to cache, 0 from cache, 0 out
    model "gpt-5.2"
    "#);
    assert_snapshot!(fixture("parts.json"), @r#"
    text "One, two."
    stop End
    usage not counted
    model "mistral-medium"
    "#);
    assert_snapshot!(fixture("error.json"), @r#"Reported { kind: "unavailable_error", message: "model is loading" }"#);
    assert_snapshot!(fixture("old_error.json"), @r#"Reported { kind: "InternalServerError", message: "out of memory" }"#);
}

#[test]
fn dialects() {
    assert_snapshot!(fixture("ollama.json"), @r#"
    text ""
    call call_h3x1 lookup_order {"id":"7"}
    stop Calls
    usage 187 uncached, 0 to cache, 0 from cache, 96 out
    model "qwen3:8b"
    "#);
    assert_snapshot!(fixture("vllm.json"), @r#"
    text "\n\nDone."
    stop End
    usage 33 uncached, 0 to cache, 0 from cache, 19 out
    model "Qwen/Qwen3-8B"
    "#);
    assert_snapshot!(fixture("llama_cpp.json"), @r#"
    text ""
    call call_1 lookup_order {"id":"7"}
    call call_2 lookup_order not an object: {"id": "8"
    stop Calls
    usage 6 uncached, 0 to cache, 44 from cache, 12 out
    model "model.gguf"
    "#);
    // Two calls, both under the index 0.
    assert_snapshot!(fixture("ollama.sse"), @r#"
    text ""
    call call_a lookup_order {"id":"7"}
    call call_b lookup_order {"id":"8"}
    stop Calls
    usage 187 uncached, 0 to cache, 0 from cache, 40 out
    model "qwen3:8b"
    "#);
    // Usage in every chunk.
    assert_snapshot!(fixture("vllm.sse"), @r#"
    text "Done."
    stop End
    usage 33 uncached, 0 to cache, 0 from cache, 6 out
    model "Qwen/Qwen3-8B"
    "#);
    // Without `[DONE]`.
    assert_snapshot!(fixture("llama_cpp.sse"), @r#"
    text "Grüße."
    stop End
    usage 1 uncached, 0 to cache, 11 from cache, 5 out
    model "model.gguf"
    "#);
}

#[test]
fn streams() {
    assert_eq!(fixture("parallel.sse"), fixture("tools.json"));
    assert_snapshot!(fixture("failing.sse"), @r#"Reported { kind: "server_error", message: "context shift is disabled" }"#);
    assert_snapshot!(fixture("broken_off.sse"), @r#"Malformed("stream ended before a finish_reason and `[DONE]`")"#);
}

fn whole(message: &Value, reason: &Value) -> String {
    let choice = json!({"message": message, "finish_reason": reason});
    let body = json!({"choices": [choice]}).to_string();
    shown(read_whole::<Reading>(body.as_bytes()))
}

#[test]
fn reasons_to_stop_fit_what_was_said() {
    let stop = |message: Value, reason: &str| {
        let reason = serde_json::from_str(reason).expect("a reason is JSON");
        let shown = whole(&message, &reason);
        let stop = shown.lines().find_map(|line| line.strip_prefix("stop "));
        stop.expect("an answer has a stop").to_owned()
    };
    let said = || json!({"content": "Yes."});
    let calls = || json!({"tool_calls": [{"function": {"name": "look"}}]});
    assert_eq!(stop(said(), "\"stop\""), "End");
    assert_eq!(stop(said(), "null"), "End");
    assert_eq!(stop(said(), "\"tool_calls\""), "End");
    assert_eq!(stop(said(), "\"function_call\""), "End");
    assert_eq!(stop(said(), "\"length\""), "OutputLimit");
    assert_eq!(stop(said(), "\"content_filter\""), "Refusal");
    assert_eq!(stop(said(), "\"abort\""), "Other(\"abort\")");
    assert_eq!(stop(calls(), "\"stop\""), "Calls");
    assert_eq!(stop(calls(), "\"function_call\""), "Calls");
    assert_eq!(stop(calls(), "null"), "Calls");
    assert_eq!(stop(calls(), "\"length\""), "OutputLimit");
}

#[test]
fn thoughts_are_no_words() {
    let text = |content: &str| whole(&json!({"content": content}), &json!("stop"));
    assert_snapshot!(text("<think>\nHm. </think>\n\nYes."), @r#"
    text "Yes."
    stop End
    usage not counted
    model ""
    "#);
    assert_snapshot!(text("Say <think>a</think>."), @r#"
    text "Say <think>a</think>."
    stop End
    usage not counted
    model ""
    "#);
    assert_snapshot!(text("<think> and no end"), @r#"
    text "<think> and no end"
    stop End
    usage not counted
    model ""
    "#);
}

#[test]
fn whole_answers_that_are_not_what_the_format_says() {
    let body = |text: &str| shown(read_whole::<Reading>(text.as_bytes()));
    assert_snapshot!(body("upstream failed"), @r#"Malformed("the answer is no JSON: expected value at line 1 column 1")"#);
    assert_snapshot!(body("{}"), @r#"Malformed("the answer has no `choices` with a `message`")"#);
    assert_snapshot!(body(r#"{"choices": []}"#), @r#"Malformed("the answer has no `choices` with a `message`")"#);
    assert_snapshot!(body(r#"{"choices": [{"message": null}]}"#), @r#"Malformed("the answer has no `choices` with a `message`")"#);
    assert_snapshot!(body(r#"{"error": "model 'x' not found"}"#), @r#"Reported { kind: "error", message: "model 'x' not found" }"#);
    assert_snapshot!(body(r#"{"error": {"code": 7}}"#), @r#"Reported { kind: "7", message: "{\"code\":7}" }"#);
    let nameless = json!({"tool_calls": [{"id": "a", "function": {"arguments": "{}"}}]});
    assert_snapshot!(whole(&nameless, &json!("tool_calls")), @r#"Malformed("a call has no name")"#);
    assert_snapshot!(whole(&json!({"content": "Yes.", "tool_calls": [{}]}), &json!("stop")), @r#"
    text "Yes."
    stop End
    usage not counted
    model ""
    "#);
}

fn stream(chunks: &[Value]) -> String {
    let chunks: Vec<String> = chunks.iter().map(Value::to_string).collect();
    let done = ["[DONE]"].into_iter();
    let data = chunks.iter().map(String::as_str).chain(done);
    shown(read_events::<Reading>(data.map(|data| ("message", data))))
}

fn fragment(call: &Value) -> Value {
    json!({"choices": [{"delta": {"tool_calls": [call]}}]})
}

#[test]
fn fragments_of_calls_are_told_apart_however_they_are_marked() {
    // Without an index: an id or a name begins a call, anything else goes on with the last.
    assert_snapshot!(stream(&[
        fragment(&json!({"id": "a", "function": {"name": "look", "arguments": "{\"id\""}})),
        fragment(&json!({"function": {"arguments": ":7}"}})),
        fragment(&json!({"id": "b", "function": {"name": "look", "arguments": "{}"}})),
    ]), @r#"
    text ""
    call a look {"id":7}
    call b look {}
    stop Calls
    usage not counted
    model ""
    "#);
    // Without an index and without ids.
    assert_snapshot!(stream(&[
        fragment(&json!({"function": {"name": "look", "arguments": {"id": 7}}})),
        fragment(&json!({"function": {"name": "look", "arguments": {"id": 8}}})),
    ]), @r#"
    text ""
    call call_1 look {"id":7}
    call call_2 look {"id":8}
    stop Calls
    usage not counted
    model ""
    "#);
    // Interleaved; id and name repeated with every fragment.
    assert_snapshot!(stream(&[
        fragment(&json!({"index": 1, "id": "b", "function": {"name": "list", "arguments": "{"}})),
        fragment(&json!({"index": 0, "id": "a", "function": {"name": "look", "arguments": "{\"id\""}})),
        fragment(&json!({"index": 1, "id": "b", "function": {"name": "list", "arguments": "}"}})),
        fragment(&json!({"index": 0, "id": "a", "function": {"name": "look", "arguments": ":7}"}})),
    ]), @r#"
    text ""
    call a look {"id":7}
    call b list {}
    stop Calls
    usage not counted
    model ""
    "#);
}

#[test]
fn streams_that_are_not_what_the_format_says() {
    let events = |events: &[(&str, &str)]| shown(read_events::<Reading>(events.iter().copied()));
    assert_snapshot!(events(&[]), @r#"Malformed("stream ended before a finish_reason and `[DONE]`")"#);
    assert_snapshot!(events(&[("message", "[DONE]")]), @r#"Malformed("stream ended without `choices`")"#);
    assert_snapshot!(events(&[("message", "{\"choices\":")]), @r#"Malformed("a chunk is no JSON: EOF while parsing a value at line 1 column 11")"#);
    assert_snapshot!(events(&[("error", "{\"code\":500,\"message\":\"out of memory\"}")]), @r#"Reported { kind: "500", message: "out of memory" }"#);
    assert_snapshot!(stream(&[json!({"choices": []}), json!({}), json!({"choices": [{"delta": {"content": "a"}}]})]), @r#"
    text "a"
    stop End
    usage not counted
    model ""
    "#);
}

#[test]
fn counts_that_are_none_leave_the_usage_uncounted() {
    let counted = |usage: Value| {
        let choice = json!({"message": {"content": "Yes."}, "finish_reason": "stop"});
        let body = json!({"choices": [choice], "usage": usage}).to_string();
        let answered = read_whole::<Reading>(body.as_bytes()).expect("the answer is whole");
        answered
            .usage
            .map(|usage| (usage.uncached_input.0, usage.cache_read.0, usage.output.0))
    };
    let cached = |cached: Value| {
        counted(
            json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": cached}}),
        )
    };
    assert_eq!(cached(json!(4)), Some((5, 4, 2)));
    assert_eq!(cached(Value::Null), Some((9, 0, 2)));
    // More from the cache than there is in the prompt.
    assert_eq!(cached(json!(12)), Some((0, 9, 2)));
    assert_eq!(cached(json!(-1)), None);
    assert_eq!(counted(Value::Null), None);
    assert_eq!(counted(json!({"prompt_tokens": 9})), None);
    assert_eq!(
        counted(json!({"prompt_tokens": 9, "completion_tokens": 0.5})),
        None
    );
    assert_eq!(
        counted(json!({"prompt_tokens": 0, "completion_tokens": 2})),
        None
    );
}
