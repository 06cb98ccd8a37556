//! Ten thousand requests that are wrong in some way, by one key, while another key has secrets.

mod attacks;
mod bodies;
mod forms;
mod wire;

use std::{sync::Mutex, thread};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{AGENTS, Local, json_body, send};
use attacks::attack;

use wire::{Answer, Connection, Request};

/// Stands in everything that the first key has.
const SECRET: &str = "xyzzy-plugh";

/// How many connections attack at once, and how many requests each of them sends in a round.
const CONNECTIONS: usize = 8;
const REQUESTS: usize = 25;
const ROUNDS: u32 = 50;

/// The ids of a key: agent, environment, store, memory, session, dream, version of the memory, file, file of
/// the session.
type Ids = Vec<String>;

/// What a key has: ids, and the paths under which it reads everything.
async fn possessions(local: &Local, key: &str, word: &str) -> (Ids, Vec<String>) {
    let mut ids = Vec::new();
    let mut paths = Vec::new();
    let mut make = async |path: &str, body: Value| {
        let made = send(json_body(local.request_of(key, Method::POST, path), &body))
            .await
            .ok();
        let id = made["id"].as_str().unwrap().to_owned();
        paths.push(format!("{path}/{id}"));
        ids.push(id.clone());
        (id, made)
    };
    let (agent, _) = make(
        "/v1/agents",
        json!({"name": word, "model": "m", "system": word, "metadata": {"a": word}}),
    )
    .await;
    let (environment, _) = make(
        "/v1/environments",
        json!({"name": word, "description": word}),
    )
    .await;
    let (store, _) = make(
        "/v1/memory_stores",
        json!({"name": word, "description": word}),
    )
    .await;
    let (_, memory) = make(
        &format!("/v1/memory_stores/{store}/memories"),
        json!({"path": format!("/{word}"), "content": word}),
    )
    .await;
    let (session, _) = make(
        "/v1/sessions",
        json!({"agent": agent, "environment_id": environment, "title": word, "metadata": {"a": word}}),
    )
    .await;
    let inputs = json!([
        {"type": "memory_store", "memory_store_id": store},
        {"type": "sessions", "session_ids": [session]}
    ]);
    make(
        "/v1/dreams",
        json!({"inputs": inputs, "model": "m", "instructions": word}),
    )
    .await;
    paths.push(format!("/v1/sessions/{session}/events"));
    ids.push(memory["memory_version_id"].as_str().unwrap().to_owned());
    paths.push(format!("/v1/memory_stores/{store}/memory_versions"));
    let content = json!({"a": word}).to_string();
    let file = local
        .upload_as(
            key,
            &format!("{word}.json"),
            "application/json",
            content.as_bytes(),
        )
        .await;
    let resources = format!("/v1/sessions/{session}/resources");
    let resource = json!({"type": "file", "file_id": file, "mount_path": format!("/{word}")});
    let resource = local.post_as(key, &resources, &resource).await.ok();
    paths.push(format!("/v1/files/{file}"));
    paths.push(format!("/v1/files/{file}/content"));
    paths.push(resources);
    ids.push(file);
    ids.push(resource["id"].as_str().unwrap().to_owned());
    for list in [
        "agents",
        "environments",
        "memory_stores",
        "sessions",
        "files",
    ] {
        paths.push(format!("/v1/{list}"));
    }
    (ids, paths)
}

/// What a key reads under its paths, once its dream has ended.
async fn seen(local: &Local, key: &str, paths: &[String]) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in paths {
        seen.push(loop {
            let got = send(local.request_of(key, Method::GET, path)).await.ok();
            if got["type"] != "dream" || !got["ended_at"].is_null() {
                break got;
            }
            tokio::task::yield_now().await;
        });
    }
    seen
}

/// What is wrong with an answer.
fn fault(request: &Request, answer: Option<&Answer>) -> Option<String> {
    let Some(answer) = answer else {
        return (!request.is_no_http()).then(|| "no answer".to_owned());
    };
    let text = String::from_utf8_lossy(&answer.body);
    if text.contains(SECRET) || answer.head.contains(SECRET) {
        return Some("a secret".to_owned());
    }
    if answer.status >= 500 || !matches!(answer.status, 200..300 | 400..500) {
        return Some("no refusal".to_owned());
    }
    let Some(id) = answer.header("request-id") else {
        let bare = request.is_no_http() && answer.status >= 400;
        return (!bare).then(|| "no id".to_owned());
    };
    if request.method == "HEAD" || answer.header("content-type") == Some("text/event-stream") {
        return None;
    }
    let Ok(body) = serde_json::from_str::<Value>(&text) else {
        return Some("no JSON".to_owned());
    };
    if answer.status < 400 {
        return (!body.is_object()).then(|| "no object".to_owned());
    }
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let enveloped = body["type"] == "error"
        && text(&body["error"]["type"])
        && text(&body["error"]["message"])
        && body["request_id"] == id;
    (!enveloped).then(|| "no envelope".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_malformed_requests_are_refused_and_see_nothing() {
    let local = Local::start().await;
    let (theirs, paths) = possessions(&local, "one", SECRET).await;
    let (own, _) = possessions(&local, "attacker", "mine").await;
    let before = seen(&local, "one", &paths).await;
    assert!(
        before
            .iter()
            .any(|value| value.to_string().contains(SECRET))
    );
    let address = local.address;

    let attacking = tokio::task::spawn_blocking(move || {
        let connections: Vec<Mutex<Connection>> = (0..CONNECTIONS)
            .map(|_| Mutex::new(Connection::new(address)))
            .collect();
        let rounds = Config {
            cases: ROUNDS,
            failure_persistence: None,
            // What is wrong stands in the failure: one request.
            max_shrink_iters: 0,
            ..Config::default()
        };
        let requests = prop::collection::vec(attack(&theirs, &own), CONNECTIONS * REQUESTS);
        let tally = Mutex::new((0_usize, 0_usize));
        let counts = &tally;
        TestRunner::new(rounds)
            .run(&requests, |requests| {
                let faults = thread::scope(|scope| {
                    let working: Vec<_> = connections
                        .iter()
                        .zip(requests.chunks(REQUESTS))
                        .map(|(connection, requests)| {
                            scope.spawn(move || {
                                let mut connection = connection.lock().unwrap();
                                let mut faults = Vec::new();
                                for request in requests {
                                    let answer = connection.send(request);
                                    if let Some(fault) = fault(request, answer.as_ref()) {
                                        faults.push(format!("{fault}: {request:?}: {answer:?}"));
                                    }
                                    let mut counts = counts.lock().unwrap();
                                    match answer.map_or(0, |answer| answer.status) {
                                        200..300 => counts.0 += 1,
                                        _ => counts.1 += 1,
                                    }
                                }
                                faults
                            })
                        })
                        .collect();
                    working
                        .into_iter()
                        .flat_map(|working| working.join().unwrap())
                        .collect::<Vec<_>>()
                });
                prop_assert!(
                    faults.is_empty(),
                    "{}",
                    faults[0].chars().take(3_000).collect::<String>()
                );
                Ok(())
            })
            .unwrap();
        tally.into_inner().unwrap()
    });
    let (right, wrong) = attacking.await.unwrap();
    assert_eq!(right + wrong, 10_000);
    // Some requests happen to be right, and reach what is behind the checks.
    assert!(right > 1_000 && wrong > 5_000, "{right} {wrong}");

    assert_eq!(seen(&local, "one", &paths).await, before);
    let agent = paths[0].clone();
    let noticed = tokio::task::spawn_blocking(move || {
        let headers = [
            ("x-api-key", "one"),
            ("anthropic-version", "2026-10-21"),
            ("anthropic-beta", AGENTS),
        ];
        let request = Request {
            method: "GET".to_owned(),
            target: agent,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            body: Vec::new(),
            missing: 0,
        };
        let answer = Connection::new(address).send(&request);
        fault(&request, answer.as_ref())
    });
    // Whoever has the key sees the secrets, and this would have been noticed.
    assert_eq!(noticed.await.unwrap().as_deref(), Some("a secret"));
    local
        .post("/v1/agents", json!({"name": "a", "model": "m"}))
        .await
        .ok();
}
