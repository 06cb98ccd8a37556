//! Sessions without a server around them: what happens between two steps that clients see as one.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{history::Stored, sent::Sent, session::Session, turn::Taken, *};
use crate::{
    quantity::Clock,
    serve::{ApiError, Settings, agents::Pinned, play},
};

const OWNER: &str = "apikey_1";

fn shared() -> Arc<Shared> {
    Arc::new(Shared::open(Settings::default()).expect("a database in memory"))
}

/// A session that was told nothing; its id.
async fn session(shared: &Arc<Shared>) -> String {
    let made = written(shared, |writer| {
        let agent = Pinned {
            id: "agent_1".to_owned(),
            version: 1,
            snapshot: json!({"id": "agent_1", "name": "a", "model": {"id": "m"}, "tools": []}),
        };
        let mut session = writer.new_session(OWNER, agent, "env_1".to_owned());
        session.insert(writer.transaction)?;
        Ok(session.id)
    });
    made.await.expect("a session")
}

/// Does something to a session in a transaction.
async fn with<T: Send + 'static>(
    shared: &Arc<Shared>,
    id: &str,
    work: impl FnOnce(&Writer<'_>, &mut Session) -> Result<T, ApiError> + Send + 'static,
) -> T {
    let id = id.to_owned();
    let done = written(shared, move |writer| {
        work(writer, &mut session::find(writer.transaction, OWNER, &id)?)
    });
    done.await.expect("done")
}

/// Sends messages; gives the number of the session.
async fn tell(shared: &Arc<Shared>, id: &str, texts: &[&str]) -> i64 {
    let message =
        |text: &&str| json!({"type": "user.message", "content": [{"type": "text", "text": text}]});
    let sent = Sent::read("events", texts.iter().map(message).collect()).expect("messages");
    with(shared, id, move |writer, session| {
        writer.receive(session, &sent)?;
        session.save(writer.transaction)?;
        Ok(session.number)
    })
    .await
}

async fn history(shared: &Arc<Shared>, id: &str) -> Vec<Value> {
    with(shared, id, |writer, session| {
        let events = history::after(writer.transaction, session.number, 0, 1_000)?;
        Ok(events.iter().map(Stored::wire).collect())
    })
    .await
}

fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| event["type"] == kind).count()
}

async fn take(shared: &Arc<Shared>, number: i64) -> Arc<play::Next> {
    let settings = shared.play;
    let taken = written(shared, move |writer| writer.take(number, &settings));
    let Ok(Taken::Play(past)) = taken.await else {
        panic!("there is nothing to play");
    };
    Arc::new(play::next(&past.setting, &past.history).expect("a history of this agent"))
}

async fn append(shared: &Arc<Shared>, number: i64, next: Arc<play::Next>) -> bool {
    let appended = written(shared, move |writer| writer.append_next(number, &next));
    appended.await.expect("appended")
}

#[tokio::test]
async fn a_turn_does_not_end_while_something_that_was_said_in_it_waits() {
    let shared = shared();
    let id = session(&shared).await;
    let number = tell(&shared, &id, &["one"]).await;
    let next = take(&shared, number).await;
    tell(&shared, &id, &["two"]).await;
    assert!(append(&shared, number, next).await);
    let events = history(&shared, &id).await;
    assert_eq!(count(&events, "agent.message"), 1);
    assert_eq!(count(&events, "session.status_idle"), 0);

    let next = take(&shared, number).await;
    assert!(!append(&shared, number, next).await);
    let events = history(&shared, &id).await;
    for (kind, times) in [
        ("user.message", 2),
        ("session.status_running", 1),
        ("agent.message", 2),
        ("session.thread_status_idle", 1),
        ("session.status_idle", 1),
    ] {
        assert_eq!(count(&events, kind), times, "{kind}");
    }
    assert_eq!(
        events[events.len() - 1]["stop_reason"],
        json!({"type": "end_turn"})
    );
}

/// A clock that is looked at once in every attempt to write.
struct Watched(AtomicUsize);

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::UNIX_EPOCH
    }
}

#[tokio::test]
async fn a_database_that_fails_for_a_while_ends_no_session() {
    let clock = Arc::new(Watched(AtomicUsize::new(0)));
    let attempts = || clock.0.load(Ordering::Relaxed);
    let settings = Settings {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Settings::default()
    };
    let shared = Arc::new(Shared::open(settings).expect("a database in memory"));
    let id = session(&shared).await;
    let number = tell(&shared, &id, &["Hello."]).await;
    let rename = async |from: &'static str, to: &'static str| {
        let renamed = shared.database.run(move |transaction| {
            Ok(transaction.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}"))?)
        });
        renamed.await.expect("renamed");
    };
    rename("session_events", "away").await;
    let mut listener = shared.listeners.listen(number);
    let before = attempts();
    wake(&shared, number);
    while attempts() < before + 3 {
        tokio::task::yield_now().await;
    }
    rename("away", "session_events").await;
    while with(&shared, &id, |_, session| Ok(session.status)).await != session::Status::Idle {
        listener.news.changed().await.expect("news");
    }
    let events = history(&shared, &id).await;
    assert_eq!(count(&events, "agent.message"), 1);
    assert_eq!(count(&events, "session.error"), 0);
}
