//! What a session's agent does with its memory.

use serde_json::{Value, json};

use super::{
    Local,
    talk::{TASK, kinds, message, stop, tools},
};

/// A session with a store that has a memory, after a task and its end; and the store.
async fn with_memory(local: &Local, access: &str, policy: &str) -> (String, String) {
    let store = local.store("Team Notes").await;
    let memory = json!({"path": "/clients.md", "content": "Northwind is addressed as Dear Northwind team.\n"});
    local.post(&format!("{store}/memories"), memory).await.ok();
    let mut tools = tools();
    tools.as_array_mut().unwrap().push(json!({
        "type": "agent_toolset_20260401",
        "default_config": {"permission_policy": {"type": policy}}
    }));
    let (agent, _) = local.agent(tools).await;
    let id = store.rsplit('/').next();
    let path = local
        .session(json!({
            "agent": agent,
            "resources": [{"type": "memory_store", "memory_store_id": id, "access": access}]
        }))
        .await;
    (path, store)
}

#[tokio::test]
async fn results_of_files_stand_behind_the_request_that_used_them() {
    let local = Local::start().await;
    let (path, _) = with_memory(&local, "read_write", "always_allow").await;
    let events = local.turn(&path, json!([message(TASK)])).await;
    assert_eq!(
        kinds(&events),
        [
            "user.message",
            "session.status_running",
            "session.thread_status_running",
            "span.model_request_start",
            "agent.tool_use",
            "agent.tool_use",
            "agent.custom_tool_use",
            "span.model_request_end",
            "agent.tool_result",
            "agent.tool_result",
            "session.thread_status_idle",
            "session.usage",
            "session.status_idle",
        ]
    );
}

const CLOSING: &str = dreamtrial::managed::words::CLOSING;

#[tokio::test]
async fn what_an_agent_writes_is_in_its_store_unless_that_is_read_only() {
    for access in ["read_write", "read_only"] {
        let local = Local::start().await;
        let (path, store) = with_memory(&local, access, "always_allow").await;
        local
            .converse(&path, message(TASK), "The user took it. This task is done.")
            .await;
        let end = local.turn(&path, json!([message(CLOSING)])).await;
        assert_eq!(stop(&end), "end_turn");
        let history = local.history(&path).await;
        let of_kind = |kind: &str| -> Vec<&Value> {
            history
                .iter()
                .filter(|event| event["type"] == kind)
                .collect()
        };
        let uses: Vec<&Value> = of_kind("agent.tool_use")
            .iter()
            .map(|event| &event["id"])
            .collect();
        let results: Vec<&Value> = of_kind("agent.tool_result")
            .iter()
            .map(|event| &event["tool_use_id"])
            .collect();
        assert!(!uses.is_empty());
        assert_eq!(uses, results);
        let written: Vec<&str> = of_kind("agent.tool_use")
            .iter()
            .filter(|event| event["name"] == "write")
            .map(|event| event["input"]["file_path"].as_str().unwrap())
            .collect();
        let session = path.rsplit('/').next().unwrap();
        let versions = format!("{store}/memory_versions?session_id={session}");
        let versions = local.get(&versions).await.ok()["data"]
            .as_array()
            .unwrap()
            .clone();
        let paths: Vec<String> = versions
            .iter()
            .rev()
            .map(|version| {
                format!(
                    "/mnt/memory/team-notes{}",
                    version["path"].as_str().unwrap()
                )
            })
            .collect();
        if access == "read_write" {
            assert!(!written.is_empty(), "the agent had nothing to note");
            assert_eq!(paths, written);
            assert_eq!(
                versions[0]["created_by"],
                json!({"type": "session_actor", "session_id": session})
            );
        } else {
            assert_eq!(paths, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_store_that_takes_nothing_more_is_an_error_of_the_tool() {
    let local = Local::start().await;
    let (path, store) = with_memory(&local, "read_write", "always_allow").await;
    local
        .converse(&path, message(TASK), "The user took it. This task is done.")
        .await;
    local
        .post(&format!("{store}/archive"), json!({}))
        .await
        .ok();
    let end = local.turn(&path, json!([message(CLOSING)])).await;
    assert_eq!(stop(&end), "end_turn");
    let result = end
        .iter()
        .find(|event| event["type"] == "agent.tool_result")
        .unwrap();
    assert_eq!(result["is_error"], true);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("is archived"), "{text}");
    // The replay knows that it went wrong: nothing is written twice.
    let again = local.turn(&path, json!([message("Anything else?")])).await;
    assert!(
        !kinds(&again).contains(&"agent.tool_use"),
        "{:?}",
        kinds(&again)
    );
}

#[tokio::test]
async fn tools_that_must_ask_are_used_once_they_may_be() {
    for (verdict, failed) in [("allow", false), ("deny", true)] {
        let local = Local::start().await;
        let (path, store) = with_memory(&local, "read_write", "always_ask").await;
        let asked = local.turn(&path, json!([message(TASK)])).await;
        let uses: Vec<&Value> = asked
            .iter()
            .filter(|event| event["type"] == "agent.tool_use")
            .map(|event| &event["id"])
            .collect();
        let last = asked.last().unwrap();
        assert_eq!(
            last["stop_reason"],
            json!({"type": "requires_action", "event_ids": uses})
        );
        assert!(!kinds(&asked).contains(&"agent.tool_result"));
        let confirm = |id: &Value| json!({"type": "user.tool_confirmation", "tool_use_id": id, "result": verdict});
        // All but one: the session waits for the last.
        let (one, others) = uses.split_last().unwrap();
        let others: Vec<Value> = others.iter().map(|id| confirm(id)).collect();
        assert!(!others.is_empty());
        local.say(&path, json!(others)).await.ok();
        assert_eq!(local.get(&path).await.ok()["status"], "idle");
        let after = local.turn(&path, json!([confirm(one)])).await;
        let results: Vec<(&Value, bool)> = after
            .iter()
            .filter(|event| event["type"] == "agent.tool_result")
            .map(|event| (&event["tool_use_id"], event["is_error"].as_bool().unwrap()))
            .collect();
        let wanted: Vec<(&Value, bool)> = uses.iter().map(|id| (*id, failed)).collect();
        assert_eq!(results, wanted);
        assert!(
            kinds(&after).contains(&"agent.custom_tool_use"),
            "{:?}",
            kinds(&after)
        );
        assert_eq!(local.get(&store).await.status, 200);
    }
}
