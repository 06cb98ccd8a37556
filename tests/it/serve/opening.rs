//! What a session can be opened with.

use serde_json::{Value, json};

use super::{
    Local,
    talk::{message, tools},
};

fn budget(cents: &str) -> Value {
    json!({"type": "limit", "max_list_cost": {"amount": cents, "currency": "USD"}})
}

/// Asks for a session with each of these fields; each is refused with this status and these words.
async fn refused(local: &Local, agent: &str, environment: &str, cases: &[(Value, u16, &str)]) {
    for (fields, status, words) in cases {
        let mut body = json!({"agent": agent, "environment_id": environment});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let (found, _, text) = local.post("/v1/sessions", body).await.error();
        assert_eq!(found, *status, "{fields}: {text}");
        assert!(text.contains(words), "{fields}: {text}");
    }
    assert_eq!(local.get("/v1/sessions").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn what_a_session_names_is_there_and_open() {
    let local = Local::start().await;
    let (agent, environment) = local.agent(tools()).await;
    let archived_store = local.store("old").await;
    local
        .post(&format!("{archived_store}/archive"), json!({}))
        .await
        .ok();
    let archived_store = archived_store.rsplit('/').next().unwrap();
    let store = local.store("new").await;
    let store = store.rsplit('/').next().unwrap();
    let mount = |id: &str| json!({"type": "memory_store", "memory_store_id": id});
    refused(
        &local,
        &agent,
        &environment,
        &[
            (
                json!({"agent": "agent_none"}),
                404,
                "agent `agent_none` not found",
            ),
            (
                json!({"agent": {"type": "agent", "id": agent, "version": 2}}),
                404,
                "version 2",
            ),
            (
                json!({"agent": {"type": "agent", "id": agent, "system": "x"}}),
                400,
                "agent: unknown field `system`",
            ),
            (
                json!({"agent": {"type": "agent_with_overrides", "id": agent, "name": "x"}}),
                400,
                "unknown field `name`",
            ),
            (json!({"agent": 5}), 400, "agent: not the id"),
            (
                json!({"environment_id": "env_none"}),
                404,
                "environment `env_none` not found",
            ),
            (
                json!({"resources": [mount(archived_store)]}),
                400,
                "is archived",
            ),
            (
                json!({"resources": [mount(store), mount(store)]}),
                400,
                "resources[1]: memory store",
            ),
            (
                json!({"resources": [mount("memstore_none")]}),
                404,
                "not found",
            ),
            (
                json!({"resources": [{"type": "file", "file_id": "file_1"}]}),
                404,
                "file `file_1` not found",
            ),
        ],
    )
    .await;
    local
        .post(&format!("/v1/agents/{agent}/archive"), json!({}))
        .await
        .ok();
    let body = json!({"agent": agent, "environment_id": environment});
    let (_, _, text) = local.post("/v1/sessions", body).await.error();
    assert!(text.contains("is archived"), "{text}");
    assert_eq!(local.get("/v1/sessions").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn fields_of_a_session_have_limits() {
    let local = Local::start().await;
    let (agent, environment) = local.agent(tools()).await;
    let outcome = json!({
        "type": "user.define_outcome", "description": "d",
        "rubric": {"type": "text", "content": "- a"}
    });
    refused(&local, &agent, &environment, &[
        (
            json!({"budget": budget("0")}),
            400,
            "is no whole number of cents above 0",
        ),
        (
            json!({"budget": budget("+5")}),
            400,
            "is no whole number of cents above 0",
        ),
        (
            json!({"budget": budget("")}),
            400,
            "is no whole number of cents above 0",
        ),
        (
            json!({"budget": budget("99999999999999999999")}),
            400,
            "is no whole number of cents above 0",
        ),
        (json!({"metadata": {"a": 5}}), 400, "metadata.a"),
        (
            json!({"vault_ids": ["vlt_1"]}),
            404,
            "vault `vlt_1` not found",
        ),
        (
            json!({"initial_events": vec![message("m"); 51]}),
            400,
            "at most 50",
        ),
        (
            json!({"initial_events": [outcome, outcome]}),
            400,
            "works towards an outcome already",
        ),
        (
            json!({"initial_events": [{"type": "user.interrupt"}]}),
            400,
            "initial_events[0]",
        ),
        (
            json!({"initial_events": [{"type": "user.message", "content": [{"type": "text"}]}]}),
            400,
            "initial_events[0].content[0]: `text` is missing",
        ),
        (json!({"titel": "x"}), 400, "unknown field `titel`"),
    ]).await;
}
