//! Agents in versions, environments.

use reqwest::Method;
use serde_json::json;

use super::{Local, NOW, json_body, send};

#[tokio::test]
async fn an_agent_is_made_as_the_reference_shows_it() {
    let local = Local::start().await;
    let mut made = local
        .post(
            "/v1/agents",
            json!({
                "name": "triage", "model": "claude-sonnet-5-5", "system": "You are terse.",
                "metadata": {"suite": "smoke"}
            }),
        )
        .await
        .ok();
    let id = made["id"].take();
    assert!(id.as_str().unwrap().starts_with("agent_"));
    assert_eq!(
        made,
        json!({
            "type": "agent", "id": null, "version": 1, "name": "triage", "description": null,
            "system": "You are terse.",
            "model": {"id": "claude-sonnet-5-5", "effort": {"type": "high"}, "speed": "standard"},
            "tools": [], "mcp_servers": [], "skills": [], "metadata": {"suite": "smoke"},
            "multiagent": null, "execution_identity": {"type": "service_account"},
            "created_at": NOW, "updated_at": NOW, "archived_at": null
        })
    );
}

#[tokio::test]
async fn an_update_makes_a_version_unless_nothing_changes_or_somebody_was_first() {
    let local = Local::start().await;
    let made = local
        .post("/v1/agents", json!({"name": "a", "model": "m"}))
        .await
        .ok();
    let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());

    let second = local
        .post(&path, json!({"version": 1, "system": "s"}))
        .await
        .ok();
    assert_eq!(
        (&second["version"], &second["system"]),
        (&json!(2), &json!("s"))
    );
    assert_eq!(local.post(&path, json!({"system": "s"})).await.ok(), second);

    let late = local
        .post(&path, json!({"version": 1, "system": "t"}))
        .await;
    assert_eq!(late.headers["x-should-retry"], "false");
    assert_eq!(late.refusal(), (409, "conflict_error".to_owned()));

    assert_eq!(local.get(&path).await.ok(), second);
    assert_eq!(local.get(&format!("{path}?version=1")).await.ok(), made);
    let none = local.get(&format!("{path}?version=3")).await;
    assert_eq!(none.refusal(), (404, "not_found_error".to_owned()));
    let pages = local.pages(&format!("{path}/versions"), 1).await;
    assert_eq!(pages, [[second], [made]]);

    let archived = local.post(&format!("{path}/archive"), json!({})).await.ok();
    assert_eq!(archived["archived_at"], NOW);
    let refused = local.post(&path, json!({"system": "u"})).await;
    assert_eq!(refused.refusal(), (400, "invalid_request_error".to_owned()));
    assert!(
        local.get("/v1/agents").await.ok()["data"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let all = local.get("/v1/agents?include_archived=true").await.ok();
    assert_eq!(all["data"], json!([archived]));
}

#[tokio::test]
async fn pages_show_each_object_once_the_newest_first() {
    let local = Local::start().await;
    let mut names = Vec::new();
    for number in 0..7 {
        let name = format!("agent {number}");
        local
            .post("/v1/agents", json!({"name": name, "model": "m"}))
            .await
            .ok();
        names.insert(0, name);
    }
    for limit in [1, 3, 7, 100] {
        let pages = local.pages("/v1/agents", limit).await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        let seen: Vec<&str> = pages
            .iter()
            .flatten()
            .map(|agent| agent["name"].as_str().unwrap())
            .collect();
        assert_eq!(seen, names, "pages of {limit}");
    }
    let cursor = local.get("/v1/agents?limit=1").await.ok()["next_page"].clone();
    let path = format!("/v1/environments?page={}", cursor.as_str().unwrap());
    let (status, _, message) = local.get(&path).await.error();
    assert_eq!(status, 400);
    assert!(message.contains("a cursor of another list"), "{message}");

    let later = local
        .get("/v1/agents?created_at%5Bgte%5D=2026-11-20T09:00:01Z")
        .await
        .ok();
    assert_eq!(later, json!({"data": [], "next_page": null}));
    let now = local.get(
        "/v1/agents?created_at[gte]=2026-11-20T09:00:00Z&created_at[lte]=2026-11-20T09:00:00Z",
    );
    assert_eq!(now.await.ok()["data"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn an_environment_lives_from_its_creation_to_its_deletion() {
    let local = Local::start().await;
    let mut made = local
        .post("/v1/environments", json!({"name": "local"}))
        .await
        .ok();
    let path = format!("/v1/environments/{}", made["id"].as_str().unwrap());
    assert_eq!(local.get(&path).await.ok(), made);
    let id = made["id"].take();
    assert!(id.as_str().unwrap().starts_with("env_"));
    assert_eq!(
        made,
        json!({
            "type": "environment", "id": null, "name": "local", "description": null, "metadata": {},
            "config": {
                "type": "cloud", "networking": {"type": "unrestricted"},
                "packages": {
                    "type": "packages", "apt": [], "cargo": [], "gem": [], "go": [], "npm": [], "pip": []
                }
            },
            "scope": "organization", "created_at": NOW, "updated_at": NOW, "archived_at": null
        })
    );

    let config = json!({
        "type": "cloud",
        "networking": {
            "type": "limited", "allowed_hosts": ["example.com"], "allow_package_managers": true
        },
        "packages": {"pip": ["numpy"]}
    });
    let changed = local
        .post(&path, json!({"config": config, "description": "d"}))
        .await
        .ok();
    assert_eq!(changed["config"]["networking"]["allow_mcp_servers"], false);
    assert_eq!(changed["config"]["packages"]["pip"], json!(["numpy"]));
    // What is not named stays, in the config too.
    let same = local
        .post(&path, json!({"config": {"type": "cloud"}}))
        .await;
    assert_eq!(same.ok(), changed);
    let refused = local
        .post(&path, json!({"config": {"type": "cloud", "gpu": true}}))
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(local.get(&path).await.ok(), changed);

    local.post(&format!("{path}/archive"), json!({})).await.ok();
    let got = local.post(&path, json!({"name": "x"})).await;
    assert_eq!(got.status, 400);
    assert_eq!(
        got.body["error"]["details"]["error_code"],
        "environment_archived"
    );

    let gone = local.delete(&path).await.ok();
    assert_eq!(gone, json!({"id": id, "type": "environment_deleted"}));
    assert_eq!(local.get(&path).await.status, 404);
    assert_eq!(local.delete(&path).await.status, 404);
}

#[tokio::test]
async fn no_key_finds_the_objects_of_another() {
    let local = Local::start().await;
    let body = json!({"name": "a", "model": "m"});
    let agent = local.post("/v1/agents", body).await.ok();
    let environment = local
        .post("/v1/environments", json!({"name": "e"}))
        .await
        .ok();
    let store = local.store("notes").await;
    let memory = local
        .post(
            &format!("{store}/memories"),
            json!({"path": "/a", "content": "secret"}),
        )
        .await
        .ok();
    let agent = format!("/v1/agents/{}", agent["id"].as_str().unwrap());
    let environment = format!("/v1/environments/{}", environment["id"].as_str().unwrap());
    let entry = format!("{store}/memories/{}", memory["id"].as_str().unwrap());
    let version = memory["memory_version_id"].as_str().unwrap();
    let version = format!("{store}/memory_versions/{version}");

    let other = |method: Method, path: &str| {
        let request = local.request_of("two", method.clone(), path);
        let body = if path.ends_with("/memories") {
            json!({"path": "/b", "content": ""})
        } else {
            json!({})
        };
        send(if method == Method::POST {
            json_body(request, &body)
        } else {
            request
        })
    };
    for path in [&agent, &environment, &store, &entry, &version] {
        assert_eq!(
            other(Method::GET, path).await.refusal(),
            (404, "not_found_error".to_owned())
        );
    }
    for path in [&agent, &environment, &store, &entry] {
        assert_eq!(other(Method::POST, path).await.status, 404, "{path}");
    }
    for path in [&environment, &store, &entry] {
        assert_eq!(other(Method::DELETE, path).await.status, 404, "{path}");
    }
    for path in [
        format!("{agent}/archive"),
        format!("{environment}/archive"),
        format!("{store}/archive"),
        format!("{store}/memories"),
        format!("{version}/redact"),
    ] {
        assert_eq!(other(Method::POST, &path).await.status, 404, "{path}");
    }
    for path in [
        format!("{agent}/versions"),
        format!("{store}/memories"),
        format!("{store}/memory_versions"),
    ] {
        assert_eq!(other(Method::GET, &path).await.status, 404, "{path}");
    }
    for path in ["/v1/agents", "/v1/environments", "/v1/memory_stores"] {
        let got = other(Method::GET, path).await.ok();
        assert_eq!(got, json!({"data": [], "next_page": null}), "{path}");
    }
    // The owner still has all of it.
    for path in [&agent, &environment, &store, &entry, &version] {
        let got = local.get(path).await.ok();
        assert!(got["archived_at"].is_null(), "{got}");
    }
}
