//! Who may order a dream, on what, and how dreams are found again.

use dreamtrial::serve::{Faults, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    super::{Local, json_body, send, settings},
    Material, ended, path, post,
};

#[tokio::test]
async fn an_order_is_checked_before_a_dream_begins() {
    let local = Local::start().await;
    let material = Material::new(&local, "one", 0).await;
    let archived = Material::new(&local, "one", 0).await;
    let store = format!("/v1/memory_stores/{}/archive", archived.store);
    local.post(&store, json!({})).await.ok();
    let with = |name: &str, value: Value| {
        let mut order = material.order();
        order[name] = value;
        order
    };
    let store = |id: &str| json!({"type": "memory_store", "memory_store_id": id});
    let sessions = |ids: &[&str]| json!({"type": "sessions", "session_ids": ids});
    let (own_store, own_sessions) = (store(&material.store), sessions(&[&material.session]));
    for (order, status, words) in [
        (json!({"model": "m"}), 400, "missing field `inputs`"),
        (
            with("inputs", json!([own_store, own_store, own_sessions])),
            400,
            "inputs: exactly one entry of type `memory_store`",
        ),
        (
            with(
                "inputs",
                json!([own_store, sessions(&["sesn_1", "sesn_1"])]),
            ),
            400,
            "inputs: session `sesn_1` is given twice",
        ),
        (archived.order(), 400, "is archived"),
        (
            with("inputs", json!([store("memstore_0"), own_sessions])),
            404,
            "memory store `memstore_0` not found",
        ),
        (
            with("inputs", json!([own_store, sessions(&["sesn_0"])])),
            404,
            "session `sesn_0` not found",
        ),
        (with("model", Value::Null), 400, "model"),
        (
            with("model", json!({"id": "m", "speed": "fast"})),
            400,
            "model.speed",
        ),
        (with("instructions", json!("")), 400, "instructions"),
        (
            with(
                "output_behavior",
                json!({"type": "update_existing", "memory_store_id": "m"}),
            ),
            400,
            "output_behavior",
        ),
        (with("title", json!("t")), 400, "unknown field `title`"),
    ] {
        let (found, _, message) = local.post("/v1/dreams", order).await.error();
        assert_eq!(found, status, "{message}");
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(local.get("/v1/dreams").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn another_key_neither_sees_a_dream_nor_dreams_on_what_is_not_its_own() {
    let local = Local::start().await;
    let material = Material::new(&local, "one", 1).await;
    let made = local.post("/v1/dreams", material.order()).await.ok();
    let done = ended(&local, &made).await;
    let as_two = async |method, path: &str, body: &Value| {
        send(json_body(local.request_of("two", method, path), body)).await
    };
    for (method, path) in [
        (Method::GET, path(&made)),
        (Method::POST, format!("{}/cancel", path(&made))),
        (Method::POST, format!("{}/archive", path(&made))),
    ] {
        let got = as_two(method, &path, &json!({})).await;
        assert_eq!(got.refusal(), (404, "not_found_error".to_owned()), "{path}");
    }
    let listed = as_two(Method::GET, "/v1/dreams?include_archived=true", &json!({})).await;
    assert_eq!(listed.ok()["data"], json!([]));

    let own = Material::new(&local, "two", 1).await;
    for (store, session) in [
        (&material.store, &own.session),
        (&own.store, &material.session),
        (&material.store, &material.session),
    ] {
        let mixed = Material {
            store: store.clone(),
            session: session.clone(),
        };
        for order in [mixed.order(), mixed.order_in_place()] {
            let got = as_two(Method::POST, "/v1/dreams", &order).await;
            assert_eq!(got.refusal(), (404, "not_found_error".to_owned()));
        }
    }
    assert_eq!(local.get(&path(&made)).await.ok(), done);
}

#[tokio::test]
async fn sessions_are_read_back_in_order() {
    let local = Local::start().await;
    let material = Material::new(&local, "one", 0).await;
    let mut sessions = vec![material.session.clone()];
    for _ in 0..9 {
        sessions.push(Material::new(&local, "one", 0).await.session);
    }
    sessions.sort_unstable();
    let mut order = material.order();
    order["inputs"][1]["session_ids"] = sessions.iter().rev().cloned().collect();
    let made = local.post("/v1/dreams", order).await.ok();
    assert_eq!(made["inputs"][1]["session_ids"], json!(sessions));
    assert_eq!(ended(&local, &made).await["inputs"], made["inputs"]);
}

#[tokio::test]
async fn dreams_are_listed_newest_first_by_status_and_time() {
    let faults = Faults {
        endless_dreams: 1.0,
        ..Faults::default()
    };
    let local = Local::with(Settings {
        faults,
        ..settings()
    })
    .await;
    let material = Material::new(&local, "one", 0).await;
    let mut ids: Vec<Value> = Vec::new();
    for _ in 0..5 {
        let made = post(&local, "one", "/v1/dreams", material.order()).await;
        ids.insert(0, made["id"].clone());
    }
    for id in &ids[..3] {
        let dream = format!("/v1/dreams/{}", id.as_str().unwrap());
        local.post(&format!("{dream}/cancel"), json!({})).await.ok();
    }
    let archived = format!("/v1/dreams/{}/archive", ids[0].as_str().unwrap());
    local.post(&archived, json!({})).await.ok();

    let others = "statuses[]=pending&statuses%5B%5D=running&statuses[]=completed";
    for (query, wanted) in [
        ("include_archived=false", &ids[1..]),
        ("include_archived=true", &ids[..]),
        ("statuses[]=canceled", &ids[1..3]),
        ("statuses[]=canceled&include_archived=true", &ids[..3]),
        (others, &ids[3..]),
        ("statuses[]=failed", &[]),
        ("created_at[gt]=2026-11-20T08:59:59Z", &ids[1..]),
        ("created_at%5Bgt%5D=2026-11-20T09:00:00Z", &[]),
        ("created_at[lt]=2026-11-20T09:00:00Z", &[]),
        ("created_at[lt]=2026-11-20T09:00:00.000001Z", &ids[1..]),
    ] {
        for limit in [1, 2, 100] {
            let pages = local.pages(&format!("/v1/dreams?{query}"), limit).await;
            assert!(pages.iter().all(|page| page.len() <= limit));
            let found: Vec<Value> = pages
                .iter()
                .flatten()
                .map(|dream| dream["id"].clone())
                .collect();
            assert_eq!(found, wanted, "{query}");
        }
    }
    for query in [
        "statuses[]=done",
        "limit=0",
        "limit=101",
        "created_at[gt]=today",
        "page=x",
    ] {
        let got = local.get(&format!("/v1/dreams?{query}")).await;
        assert_eq!(got.refusal().0, 400, "{query}");
    }
    local.stop().await;
}
