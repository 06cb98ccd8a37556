//! Recorded answers of the Messages API, and streams that are not what the format says.

use dreamtrial::model::anthropic::Reading;
use insta::assert_snapshot;

use super::{read_events, read_whole, recorded, shown};

fn fixture(file: &str) -> String {
    shown(recorded::<Reading>(&format!("anthropic/{file}")))
}

#[test]
fn whole_answers() {
    assert_snapshot!(fixture("tools.json"), @r#"
    text "Checking both orders."
    call toolu_0a lookup_order {"id":"7"}
    call toolu_0b lookup_order {"id":"8","fields":["state",{"since":"2026-11-02"}]}
    stop Calls
    usage 320 uncached, 96 to cache, 2048 from cache, 55 out
    model "claude-sonnet-5-5"
    "#);
    assert_snapshot!(fixture("thinking.json"), @r#"
    text "I look it up."
    call toolu_0a lookup_order {"id":"7"}
    stop Calls
    usage 320 uncached, 96 to cache, 2048 from cache, 55 out
    model "claude-sonnet-5-5"
    verbatim [{"type":"thinking","thinking":"The user wants order 7.\nI look it up.","signature":"EqoBCkgIBxABGAIiQO5v+4=="},{"type":"redacted_thinking","data":"EmwKAhgBEgy3va3pzix/LafPsn4="},{"type":"text","text":"I look it up.","citations":null},{"type":"tool_use","id":"toolu_0a","name":"lookup_order","input":{"id":"7"},"caller":{"type":"direct"}}]
    "#);
    assert_snapshot!(fixture("refusal.json"), @r#"
    text "I can't help with that."
    stop Refusal
    usage 320 uncached, 96 to cache, 2048 from cache, 55 out
    model "claude-sonnet-5-5"
    "#);
    assert_snapshot!(fixture("truncated.json"), @r#"
    text "The contract says that the parties"
    stop OutputLimit
    usage 41 uncached, 0 to cache, 0 from cache, 8 out
    model "claude-sonnet-5-5"
    "#);
    assert_snapshot!(fixture("unknown.json"), @r#"
    text "First. Second.\n\nThird."
    stop Other("compaction")
    usage 5 uncached, 0 to cache, 0 from cache, 9 out
    model "claude-sonnet-5-5"
    verbatim [{"type":"text","text":"First. ","citations":null},{"type":"text","text":"Second.","citations":null},{"type":"fallback_note","note":{"from":"a","to":"b"}},{"type":"text","text":"Third.","citations":null},{"type":"server_tool_use","id":"srvtoolu_0a","name":"web_search","input":{"query":"x"}}]
    "#);
    assert_snapshot!(fixture("error.json"), @r#"Reported { kind: "overloaded_error", message: "Overloaded" }"#);
}

#[test]
fn streams() {
    // The same answer as the whole one: with its signature, without the events that nobody knows.
    assert_eq!(fixture("thinking.sse"), fixture("thinking.json"));
    assert_snapshot!(fixture("parallel.sse"), @r#"
    text "Checking both orders."
    call toolu_0a lookup_order {"id":"7"}
    call toolu_0b list_orders {}
    stop Calls
    usage 320 uncached, 96 to cache, 2048 from cache, 61 out
    model "claude-sonnet-5-5"
    "#);
    assert_snapshot!(fixture("truncated.sse"), @r#"
    text ""
    call toolu_0a hand_in not an object: {"body":"The parties ag
    stop OutputLimit
    usage 320 uncached, 96 to cache, 2048 from cache, 64 out
    model "claude-sonnet-5-5"
    "#);
    assert_snapshot!(fixture("overloaded.sse"), @r#"Reported { kind: "overloaded_error", message: "Overloaded" }"#);
    assert_snapshot!(fixture("broken_off.sse"), @r#"Malformed("stream ended before message_stop")"#);
}

#[test]
fn a_server_that_names_no_events_counts_no_cache_and_gives_no_ids() {
    assert_snapshot!(fixture("compatible.sse"), @r#"
    text ""
    call call_1 lookup_order {"id":"7"}
    call call_2 lookup_order {"id":"8"}
    stop Calls
    usage 31 uncached, 0 to cache, 0 from cache, 17 out
    model "qwen3:8b"
    verbatim [{"type":"thinking","thinking":"Order 7."},{"type":"tool_use","id":"call_1","name":"lookup_order","input":{"id":"7"}},{"type":"tool_use","id":"call_2","name":"lookup_order","input":{"id":"8"}}]
    "#);
}

const START: &str = r#"{"type":"message_start","message":{"model":"m","usage":{"input_tokens":3,"output_tokens":1}}}"#;
const TEXT: &str =
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
const WORD: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
const CLOSE: &str = r#"{"type":"content_block_stop","index":0}"#;
const DELTA: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn stream(events: &[&str]) -> String {
    shown(read_events::<Reading>(
        events.iter().map(|data| ("message", *data)),
    ))
}

#[test]
fn streams_that_are_not_what_the_format_says() {
    assert_snapshot!(stream(&[START, TEXT, WORD, CLOSE, DELTA, STOP]), @r#"
    text "a"
    stop End
    usage 3 uncached, 0 to cache, 0 from cache, 2 out
    model "m"
    "#);
    assert_snapshot!(stream(&[]), @r#"Malformed("stream ended before message_stop")"#);
    assert_snapshot!(stream(&[TEXT]), @r#"Malformed("`content_block_start` is out of order")"#);
    assert_snapshot!(stream(&[STOP]), @r#"Malformed("`message_stop` is out of order")"#);
    assert_snapshot!(stream(&[START, START]), @r#"Malformed("`message_start` is out of order")"#);
    assert_snapshot!(stream(&[START, WORD]), @r#"Malformed("an event of block 0, which is not open")"#);
    assert_snapshot!(stream(&[START, TEXT, TEXT]), @r#"Malformed("block 0 begins where block 1 is next")"#);
    assert_snapshot!(stream(&[START, TEXT, CLOSE, WORD]), @r#"Malformed("an event of block 0, which is not open")"#);
    assert_snapshot!(stream(&[START, TEXT, CLOSE, CLOSE]), @r#"Malformed("an event of block 0, which is not open")"#);
    assert_snapshot!(stream(&[START, TEXT, WORD, DELTA, STOP]), @r#"Malformed("block 0 is not finished")"#);
    assert_snapshot!(stream(&[START, TEXT, CLOSE, STOP]), @r#"Malformed("the answer has no `stop_reason`")"#);
    assert_snapshot!(stream(&[START, "{\"type\":"]), @r#"Malformed("`message` has data that are no JSON: EOF while parsing a value at line 1 column 8")"#);
    let thought = r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}"#;
    assert_snapshot!(stream(&[START, TEXT, thought]), @r#"Malformed("`thinking_delta` in a block of another kind")"#);
    let nameless = r#"{"type":"content_block_start","content_block":{"type":"text"}}"#;
    assert_snapshot!(stream(&[START, nameless]), @r#"Malformed("an event of a block has no `index`")"#);
}

#[test]
fn events_that_nobody_knows_may_have_any_data() {
    let events = [
        ("ping", "pong"),
        ("message_start", START),
        ("weather", "fine"),
        ("weather", "[1]"),
        ("message_delta", DELTA),
        ("message_stop", STOP),
        ("message", "[DONE]"),
    ];
    assert_snapshot!(shown(read_events::<Reading>(events)), @r#"
    text ""
    stop End
    usage 3 uncached, 0 to cache, 0 from cache, 2 out
    model "m"
    "#);
}

#[test]
fn whole_answers_that_are_not_what_the_format_says() {
    let body = |text: &str| shown(read_whole::<Reading>(text.as_bytes()));
    assert_snapshot!(body(""), @r#"Malformed("the answer is no JSON: EOF while parsing a value at line 1 column 0")"#);
    assert_snapshot!(body("<html>"), @r#"Malformed("the answer is no JSON: expected value at line 1 column 1")"#);
    assert_snapshot!(body("[]"), @r#"Malformed("the answer has no list `content`")"#);
    assert_snapshot!(body(r#"{"content": "text"}"#), @r#"Malformed("the answer has no list `content`")"#);
    assert_snapshot!(body(r#"{"content": []}"#), @r#"Malformed("the answer has no `stop_reason`")"#);
    assert_snapshot!(body(r#"{"content": ["text"], "stop_reason": "end_turn"}"#), @r#"Malformed("a block of content has no `type`")"#);
    assert_snapshot!(body(r#"{"content": [{"type": "tool_use", "input": {}}], "stop_reason": "end_turn"}"#), @r#"Malformed("a call has no name")"#);
    let deep = format!(
        r#"{{"content": [{{"type": "new", "a": {}{}}}], "stop_reason": "end_turn"}}"#,
        "[".repeat(80),
        "]".repeat(80)
    );
    assert_snapshot!(body(&deep), @r#"Malformed("a block of content is nested more than 64 levels deep")"#);
}

#[test]
fn input_that_is_no_object_is_kept_as_text_and_sent_back_within_one() {
    let body = |input: &str| {
        let text = format!(
            r#"{{"content": [{{"type": "new"}}, {{"type": "tool_use", "id": "a", "name": "look", "input": {input}}}], "stop_reason": "tool_use"}}"#
        );
        shown(read_whole::<Reading>(text.as_bytes()))
    };
    assert_snapshot!(body("[1]"), @r#"
    text ""
    call a look not an object: [1]
    stop Calls
    usage not counted
    model ""
    verbatim [{"type":"new"},{"type":"tool_use","id":"a","name":"look","input":{"invalid_arguments":"[1]"}}]
    "#);
    assert_snapshot!(body("\"{\\\"a\\\"\""), @r#"
    text ""
    call a look not an object: {"a"
    stop Calls
    usage not counted
    model ""
    verbatim [{"type":"new"},{"type":"tool_use","id":"a","name":"look","input":{"invalid_arguments":"{\"a\""}}]
    "#);
    assert_snapshot!(body("null"), @r#"
    text ""
    call a look {}
    stop Calls
    usage not counted
    model ""
    verbatim [{"type":"new"},{"type":"tool_use","id":"a","name":"look","input":{}}]
    "#);
}

#[test]
fn counts_that_are_none_leave_the_usage_uncounted() {
    let counted = |usage: &str| {
        let text = format!(r#"{{"content": [], "stop_reason": "end_turn", "usage": {usage}}}"#);
        read_whole::<Reading>(text.as_bytes())
            .expect("the answer is whole")
            .usage
            .map(|usage| usage.total().0)
    };
    assert_eq!(
        counted(r#"{"input_tokens": 3, "output_tokens": 2}"#),
        Some(5)
    );
    assert_eq!(
        counted(r#"{"input_tokens": 3, "output_tokens": 0}"#),
        Some(3)
    );
    for none in [
        "null",
        "[]",
        "{}",
        r#"{"input_tokens": 3}"#,
        r#"{"input_tokens": -3, "output_tokens": 2}"#,
        r#"{"input_tokens": 3.5, "output_tokens": 2}"#,
        r#"{"input_tokens": "3", "output_tokens": 2}"#,
        r#"{"input_tokens": 18446744073709551615, "output_tokens": 2}"#,
        r#"{"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": -1}"#,
        r#"{"input_tokens": 0, "output_tokens": 2}"#,
    ] {
        assert_eq!(counted(none), None, "{none}");
    }
}
