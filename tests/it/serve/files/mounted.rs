//! Files as sessions have them.

use serde_json::{Value, json};

use super::{Local, NOW};
use crate::serve::talk::{TASK, message};

const UPLOADS: &str = "/mnt/session/uploads";

#[tokio::test]
async fn files_and_stores_are_listed_in_the_order_in_which_they_were_given() {
    let local = Local::start().await;
    let file = local.upload("letter.md", b"Dear").await;
    let store = local.store("Notes").await;
    let store = store.rsplit('/').next().unwrap();
    let path = local
        .session(json!({"resources": [
            {"type": "file", "file_id": file},
            {"type": "memory_store", "memory_store_id": store},
            {"type": "file", "file_id": file, "mount_path": "/a/letter.md"},
        ]}))
        .await;
    let resources = local.get(&path).await.ok()["resources"].clone();
    let first = resources[0]["id"].as_str().unwrap();
    assert!(first.starts_with("sesrsc_"), "{first}");
    assert_eq!(
        resources[0],
        json!({
            "type": "file", "id": first, "file_id": file,
            "mount_path": format!("{UPLOADS}/{file}"), "created_at": NOW, "updated_at": NOW
        })
    );
    assert_eq!(resources[1]["memory_store_id"], store);
    assert_eq!(resources[2]["mount_path"], format!("{UPLOADS}/a/letter.md"));

    let list = format!("{path}/resources");
    let added = json!({"type": "file", "file_id": file, "mount_path": format!("{UPLOADS}/b.md")});
    let added = local.post(&list, added).await.ok();
    let mut wanted = resources.as_array().unwrap().clone();
    wanted.push(added.clone());
    for limit in [1, 3, 1_000] {
        assert_eq!(local.pages(&list, limit).await.concat(), wanted, "{limit}");
    }
    let resource = format!("{list}/{first}");
    assert_eq!(local.get(&resource).await.ok(), wanted[0]);
    let token = json!({"authorization_token": "t"});
    assert_eq!(local.post(&resource, token).await.refusal().0, 400);

    // A page that was begun goes on where it was, whatever is taken away meanwhile.
    let page = local.get(&format!("{list}?limit=2")).await.ok();
    assert_eq!(
        local.delete(&resource).await.ok(),
        json!({"id": first, "type": "session_resource_deleted"})
    );
    let cursor = page["next_page"].as_str().unwrap();
    let rest = local.get(&format!("{list}?page={cursor}")).await.ok();
    assert_eq!(rest["data"], json!(wanted[2..]));
    let gone = (404, "not_found_error".to_owned());
    assert_eq!(local.get(&resource).await.refusal(), gone);
    assert_eq!(local.delete(&resource).await.refusal(), gone);

    // The session keeps what it has when the file is deleted; nothing new is made of it.
    local.delete(&format!("/v1/files/{file}")).await.ok();
    assert_eq!(local.get(&path).await.ok()["resources"], json!(wanted[1..]));
    let again = json!({"type": "file", "file_id": file, "mount_path": "/c"});
    assert_eq!(local.post(&list, again).await.refusal(), gone);
    local.delete(&path).await.ok();
}

#[tokio::test]
async fn what_cannot_be_mounted_is_refused_and_leaves_nothing() {
    let local = Local::start().await;
    let file = local.upload("letter.md", b"Dear").await;
    let path = local.session(json!({})).await;
    let list = format!("{path}/resources");
    let at = |path: &str| json!({"type": "file", "file_id": file, "mount_path": path});
    local.post(&list, at("/a/b")).await.ok();
    for (body, why) in [
        (at("a"), "mount_path: `a` does not begin with `/`"),
        (at("/../a"), "mount_path: `/../a` has a segment"),
        (at("/a/b"), "mount_path: `/mnt/session/uploads/a/b` and"),
        (
            at("/mnt/session/uploads/a"),
            "mount_path: `/mnt/session/uploads/a` and",
        ),
        (at("/a/b/c"), "mount_path: `/mnt/session/uploads/a/b/c` and"),
        (
            at(UPLOADS),
            "mount_path: `/mnt/session/uploads` is the folder",
        ),
        (json!({"type": "file"}), "missing field `file_id`"),
        (json!({"file_id": file}), "missing field `type`"),
        (
            json!({"type": "file", "file_id": file, "path": "/x"}),
            "unknown field `path`",
        ),
        (
            json!({"type": "memory_store", "memory_store_id": "m"}),
            "type: memory stores",
        ),
        (
            json!({"type": "github_repository", "url": "u"}),
            "type: this server mounts no repositories",
        ),
        (json!({"type": "other"}), "unknown variant"),
    ] {
        let (status, _, message) = local.post(&list, body.clone()).await.error();
        assert_eq!(status, 400, "{body}");
        assert!(message.contains(why), "{message}: {why}");
    }
    assert_eq!(local.pages(&list, 10).await.concat().len(), 1);

    let (agent, environment) = local.agent(json!([])).await;
    let before = local.pages("/v1/sessions", 100).await.concat();
    let opened = json!({
        "agent": agent, "environment_id": environment, "resources": [at("/a"), at("/a/b")]
    });
    let (status, _, message) = local.post("/v1/sessions", opened).await.error();
    assert_eq!(status, 400);
    assert!(
        message.starts_with("resources[1].mount_path: "),
        "{message}"
    );
    assert_eq!(local.pages("/v1/sessions", 100).await.concat(), before);
}

#[tokio::test]
async fn a_session_has_at_most_five_hundred_files() {
    let local = Local::start().await;
    let file = local.upload("letter.md", b"Dear").await;
    let at = |number: usize| json!({"type": "file", "file_id": file, "mount_path": format!("/{number}")});
    let all: Vec<Value> = (0..500).map(at).collect();
    let path = local.session(json!({"resources": all})).await;
    let list = format!("{path}/resources");
    let (status, _, message) = local.post(&list, at(500)).await.error();
    assert_eq!(
        (status, message.as_str()),
        (400, "a session has at most 500 files")
    );
    let listed = local.get(&list).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 500);
    let one = listed["data"][3]["id"].as_str().unwrap();
    local.delete(&format!("{list}/{one}")).await.ok();
    local.post(&list, at(500)).await.ok();
}

#[tokio::test]
async fn a_session_that_has_ended_keeps_its_files_as_they_are() {
    let local = Local::start().await;
    let file = local.upload("letter.md", b"Dear").await;
    let resource = json!({"type": "file", "file_id": file});
    let path = local.session(json!({"resources": [resource]})).await;
    let list = format!("{path}/resources");
    let listed = local.get(&list).await.ok();
    local.post(&format!("{path}/archive"), json!({})).await.ok();
    let other = json!({"type": "file", "file_id": file, "mount_path": "/b"});
    assert_eq!(local.post(&list, other).await.refusal().0, 400);
    let id = listed["data"][0]["id"].as_str().unwrap();
    let deleted = local.delete(&format!("{list}/{id}")).await;
    assert_eq!(deleted.refusal().0, 400);
    assert_eq!(local.get(&list).await.ok(), listed);
}

/// The embedded agent has no sandbox: a file changes nothing of what it does.
#[tokio::test]
async fn the_embedded_agent_does_not_see_files() {
    let local = Local::start().await;
    let file = local.upload("letter.md", b"Dear").await;
    let mut said = Vec::new();
    for resources in [json!([]), json!([{"type": "file", "file_id": file}])] {
        let session = json!({"resources": resources, "metadata": {"seed": "5"}});
        let path = local.session(session).await;
        let events = local.turn(&path, json!([message(TASK)])).await;
        let of =
            |event: &Value| format!("{} {} {}", event["type"], event["input"], event["content"]);
        said.push(events.iter().map(of).collect::<Vec<_>>());
    }
    assert_eq!(said[0], said[1]);
}
