//! What is left of sessions when a server ends in the middle of them.

use dreamtrial::serve::{Location, Settings};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    Local,
    process::Process,
    settings,
    talk::{TASK, kinds, message, tools},
};

/// What events say, without what differs from session to session.
fn said(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .map(|event| {
            let usage = &event["model_usage"];
            format!(
                "{} {} {} {usage}",
                event["type"], event["input"], event["content"]
            )
        })
        .collect()
}

#[tokio::test]
async fn a_turn_that_was_lost_is_played_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.db");
    let with = || Settings {
        database: Location::File(file.clone()),
        ..settings()
    };
    let local = Local::with(with()).await;
    let path = local.session(json!({"metadata": {"seed": "5"}})).await;
    let whole = local.turn(&path, json!([message(TASK)])).await;
    local.stop().await;

    // What the file is after a kill: before the event was taken, and between taking and appending.
    for (kept, awake) in [(0, 0), (3, 1)] {
        let connection = Connection::open(&file).unwrap();
        let statements = format!(
            "DELETE FROM session_events WHERE place > max({kept}, 1);
            UPDATE sessions SET status = 'running', awake = {awake}, waiting = '[]', place = {kept},
                uncached_input = 0, cache_write = 0, cache_read = 0, output = 0, active = 0;"
        );
        connection.execute_batch(&statements).unwrap();
        if kept == 0 {
            connection
                .execute_batch(
                    "UPDATE session_events SET place = NULL, processed = NULL;
                    UPDATE sessions SET opening = NULL;",
                )
                .unwrap();
        }
        drop(connection);
        let local = Local::with(with()).await;
        assert_eq!(local.settled(&path).await["status"], "idle");
        let history = local.history(&path).await;
        assert_eq!(said(&history), said(&whole));
        assert_eq!(history[0]["id"], whole[0]["id"]);
        local.stop().await;
    }
}

#[tokio::test]
async fn sessions_of_a_killed_server_go_on_and_nothing_is_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.db");
    let server = Process::start(&file, &[]);
    let local = server.client();
    let (agent, environment) = local.agent(tools()).await;
    let mut paths = Vec::new();
    for _ in 0..30 {
        let body = json!({
            "agent": agent, "environment_id": environment, "metadata": {"seed": "9"},
            "initial_events": [message(TASK), message("And quickly.")]
        });
        let made = local.post("/v1/sessions", body).await.ok();
        assert_eq!(made["status"], "running");
        paths.push(format!("/v1/sessions/{}", made["id"].as_str().unwrap()));
    }
    drop(server);

    let server = Process::start(&file, &[]);
    let local = server.client();
    let mut first: Option<Vec<String>> = None;
    for path in &paths {
        assert_eq!(local.settled(path).await["status"], "idle");
        let history = local.history(path).await;
        let wanted = first.get_or_insert_with(|| said(&history));
        assert_eq!(&said(&history), wanted);
        assert_eq!(
            kinds(&history)[..3],
            ["user.message", "user.message", "session.status_running"]
        );
        assert_eq!(*kinds(&history).last().unwrap(), "session.status_idle");
    }
}
