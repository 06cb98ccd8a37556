//! Outcomes: a description, a rubric, and the service's own grader.

use serde_json::{Value, json};

use super::{
    Local, NOW,
    talk::{TASK, stop},
};

fn outcome(rubric: &str, most: u32) -> Value {
    json!({
        "type": "user.define_outcome", "description": TASK, "max_iterations": most,
        "rubric": {"type": "text", "content": rubric}
    })
}

const MET: &str = "# Answer\n\n- It is addressed to the Dear Northwind team.\n";
const NEVER_MET: &str = "# Answer\n\n- It quotes the number 918273645 from the annex.\n";

fn of_kind<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events
        .iter()
        .filter(|event| event["type"] == kind)
        .collect()
}

#[tokio::test]
async fn every_evaluation_is_a_pair_of_spans_and_the_session_keeps_step() {
    for (rubric, most) in [(MET, 3), (NEVER_MET, 1), (NEVER_MET, 2)] {
        let local = Local::start().await;
        let path = local.session(json!({})).await;
        let events = local
            .converse(&path, outcome(rubric, most), "Received.")
            .await;
        assert_eq!(stop(&events), "end_turn");
        let starts = of_kind(&events, "span.outcome_evaluation_start");
        let ends = of_kind(&events, "span.outcome_evaluation_end");
        let id = &events[0]["outcome_id"];
        assert_eq!(starts.len(), ends.len());
        for (number, (start, end)) in starts.iter().zip(&ends).enumerate() {
            assert_eq!(end["outcome_evaluation_start_id"], start["id"]);
            assert_eq!(
                (&end["iteration"], &end["outcome_id"]),
                (&json!(number), id)
            );
        }
        let last = ends.last().unwrap();
        if rubric == NEVER_MET {
            assert_eq!(last["result"], "max_iterations_reached");
            assert_eq!(ends.len(), most as usize);
            assert!(
                ends[..ends.len() - 1]
                    .iter()
                    .all(|end| end["result"] == "needs_revision")
            );
        }
        let session = local.get(&path).await.ok();
        assert_eq!(
            session["outcome_evaluations"],
            json!([{
                "type": "outcome_evaluation", "outcome_id": id, "description": TASK,
                "result": last["result"], "iteration": last["iteration"],
                "explanation": last["explanation"], "completed_at": NOW
            }])
        );
        // Another may follow.
        let next = local.say(&path, json!([outcome(MET, 1)])).await.ok();
        assert_eq!(next["data"][0]["processed_at"], NOW);
    }
}

#[tokio::test]
async fn one_outcome_at_a_time_until_it_is_interrupted() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let begun = local.turn(&path, json!([outcome(MET, 3)])).await;
    assert_eq!(stop(&begun), "requires_action");
    let results = |session: &Value| -> Vec<String> {
        let all = session["outcome_evaluations"].as_array().unwrap();
        all.iter()
            .map(|each| each["result"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(results(&local.get(&path).await.ok()), ["running"]);
    assert_eq!(local.say(&path, json!([outcome(MET, 3)])).await.status, 400);
    let again = local
        .turn(&path, json!([{"type": "user.interrupt"}, outcome(MET, 3)]))
        .await;
    let ends = of_kind(&again, "span.outcome_evaluation_end");
    assert_eq!(ends.len(), 1);
    assert_eq!(
        (
            &ends[0]["result"],
            &ends[0]["outcome_evaluation_start_id"],
            &ends[0]["outcome_id"]
        ),
        (&json!("interrupted"), &json!(""), &begun[0]["outcome_id"])
    );
    assert_eq!(
        results(&local.get(&path).await.ok()),
        ["interrupted", "running"]
    );
}

/// The user goes on without the agent while it works towards an outcome: that ends it.
#[tokio::test]
async fn an_outcome_that_nobody_works_towards_any_more_has_ended() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let mut events = local.turn(&path, json!([outcome(MET, 3)])).await;
    while stop(&events) == "requires_action" {
        let waits = events.last().unwrap()["stop_reason"]["event_ids"].clone();
        let answers: Vec<Value> = events
            .iter()
            .filter(|event| waits.as_array().unwrap().contains(&event["id"]))
            .map(|used| {
                let mut answer = super::talk::answer(used, "Received.");
                if used["name"] == "ask_user" {
                    answer["content"][0]["text"] = json!(dreamtrial::managed::words::GIVEN_UP);
                }
                answer
            })
            .collect();
        events = local.turn(&path, json!(answers)).await;
    }
    let session = local.get(&path).await.ok();
    let evaluation = &session["outcome_evaluations"][0];
    assert_ne!(evaluation["completed_at"], Value::Null, "{evaluation}");
    local.say(&path, json!([outcome(MET, 1)])).await.ok();
}

#[tokio::test]
async fn an_interrupt_ends_what_a_spent_budget_has_stopped() {
    let local = Local::start().await;
    let limit = json!({"type": "limit", "max_list_cost": {"amount": "1", "currency": "USD"}});
    let path = local.session(json!({"budget": limit})).await;
    let mut seen = Vec::new();
    while seen.last().is_none() || stop(&seen) != "budget_reached" {
        seen.extend(local.converse(&path, outcome(MET, 3), "Received.").await);
        assert!(seen.len() < 4_000, "the agent costs next to nothing");
    }
    let used = of_kind(&seen, "agent.custom_tool_use").pop().unwrap();
    let last = |session: &Value| {
        let all = session["outcome_evaluations"].as_array().unwrap();
        all.last().unwrap()["result"].clone()
    };
    assert_eq!(last(&local.get(&path).await.ok()), "running");

    let interrupted = local.turn(&path, json!([{"type": "user.interrupt"}])).await;
    assert_eq!(stop(&interrupted), "budget_reached");
    let ends = of_kind(&interrupted, "span.outcome_evaluation_end");
    assert_eq!(ends.len(), 1);
    assert_eq!(last(&local.get(&path).await.ok()), "interrupted");
    let late = super::talk::answer(used, "Received.");
    let (status, _, text) = local.say(&path, json!([late])).await.error();
    assert_eq!(status, 400);
    assert!(text.contains("waits for an answer"), "{text}");
    // The budget is as spent as before.
    let more = local.say(&path, json!([outcome(MET, 3)])).await.error();
    assert!(more.2.contains("has spent its budget"), "{}", more.2);
}
