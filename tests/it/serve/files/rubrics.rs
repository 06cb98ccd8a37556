//! Rubrics that are files.

use serde_json::{Value, json};

use super::Local;
use crate::serve::talk::{TASK, stop};

const RUBRIC: &str = "# Answer\n\n- It is addressed to the Dear Northwind team.\n- It quotes the number 918273645.\n";

fn outcome(rubric: &Value) -> Value {
    json!({
        "type": "user.define_outcome", "description": TASK, "max_iterations": 2, "rubric": rubric
    })
}

/// What the evaluations of a session found.
fn found(events: &[Value]) -> Vec<(&Value, &Value)> {
    events
        .iter()
        .filter(|event| event["type"] == "span.outcome_evaluation_end")
        .map(|event| (&event["result"], &event["explanation"]))
        .collect()
}

#[tokio::test]
async fn a_rubric_of_a_file_is_graded_as_its_text_even_if_the_file_is_gone() {
    let local = Local::start().await;
    let seed = json!({"metadata": {"seed": "5"}});
    let path = local.session(seed.clone()).await;
    let text = outcome(&json!({"type": "text", "content": RUBRIC}));
    let as_text = local.converse(&path, text, "Received.").await;
    assert_eq!(stop(&as_text), "end_turn");
    assert!(!found(&as_text).is_empty());

    let file = local.upload("rubric.md", RUBRIC.as_bytes()).await;
    let rubric = json!({"type": "file", "file_id": file});
    let path = local.session(seed.clone()).await;
    let mut as_file = local.turn(&path, json!([outcome(&rubric)])).await;
    assert_eq!(as_file[0]["rubric"], rubric);
    local.delete(&format!("/v1/files/{file}")).await.ok();
    while stop(&as_file) == "requires_action" {
        let waits = as_file.last().unwrap()["stop_reason"]["event_ids"].clone();
        let answers: Vec<Value> = as_file
            .iter()
            .filter(|event| waits.as_array().unwrap().contains(&event["id"]))
            .map(|used| crate::serve::talk::answer(used, "Received."))
            .collect();
        as_file.extend(local.turn(&path, json!(answers)).await);
    }
    assert_eq!(found(&as_file), found(&as_text));

    // A session may begin with one too.
    let file = local.upload("rubric.md", RUBRIC.as_bytes()).await;
    let rubric = json!({"type": "file", "file_id": file});
    let mut session = seed;
    session["initial_events"] = json!([outcome(&rubric)]);
    let path = local.session(session).await;
    local.settled(&path).await;
    assert_eq!(local.history(&path).await[0]["rubric"], rubric);
}

#[tokio::test]
async fn a_file_that_is_no_rubric_is_refused_when_it_is_sent() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let most = "é".repeat(262_144);
    let long = format!("{most}e");
    for (content, why) in [
        (&b""[..], "has 0 characters, not 1 to 262144"),
        (long.as_bytes(), "has 262145 characters, not 1 to 262144"),
        (b"- a \xff", "is not UTF-8 text"),
    ] {
        let file = local.upload("rubric.md", content).await;
        let event = outcome(&json!({"type": "file", "file_id": file}));
        let (status, kind, message) = local.say(&path, json!([event])).await.error();
        assert_eq!((status, kind.as_str()), (400, "invalid_request_error"));
        assert_eq!(message, format!("events[0].rubric: file `{file}` {why}"));
    }
    let unknown = outcome(&json!({"type": "file", "file_id": "file_1"}));
    let (status, _, message) = local.say(&path, json!([&unknown])).await.error();
    assert_eq!(
        (status, message.as_str()),
        (404, "events[0].rubric: file `file_1` not found")
    );
    let mut opened = json!({"initial_events": [unknown]});
    let (agent, environment) = local.agent(json!([])).await;
    opened["agent"] = json!(agent);
    opened["environment_id"] = json!(environment);
    let (_, _, message) = local.post("/v1/sessions", opened).await.error();
    assert_eq!(message, "initial_events[0].rubric: file `file_1` not found");
    // Nothing of them was kept.
    let session = local.get(&path).await.ok();
    assert_eq!(session["outcome_evaluations"], json!([]));
    assert_eq!(local.history(&path).await, Vec::<Value>::new());

    let file = local.upload("rubric.md", most.as_bytes()).await;
    let event = outcome(&json!({"type": "file", "file_id": file}));
    local.say(&path, json!([event])).await.ok();
}
