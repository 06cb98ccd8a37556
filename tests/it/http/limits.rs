//! Limits that calls keep to, and what a service says of them.

use std::time::Duration;

use dreamtrial::http::{CallErrorKind, Rates};

use crate::support::fault_server::{FaultServer, Step, answer};

use super::{ask, service, settings, words};

fn overloaded(headers: &[(&str, &str)]) -> Vec<Step> {
    answer(
        "429 Too Many Requests",
        headers,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#,
    )
}

fn hello() -> Vec<Step> {
    answer("200 OK", &[], r#"{"t":"hello"}"#)
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again() {
    for headers in [
        &[][..],
        &[("retry-after-ms", "5")],
        &[("retry-after", "0.01")],
    ] {
        let server = FaultServer::start(vec![overloaded(headers), hello()]).await;
        let called = ask(&service(settings(&server.url)), false).await.unwrap();
        assert_eq!(
            (
                called.output.as_str(),
                called.attempts,
                server.requests().len()
            ),
            ("hello", 2, 2)
        );
    }
}

#[tokio::test]
async fn a_wait_that_a_service_asks_for_holds_for_every_call() {
    let server = FaultServer::start(vec![overloaded(&[("retry-after", "300")]), hello()]).await;
    let mut settings = settings(&server.url);
    // One after the other, so that the second begins when the first has been told.
    settings.rates.concurrency = Some(1);
    let service = service(settings);
    let both = async { tokio::join!(ask(&service, false), ask(&service, false)) };
    assert!(
        tokio::time::timeout(Duration::from_secs(1), both)
            .await
            .is_err()
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_wait_beyond_reason_is_an_error() {
    let server = FaultServer::start(vec![overloaded(&[("retry-after", "86400")])]).await;
    let error = ask(&service(settings(&server.url)), false)
        .await
        .unwrap_err();
    insta::assert_snapshot!(words(&error, &server.url), @"Exhausted: `sonnet`: POST SERVER/v1/messages: 429 Too Many Requests, `rate_limit_error`: slow down; the service asks to wait 86400 seconds, and no more than 600 are waited (1 attempt)");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_account_without_money_is_not_asked_again() {
    let server = FaultServer::start(vec![answer(
        "429 Too Many Requests",
        &[],
        r#"{"error":{"type":"rate_limit_error","message":"spent","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
    )])
    .await;
    let error = ask(&service(settings(&server.url)), false)
        .await
        .unwrap_err();
    insta::assert_snapshot!(words(&error, &server.url), @"Refused: `sonnet`: POST SERVER/v1/messages: 429 Too Many Requests, `rate_limit_error`, `enforced_spend_limit_reached`: spent (1 attempt)");
    assert_eq!(
        error.service_error.as_deref(),
        Some("enforced_spend_limit_reached")
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_service_has_the_last_word_on_trying_again() {
    let server =
        FaultServer::start(vec![answer("500 Oops", &[("x-should-retry", "false")], "")]).await;
    let error = ask(&service(settings(&server.url)), false)
        .await
        .unwrap_err();
    insta::assert_snapshot!(words(&error, &server.url), @"Exhausted: `sonnet`: POST SERVER/v1/messages: 500 Internal Server Error; the service says not to try again (1 attempt)");
    let server = FaultServer::start(vec![
        answer("400 Bad Request", &[("x-should-retry", "true")], ""),
        hello(),
    ])
    .await;
    assert_eq!(
        ask(&service(settings(&server.url)), false)
            .await
            .unwrap()
            .attempts,
        2
    );
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_the_owner_allows() {
    // The first two are answered when both are there; with a third in flight it would have come first.
    let mut script = vec![Step::UntilRequests(2)];
    script.extend(hello());
    let server = FaultServer::start(vec![script]).await;
    let mut settings = settings(&server.url);
    settings.rates = Rates {
        concurrency: Some(2),
        ..Rates::default()
    };
    let service = service(settings);
    let calls = (0..20).map(|_| ask(&service, false));
    assert!(
        futures_util::future::join_all(calls)
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!((server.requests().len(), server.connections()), (20, 2));
}

#[tokio::test]
async fn calls_that_are_turned_away_together_halve_what_is_in_flight_once() {
    let together = |count, mut script: Vec<Step>| {
        script.insert(0, Step::UntilRequests(count));
        script
    };
    // Eight at once are turned away. If fewer than four came back at once, they would wait for ever.
    let mut scripts = vec![together(8, overloaded(&[])); 8];
    scripts.push(together(12, hello()));
    let server = FaultServer::start(scripts).await;
    let mut settings = settings(&server.url);
    settings.timeouts.total = Duration::from_secs(20);
    let service = service(settings);
    let calls = (0..8).map(|_| ask(&service, false));
    let called = futures_util::future::join_all(calls).await;
    assert!(
        called
            .into_iter()
            .all(|called| called.unwrap().attempts == 2)
    );
    let beside = server.beside();
    assert_eq!(beside.len(), 16);
    // After four calls that went well, one more is let in.
    assert!(beside[8..].iter().all(|&beside| beside <= 5), "{beside:?}");
}

#[tokio::test]
async fn a_call_larger_than_the_limit_goes_once_and_the_next_one_waits() {
    let server = FaultServer::start(vec![hello()]).await;
    let mut settings = settings(&server.url);
    settings.rates.output_tokens_per_minute = Some(5);
    let service = service(settings);
    // Both the estimate and what it took, 10, are above the 5 of the bucket.
    assert!(ask(&service, false).await.is_ok());
    let second = tokio::time::timeout(Duration::from_millis(200), ask(&service, false)).await;
    assert!(second.is_err());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_call_that_was_turned_away_has_taken_no_tokens() {
    let server = FaultServer::start(vec![overloaded(&[]), hello()]).await;
    let mut settings = settings(&server.url);
    settings.rates.input_tokens_per_minute = Some(10);
    let called = ask(&service(settings), false).await.unwrap();
    assert_eq!(called.attempts, 2);
    let server = FaultServer::start(vec![overloaded(&[])]).await;
    let error = ask(&service(super::settings(&server.url)), false)
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.attempts), (CallErrorKind::Exhausted, 3));
}
