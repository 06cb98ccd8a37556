//! What every request passes: keys, versions, beta headers, sizes, limits, faults.

use std::collections::BTreeMap;

use dreamtrial::{
    quantity::{Milliseconds, Seed},
    serve::{Faults, Keys, Settings},
};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::{AGENTS, Local, MEMORY, json_body, limits, send, settings};

#[tokio::test]
async fn a_request_without_key_version_or_beta_header_is_refused_in_this_order() {
    let local = Local::start().await;
    let bare = || local.bare(Method::GET, "/v1/agents");
    let refusal = |status: u16, kind: &str| (status, kind.to_owned());

    let got = send(bare()).await.refusal();
    assert_eq!(got, refusal(401, "authentication_error"));
    let keyed = || bare().header("authorization", "Bearer one");
    let got = send(keyed()).await.refusal();
    assert_eq!(got, refusal(400, "invalid_request_error"));
    let versioned = || keyed().header("anthropic-version", "2023-06-01");
    let got = send(versioned()).await.refusal();
    assert_eq!(got, refusal(404, "not_found_error"));
    let got = send(versioned().header("anthropic-beta", format!("other, {AGENTS}"))).await;
    assert_eq!(
        got.error(),
        (
            400,
            "invalid_request_error".to_owned(),
            "unexpected value(s) `other` for the `anthropic-beta` header".to_owned()
        )
    );
    send(versioned().header("anthropic-beta", AGENTS))
        .await
        .ok();

    let stores = || {
        local
            .bare(Method::GET, "/v1/memory_stores?beta=true")
            .header("x-api-key", "one")
            .header("anthropic-version", "2026-10-21")
    };
    let both = format!("{AGENTS},{MEMORY}");
    let got = send(stores().header("anthropic-beta", both))
        .await
        .refusal();
    assert_eq!(got, refusal(400, "invalid_request_error"));
    for beta in [AGENTS, MEMORY] {
        send(stores().header("anthropic-beta", beta)).await.ok();
    }
}

#[tokio::test]
async fn the_two_ways_to_give_a_key_open_the_same_objects() {
    let local = Local::start().await;
    let made = local
        .post("/v1/agents", json!({"name": "a", "model": "m"}))
        .await
        .ok();
    let seen = send(
        local
            .bare(
                Method::GET,
                &format!("/v1/agents/{}", made["id"].as_str().unwrap()),
            )
            .header("authorization", "Bearer one")
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", AGENTS),
    )
    .await;
    assert_eq!(seen.ok(), made);
}

#[tokio::test]
async fn only_listed_keys_are_let_in() {
    let local = Local::with(Settings {
        keys: Keys::read("one\n"),
        ..settings()
    })
    .await;
    local.get("/v1/agents").await.ok();
    let other = local.request_of("two", Method::GET, "/v1/agents");
    assert_eq!(
        send(other).await.refusal(),
        (401, "authentication_error".to_owned())
    );
}

#[tokio::test]
async fn what_does_not_exist_and_what_cannot_be_read_has_the_envelope() {
    let local = Local::start().await;
    let request = |method, path: &str| local.request_of("one", method, path);
    for (request, status, kind, words) in [
        (
            request(Method::GET, "/v2/agents"),
            404,
            "not_found_error",
            "`/v2/agents` does not exist",
        ),
        (
            request(Method::GET, "/v1/environments/e/work"),
            404,
            "not_found_error",
            "does not exist",
        ),
        (
            request(Method::GET, "/v1/agents/agent_0"),
            404,
            "not_found_error",
            "agent `agent_0` not found",
        ),
        (
            request(Method::GET, "/v1/agents/%ff"),
            400,
            "invalid_request_error",
            "bad request",
        ),
        (
            request(Method::PUT, "/v1/agents"),
            405,
            "invalid_request_error",
            "does not take `PUT`",
        ),
        (
            request(Method::POST, "/v1/agents").body("{"),
            400,
            "invalid_request_error",
            "the body is not JSON",
        ),
        (
            request(Method::POST, "/v1/agents").body("[]"),
            400,
            "invalid_request_error",
            "not a JSON object",
        ),
        (
            json_body(
                request(Method::POST, "/v1/agents"),
                &json!({"name": 5, "model": "m"}),
            ),
            400,
            "invalid_request_error",
            "name: invalid type: integer `5`, expected a string",
        ),
        (
            request(Method::GET, "/v1/agents?limit=101"),
            400,
            "invalid_request_error",
            "limit: `101`",
        ),
        (
            request(Method::GET, "/v1/agents?page=x"),
            400,
            "invalid_request_error",
            "page: not a cursor",
        ),
    ] {
        let (found_status, found_kind, message) = send(request).await.error();
        assert_eq!(
            (found_status, found_kind.as_str()),
            (status, kind),
            "{message}"
        );
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn a_body_of_more_than_32_megabytes_is_too_large() {
    let local = Local::start().await;
    let body = "x".repeat(32 * 1024 * 1024 + 1);
    let got = send(
        local
            .request_of("one", Method::POST, "/v1/agents")
            .body(body),
    )
    .await;
    assert_eq!(got.refusal(), (413, "request_too_large".to_owned()));
}

#[tokio::test]
async fn a_key_over_its_limit_is_told_when_to_come_back() {
    let local = Local::with(Settings {
        rate_limits: Some(limits(2, 1)),
        ..settings()
    })
    .await;
    let body = json!({"name": "a", "model": "m"});
    for _ in 0..2 {
        local.post("/v1/agents", body.clone()).await.ok();
    }
    let got = local.post("/v1/agents", body.clone()).await;
    let seconds: u64 = got.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert_eq!(got.refusal(), (429, "rate_limit_error".to_owned()));

    // Reads, and other keys, have limits of their own.
    local.get("/v1/agents").await.ok();
    assert_eq!(local.get("/v1/agents").await.status, 429);
    let other = local.request_of("two", Method::POST, "/v1/agents");
    send(json_body(other, &body)).await.ok();
}

#[tokio::test]
async fn faults_happen_on_demand_and_the_same_under_a_seed() {
    let mut courses = Vec::new();
    for _ in 0..2 {
        let local = Local::with(Settings {
            faults: Faults {
                seed: Seed(5),
                rate_limited: 0.3,
                overloaded: 0.3,
                ..Faults::default()
            },
            ..settings()
        })
        .await;
        let mut course = Vec::new();
        for _ in 0..60 {
            let got = local.get("/v1/agents").await;
            assert_eq!(got.headers.contains_key("retry-after"), got.status == 429);
            if got.status == 529 {
                assert_eq!(got.body["error"]["type"], "overloaded_error");
            }
            course.push(got.status.as_u16());
        }
        courses.push(course);
    }
    assert_eq!(courses[0], courses[1]);
    let mut counts = BTreeMap::new();
    for status in &courses[0] {
        *counts.entry(*status).or_insert(0) += 1;
    }
    assert_eq!(
        counts.keys().copied().collect::<Vec<u16>>(),
        [200, 429, 529]
    );
    assert!(counts.values().all(|count| *count >= 5), "{counts:?}");
}

#[tokio::test]
async fn a_refusal_on_demand_is_held_back_as_every_answer_is() {
    let faults = Faults {
        seed: Seed(5),
        delay: Milliseconds(400),
        overloaded: 1.0,
        ..Faults::default()
    };
    let wanted = faults.delay_of(0);
    assert!(wanted.as_millis() > 20, "{wanted:?}");
    let local = Local::with(Settings {
        faults,
        ..settings()
    })
    .await;
    let asked = Instant::now();
    assert_eq!(local.get("/v1/agents").await.status, 529);
    assert!(asked.elapsed() >= wanted);
}
