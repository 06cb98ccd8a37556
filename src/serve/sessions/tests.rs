//! Sessions without a server around them: what happens between two steps that clients see as one.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{events::Question, history::Stored, sent::Sent, session::Session, turn::Taken, *};
use crate::{
    quantity::Clock,
    serve::{ApiError, Settings, agents::Pinned, play, query::Parameters},
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
        writer.receive(session, "events", &sent)?;
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

/// Pages of so many events, as a client reads them one after the other; `between` two pages something
/// happens.
async fn pages(
    shared: &Arc<Shared>,
    id: &str,
    limit: usize,
    mut between: impl AsyncFnMut(),
) -> Vec<Vec<Value>> {
    let limit = limit.to_string();
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut pairs = vec![("limit", limit.as_str())];
        pairs.extend(cursor.as_deref().map(|cursor| ("page", cursor)));
        let question = Question::read(&Parameters::of(&pairs)).expect("a question");
        let page = with(shared, id, move |writer, session| {
            question.page(writer.transaction, session.number)
        })
        .await;
        pages.push(page.data);
        cursor = page.next_page;
        if cursor.is_none() {
            return pages;
        }
        between().await;
    }
}

#[tokio::test]
async fn pages_pass_over_nothing_that_gets_its_place_between_them() {
    let shared = shared();
    let id = session(&shared).await;
    let number = tell(&shared, &id, &["one"]).await;
    let next = take(&shared, number).await;
    append(&shared, number, next).await;
    let before = history(&shared, &id).await.len();
    tell(&shared, &id, &["two", "three", "four"]).await;
    let between = async || {
        if history(&shared, &id).await.len() == before {
            let next = take(&shared, number).await;
            append(&shared, number, next).await;
        }
    };
    // The second of those that wait would be the last of the page.
    let pages = pages(&shared, &id, before + 2, between).await;
    assert_eq!(pages.concat(), history(&shared, &id).await);
    assert_eq!(pages[0].len(), before);
}

#[tokio::test]
async fn events_are_processed_in_the_order_of_their_places() {
    let settings = Settings {
        clock: Arc::new(Watched(AtomicUsize::new(0))),
        ..Settings::default()
    };
    let shared = Arc::new(Shared::open(settings).expect("a database in memory"));
    let id = session(&shared).await;
    let number = tell(&shared, &id, &["one"]).await;
    let outcome = json!({
        "type": "user.define_outcome", "description": "d",
        "rubric": {"type": "text", "content": "- r"}
    });
    let sent = Sent::read("events", vec![outcome]).expect("an outcome");
    let echo = with(&shared, &id, move |writer, session| {
        let echo = writer.receive(session, "events", &sent)?;
        session.save(writer.transaction)?;
        Ok(echo)
    })
    .await;
    assert_ne!(echo[0]["processed_at"], Value::Null);
    let next = take(&shared, number).await;
    append(&shared, number, next).await;
    let events = history(&shared, &id).await;
    let times: Vec<Timestamp> = events
        .iter()
        .map(|event| event["processed_at"].to_string().trim_matches('"').parse())
        .collect::<Result<_, _>>()
        .expect("times");
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.first() < times.last());
}

/// A clock that is looked at once in every attempt to write, and is a second later each time.
struct Watched(AtomicUsize);

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        let looks = self.0.fetch_add(1, Ordering::Relaxed);
        let seconds = i64::try_from(looks).expect("few looks");
        Timestamp::from_second(seconds).expect("a time")
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
    let mut listener = shared.listeners.listen(number, 0);
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
