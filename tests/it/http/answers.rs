//! Answers that are right, in the forms that services give them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dreamtrial::{
    http::Service,
    quantity::{Clock, Milliseconds},
};
use jiff::Timestamp;

use crate::support::fault_server::{
    FaultServer, Step, answer, chunk, last_chunk, stream, stream_head,
};

use super::{ask, call, service, settings};

#[tokio::test]
async fn a_request_has_its_headers_and_its_body_and_the_connection_is_used_again() {
    let server = FaultServer::start(vec![answer(
        "200 OK",
        &[("request-id", "req_1")],
        r#"{"t":"hello"}"#,
    )])
    .await;
    let service = service(settings(&server.url));
    for _ in 0..3 {
        let called = ask(&service, false).await.unwrap();
        assert_eq!((called.output.as_str(), called.attempts), ("hello", 1));
        assert_eq!(called.request_id.as_deref(), Some("req_1"));
    }
    let requests = server.requests();
    let mut lines: Vec<&str> = requests[0]
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("host:"))
        .collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    POST /v1/messages?beta=true HTTP/1.1
    accept-encoding: gzip
    accept: application/json
    authorization: Bearer sk-test-0123456789abcdef
    content-length: 9
    content-type: application/json
    user-agent: dreamtrial/0.1.0
    {"ask":1}
    "#);
    assert_eq!((requests.len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn a_stream_is_read_however_it_is_cut_and_its_connection_is_used_again() {
    let text = ": hi\n\ndata: {\"t\":\"hé\"}\r\n\r\nevent: ping\ndata: {}\n\ndata: {\"t\":\"llo\"}\n\nevent: done\ndata: {}\n\n";
    let (first, second) = text.split_at(text.find('é').unwrap());
    let server = FaultServer::start(vec![
        stream(&[text]),
        stream(&[first, second, "data: not read\n\n"]),
    ])
    .await;
    let service = service(settings(&server.url));
    for _ in 0..3 {
        assert_eq!(ask(&service, true).await.unwrap().output, "héllo");
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn a_stream_without_an_end_is_judged_by_its_reader() {
    let server = FaultServer::start(vec![
        stream(&["data: {\"t\":\"half\"}\n\n"]),
        stream(&["data: {\"t\":\"whole\",\"last\":true}\n\n"]),
    ])
    .await;
    let called = ask(&service(settings(&server.url)), true).await.unwrap();
    assert_eq!((called.output.as_str(), called.attempts), ("whole", 2));
}

#[tokio::test]
async fn a_service_that_does_not_stream_is_read_all_the_same() {
    let server = FaultServer::start(vec![answer("200 OK", &[], r#"{"t":"at once"}"#)]).await;
    assert_eq!(
        ask(&service(settings(&server.url)), true)
            .await
            .unwrap()
            .output,
        "at once"
    );
}

#[tokio::test]
async fn comments_are_signs_of_life() {
    let keep_alive = b"f\r\n: keep-alive\n\n\n\r\n".to_vec();
    let server = FaultServer::start(vec![vec![
        stream_head(),
        Step::Repeat(keep_alive, Duration::from_millis(100), 15),
        chunk("data: {\"t\":\"late\"}\n\nevent: done\ndata: {}\n\n"),
        last_chunk(),
    ]])
    .await;
    let mut settings = settings(&server.url);
    settings.timeouts.idle = Duration::from_secs(1);
    let called = ask(&service(settings), true).await.unwrap();
    assert_eq!((called.output.as_str(), called.attempts), ("late", 1));
}

#[tokio::test]
async fn the_body_at_a_path_is_got_as_it_is() {
    let server = FaultServer::start(vec![answer("200 OK", &[], "[1, 2]")]).await;
    let service = service(settings(&format!("{}/v1/?version=3", server.url)));
    let called = service.get("doctor", "models?limit=5").await.unwrap();
    assert_eq!(called.output, b"[1, 2]");
    let request = server.requests().remove(0);
    assert_eq!(
        request.lines().next(),
        Some("GET /v1/models?version=3&limit=5 HTTP/1.1")
    );
}

/// A clock that is a second further each time it is looked at.
#[derive(Debug, Default)]
struct SteppingClock(AtomicI64);

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

#[tokio::test]
async fn the_time_of_a_call_is_that_of_the_attempt_that_went_well() {
    let server = FaultServer::start(vec![
        answer("500 Internal Server Error", &[], ""),
        answer("200 OK", &[], r#"{"t":"hello"}"#),
    ])
    .await;
    let clock = Arc::new(SteppingClock::default());
    let service = Service::new(settings(&server.url), clock).map_err(|error| error.to_string());
    let called = ask(&service.unwrap(), false).await.unwrap();
    assert_eq!((called.attempts, called.active), (2, Milliseconds(1000)));
}

#[tokio::test]
async fn many_calls_are_in_flight_at_once() {
    // No call is answered before all of them are there.
    let mut script = vec![Step::UntilRequests(500)];
    script.extend(answer("200 OK", &[], r#"{"t":"all"}"#));
    let server = FaultServer::start(vec![script]).await;
    let service = service(settings(&server.url));
    let calls = (0..500).map(|_| service.call(call(false), super::Words::default));
    for called in futures_util::future::join_all(calls).await {
        assert_eq!(called.unwrap().output, "all");
    }
    assert_eq!(server.connections(), 500);
}
