//! Answers that are wrong.

use std::time::Duration;

use dreamtrial::http::{CallErrorKind, Service};

use crate::support::fault_server::{FaultServer, Script, Step, answer, chunk, stream, stream_head};

use super::{KEY, ask, service, settings, words};

const GOOD: &[&str] = &[
    "data: {\"t\":\"the \"}\n\n",
    "data: {\"t\":\"answer\"}\n\nevent: done\ndata: {}\n\n",
];

/// The error after every attempt has met the same script, and how many attempts the server saw.
async fn fails(script: Script, stream: bool) -> (String, usize) {
    let server = FaultServer::start(vec![script]).await;
    let error = ask(&service(settings(&server.url)), stream)
        .await
        .unwrap_err();
    let seen = server.requests().len();
    assert_eq!(error.attempts as usize, seen);
    (words(&error, &server.url), seen)
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_nothing_of_it_stays() {
    let half = "data: {\"t\":\"half\"}\n\n";
    let faults: Vec<(&str, Script)> = vec![
        ("500", answer("500 Internal Server Error", &[], "{}")),
        ("529", answer("529 ", &[], r#"{"error":{"type":"overloaded_error"}}"#)),
        ("408", answer("408 Request Timeout", &[], "")),
        ("a cut before the head", vec![Step::Close]),
        ("a reset before the head", vec![Step::Reset]),
        ("no HTTP", vec![Step::Send(b"hello\r\n\r\n".to_vec()), Step::Close]),
        ("a cut stream", vec![stream_head(), chunk(half), Step::Close]),
        ("a reset in mid-stream", vec![stream_head(), chunk(half), Step::Reset]),
        ("a malformed event", stream(&[half, "data: {\"t\":\n\n"])),
        ("an event that is no text", vec![stream_head(), chunk(half), Step::Send(b"9\r\ndata: \xff\n\n\r\n".to_vec())]),
        ("an error within", stream(&[half, "event: error\ndata: {\"type\":\"overloaded_error\"}\n\n"])),
        ("an early end", stream(&[half])),
        ("truncated JSON", answer("200 OK", &[], "{\"t\":\"ha")),
        ("a body shorter than it says", vec![
            Step::Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"t\":\"half\"}".to_vec()),
            Step::Close,
        ]),
        ("a page", answer("200 OK", &[("content-type", "text/html")], "<html>")),
    ];
    for (fault, script) in faults {
        let server = FaultServer::start(vec![script, stream(GOOD)]).await;
        let called = ask(&service(settings(&server.url)), true)
            .await
            .unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert_eq!(
            (called.output.as_str(), called.attempts),
            ("the answer", 2),
            "{fault}"
        );
        assert_eq!(server.requests().len(), 2, "{fault}");
    }
}

#[tokio::test]
async fn each_failure_says_what_was_asked_and_what_came() {
    let mut said = Vec::new();
    for (script, stream) in [
        (
            answer(
                "401 Unauthorized",
                &[("request-id", "req_7")],
                r#"{"error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
            ),
            false,
        ),
        (
            answer(
                "400 Bad Request",
                &[],
                r#"{"error":{"type":"invalid_request_error","message":"max_tokens: too large"}}"#,
            ),
            false,
        ),
        (
            answer("404 Not Found", &[], r#"{"error":"model \"x\" not found"}"#),
            false,
        ),
        (
            answer(
                "413 Payload Too Large",
                &[("content-type", "text/html")],
                "<html>\r\n<b>nginx</b>",
            ),
            false,
        ),
        (answer("500 Internal Server Error", &[], ""), false),
        (
            answer(
                "529 Overloaded",
                &[("x-request-id", "abc")],
                r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            ),
            false,
        ),
        (
            answer(
                "301 Moved Permanently",
                &[("location", "https://user:pass@elsewhere.example/v2?key=1")],
                "",
            ),
            false,
        ),
        (
            answer(
                "200 OK",
                &[("content-type", "text/html; charset=utf-8")],
                "<html>\u{1b}[31m\n<title>Sign in</title>",
            ),
            false,
        ),
        (answer("200 OK", &[], "{\"t\":"), false),
        (
            vec![stream_head(), chunk("data: {}\n\n"), Step::Close],
            true,
        ),
        (
            stream(&["event: error\ndata: {\"type\":\"permission_error\",\"message\":\"no\"}\n\n"]),
            true,
        ),
        (
            stream(&["event: error\ndata: {\"type\":\"api_error\",\"message\":\"hm\"}\n\n"]),
            true,
        ),
    ] {
        let (words, attempts) = fails(script, stream).await;
        said.push(format!("{attempts} {words}"));
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    1 Refused: `sonnet`: POST SERVER/v1/messages: 401 Unauthorized, `authentication_error`: invalid x-api-key (1 attempt, request `req_7`)
    1 Rejected: `sonnet`: POST SERVER/v1/messages: 400 Bad Request, `invalid_request_error`: max_tokens: too large (1 attempt)
    1 Refused: `sonnet`: POST SERVER/v1/messages: 404 Not Found: model "x" not found (1 attempt)
    1 Rejected: `sonnet`: POST SERVER/v1/messages: 413 Payload Too Large: <html> <b>nginx</b> (1 attempt)
    3 Exhausted: `sonnet`: POST SERVER/v1/messages: 500 Internal Server Error (3 attempts)
    3 Exhausted: `sonnet`: POST SERVER/v1/messages: 529, `overloaded_error`: Overloaded (3 attempts, request `abc`)
    1 Refused: `sonnet`: POST SERVER/v1/messages: 301 sends to `https://elsewhere.example/v2`, and a key is not sent on: give the service's own address (1 attempt)
    3 Exhausted: `sonnet`: POST SERVER/v1/messages: the answer is `text/html; charset=utf-8`, as of a proxy or a sign-in page, and begins `<html> [31m <title>Sign in</title>` (3 attempts)
    3 Exhausted: `sonnet`: POST SERVER/v1/messages: the answer is malformed: EOF while parsing a value at line 1 column 5 (3 attempts)
    3 Exhausted: `sonnet`: POST SERVER/v1/messages: the answer broke off: unexpected EOF during chunk size line (3 attempts)
    1 Refused: `sonnet`: POST SERVER/v1/messages: the answer broke off with `permission_error`: no (1 attempt)
    3 Exhausted: `sonnet`: POST SERVER/v1/messages: the answer broke off with `api_error`: hm (3 attempts)
    "#);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named() {
    // Nobody listens there any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(&service(settings(&url)), false).await.unwrap_err();
    insta::assert_snapshot!(words(&error, &url), @"Exhausted: `sonnet`: POST SERVER/v1/messages: no connection: Connection refused (os error 111) (3 attempts)");
}

#[tokio::test]
async fn every_time_limit_is_named() {
    let page = |step| vec![stream_head(), chunk("data: {}\n\n"), step];
    let drip = Step::Drip(b"1\r\n:\r\n".to_vec(), Duration::from_millis(5));
    let mut said = Vec::new();
    for script in [vec![Step::Stall], page(Step::Stall), page(drip)] {
        let server = FaultServer::start(vec![script]).await;
        let mut settings = settings(&server.url);
        settings.retries = 1;
        settings.timeouts.response = Duration::from_millis(300);
        settings.timeouts.idle = Duration::from_millis(200);
        settings.timeouts.total = Duration::from_millis(700);
        let error = ask(&service(settings), true).await.unwrap_err();
        said.push(words(&error, &server.url));
        assert_eq!(server.requests().len(), 2);
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    Exhausted: `sonnet`: POST SERVER/v1/messages: no answer within 300ms (2 attempts)
    Exhausted: `sonnet`: POST SERVER/v1/messages: the answer stalled for 200ms (2 attempts)
    Exhausted: `sonnet`: POST SERVER/v1/messages: the answer was not whole within 700ms (2 attempts)
    ");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_not_taken_for_another() {
    let mut late = vec![Step::UntilRequests(2)];
    late.extend(answer("200 OK", &[], r#"{"t":"the first"}"#));
    let server =
        FaultServer::start(vec![late, answer("200 OK", &[], r#"{"t":"the second"}"#)]).await;
    let mut settings = settings(&server.url);
    settings.timeouts.response = Duration::from_secs(1);
    let called = ask(&service(settings), false).await.unwrap();
    assert_eq!((called.output.as_str(), called.attempts), ("the second", 2));
}

#[tokio::test]
async fn an_endless_answer_is_left_at_once() {
    let million = "x".repeat(100_000);
    let chunk_of_it = format!("{:x}\r\n{million}\r\n", million.len()).into_bytes();
    let head = |kind: &str| {
        Step::Send(
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            .into_bytes(),
        )
    };
    let announced = Step::Send(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n"
            .to_vec(),
    );
    for (first, piece) in [
        (head("application/json"), chunk_of_it.clone()),
        (head("text/event-stream"), chunk_of_it.clone()),
        (
            head("text/event-stream"),
            b"b\r\ndata: {}\n\n\n\r\n".repeat(10_000),
        ),
        (announced, million.into_bytes()),
    ] {
        let server = FaultServer::start(vec![vec![first, Step::Flood(piece, 1_000)]]).await;
        let mut settings = settings(&server.url);
        settings.max_body_bytes = 1_000_000;
        let error = ask(&service(settings), true).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (CallErrorKind::Rejected, 1));
        assert!(
            error.to_string().contains("longer than 1000000 bytes"),
            "{error}"
        );
        // The rest of what was written lay in the buffers of the two sockets.
        assert!(server.written() < 20_000_000, "{}", server.written());
    }
}

#[tokio::test]
async fn an_answer_that_unpacks_to_too_much_is_left() {
    // 10 MB of zeros (`gzip -9n`).
    let packed = include_bytes!("../../fixtures/http/zeros-10-mb.gz");
    let mut head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    head.extend_from_slice(packed);
    let server = FaultServer::start(vec![vec![Step::Send(head)]]).await;
    let mut settings = settings(&server.url);
    settings.max_body_bytes = 1_000_000;
    let error = ask(&service(settings), false).await.unwrap_err();
    insta::assert_snapshot!(words(&error, &server.url), @"Rejected: `sonnet`: POST SERVER/v1/messages: the answer is longer than 1000000 bytes (1 attempt)");
}

#[tokio::test]
async fn a_key_that_a_service_repeats_is_not_shown() {
    let quoted = format!(
        r#"{{"error":{{"type":"{KEY}","message":"Incorrect key: Bearer {KEY}, {}"}}}}"#,
        &KEY[..10]
    );
    let mut said = Vec::new();
    for script in [
        answer("401 Unauthorized", &[("request-id", KEY)], &quoted),
        answer(
            "403 Forbidden",
            &[("content-type", "text/plain")],
            &format!("no {KEY}"),
        ),
        answer(
            "302 Found",
            &[("location", &format!("/login/{KEY}?next={KEY}"))],
            "",
        ),
        answer("200 OK", &[("content-type", &format!("text/{KEY}"))], KEY),
        stream(&[&format!(
            "event: error\ndata: {{\"type\":\"{KEY}\",\"message\":\"{KEY}\"}}\n\n"
        )]),
    ] {
        let server = FaultServer::start(vec![script]).await;
        let error = ask(&service(settings(&server.url)), true)
            .await
            .unwrap_err();
        assert!(!format!("{error:?}").contains(&KEY[..8]), "{error:?}");
        said.push(words(&error, &server.url));
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    Refused: `sonnet`: POST SERVER/v1/messages: 401 Unauthorized, `[redacted]`: Incorrect key: Bearer [redacted], [redacted] (1 attempt, request `[redacted]`)
    Refused: `sonnet`: POST SERVER/v1/messages: 403 Forbidden: no [redacted] (1 attempt)
    Refused: `sonnet`: POST SERVER/v1/messages: 302 sends to `SERVER/login/[redacted]`, and a key is not sent on: give the service's own address (1 attempt)
    Exhausted: `sonnet`: POST SERVER/v1/messages: the answer is `text/[redacted]`, as of a proxy or a sign-in page, and begins `[redacted]` (3 attempts)
    Exhausted: `sonnet`: POST SERVER/v1/messages: the answer broke off with `[redacted]`: [redacted] (3 attempts)
    ");
}

#[test]
fn settings_that_cannot_work_are_refused_without_showing_a_secret() {
    let mut said = Vec::new();
    for url in [
        "https://user:hunter2@api.example/v1",
        "user:hunter2@api.example",
        "https://hunter2@api.example:x",
        "ftp://api.example?key=hunter2",
        "api.example",
        "https://api.example/#hunter2",
        "",
    ] {
        said.push(refusal(settings(url)));
    }
    let mut broken = settings("https://api.example");
    broken.headers[0].value = dreamtrial::http::HeaderText::Secret("hunter2\n".into());
    said.push(refusal(broken));
    let said = said.join("\n");
    assert!(!said.contains("hunter2"), "{said}");
    insta::assert_snapshot!(said, @r"
    the address of the service holds a user name or a password before the `@`: leave them out, and name the key's environment variable instead
    the address of the service holds a user name or a password before the `@`: leave them out, and name the key's environment variable instead
    the address of the service holds a user name or a password before the `@`: leave them out, and name the key's environment variable instead
    `ftp://api.example` is no address of a service: it must begin with `https://` or `http://`
    `api.example` is no address of a service: relative URL without a base
    `https://api.example/` is no address of a service: it must not have a part after `#`
    `` is no address of a service: relative URL without a base
    the header `authorization` has a value that no header can have, such as a line break within a key
    ");
}

fn refusal(settings: dreamtrial::http::Settings) -> String {
    let clock = std::sync::Arc::new(dreamtrial::quantity::SystemClock);
    Service::new(settings, clock).err().unwrap().to_string()
}
