//! Dreams, from their order to their end.

mod ends;
mod orders;
mod restarts;

use std::collections::BTreeMap;

use dreamtrial::{
    experiment::{Policy, Stages},
    managed::guidance,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Local, NOW, json_body, send};

/// A store with memories, and a session.
struct Material {
    store: String,
    session: String,
}

impl Material {
    /// A store with so many memories, and a session that nobody has told anything.
    async fn new(local: &Local, key: &str, memories: usize) -> Self {
        let make = async |path: &str, body: Value| {
            let made = post(local, key, path, body).await;
            made["id"].as_str().unwrap().to_owned()
        };
        let store = make("/v1/memory_stores", json!({"name": "Notes"})).await;
        for number in 0..memories {
            let path = format!("/v1/memory_stores/{store}/memories");
            let content = format!("- Number {number} is written as {}.\n", number * 7);
            make(
                &path,
                json!({"path": format!("/n/{number:04}.md"), "content": content}),
            )
            .await;
        }
        let agent = make("/v1/agents", json!({"name": "a", "model": "m"})).await;
        let environment = make("/v1/environments", json!({"name": "e"})).await;
        let body = json!({"agent": agent, "environment_id": environment});
        let session = make("/v1/sessions", body).await;
        Self { store, session }
    }

    /// The order of a dream on it, by a policy that leaves no statement out.
    fn order(&self) -> Value {
        json!({
            "inputs": [
                {"type": "memory_store", "memory_store_id": self.store},
                {"type": "sessions", "session_ids": [self.session]}
            ],
            "model": "claude-opus-5",
            "instructions": gather()
        })
    }

    /// The order of a dream that writes into its input.
    fn order_in_place(&self) -> Value {
        let mut order = self.order();
        order["output_behavior"] =
            json!({"type": "update_existing", "memory_store_id": self.store});
        order
    }
}

/// Instructions to gather what is there, and to drop and merge nothing.
fn gather() -> String {
    let policy = Policy {
        stages: Stages {
            merge: false,
            prune: false,
            ..Policy::default().stages
        },
        ..Policy::default()
    };
    guidance::write(&policy).unwrap()
}

async fn post(local: &Local, key: &str, path: &str, body: Value) -> Value {
    send(json_body(local.request_of(key, Method::POST, path), &body))
        .await
        .ok()
}

/// The path of a dream.
fn path(dream: &Value) -> String {
    format!("/v1/dreams/{}", dream["id"].as_str().unwrap())
}

/// A dream once it is as wanted.
async fn until(local: &Local, dream: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let dream = local.get(&path(dream)).await.ok();
        if wanted(&dream) {
            return dream;
        }
        tokio::task::yield_now().await;
    }
}

/// A dream once it has ended.
async fn ended(local: &Local, dream: &Value) -> Value {
    until(local, dream, |dream| !dream["ended_at"].is_null()).await
}

/// Paths and contents of a store.
async fn contents(local: &Local, store: &str) -> BTreeMap<String, String> {
    let memories = format!("/v1/memory_stores/{store}/memories?view=full");
    let text = |memory: &Value, name: &str| memory[name].as_str().unwrap().to_owned();
    let pages = local.pages(&memories, 20).await;
    pages
        .iter()
        .flatten()
        .map(|memory| (text(memory, "path"), text(memory, "content")))
        .collect()
}

/// The store that a dream writes into, once it has been changed in part: as it is then.
async fn changed(local: &Local, dream: &Value, input: &BTreeMap<String, String>) -> String {
    let begun = until(local, dream, |dream| dream["outputs"] != json!([])).await;
    let output = begun["outputs"][0]["memory_store_id"].as_str().unwrap();
    while contents(local, output).await == *input {}
    output.to_owned()
}

#[tokio::test]
async fn a_dream_reads_a_store_and_sessions_and_writes_another_store() {
    let local = Local::start().await;
    let material = Material::new(&local, "one", 3).await;
    let input = contents(&local, &material.store).await;
    let order = material.order();
    let made = local.post("/v1/dreams", order.clone()).await.ok();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("drm_"), "{id}");
    let usage = json!({
        "input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0
    });
    let pending = json!({
        "type": "dream", "id": id, "status": "pending", "inputs": order["inputs"], "outputs": [],
        "output_behavior": {"type": "create_new"},
        "model": {"id": "claude-opus-5", "speed": "standard"}, "instructions": gather(),
        "session_id": null, "usage": usage, "error": null,
        "created_at": NOW, "ended_at": null, "archived_at": null
    });
    assert_eq!(made, pending);

    let done = ended(&local, &made).await;
    let output = done["outputs"][0]["memory_store_id"].as_str().unwrap();
    let mut completed = pending;
    completed["status"] = json!("completed");
    completed["outputs"] = json!([{"type": "memory_store", "memory_store_id": output}]);
    completed["session_id"] = done["session_id"].clone();
    completed["ended_at"] = json!(NOW);
    completed["usage"] = done["usage"].clone();
    assert_eq!(done, completed);
    assert!(done["usage"]["input_tokens"].as_u64().unwrap() > 800);
    assert!(done["usage"]["output_tokens"].as_u64().unwrap() > 0);

    // The same statements in another order of files; the input is as it was.
    let written = contents(&local, output).await;
    let all: String = written.values().cloned().collect();
    assert!(all.contains("Number 2 is written as 14."), "{all}");
    assert_ne!(written, input);
    assert_eq!(contents(&local, &material.store).await, input);
    let store = local.get(&format!("/v1/memory_stores/{output}")).await.ok();
    assert_eq!(store["name"], "Notes");

    // All of it was written by the dream's session, which can be looked at and is over.
    let session = done["session_id"].as_str().unwrap();
    let versions = format!("/v1/memory_stores/{output}/memory_versions?session_id={session}");
    let by_session: usize = local.pages(&versions, 20).await.iter().map(Vec::len).sum();
    let all = format!("/v1/memory_stores/{output}/memory_versions");
    let in_all: usize = local.pages(&all, 20).await.iter().map(Vec::len).sum();
    assert_eq!(by_session, in_all);
    let shown = local.get(&format!("/v1/sessions/{session}")).await.ok();
    assert_eq!(
        (&shown["status"], &shown["archived_at"]),
        (&json!("terminated"), &json!(NOW))
    );
    let events = local
        .get(&format!("/v1/sessions/{session}/events"))
        .await
        .ok();
    assert!(
        events.to_string().contains("The dream is complete."),
        "{events}"
    );
}

#[tokio::test]
async fn a_full_store_is_dreamt_on_into_a_copy_and_into_itself() {
    let local = Local::start().await;
    let material = Material::new(&local, "one", 2_000).await;
    let input = contents(&local, &material.store).await;
    assert_eq!(input.len(), 2_000);
    let mut outputs = Vec::new();
    for order in [material.order(), material.order_in_place()] {
        let made = local.post("/v1/dreams", order).await.ok();
        let done = ended(&local, &made).await;
        assert_eq!(
            (&done["status"], &done["error"]),
            (&json!("completed"), &Value::Null)
        );
        let output = done["outputs"][0]["memory_store_id"].as_str().unwrap();
        outputs.push(contents(&local, output).await);
    }
    let all: String = outputs[0].values().cloned().collect();
    for number in [0, 999, 1_999] {
        assert!(all.contains(&format!("Number {number} is written as {}.", number * 7)));
    }
    assert!(outputs[0].len() < 100, "{}", outputs[0].len());
    // The second dream read what the first one had read.
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(contents(&local, &material.store).await, outputs[1]);
}
