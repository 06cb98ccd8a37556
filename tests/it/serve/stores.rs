//! Memory stores as a whole.

use dreamtrial::serve::{Location, Settings};
use serde_json::json;

use super::{Local, NOW, settings};

#[tokio::test]
async fn a_store_is_changed_archived_and_deleted() {
    let local = Local::start().await;
    let path = local.store("Demo Memory").await;
    let made = local.get(&path).await.ok();
    assert_eq!(
        made,
        json!({
            "type": "memory_store", "id": path.rsplit('/').next(), "name": "Demo Memory",
            "description": "", "metadata": {}, "created_at": NOW, "updated_at": NOW,
            "archived_at": null
        })
    );
    let details = json!({"description": "d", "metadata": {"a": "1", "b": "2"}});
    local.post(&path, details).await.ok();
    let changed = local
        .post(&path, json!({"metadata": {"a": null}}))
        .await
        .ok();
    assert_eq!(
        (
            &changed["name"],
            &changed["description"],
            &changed["metadata"]
        ),
        (&json!("Demo Memory"), &json!("d"), &json!({"b": "2"}))
    );
    for body in [
        json!({"name": ""}),
        json!({"name": null}),
        json!({"name": "a\u{1b}[2J"}),
        json!({"nam": "x"}),
    ] {
        assert_eq!(local.post(&path, body).await.status, 400);
    }

    let memories = format!("{path}/memories");
    let memory = local
        .post(&memories, json!({"path": "/a", "content": "x"}))
        .await
        .ok();
    let entry = format!("{memories}/{}", memory["id"].as_str().unwrap());
    let archived = local.post(&format!("{path}/archive"), json!({})).await.ok();
    assert_eq!(archived["archived_at"], NOW);
    for (path, body) in [
        (&path, json!({"description": "e"})),
        (&memories, json!({"path": "/b", "content": ""})),
        (&entry, json!({"content": "y"})),
    ] {
        let (status, _, message) = local.post(path, body).await.error();
        assert_eq!(status, 400);
        assert!(message.contains("is archived"), "{message}");
    }
    assert_eq!(local.get(&entry).await.ok()["content"], "x");
    local.delete(&entry).await.ok();
    let gone = local.delete(&path).await.ok();
    assert_eq!(gone["type"], "memory_store_deleted");
    assert_eq!(
        local.get(&format!("{path}/memory_versions")).await.status,
        404
    );
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = Location::File(folder.path().join("objects.db"));
    let with = || Settings {
        database: file.clone(),
        ..settings()
    };
    let local = Local::with(with()).await;
    let store = local.store("notes").await;
    let body = json!({"path": "/a", "content": "kept"});
    let made = local
        .post(&format!("{store}/memories?view=full"), body)
        .await
        .ok();
    let agent = local
        .post("/v1/agents", json!({"name": "a", "model": "m"}))
        .await
        .ok();
    local.stop().await;

    let local = Local::with(with()).await;
    let entry = format!("{store}/memories/{}", made["id"].as_str().unwrap());
    assert_eq!(local.get(&entry).await.ok(), made);
    assert_eq!(local.get("/v1/agents").await.ok()["data"], json!([agent]));
}
