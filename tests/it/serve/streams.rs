//! Streams of events: who sees what, and when they end.

use dreamtrial::{
    quantity::Seed,
    serve::{Faults, Settings},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    Local, settings,
    talk::{kinds, message},
};

#[tokio::test]
async fn a_reader_that_comes_late_to_its_stream_loses_nothing() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let before = local.turn(&path, json!([message("before")])).await;
    let mut slow = local.listen(&path).await;
    for number in 0..120 {
        local
            .turn(&path, json!([message(&format!("{number}"))]))
            .await;
    }
    let mut seen = Vec::new();
    while seen
        .iter()
        .filter(|event: &&Value| event["type"] == "session.status_idle")
        .count()
        < 120
    {
        seen.extend(slow.until("session.status_idle").await);
    }
    let history = local.history(&path).await;
    assert_eq!(history[..before.len()], before);
    assert_eq!(history[before.len()..], seen);
}

#[tokio::test]
async fn a_reader_that_is_behind_when_its_session_is_deleted_loses_nothing() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    local.turn(&path, json!([message("before")])).await;
    let mut slow = local.listen(&path).await;
    // More than connections take up by themselves.
    let long = "x".repeat(4 << 20);
    let mut said = Vec::new();
    for _ in 0..8 {
        said.extend(local.turn(&path, json!([message(&long)])).await);
    }
    local.delete(&path).await.ok();
    let mut seen = slow.rest().await;
    assert_eq!(seen.pop().unwrap()["type"], "session.deleted");
    // Not by themselves: they are long.
    assert!(seen == said, "{:?}", kinds(&seen));
}

#[tokio::test]
async fn many_streams_show_the_same() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let mut streams = join_all((0..100).map(|_| local.listen(&path))).await;
    let seen = local.turn(&path, json!([message("Hello.")])).await;
    for stream in &mut streams {
        assert_eq!(stream.until("session.status_idle").await, seen);
    }
}

#[tokio::test]
async fn streams_end_with_the_session_and_with_the_server() {
    let local = Local::start().await;
    let (gone, stays) = (
        local.session(json!({})).await,
        local.session(json!({})).await,
    );
    let mut of_gone = local.listen(&gone).await;
    let mut of_stays = local.listen(&stays).await;
    local.delete(&gone).await.ok();
    assert_eq!(kinds(&of_gone.rest().await), ["session.deleted"]);
    local.stop().await;
    assert_eq!(of_stays.rest().await, Vec::<Value>::new());
}

#[tokio::test]
async fn previews_are_pieces_of_what_follows_and_are_not_kept() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let mut listening = local
        .listen_at(&format!(
            "{path}/events/stream?event_deltas[]=agent.message&event_deltas[]=agent.thinking"
        ))
        .await;
    local.say(&path, json!([message("Hello.")])).await.ok();
    let seen = listening.until("session.status_idle").await;
    let start = seen
        .iter()
        .position(|event| event["type"] == "event_start")
        .unwrap();
    let end = seen
        .iter()
        .position(|event| event["type"] == "agent.message")
        .unwrap();
    let pieces: String = seen[start + 1..end]
        .iter()
        .map(|event| event["delta"]["content"]["text"].as_str().unwrap())
        .collect();
    assert!(end - start > 2);
    assert_eq!(seen[end]["content"][0]["text"], pieces);
    assert_eq!(seen[start]["event"]["id"], seen[end]["id"]);
    let stored: Vec<&Value> = seen
        .iter()
        .filter(|event| !event["type"].as_str().unwrap().starts_with("event_"))
        .collect();
    let history = local.history(&path).await;
    assert_eq!(history.iter().collect::<Vec<_>>(), stored);
    let refused = local
        .get(&format!(
            "{path}/events/stream?event_deltas[]=agent.tool_use"
        ))
        .await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn streams_are_cut_on_demand_and_the_history_has_the_rest() {
    let faults = Faults {
        seed: Seed(3),
        dropped_streams: 1.0,
        ..Faults::default()
    };
    let local = Local::with(Settings {
        faults,
        ..settings()
    })
    .await;
    let path = local.session(json!({})).await;
    for number in 0..5 {
        let mut listening = local.listen(&path).await;
        for _ in 0..2 {
            local.say(&path, json!([message("Hello.")])).await.ok();
        }
        let events = listening.rest().await;
        assert_eq!(events.len() as u64, faults.cut_of(number).unwrap());
        let history = local.history(&path).await;
        assert!(events.iter().all(|event| history.contains(event)));
    }
}

#[tokio::test]
async fn a_thread_has_the_stream_and_the_history_of_its_session() {
    let local = Local::start().await;
    let path = local.session(json!({})).await;
    let threads = format!("{path}/threads");
    let listed = local.get(&threads).await.ok()["data"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["usage"], &listed[0]["stats"]),
        (&Value::Null, &Value::Null)
    );
    let thread = format!("{threads}/{}", listed[0]["id"].as_str().unwrap());
    let mut listening = local.listen_at(&format!("{thread}/stream")).await;
    let seen = local.turn(&path, json!([message("Hello.")])).await;
    assert_eq!(listening.until("session.status_idle").await, seen);
    assert_eq!(
        local.get(&format!("{thread}/events")).await.ok()["data"],
        json!(seen)
    );
    let shown = local.get(&thread).await.ok();
    assert_eq!(shown["parent_thread_id"], Value::Null);
    assert_eq!(shown["usage"], local.get(&path).await.ok()["usage"]);
    let none = local
        .get(&format!("{threads}?statuses[]=terminated"))
        .await
        .ok();
    assert_eq!(none["data"], json!([]));
    assert_eq!(
        local
            .post(&format!("{thread}/archive"), json!({}))
            .await
            .status,
        400
    );
}
