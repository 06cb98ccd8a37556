//! Bodies of requests, drawn.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

/// Bodies that some route takes, where `@0` stands for the id of an agent, and so on as in [`super::Ids`].
pub(super) fn bodies() -> Vec<Value> {
    vec![
        json!({}),
        json!({"name": "a", "model": "m", "system": "s", "metadata": {"k": "v"},
            "tools": [{"type": "agent_toolset_20260401", "configs": [{"name": "bash"}]},
                {"type": "custom", "name": "t", "description": "", "input_schema": {"type": "object"}}]}),
        json!({"name": "e", "config": {"type": "cloud", "networking": {"type": "limited",
            "allowed_hosts": ["a"]}, "packages": {"pip": ["x"]}}}),
        json!({"name": "s", "description": "d", "metadata": {"a": null, "b": "c"}}),
        json!({"path": "/a/b", "content": "text"}),
        json!({"content": "y", "path": "/c",
            "precondition": {"type": "content_sha256", "content_sha256": "00"}}),
        json!({"inputs": [{"type": "memory_store", "memory_store_id": "@2"},
            {"type": "sessions", "session_ids": ["@4"]}], "model": {"id": "m", "speed": "standard"},
            "instructions": "i",
            "output_behavior": {"type": "update_existing", "memory_store_id": "@2"}}),
        json!({"agent": {"type": "agent", "id": "@0", "version": 1}, "environment_id": "@1",
            "title": "t", "metadata": {"seed": "1"},
            "resources": [{"type": "memory_store", "memory_store_id": "@2", "access": "read_only"}],
            "budget": {"type": "limit", "max_list_cost": {"amount": "5", "currency": "USD"}},
            "initial_events": [{"type": "user.message", "content": [{"type": "text", "text": "x"}]}]}),
        json!({"events": [
            {"type": "user.message", "content": [{"type": "text", "text": "x"}]},
            {"type": "user.interrupt"},
            {"type": "user.define_outcome", "description": "d", "rubric": {"type": "text", "content": "r"}},
            {"type": "user.custom_tool_result", "custom_tool_use_id": "@5",
                "content": [{"type": "text", "text": "x"}]}]}),
        json!({"type": "file", "file_id": "@7", "mount_path": "/a"}),
        json!({"events": [{"type": "user.define_outcome", "description": "d",
            "rubric": {"type": "file", "file_id": "@7"}}]}),
    ]
}

/// A value in the place of another.
pub(super) fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        select(vec![
            "\0",
            "\u{202e}",
            "../..",
            "/../x",
            "@",
            "null",
            "é\u{301}"
        ])
        .prop_map(Value::from),
        (0..110_000_usize).prop_map(|length| Value::from("x".repeat(length))),
        (0..400_usize).prop_map(|count| Value::from(vec!["sesn_1"; count])),
        Just(json!([[[[{"a": {"b": []}}]]]])),
        Just(json!({"type": "other"})),
        Just(json!({"type": 5, "id": {}})),
    ]
}

/// Puts a value in the place of the part with this number, counted through, or beside it.
pub(super) fn put(value: &mut Value, at: &mut usize, odd: &Value) {
    if *at == 0 {
        *value = odd.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(parts) => parts.iter_mut().for_each(|part| put(part, at, odd)),
        Value::Object(parts) => parts.values_mut().for_each(|part| put(part, at, odd)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Bodies: as some route takes them, with an odd part, broken in their bytes, or no JSON at all.
pub(super) fn body() -> impl Strategy<Value = Vec<u8>> {
    let odd = (select(bodies()), 0..24_usize, odd_value()).prop_map(|(mut body, mut at, odd)| {
        put(&mut body, &mut at, &odd);
        body.to_string().into_bytes()
    });
    let broken = (
        select(bodies()),
        any::<prop::sample::Index>(),
        any::<Vec<u8>>(),
    )
        .prop_map(|(body, at, bytes)| {
            let mut text = body.to_string().into_bytes();
            let at = at.index(text.len());
            text.splice(at..(at + bytes.len() / 2).min(text.len()), bytes);
            text
        });
    let cut = (select(bodies()), any::<prop::sample::Index>()).prop_map(|(body, at)| {
        let text = body.to_string().into_bytes();
        text[..at.index(text.len())].to_vec()
    });
    let raw = select(vec![
        r#"{"name": NaN}"#,
        r#"{"name": Infinity, "model": -1e999}"#,
        r#"{"name": "\ud800", "model": "m"}"#,
        r#"{"path": "/\udfff\ud800", "content": ""}"#,
        r#"{"name": "a", "name": "b", "model": "m"}"#,
        r#"{"model": 1e400, "name": 123456789012345678901234567890}"#,
        "\u{feff}{}",
        "[[]]",
        "null",
        "\"text\"",
        "{} {}",
        "name=a&model=m",
        "<a/>",
    ])
    .prop_map(|text| text.as_bytes().to_vec());
    let deep = (
        select(vec!["[", "{\"a\":", "{\"metadata\":["]),
        1..4_000_usize,
    )
        .prop_map(|(piece, count)| piece.repeat(count).into_bytes());
    prop_oneof![
        2 => select(bodies()).prop_map(|body| body.to_string().into_bytes()),
        6 => odd,
        2 => broken,
        1 => cut,
        2 => raw,
        1 => deep,
        1 => any::<Vec<u8>>(),
        1 => Just(Vec::new()),
    ]
}
