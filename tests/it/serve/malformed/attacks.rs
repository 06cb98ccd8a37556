//! Requests that are wrong in some way, drawn.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::wire::Request;

/// Paths of all routes, where `@` stands for an id.
const ROUTES: [&str; 40] = [
    "/v1/agents",
    "/v1/agents/@",
    "/v1/agents/@/archive",
    "/v1/agents/@/versions",
    "/v1/environments",
    "/v1/environments/@",
    "/v1/environments/@/archive",
    "/v1/environments/@/work",
    "/v1/sessions",
    "/v1/sessions/@",
    "/v1/sessions/@/archive",
    "/v1/sessions/@/events",
    "/v1/sessions/@/events/stream",
    "/v1/sessions/@/resources",
    "/v1/sessions/@/resources/@",
    "/v1/sessions/@/threads",
    "/v1/sessions/@/threads/@",
    "/v1/sessions/@/threads/@/archive",
    "/v1/sessions/@/threads/@/events",
    "/v1/sessions/@/threads/@/stream",
    "/v1/memory_stores",
    "/v1/memory_stores/@",
    "/v1/memory_stores/@/archive",
    "/v1/memory_stores/@/memories",
    "/v1/memory_stores/@/memories/@",
    "/v1/memory_stores/@/memory_versions",
    "/v1/memory_stores/@/memory_versions/@",
    "/v1/memory_stores/@/memory_versions/@/redact",
    "/v1/dreams",
    "/v1/dreams/@",
    "/v1/dreams/@/cancel",
    "/v1/dreams/@/archive",
    "/v1/files",
    "/v1/files/@",
    "/v1/messages",
    "/v1",
    "/",
    "//v1/agents",
    "/v1/agents/",
    "*",
];

/// Bodies that some route takes, where `@` stands for an id.
fn bodies() -> Vec<Value> {
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
        json!({"inputs": [{"type": "memory_store", "memory_store_id": "@"},
            {"type": "sessions", "session_ids": ["@"]}], "model": {"id": "m", "speed": "standard"},
            "instructions": "i",
            "output_behavior": {"type": "update_existing", "memory_store_id": "@"}}),
        json!({"agent": {"type": "agent", "id": "@", "version": 1}, "environment_id": "@",
            "title": "t", "metadata": {"seed": "1"},
            "resources": [{"type": "memory_store", "memory_store_id": "@", "access": "read_only"}],
            "budget": {"type": "limit", "max_list_cost": {"amount": "5", "currency": "USD"}},
            "initial_events": [{"type": "user.message", "content": [{"type": "text", "text": "x"}]}]}),
        json!({"events": [
            {"type": "user.message", "content": [{"type": "text", "text": "x"}]},
            {"type": "user.interrupt"},
            {"type": "user.define_outcome", "description": "d", "rubric": {"type": "text", "content": "r"}},
            {"type": "user.custom_tool_result", "custom_tool_use_id": "@",
                "content": [{"type": "text", "text": "x"}]}]}),
    ]
}

/// A value in the place of another.
fn odd_value() -> impl Strategy<Value = Value> {
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
fn put(value: &mut Value, at: &mut usize, odd: &Value) {
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
fn body() -> impl Strategy<Value = Vec<u8>> {
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

/// What stands in a path where an id should.
fn segment(ids: Vec<String>) -> impl Strategy<Value = String> {
    let odd = select(vec![
        ".",
        "..",
        "%2e%2e",
        "%2E%2E%2F",
        "%00",
        "%ff%fe",
        "%",
        "%zz",
        "%C0%AE",
        "..;",
        "~",
        "null",
        "agent%5F1",
        "%EF%BC%8F",
        "%E2%80%AE",
        "'%20OR%201=1--",
        "%25",
        "*",
        "a%0d%0ax-a:b",
        "",
        "0",
        "-1",
        "agеnt",
        "%F0%9F%92%A9",
        "archive",
        "@",
        "sesn_1?x",
        "#",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        8 => select(ids),
        4 => odd,
        1 => "[ -~]{0,12}",
        1 => (1..9_000_usize).prop_map(|length| "a".repeat(length)),
    ]
}

/// A path: a route with ids in it, sometimes with parts too many, out of place or doubled.
fn path(ids: Vec<String>) -> impl Strategy<Value = String> {
    let segments = prop::collection::vec(segment(ids), 2);
    (select(ROUTES.to_vec()), segments, 0..20_u8, 1..30_usize).prop_map(
        |(route, segments, how, count)| {
            let mut path = String::new();
            let mut ids = segments.iter();
            for letter in route.chars() {
                match letter {
                    '@' => path.push_str(ids.next().map_or("", String::as_str)),
                    other => path.push(other),
                }
            }
            match how {
                0 => path.push_str(&"/x".repeat(count)),
                1 => path.insert_str(0, "/.."),
                2 => path = path.replacen("/v1", "/v1/../v1", 1),
                3 => path = path.replacen('/', "%2f", 2),
                4 => path.push('/'),
                5 => path = path.to_uppercase(),
                _ => {}
            }
            path
        },
    )
}

/// Parameters, known and unknown.
fn query(ids: Vec<String>) -> impl Strategy<Value = String> {
    let name = select(vec![
        "limit",
        "page",
        "order",
        "view",
        "depth",
        "path_prefix",
        "include_archived",
        "statuses[]",
        "statuses%5B%5D",
        "types[]",
        "created_at[gte]",
        "created_at[gt]",
        "created_at[lt]",
        "created_at[lte]",
        "memory_id",
        "operation",
        "session_id",
        "version",
        "agent_id",
        "agent_version",
        "memory_store_id",
        "expected_content_sha256",
        "beta",
        "event_deltas[]",
        "%00",
        "%ff",
        "",
    ]);
    let value = prop_oneof![
        select(vec![
            "",
            "0",
            "1",
            "-1",
            "101",
            "99999999999999999999",
            "true",
            "TRUE",
            "asc",
            "desc",
            "full",
            "2026-11-20T09:00:00Z",
            "-009999-01-01T00:00:00Z",
            "9999-12-31T23:59:60Z",
            "%ff",
            "%",
            "/",
            "/a/",
            "/../",
            "completed",
            "deleted",
            "dGhpbmdz",
            "ZHJlYW1zIGRlc2MgOTk",
            "YWdlbnRzIGRlc2MgLTE",
            "bWVtb3JpZXMgYXNjIC8",
            "c2Vzc2lvbnMgZGVzYyA5OTk5OTk5OTk5OTk5",
        ])
        .prop_map(str::to_owned),
        select(ids),
        "[ -~]{0,8}",
    ];
    prop::collection::vec((name, value), 0..4).prop_map(|pairs| {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    })
}

/// Headers: mostly those that are wanted, so that what is behind them is reached.
fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let key = prop_oneof![
        20 => Just(vec![pair("x-api-key", "attacker")]),
        4 => Just(vec![pair("authorization", "Bearer attacker")]),
        1 => Just(Vec::new()),
        1 => "[ -~]{0,20}".prop_map(move |text| vec![("authorization".to_owned(), text)]),
    ];
    let version = prop_oneof![
        30 => Just(vec![pair("anthropic-version", "2026-10-21")]),
        1 => Just(Vec::new()),
        1 => "\\PC{0,12}".prop_map(move |text| vec![("anthropic-version".to_owned(), text)]),
    ];
    let beta = prop_oneof![
        40 => Just(vec![pair("anthropic-beta", "managed-agents-2026-04-01,dreaming-2026-04-21")]),
        1 => Just(vec![pair("anthropic-beta", "managed-agents-2026-04-01,agent-memory-2026-07-22")]),
        1 => Just(Vec::new()),
        1 => "[ -~]{0,40}".prop_map(move |text| vec![("anthropic-beta".to_owned(), text)]),
    ];
    let more = prop_oneof![
        20 => Just(vec![pair("content-type", "application/json")]),
        1 => Just(vec![pair("content-type", "text/plain; charset=utf-16")]),
        1 => Just(vec![pair("expect", "200-ok"), pair("range", "bytes=0-1")]),
        1 => Just(vec![pair("x-forwarded-for", "::1"), pair("cookie", "a=b")]),
        1 => (1..200_usize).prop_map(move |count| vec![("x-many".to_owned(), "v".to_owned()); count]),
        1 => "\\PC{0,30}".prop_map(move |text| vec![("x-text".to_owned(), text)]),
        1 => Just(vec![("x-bad name".to_owned(), "a\0b".to_owned())]),
    ];
    (key, version, beta, more)
        .prop_map(|(key, version, beta, more)| [key, version, beta, more].concat())
}

/// A request of the attacker, who knows these ids.
pub(super) fn attack(ids: &[String]) -> impl Strategy<Value = Request> + use<> {
    let method = prop_oneof![
        8 => Just("POST"),
        6 => Just("GET"),
        2 => Just("DELETE"),
        1 => select(vec!["PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "A B", ""]),
    ];
    let missing = prop_oneof![40 => Just(0), 1 => 1..9_usize];
    let known = ids.to_vec();
    (
        method,
        path(ids.to_vec()),
        query(ids.to_vec()),
        headers(),
        body(),
        missing,
        select(ids.to_vec()),
    )
        .prop_map(move |(method, path, query, headers, body, missing, id)| {
            // An id stands where a body has a mark: not always the one that would fit.
            let body = if known.is_empty() {
                body
            } else {
                fill(&body, &id)
            };
            Request {
                method: method.to_owned(),
                target: if query.is_empty() {
                    path
                } else {
                    format!("{path}?{query}")
                },
                headers,
                body,
                missing,
            }
        })
}

fn fill(body: &[u8], id: &str) -> Vec<u8> {
    match std::str::from_utf8(body) {
        Ok(text) => text.replace("\"@\"", &format!("\"{id}\"")).into_bytes(),
        Err(_) => body.to_vec(),
    }
}
