//! The ways in which a dream ends early, and what it leaves.

use std::time::Duration;

use dreamtrial::serve::{Faults, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    super::{Local, NOW, json_body, send, settings},
    Material, changed, contents, ended, path, until,
};

/// A server whose dreams take an hour.
async fn slow() -> Local {
    Local::with(Settings {
        dream_duration: Duration::from_hours(1),
        ..settings()
    })
    .await
}

/// A server whose dreams run until they are canceled, or fail.
async fn faulty(failing_dreams: f64, endless_dreams: f64) -> Local {
    let faults = Faults {
        failing_dreams,
        endless_dreams,
        ..Faults::default()
    };
    Local::with(Settings {
        faults,
        ..settings()
    })
    .await
}

/// What became of the session of a dream.
async fn session_of(local: &Local, dream: &Value) -> Value {
    let session = dream["session_id"].as_str().unwrap();
    let shown = local.get(&format!("/v1/sessions/{session}")).await.ok();
    shown["archived_at"].clone()
}

#[tokio::test]
async fn a_canceled_dream_leaves_what_it_had_written() {
    let local = slow().await;
    let material = Material::new(&local, "one", 200).await;
    let input = contents(&local, &material.store).await;
    let made = local.post("/v1/dreams", material.order()).await.ok();
    let output = changed(&local, &made, &input).await;
    let running = local.get(&path(&made)).await.ok();
    assert_eq!(running["status"], "running");
    assert_eq!(session_of(&local, &running).await, Value::Null);
    let archive = format!("{}/archive", path(&made));
    let refused = local.post(&archive, json!({})).await.error();
    assert_eq!(refused.0, 400, "{}", refused.2);

    let cancel = format!("{}/cancel", path(&made));
    let canceled = local.post(&cancel, json!({})).await.ok();
    assert_eq!(
        (
            &canceled["status"],
            &canceled["ended_at"],
            &canceled["error"]
        ),
        (&json!("canceled"), &json!(NOW), &Value::Null)
    );
    assert_eq!(session_of(&local, &canceled).await, NOW);
    // Some memories are gone from the copy, and most are still there.
    let partial = contents(&local, &output).await;
    let left = input
        .keys()
        .filter(|path| partial.contains_key(*path))
        .count();
    assert!((1..200).contains(&left), "{left}");
    assert_eq!(contents(&local, &material.store).await, input);

    // Again is the same; archived is canceled still.
    assert_eq!(local.post(&cancel, json!({})).await.ok(), canceled);
    let archived = local.post(&archive, json!({})).await.ok();
    assert_eq!(
        (&archived["archived_at"], &archived["status"]),
        (&json!(NOW), &json!("canceled"))
    );
    assert_eq!(local.post(&archive, json!({})).await.ok(), archived);
    assert_eq!(local.get(&path(&made)).await.ok(), archived);
    assert_eq!(contents(&local, &output).await, partial);
    // Nothing waits for a dream that has ended.
    local.stop().await;
}

#[tokio::test]
async fn the_session_of_a_dream_that_runs_is_left_alone() {
    let local = faulty(0.0, 1.0).await;
    let material = Material::new(&local, "one", 1).await;
    let made = local.post("/v1/dreams", material.order()).await.ok();
    let running = until(&local, &made, |dream| dream["outputs"] != json!([])).await;
    let id = running["session_id"].as_str().unwrap();
    let session = format!("/v1/sessions/{id}");
    let before = local.get(&session).await.ok();
    let events = json!({"events": [{"type": "user.interrupt"}]});
    for got in [
        local.delete(&session).await,
        local.post(&format!("{session}/archive"), json!({})).await,
        local.post(&format!("{session}/events"), events).await,
        local.post(&session, json!({"title": "mine"})).await,
    ] {
        let (status, _, message) = got.error();
        assert_eq!(status, 400);
        assert_eq!(
            message,
            format!("session `{id}` is a dream's and takes no events; cancel the dream to end it")
        );
    }
    assert_eq!(before["status"], "running");
    assert_eq!(local.get(&session).await.ok(), before);
    local
        .post(&format!("{}/cancel", path(&made)), json!({}))
        .await
        .ok();
    assert_eq!(local.delete(&session).await.ok()["id"], id);
}

#[tokio::test]
async fn what_has_ended_is_not_canceled() {
    for (local, status) in [
        (Local::start().await, "completed"),
        (faulty(1.0, 0.0).await, "failed"),
    ] {
        let material = Material::new(&local, "one", 1).await;
        let made = local.post("/v1/dreams", material.order()).await.ok();
        assert_eq!(ended(&local, &made).await["status"], status);
        let (code, kind, message) = local
            .post(&format!("{}/cancel", path(&made)), json!({}))
            .await
            .error();
        assert_eq!((code, kind.as_str()), (400, "invalid_request_error"));
        assert!(message.contains(&format!("is {status}")), "{message}");
        local
            .post(&format!("{}/archive", path(&made)), json!({}))
            .await
            .ok();
    }
}

#[tokio::test]
async fn a_dream_fails_on_demand_behind_its_copy() {
    let local = faulty(1.0, 1.0).await;
    let material = Material::new(&local, "one", 1).await;
    let made = local.post("/v1/dreams", material.order()).await.ok();
    let failed = ended(&local, &made).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["error"],
        json!({"type": "internal_error", "message": "a fault on demand"})
    );
    assert_eq!(failed["outputs"].as_array().unwrap().len(), 1);
    assert_eq!(session_of(&local, &failed).await, NOW);
}

#[tokio::test]
async fn a_dream_fails_when_its_input_goes_away() {
    let local = faulty(0.0, 1.0).await;
    for (what, verb, kind) in [
        ("store", "archive", "input_memory_store_unavailable"),
        ("store", "delete", "input_memory_store_unavailable"),
        ("session", "delete", "input_session_unavailable"),
    ] {
        for update in [false, true] {
            let material = Material::new(&local, "one", 1).await;
            let order = if update {
                material.order_in_place()
            } else {
                material.order()
            };
            let made = local.post("/v1/dreams", order).await.ok();
            until(&local, &made, |dream| dream["outputs"] != json!([])).await;
            let input = if what == "store" {
                format!("/v1/memory_stores/{}", material.store)
            } else {
                format!("/v1/sessions/{}", material.session)
            };
            if verb == "archive" {
                local
                    .post(&format!("{input}/archive"), json!({}))
                    .await
                    .ok();
            } else {
                local.delete(&input).await.ok();
            }
            // At once, not when the dream comes to look.
            let failed = local.get(&path(&made)).await.ok();
            assert_eq!(
                (
                    &failed["status"],
                    &failed["error"]["type"],
                    &failed["ended_at"]
                ),
                (&json!("failed"), &json!(kind), &json!(NOW)),
                "{what} {verb}"
            );
            assert_eq!(session_of(&local, &failed).await, NOW);
        }
    }
    local.stop().await;
}

#[tokio::test]
async fn an_archived_session_can_be_dreamt_on() {
    let local = Local::start().await;
    let material = Material::new(&local, "one", 1).await;
    let session = format!("/v1/sessions/{}/archive", material.session);
    local.post(&session, json!({})).await.ok();
    let made = local.post("/v1/dreams", material.order()).await.ok();
    assert_eq!(ended(&local, &made).await["status"], "completed");
}

#[tokio::test]
async fn one_dream_at_a_time_writes_into_a_store() {
    let local = faulty(0.0, 1.0).await;
    let material = Material::new(&local, "one", 1).await;
    let first = local
        .post("/v1/dreams", material.order_in_place())
        .await
        .ok();
    let second = local.post("/v1/dreams", material.order_in_place()).await;
    assert_eq!(second.headers["x-should-retry"], "false");
    assert_eq!(second.refusal(), (409, "conflict_error".to_owned()));
    // One that only reads it stands in nobody's way, nor does one of another key.
    local.post("/v1/dreams", material.order()).await.ok();
    let other = Material::new(&local, "two", 1).await;
    let request = local.request_of("two", Method::POST, "/v1/dreams");
    send(json_body(request, &other.order_in_place())).await.ok();

    local
        .post(&format!("{}/cancel", path(&first)), json!({}))
        .await
        .ok();
    let third = local
        .post("/v1/dreams", material.order_in_place())
        .await
        .ok();
    let running = until(&local, &third, |dream| dream["outputs"] != json!([])).await;
    assert_eq!(running["outputs"][0]["memory_store_id"], material.store);
}
