//! Memories: paths, views, preconditions, versions, lists.

use dreamtrial::ident::Digest;
use serde_json::{Value, json};

use super::{Local, NOW};

fn sha(content: &str) -> String {
    Digest::of(content.as_bytes()).to_string()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_memory_is_changed_only_by_those_who_saw_it_last() {
    let local = Local::start().await;
    let memories = format!("{}/memories", local.store("s").await);
    let made = local
        .post(
            &memories,
            json!({"path": "/prefs/style.md", "content": "tabs"}),
        )
        .await
        .ok();
    let path = format!("{memories}/{}", id(&made));
    assert_eq!(
        made,
        json!({
            "type": "memory", "id": made["id"], "memory_store_id": made["memory_store_id"],
            "memory_version_id": made["memory_version_id"], "path": "/prefs/style.md", "content": null,
            "content_sha256": sha("tabs"), "content_size_bytes": 4, "created_at": NOW, "updated_at": NOW
        })
    );
    assert_eq!(local.get(&path).await.ok()["content"], "tabs");

    let change = |content: &str, seen: &str| {
        json!({
            "content": content,
            "precondition": {"type": "content_sha256", "content_sha256": sha(seen)}
        })
    };
    let changed = local.post(&path, change("spaces", "tabs")).await.ok();
    assert_ne!(changed["memory_version_id"], made["memory_version_id"]);
    // The same request again, as after a lost answer, finds what it asked for.
    assert_eq!(
        local.post(&path, change("spaces", "tabs")).await.ok(),
        changed
    );
    let late = local.post(&path, change("both", "tabs")).await;
    assert_eq!(late.headers["x-should-retry"], "false");
    assert_eq!(
        late.refusal(),
        (409, "memory_precondition_failed_error".to_owned())
    );

    let gone = format!("{path}?expected_content_sha256={}", sha("tabs"));
    assert_eq!(local.delete(&gone).await.status, 409);
    let gone = format!("{path}?expected_content_sha256={}", sha("spaces"));
    let gone = local.delete(&gone).await.ok();
    assert_eq!(gone, json!({"id": made["id"], "type": "memory_deleted"}));
    assert_eq!(local.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_path_that_is_taken_is_not_given_away() {
    let local = Local::start().await;
    let memories = format!("{}/memories", local.store("s").await);
    let post = |path: &str| local.post(&memories, json!({"path": path, "content": ""}));
    let first = post("/a").await.ok();
    let second = post("/A").await.ok();
    let taken = post("/a").await;
    assert_eq!(taken.headers["x-should-retry"], "false");
    assert_eq!(taken.body["error"]["conflicting_memory_id"], first["id"]);
    assert_eq!(taken.body["error"]["conflicting_path"], "/a");
    assert_eq!(
        taken.refusal(),
        (409, "memory_path_conflict_error".to_owned())
    );

    let entry = format!("{memories}/{}", id(&second));
    let taken = local.post(&entry, json!({"path": "/a"})).await;
    assert_eq!(taken.body["error"]["conflicting_memory_id"], first["id"]);
    let moved = local.post(&entry, json!({"path": "/b/c"})).await.ok();
    assert_eq!(
        (&moved["id"], &moved["path"]),
        (&second["id"], &json!("/b/c"))
    );
    post("/A").await.ok();
}

#[tokio::test]
async fn paths_that_lead_elsewhere_or_look_alike_are_refused() {
    let local = Local::start().await;
    let memories = format!("{}/memories", local.store("s").await);
    let post = |path: &str| local.post(&memories, json!({"path": path, "content": "x"}));
    for bad in [
        "",
        "a",
        "/",
        "/a/../../etc/passwd",
        "/..",
        "/./a",
        "//a",
        "/a/",
        "/a\u{0}b",
        "/a\r\nb",
        "/\u{202e}txt",
        "/a\u{200d}b",
        "/a\u{2028}",
        "/e\u{301}",
        &"/a".repeat(21),
        &format!("/{}", "é".repeat(512)),
    ] {
        let got = post(bad).await;
        assert_eq!(
            got.refusal(),
            (400, "invalid_request_error".to_owned()),
            "{bad:?}"
        );
    }
    let made = post("/é/日本.md").await.ok();
    let entry = format!("{memories}/{}", id(&made));
    assert_eq!(
        local.post(&entry, json!({"path": "/../a"})).await.status,
        400
    );
    assert_eq!(local.get(&entry).await.ok()["path"], "/é/日本.md");
    let data = local.get(&memories).await.ok()["data"].clone();
    assert_eq!(data, json!([made]));
}

#[tokio::test]
async fn contents_and_stores_have_limits() {
    let local = Local::start().await;
    let memories = format!("{}/memories", local.store("s").await);
    // Two bytes each: what counts is bytes.
    let full = "é".repeat(51_200);
    let made = local
        .post(&memories, json!({"path": "/0", "content": full}))
        .await
        .ok();
    assert_eq!(made["content_size_bytes"], 102_400);
    let more = json!({"path": "/1", "content": format!("{full}x")});
    assert_eq!(local.post(&memories, more).await.status, 400);
    for number in 1..2_000 {
        let body = json!({"path": format!("/{number}"), "content": ""});
        local.post(&memories, body).await.ok();
    }
    let body = json!({"path": "/one-more", "content": ""});
    let (status, _, message) = local.post(&memories, body.clone()).await.error();
    assert_eq!(status, 400);
    assert!(message.contains("2000 memories"), "{message}");
    local
        .delete(&format!("{memories}/{}", id(&made)))
        .await
        .ok();
    local.post(&memories, body).await.ok();
}

#[tokio::test]
async fn lists_go_by_path_whole_or_by_folder() {
    let local = Local::start().await;
    let memories = format!("{}/memories", local.store("s").await);
    for path in ["/b", "/a/x", "/a-b", "/a/y/z", "/a", "/ab/c"] {
        let body = json!({"path": path, "content": path});
        local.post(&memories, body).await.ok();
    }
    let paths = |pages: Vec<Vec<Value>>| -> Vec<(String, String)> {
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        pages
            .iter()
            .flatten()
            .map(|entry| (text(entry, "type"), text(entry, "path")))
            .collect()
    };
    let of = |entries: &[(&str, &str)]| -> Vec<(String, String)> {
        entries
            .iter()
            .map(|&(kind, path)| (kind.to_owned(), path.to_owned()))
            .collect()
    };
    let whole = ["/a", "/a-b", "/a/x", "/a/y/z", "/ab/c", "/b"].map(|path| ("memory", path));
    for limit in [1, 4, 100] {
        assert_eq!(paths(local.pages(&memories, limit).await), of(&whole));
        let children = format!("{memories}?depth=1");
        assert_eq!(
            paths(local.pages(&children, limit).await),
            of(&[
                ("memory", "/a"),
                ("memory", "/a-b"),
                ("memory_prefix", "/a/"),
                ("memory_prefix", "/ab/"),
                ("memory", "/b"),
            ])
        );
        let below = format!("{memories}?path_prefix=/a/&depth=1");
        assert_eq!(
            paths(local.pages(&below, limit).await),
            of(&[("memory", "/a/x"), ("memory_prefix", "/a/y/")])
        );
    }
    let prefix = local
        .get(&format!("{memories}?depth=1&path_prefix=/a/"))
        .await
        .ok();
    assert_eq!(
        prefix["data"][1],
        json!({"type": "memory_prefix", "path": "/a/y/"})
    );
    assert_eq!(prefix["data"][0]["content"], Value::Null);
    let full = local
        .get(&format!("{memories}?view=full&limit=100"))
        .await
        .ok();
    assert_eq!(full["data"][2]["content"], "/a/x");
    for bad in [
        "path_prefix=/a",
        "path_prefix=/../",
        "depth=2",
        "view=whole",
        "limit=0",
    ] {
        assert_eq!(
            local.get(&format!("{memories}?{bad}")).await.status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn every_change_is_a_version_and_what_is_no_longer_said_can_be_taken_out() {
    let local = Local::start().await;
    let store = local.store("s").await;
    let made = local
        .post(
            &format!("{store}/memories"),
            json!({"path": "/a", "content": "one"}),
        )
        .await
        .ok();
    let entry = format!("{store}/memories/{}", id(&made));
    local.post(&entry, json!({"content": "two"})).await.ok();
    local.post(&entry, json!({"content": "two"})).await.ok();
    local.post(&entry, json!({"path": "/b"})).await.ok();

    let versions = format!("{store}/memory_versions");
    let said = |data: &Value| -> Vec<(String, Option<String>, Option<String>)> {
        let text = |version: &Value, name: &str| version[name].as_str().map(str::to_owned);
        data["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| {
                let operation = version["operation"].as_str().unwrap().to_owned();
                (operation, text(version, "path"), text(version, "content"))
            })
            .collect()
    };
    let row = |operation: &str, path: &str, content: Option<&str>| {
        (
            operation.to_owned(),
            Some(path.to_owned()),
            content.map(str::to_owned),
        )
    };
    let full = local.get(&format!("{versions}?view=full")).await.ok();
    assert_eq!(
        said(&full),
        [
            row("modified", "/b", Some("two")),
            row("modified", "/a", Some("two")),
            row("created", "/a", Some("one")),
        ]
    );
    let actor = &full["data"][0]["created_by"];
    assert_eq!(actor["type"], "api_actor");
    let key = actor["api_key_id"].as_str().unwrap();
    assert!(key.starts_with("apikey_") && !key.contains("one"), "{key}");

    let head = format!("{versions}/{}", id(&full["data"][0]));
    assert_eq!(
        local
            .post(&format!("{head}/redact"), json!({}))
            .await
            .status,
        400
    );
    let old = format!("{versions}/{}", id(&full["data"][2]));
    let redacted = local.post(&format!("{old}/redact"), json!({})).await.ok();
    for name in ["path", "content", "content_sha256", "content_size_bytes"] {
        assert_eq!(redacted[name], Value::Null, "{name}");
    }
    assert_eq!(
        (&redacted["redacted_at"], &redacted["redacted_by"]),
        (&json!(NOW), actor)
    );
    assert_eq!(
        local.post(&format!("{old}/redact"), json!({})).await.ok(),
        redacted
    );
    assert_eq!(local.get(&old).await.ok(), redacted);

    local.delete(&entry).await.ok();
    let deleted = local
        .get(&format!("{versions}?operation=deleted&view=full"))
        .await
        .ok();
    assert_eq!(said(&deleted), [row("deleted", "/b", None)]);
    assert_eq!(deleted["data"][0]["content_sha256"], Value::Null);
    // What was said last can be taken out when nothing says it any more.
    assert!(local.post(&format!("{head}/redact"), json!({})).await.ok()["redacted_at"].is_string());

    for (filter, count) in [
        (format!("memory_id={}", id(&made)), 4),
        ("memory_id=mem_0".to_owned(), 0),
        (format!("api_key_id={key}"), 4),
        ("session_id=sesn_0".to_owned(), 0),
        ("service_account_id=svac_0".to_owned(), 0),
        ("created_at[lte]=2026-11-20T08:59:59Z".to_owned(), 0),
        ("created_at[gte]=2026-11-20T09:00:00Z".to_owned(), 4),
    ] {
        let found: usize = local
            .pages(&format!("{versions}?{filter}"), 3)
            .await
            .iter()
            .map(Vec::len)
            .sum();
        assert_eq!(found, count, "{filter}");
    }
    assert_eq!(
        local
            .get(&format!("{versions}?operation=moved"))
            .await
            .status,
        400
    );
}
