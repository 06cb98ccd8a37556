//! Sessions as objects: made, listed, changed, archived, deleted; and whose they are.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Local, NOW, send,
    talk::{TASK, message, stop, tools},
};

fn budget(cents: &str) -> Value {
    json!({"type": "limit", "max_list_cost": {"amount": cents, "currency": "USD"}})
}

#[tokio::test]
async fn a_session_is_made_changed_archived_and_deleted() {
    let local = Local::start().await;
    let store = local.store("Team Notes").await;
    let store_id = store.rsplit('/').next().unwrap();
    let path = local
        .session(json!({
            "title": "case 17", "metadata": {"arm": "dream", "drop": "1"}, "budget": budget("50"),
            "resources": [{"type": "memory_store", "memory_store_id": store_id, "instructions": "Look."}]
        }))
        .await;
    let mut made = local.get(&path).await.ok();
    let agent = made["agent"].take();
    assert_eq!(agent["version"], 1);
    assert_eq!(agent["tools"], tools());
    assert!(agent.get("metadata").is_none(), "{agent}");
    let environment = made["environment_id"].take();
    assert!(environment.as_str().unwrap().starts_with("env_"));
    assert_eq!(
        made,
        json!({
            "type": "session", "id": path.rsplit('/').next(), "status": "idle", "title": "case 17",
            "environment_id": null, "deployment_id": null, "agent": null,
            "metadata": {"arm": "dream", "drop": "1"},
            "resources": [{
                "type": "memory_store", "memory_store_id": store_id, "access": "read_write",
                "instructions": "Look.", "name": "Team Notes", "description": "",
                "mount_path": "/mnt/memory/team-notes"
            }],
            "outcome_evaluations": [], "budget": budget("50"),
            "usage": {
                "input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
                "active_seconds": 0.0, "list_cost": {"amount": "0", "currency": "USD"}
            },
            "stats": {"active_seconds": 0.0, "duration_seconds": 0.0}, "vault_ids": [],
            "created_at": NOW, "updated_at": NOW, "archived_at": null
        })
    );

    let body =
        json!({"title": null, "metadata": {"drop": null, "add": "2"}, "agent": {"tools": []}});
    let changed = local.post(&path, body).await.ok();
    assert_eq!(changed["title"], Value::Null);
    assert_eq!(changed["metadata"], json!({"arm": "dream", "add": "2"}));
    assert_eq!(changed["agent"]["tools"], json!([]));
    let history = local.history(&path).await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["type"], "session.updated");
    assert!(history[0].get("budget").is_none(), "{}", history[0]);

    let archived = local.post(&format!("{path}/archive"), json!({})).await.ok();
    assert_eq!(
        (&archived["status"], &archived["archived_at"]),
        (&json!("terminated"), &json!(NOW))
    );
    assert_eq!(local.say(&path, json!([message("late")])).await.status, 400);
    assert_eq!(local.get("/v1/sessions").await.ok()["data"], json!([]));
    let all = local.get("/v1/sessions?include_archived=true").await.ok();
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    assert_eq!(local.delete(&path).await.ok()["type"], "session_deleted");
    assert_eq!(local.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_tools_of_a_session_are_those_of_its_first_event() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    local.turn(&path, json!([message("Hello.")])).await;
    let before = local.get(&path).await.ok();
    let (status, _, text) = local
        .post(&path, json!({"agent": {"tools": []}, "title": "t"}))
        .await
        .error();
    assert_eq!(status, 400);
    assert_eq!(
        text,
        "agent: the embedded agent's tools are those of its first event; open another session"
    );
    assert_eq!(local.get(&path).await.ok(), before);
    // The same tools again are no change.
    let same = json!({"agent": {"tools": tools()}, "title": "t"});
    assert_eq!(local.post(&path, same).await.ok()["title"], "t");
}

#[tokio::test]
async fn lists_are_filtered_and_paged_both_ways() {
    let local = Local::start().await;
    let store = local.store("s").await;
    let store = store.rsplit('/').next().unwrap();
    let mut made = Vec::new();
    for number in 0..5 {
        let fields = if number == 3 {
            json!({"resources": [{"type": "memory_store", "memory_store_id": store}]})
        } else {
            json!({})
        };
        made.push(local.session(fields).await);
    }
    let ids = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        let path = |session: &Value| format!("/v1/sessions/{}", session["id"].as_str().unwrap());
        data.iter().map(path).collect()
    };
    for (order, wanted) in [
        ("asc", made.clone()),
        ("desc", made.iter().rev().cloned().collect()),
    ] {
        let list = |page: &Value| {
            let page = page
                .as_str()
                .map(|page| format!("&page={page}"))
                .unwrap_or_default();
            let path = format!("/v1/sessions?order={order}&limit=2{page}");
            let local = &local;
            async move { local.get(&path).await.ok() }
        };
        let first = list(&Value::Null).await;
        let second = list(&first["next_page"]).await;
        let third = list(&second["next_page"]).await;
        let pages = [&first, &second, &third].map(&ids).concat();
        assert_eq!(pages, wanted);
        assert_eq!(
            (&first["prev_page"], &third["next_page"]),
            (&Value::Null, &Value::Null)
        );
        // Back the same way, to the very same pages.
        let back = list(&third["prev_page"]).await;
        assert_eq!(back["data"], second["data"]);
        let back = list(&back["prev_page"]).await;
        assert_eq!(back, first);
    }
    let query = |query: &str| {
        let path = format!("/v1/sessions?{query}");
        let local = &local;
        async move { local.get(&path).await }
    };
    let with_store = query(&format!("memory_store_id={store}")).await.ok();
    assert_eq!(ids(&with_store), made[3..4]);
    for (filter, count) in [
        ("statuses[]=idle&statuses[]=running", 5),
        ("statuses%5B%5D=terminated", 0),
        ("created_at[gte]=2026-11-20T09:00:00Z", 5),
        ("created_at[gt]=2026-11-20T09:00:00Z", 0),
        ("created_at[lte]=2026-11-20T09:00:00Z", 5),
        ("created_at[lt]=2026-11-20T09:00:00Z", 0),
        ("agent_id=agent_none", 0),
        ("agent_version=2", 0),
        ("deployment_id=depl_1", 0),
    ] {
        assert_eq!(ids(&query(filter).await.ok()).len(), count, "{filter}");
    }
    for wrong in [
        "statuses[]=busy",
        "order=up",
        "limit=101",
        "page=x",
        "agent_version=0",
    ] {
        assert_eq!(query(wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn nobody_else_can_tell_that_a_session_is_there() {
    let local = Local::start().await;
    let store = local.store("s").await;
    let path = local.session(json!({})).await;
    local.turn(&path, json!([message("Hello.")])).await;
    let threads = local.get(&format!("{path}/threads")).await.ok();
    let thread = format!(
        "{path}/threads/{}",
        threads["data"][0]["id"].as_str().unwrap()
    );
    let made = local.get(&path).await.ok();
    for sub in [
        path.clone(),
        format!("{path}/events"),
        format!("{path}/events/stream"),
        format!("{path}/resources"),
        format!("{path}/threads"),
        thread.clone(),
        format!("{thread}/events"),
        format!("{thread}/stream"),
    ] {
        let got = send(local.request_of("two", Method::GET, &sub)).await;
        assert_eq!(got.refusal(), (404, "not_found_error".to_owned()), "{sub}");
    }
    let deleted = send(local.request_of("two", Method::DELETE, &path)).await;
    assert_eq!(deleted.status, 404);
    for (sub, body) in [
        (path.clone(), json!({"title": "x"})),
        (format!("{path}/archive"), json!({})),
        (format!("{path}/events"), json!({"events": [message("x")]})),
        (format!("{thread}/archive"), json!({})),
    ] {
        assert_eq!(local.post_as("two", &sub, &body).await.status, 404, "{sub}");
    }
    let listed = send(local.request_of("two", Method::GET, "/v1/sessions"))
        .await
        .ok();
    assert_eq!(listed["data"], json!([]));

    // Nor can it use what belongs to another.
    let own = local
        .post_as("two", "/v1/agents", &json!({"name": "a", "model": "m"}))
        .await
        .ok();
    let room = local
        .post_as("two", "/v1/environments", &json!({"name": "e"}))
        .await
        .ok();
    let store = json!([{"type": "memory_store", "memory_store_id": store.rsplit('/').next()}]);
    for (agent, environment, resources) in [
        (&made["agent"]["id"], &room["id"], json!([])),
        (&own["id"], &made["environment_id"], json!([])),
        (&own["id"], &room["id"], store),
    ] {
        let body = json!({"agent": agent, "environment_id": environment, "resources": resources});
        let got = local.post_as("two", "/v1/sessions", &body).await;
        assert_eq!(got.status, 404, "{body}");
    }
    assert_eq!(local.get(&path).await.ok(), made);
}

#[tokio::test]
async fn a_budget_ends_the_work_and_a_higher_one_goes_on_with_it() {
    let local = Local::start().await;
    let path = local.session(json!({"budget": budget("1")})).await;
    let mut turns = 0;
    while stop(&local.converse(&path, message(TASK), "Received.").await) != "budget_reached" {
        turns += 1;
        assert!(turns < 40, "the agent costs next to nothing");
    }
    let session = local.get(&path).await.ok();
    assert_eq!(session["status"], "idle");
    let cents: i64 = session["usage"]["list_cost"]["amount"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(cents >= 1, "{session}");
    let (status, _, text) = local.say(&path, json!([message("more")])).await.error();
    assert_eq!(status, 400);
    assert!(text.contains("has spent its budget"), "{text}");
    for (to, code) in [(budget("1"), "budget_not_raised"), (json!({}), "")] {
        let got = local.post(&path, json!({"budget": to})).await;
        assert_eq!(got.status, 400);
        let details = &got.body["error"]["details"]["error_code"];
        assert_eq!(details.as_str().unwrap_or_default(), code);
    }
    let mut listening = local.listen(&path).await;
    local
        .post(&path, json!({"budget": budget("900")}))
        .await
        .ok();
    let events = listening.until("session.status_idle").await;
    assert_ne!(stop(&events), "budget_reached");
    local.post(&path, json!({"budget": null})).await.ok();
    let again = local.post(&path, json!({"budget": budget("900")})).await;
    assert_eq!(
        again.body["error"]["details"]["error_code"],
        "budget_create_only"
    );
}
