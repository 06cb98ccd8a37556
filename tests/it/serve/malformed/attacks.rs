//! Requests that are wrong in some way, drawn.

use proptest::{prelude::*, sample::select};

use super::{
    bodies::{bodies, body, odd_value, put},
    forms::form,
    wire::Request,
};

/// Paths of all routes, where `@` stands for an id.
const ROUTES: [&str; 41] = [
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
    "/v1/files/@/content",
    "/v1/messages",
    "/v1",
    "/",
    "//v1/agents",
    "/v1/agents/",
    "*",
];

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
        "ids[]",
        "scope_id",
        "after_id",
        "before_id",
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

/// Requests that are right but for one thing, or not even that: method, path, and the body's number.
const NEAR: [(&str, &str, usize); 29] = [
    ("POST", "/v1/agents", 1),
    ("POST", "/v1/agents/@0", 1),
    ("GET", "/v1/agents/@0", 0),
    ("GET", "/v1/agents/@0/versions", 0),
    ("POST", "/v1/environments", 2),
    ("POST", "/v1/environments/@1", 2),
    ("GET", "/v1/environments", 0),
    ("POST", "/v1/memory_stores", 3),
    ("POST", "/v1/memory_stores/@2", 3),
    ("POST", "/v1/memory_stores/@2/memories", 4),
    ("POST", "/v1/memory_stores/@2/memories/@3", 5),
    ("GET", "/v1/memory_stores/@2/memories", 0),
    ("GET", "/v1/memory_stores/@2/memory_versions", 0),
    ("POST", "/v1/memory_stores/@2/memory_versions/@6/redact", 0),
    ("POST", "/v1/sessions", 7),
    ("POST", "/v1/sessions/@4/events", 8),
    ("GET", "/v1/sessions/@4/events", 0),
    ("GET", "/v1/sessions", 0),
    ("POST", "/v1/dreams", 6),
    ("GET", "/v1/dreams/@5", 0),
    ("POST", "/v1/dreams/@5/cancel", 0),
    ("GET", "/v1/dreams", 0),
    ("POST", "/v1/sessions/@4/resources", 9),
    ("POST", "/v1/sessions/@4/events", 10),
    ("GET", "/v1/sessions/@4/resources/@8", 0),
    ("DELETE", "/v1/sessions/@4/resources/@8", 0),
    ("GET", "/v1/files/@7", 0),
    ("GET", "/v1/files/@7/content", 0),
    ("GET", "/v1/files", 0),
];

/// Puts ids in the place of their marks.
fn fill(text: &str, ids: &[String]) -> String {
    ids.iter()
        .enumerate()
        .fold(text.to_owned(), |text, (number, id)| {
            text.replace(&format!("@{number}"), id)
        })
}

/// Requests of the attacker, who knows its own ids and those of the other key.
pub(super) fn attack(theirs: &[String], own: &[String]) -> impl Strategy<Value = Request> + use<> {
    let all = [theirs, own].concat();
    let method = prop_oneof![
        8 => Just("POST"),
        6 => Just("GET"),
        2 => Just("DELETE"),
        1 => select(vec![
            "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "A B", "",
        ]),
    ];
    let missing = prop_oneof![40 => Just(0), 1 => 1..9_usize];
    let wild = (
        method,
        path(all.clone()),
        query(all.clone()),
        headers(),
        body(),
        missing,
    )
        .prop_map(|(method, path, query, headers, body, missing)| Request {
            method: method.to_owned(),
            target: if query.is_empty() {
                path
            } else {
                format!("{path}?{query}")
            },
            headers,
            body,
            missing,
        });
    let odd = prop::option::weighted(0.6, (0..24_usize, odd_value()));
    let query = prop_oneof![2 => Just(String::new()), 1 => query(all)];
    let ids = select(vec![theirs.to_vec(), own.to_vec(), own.to_vec()]);
    let near = (select(NEAR.to_vec()), odd, query, headers(), ids).prop_map(
        |((method, path, number), odd, query, headers, ids)| {
            let mut body = bodies().swap_remove(number);
            if let Some((mut at, odd)) = odd {
                put(&mut body, &mut at, &odd);
            }
            Request {
                method: method.to_owned(),
                target: fill(&format!("{path}?{query}"), &ids),
                headers,
                body: fill(&body.to_string(), &ids).into_bytes(),
                missing: 0,
            }
        },
    );
    let form = (headers(), form()).prop_map(|(mut headers, (content_type, body))| {
        headers.retain(|(name, _)| name != "content-type");
        headers.push(("content-type".to_owned(), content_type));
        Request {
            method: "POST".to_owned(),
            target: "/v1/files".to_owned(),
            headers,
            body,
            missing: 0,
        }
    });
    prop_oneof![10 => wild, 10 => near, 1 => form]
}
