//! What is said in a session, in which order, and what is refused.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::{
    Local, NOW,
    talk::{TASK, answer, kinds, message, stop},
};

/// A line for each event: its type and what it says, with ids by the order in which they appear.
fn shown(events: &[Value]) -> String {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut text = String::new();
    for event in events {
        let mut fields = event.as_object().unwrap().clone();
        let kind = fields.shift_remove("type").unwrap();
        assert_eq!(fields.shift_remove("processed_at").unwrap(), NOW);
        let id = fields.shift_remove("id").unwrap();
        let number = names.len();
        names.insert(id.as_str().unwrap().to_owned(), format!("e{number}"));
        let mut rest = Value::Object(fields).to_string();
        for (id, name) in &names {
            rest = rest.replace(id, name);
        }
        let _ = writeln!(text, "e{number} {} {rest}", kind.as_str().unwrap());
    }
    text
}

#[tokio::test]
async fn a_turn_has_the_documented_order() {
    let local = Local::start().await;
    let path = local.session(json!({"metadata": {"seed": "7"}})).await;
    let mut events = local.turn(&path, json!([message("Hello.")])).await;
    let thread = local.get(&format!("{path}/threads")).await.ok()["data"][0]["id"].clone();
    for event in &mut events {
        if let Some(named) = event.get_mut("session_thread_id") {
            assert_eq!(named.take(), thread);
        }
    }
    insta::assert_snapshot!(shown(&events), @r#"
    e0 user.message {"content":[{"type":"text","text":"Hello."}]}
    e1 session.status_running {}
    e2 session.thread_status_running {"session_thread_id":null,"agent_name":"a"}
    e3 span.model_request_start {}
    e4 agent.message {"content":[{"type":"text","text":"I am the embedded agent of `dreamtrial serve`, not a model. I work on the tasks of a trial: a session begins with a message that has a head (date, user, case, documents) and a task with the fields to hand in."}]}
    e5 span.model_request_end {"model_request_start_id":"e3","is_error":false,"model_usage":{"input_tokens":0,"output_tokens":0,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"speed":"standard"}}
    e6 session.thread_status_idle {"session_thread_id":null,"agent_name":"a","stop_reason":{"type":"end_turn"},"stop_details":null}
    e7 session.usage {"usage":{"input_tokens":0,"output_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"server_tool_use":{"web_search_requests":0,"web_fetch_requests":0},"active_seconds":0.0,"list_cost":{"amount":"0","currency":"USD"}},"budget":null}
    e8 session.status_idle {"stop_reason":{"type":"end_turn"},"stop_details":null}
    "#);
}

#[tokio::test]
async fn a_task_is_worked_on_through_events_alone() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let seen = local
        .converse(&path, message(TASK), "The user took it. This task is done.")
        .await;
    assert_eq!(stop(&seen), "end_turn");
    let used: Vec<&str> = seen
        .iter()
        .filter(|event| event["type"] == "agent.custom_tool_use")
        .map(|event| event["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        (used.first(), used.last()),
        (Some(&"read_document"), Some(&"submit"))
    );
    assert_eq!(local.history(&path).await, seen);

    let session = local.get(&path).await.ok();
    let sum = |name: &str| -> u64 {
        let ends = seen
            .iter()
            .filter(|event| event["type"] == "span.model_request_end");
        ends.map(|end| end["model_usage"][name].as_u64().unwrap())
            .sum()
    };
    let usage = &session["usage"];
    assert_eq!(usage["input_tokens"], sum("input_tokens"));
    assert_eq!(usage["output_tokens"], sum("output_tokens"));
    assert_eq!(
        usage["cache_creation"]["ephemeral_5m_input_tokens"],
        sum("cache_creation_input_tokens")
    );
    assert!(sum("output_tokens") > 0 && usage["active_seconds"].as_f64().unwrap() > 0.0);

    let backwards = local.get(&format!("{path}/events?order=desc")).await.ok();
    let mut turned = backwards["data"].as_array().unwrap().clone();
    turned.reverse();
    assert_eq!(turned, seen);
    assert_eq!(
        local.pages(&format!("{path}/events"), 3).await.concat(),
        seen
    );
    let messages = local
        .get(&format!("{path}/events?types[]=user.message"))
        .await
        .ok();
    assert_eq!(messages["data"], json!([seen[0]]));
}

#[tokio::test]
async fn the_same_seed_says_the_same_and_answers_are_waited_for() {
    let local = Local::start().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let path = local
            .session(json!({"metadata": {"seed": "18446744073709551615"}}))
            .await;
        let events = local.turn(&path, json!([message(TASK)])).await;
        assert_eq!(stop(&events), "requires_action");
        assert_eq!(local.get(&path).await.ok()["status"], "idle");
        let uses: Vec<Value> = events
            .into_iter()
            .filter(|event| event["type"] == "agent.custom_tool_use")
            .collect();
        // A message in between does not answer.
        let between = local.turn(&path, json!([message("Well?")])).await;
        assert_eq!(stop(&between), "requires_action");
        assert_eq!(
            between.last().unwrap()["stop_reason"]["event_ids"],
            json!([uses[0]["id"]])
        );
        let sent = local.say(&path, json!([answer(&uses[0], "")])).await.ok();
        assert_eq!(sent["data"][0]["processed_at"], NOW);
        let twice = local.say(&path, json!([answer(&uses[0], "")])).await;
        assert_eq!(twice.refusal(), (400, "invalid_request_error".to_owned()));
        local.settled(&path).await;
        let history = local.history(&path).await;
        assert_eq!(
            kinds(&history)
                .iter()
                .filter(|kind| **kind == "user.custom_tool_result")
                .count(),
            1
        );
        seen.push(
            history
                .iter()
                .map(|event| format!("{} {} {}", event["type"], event["input"], event["content"]))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn one_bad_event_keeps_all_out() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let rubric = json!({"type": "text", "content": "- a"});
    let system = json!({"type": "system.message", "content": [{"type": "text", "text": "x"}]});
    let outcome = |most: u32, rubric: &Value| json!({"type": "user.define_outcome", "description": "d", "rubric": rubric, "max_iterations": most});
    for (bad, status, words) in [
        (
            json!({"type": "user.no_such_event"}),
            400,
            "events[1].type: unknown variant",
        ),
        (
            json!({"type": "user.message"}),
            400,
            "events[1]: missing field `content`",
        ),
        (
            json!({"type": "user.message", "content": "x"}),
            400,
            "events[1]: invalid type: string",
        ),
        (
            json!({"type": "user.message", "content": [{"type": "video"}]}),
            400,
            "events[1].content[0]: `type` is none of",
        ),
        (
            json!({"type": "user.custom_tool_result", "custom_tool_use_id": "sevt_1"}),
            400,
            "events[1]: `sevt_1` is no event",
        ),
        (
            json!({"type": "user.tool_confirmation", "tool_use_id": "sevt_1", "result": "allow"}),
            400,
            "events[1]: `sevt_1` is no event",
        ),
        (
            json!({"type": "user.tool_result", "tool_use_id": "sevt_1"}),
            400,
            "self-hosted",
        ),
        (
            json!({"type": "user.interrupt", "session_thread_id": "sthr_1"}),
            404,
            "thread `sthr_1` not found",
        ),
        (outcome(0, &rubric), 400, "max_iterations: `0`"),
        (outcome(21, &rubric), 400, "max_iterations: `21`"),
        (
            outcome(3, &json!({"type": "file", "file_id": "file_1"})),
            404,
            "events[1].rubric: file `file_1` not found",
        ),
        (
            outcome(3, &json!({"type": "text", "content": "r".repeat(262_145)})),
            400,
            "rubric.content",
        ),
        (json!(5), 400, "events[1]: not an object"),
    ] {
        let (found, _, text) = local
            .say(&path, json!([message("good"), bad]))
            .await
            .error();
        assert_eq!(found, status, "{text}");
        assert!(text.contains(words), "{bad:.100}: {text}");
    }
    for events in [json!([]), json!(null), json!([system, message("x")])] {
        assert_eq!(local.say(&path, events).await.status, 400);
    }
    assert_eq!(local.history(&path).await, Vec::<Value>::new());
    assert_eq!(local.get(&path).await.ok()["status"], "idle");
}

#[tokio::test]
async fn an_interrupt_ends_the_turn_and_what_it_waited_for() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let events = local.turn(&path, json!([message(TASK)])).await;
    let used = events
        .iter()
        .find(|event| event["type"] == "agent.custom_tool_use")
        .unwrap();
    let ended = local.turn(&path, json!([{"type": "user.interrupt"}])).await;
    assert_eq!(stop(&ended), "end_turn");
    assert_eq!(ended[0]["type"], "user.interrupt");
    assert_eq!(
        local.say(&path, json!([answer(used, "")])).await.status,
        400
    );
    let after = local
        .converse(&path, message(TASK), "The user took it. This task is done.")
        .await;
    assert_eq!(stop(&after), "end_turn");
}
