//! Memory stores of the service: filled, read back, and written by somebody else at the same time.

use std::sync::Arc;

use dreamtrial::{
    experiment::{ModelSettings, live::Provider},
    memory::{MAX_ENTRIES, Store},
    model::live,
    platform::{Account, Client, Mark},
    quantity::SystemClock,
};
use serde_json::json;

use super::{KEY, ask, settings};
use crate::support::managed_server::ManagedServer;

const TRIAL: &str = "legal/terms/dreamed/1";

fn account(server: &ManagedServer) -> Account {
    let settings = ModelSettings::new(Provider::Anthropic, "claude-sonnet-5-5".to_owned());
    let service = live::service(
        &settings,
        &format!("http://{}", server.address),
        Some(KEY.to_owned().into()),
        Arc::new(SystemClock),
    )
    .unwrap();
    let account = Account::new(Client::new(Arc::new(service), "test"), "nonce".to_owned());
    account.begin(Mark::of("a run"), false);
    account
}

fn store(entries: impl IntoIterator<Item = (String, String)>) -> Store {
    let mut store = Store::default();
    for (path, text) in entries {
        store.write(&path, text).unwrap();
    }
    store
}

#[tokio::test]
async fn a_store_is_made_to_hold_exactly_what_is_wanted() {
    let server = ManagedServer::start(settings());
    let account = account(&server);
    let of = |pairs: &[(&str, &str)]| {
        store(
            pairs
                .iter()
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned())),
        )
    };
    for wanted in [
        of(&[]),
        of(&[("a.md", "one"), ("b/c d.md", "two\n"), ("é.md", "")]),
        of(&[("b/c d.md", "three"), ("é.md", ""), ("f.md", "four")]),
        of(&[]),
    ] {
        let held = account.store(TRIAL, &wanted).await.unwrap();
        assert_eq!(held.content, wanted);
        let there = super::list(
            server.address,
            &format!("/v1/memory_stores/{}/memories", held.id),
        );
        let paths: Vec<&str> = there
            .iter()
            .map(|memory| memory["path"].as_str().unwrap().trim_start_matches('/'))
            .collect();
        let expected: Vec<&str> = wanted.entries().map(|(path, _)| path).collect();
        assert_eq!(paths, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_wrote_meanwhile_is_seen_and_not_lost_unseen() {
    let server = ManagedServer::start(settings());
    let account = account(&server);
    let first = store([("a.md".to_owned(), "one".to_owned())]);
    let held = account.store(TRIAL, &first).await.unwrap();
    let memories = format!("/v1/memory_stores/{}/memories", held.id);
    let address = server.address;
    let there = super::list(address, &memories);
    let other = format!("{memories}/{}", there[0]["id"].as_str().unwrap());
    assert_eq!(
        ask(
            address,
            "POST",
            &other,
            &json!({"content": "other"}).to_string()
        )
        .0,
        200
    );
    let new = json!({"path": "/b.md", "content": "new"}).to_string();
    assert_eq!(ask(address, "POST", &memories, &new).0, 200);

    // Two conflicts: the content is not the expected one, and a path is taken. Both are looked at again.
    let second = store([
        ("a.md".to_owned(), "two".to_owned()),
        ("b.md".to_owned(), "ours".to_owned()),
    ]);
    let held = account.store(TRIAL, &second).await.unwrap();
    assert_eq!(held.content, second);
    assert_eq!(account.changes(TRIAL).await.unwrap().written, []);

    // What is written later is a change.
    assert_eq!(
        ask(
            address,
            "POST",
            &other,
            &json!({"content": "later"}).to_string()
        )
        .0,
        200
    );
    let changes = account.changes(TRIAL).await.unwrap();
    assert_eq!(changes.written, [("a.md".to_owned(), "later".to_owned())]);
    assert_eq!(ask(address, "DELETE", &other, "").0, 200);
    assert_eq!(account.changes(TRIAL).await.unwrap().removed, ["a.md"]);
}

#[tokio::test]
async fn a_dreamed_store_with_as_many_memories_as_there_may_be_is_read_back_whole() {
    let server = ManagedServer::start(settings());
    let account = account(&server);
    let before = store([("old.md".to_owned(), "old".to_owned())]);
    let old = account.store(TRIAL, &before).await.unwrap();
    let (status, made) = ask(
        server.address,
        "POST",
        "/v1/memory_stores",
        &json!({"name": "dreamt"}).to_string(),
    );
    assert_eq!(status, 200);
    let id = made["id"].as_str().unwrap();
    let dreamt = store((0..MAX_ENTRIES).map(|number| {
        (
            format!("folder {}/{number}.md", number % 7),
            format!("- statement {number}\n"),
        )
    }));
    // By another account object, as the service itself would.
    let service = self::account(&server);
    let path = format!("/v1/memory_stores/{id}/memories");
    for (name, entry) in dreamt.entries() {
        let body = json!({"path": format!("/{name}"), "content": entry.content()});
        service
            .client
            .post::<serde_json::Value>(dreamtrial::platform::Family::Memory, &path, &body)
            .await
            .unwrap();
    }
    let content = account.replace_store(TRIAL, id).await.unwrap();
    assert_eq!(content, dreamt);
    let stores = super::list(server.address, "/v1/memory_stores");
    assert_eq!(stores.len(), 1, "the old store is gone: {}", old.id);
    assert_eq!(stores[0]["metadata"]["trial"], TRIAL);
    assert_eq!(account.store(TRIAL, &dreamt).await.unwrap().id, id);
}
