//! Files: uploaded, listed, read and deleted; mounted into sessions, and read as rubrics.

mod lists;
mod mounted;
mod rubrics;
mod uploads;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use dreamtrial::{
    quantity::Clock,
    serve::{Location, Settings},
};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{Got, Local, NOW, send, settings};

const BOUNDARY: &str = "a line between parts";

/// A part of a form: what stands behind `form-data` in its head, and its bytes.
type Part<'p> = (&'p str, &'p [u8]);

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (head, content) in parts {
        bytes.extend(
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {head}\r\n\r\n").bytes(),
        );
        bytes.extend(*content);
        bytes.extend(b"\r\n");
    }
    bytes.extend(format!("--{BOUNDARY}--\r\n").bytes());
    bytes
}

/// The head of a part that is a file.
fn part(name: &str, media_type: &str) -> String {
    format!("name=\"file\"; filename=\"{name}\"\r\ncontent-type: {media_type}")
}

impl Local {
    fn upload_request(&self, key: &str, form: Vec<u8>) -> RequestBuilder {
        self.request_of(key, Method::POST, "/v1/files")
            .header(
                "content-type",
                format!("multipart/form-data; boundary=\"{BOUNDARY}\""),
            )
            .body(form)
    }

    /// Uploads a form.
    async fn upload_form(&self, parts: &[Part<'_>]) -> Got {
        send(self.upload_request("one", form(parts))).await
    }

    /// Uploads a file of the first key; gives its id.
    async fn upload(&self, name: &str, content: &[u8]) -> String {
        self.upload_as("one", name, "text/markdown", content).await
    }

    /// Uploads a file; gives its id.
    pub(super) async fn upload_as(
        &self,
        key: &str,
        name: &str,
        media_type: &str,
        content: &[u8],
    ) -> String {
        let form = form(&[(&part(name, media_type), content)]);
        let made = send(self.upload_request(key, form)).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    /// The type and the bytes of a file.
    async fn download(&self, id: &str) -> (String, Vec<u8>) {
        let path = format!("/v1/files/{id}/content");
        let response = self.request_of("one", Method::GET, &path).send().await;
        let response = response.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let media_type = response.headers()["content-type"].to_str().unwrap();
        (
            media_type.to_owned(),
            response.bytes().await.unwrap().to_vec(),
        )
    }
}

/// Seconds after [`NOW`], which the test sets.
#[derive(Debug, Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        let start: Timestamp = NOW.parse().unwrap();
        Timestamp::from_second(start.as_second() + self.0.load(Ordering::Relaxed)).unwrap()
    }
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_until_it_is_deleted() {
    let local = Local::start().await;
    let mut content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    content.extend(b"\r\n--a line\r\n--\r\n\r\n\0");
    let made = local
        .upload_form(&[(&part("bytes.bin", "application/x-demo"), &content)])
        .await
        .ok();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("file_"), "{id}");
    assert_eq!(
        made,
        json!({
            "type": "file", "id": id, "filename": "bytes.bin", "mime_type": "application/x-demo",
            "size_bytes": content.len(), "downloadable": true, "created_at": NOW,
            "expires_at": null, "scope": null
        })
    );
    let path = format!("/v1/files/{id}");
    assert_eq!(local.get(&path).await.ok(), made);
    assert_eq!(
        local.download(id).await,
        ("application/x-demo".to_owned(), content)
    );

    assert_eq!(
        local.delete(&path).await.ok(),
        json!({"id": id, "type": "file_deleted"})
    );
    let gone = (404, "not_found_error".to_owned());
    assert_eq!(local.get(&path).await.refusal(), gone);
    assert_eq!(local.get(&format!("{path}/content")).await.refusal(), gone);
    assert_eq!(local.delete(&path).await.refusal(), gone);
}

#[tokio::test]
async fn a_file_is_there_for_its_own_key_only() {
    let local = Local::start().await;
    let id = local.upload("secret.md", b"- secret\n").await;
    let path = format!("/v1/files/{id}");
    let made = local.get(&path).await.ok();
    let gone = (404, "not_found_error".to_owned());
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::GET, format!("{path}/content")),
        (Method::DELETE, path.clone()),
    ] {
        let got = send(local.request_of("two", method, &path)).await;
        assert_eq!(got.refusal(), gone, "{path}");
    }
    for list in ["/v1/files".to_owned(), format!("/v1/files?ids[]={id}")] {
        let listed = send(local.request_of("two", Method::GET, &list)).await.ok();
        assert_eq!(listed, json!({"data": [], "next_page": null}), "{list}");
    }

    let agent = json!({"name": "a", "model": "m"});
    let made_by_two = async |path: &str, body: &Value| {
        let made = local.post_as("two", path, body).await.ok();
        made["id"].as_str().unwrap().to_owned()
    };
    let agent = made_by_two("/v1/agents", &agent).await;
    let environment = made_by_two("/v1/environments", &json!({"name": "e"})).await;
    let mut session = json!({"agent": agent, "environment_id": environment});
    let sessions = "/v1/sessions";
    let opened = format!("{sessions}/{}", made_by_two(sessions, &session).await);
    let resource = json!({"type": "file", "file_id": id});
    let rubric = json!({"events": [{
        "type": "user.define_outcome", "description": "d", "rubric": resource
    }]});
    session["resources"] = json!([resource]);
    for (path, body) in [
        (sessions.to_owned(), &session),
        (format!("{opened}/resources"), &resource),
        (format!("{opened}/events"), &rubric),
    ] {
        let got = local.post_as("two", &path, body).await;
        assert_eq!(got.refusal(), gone, "{path}");
    }
    assert_eq!(local.get(&path).await.ok(), made);
}

#[tokio::test]
async fn a_file_that_has_expired_is_still_listed_and_given_to_nobody() {
    let hand = Arc::new(Hand::default());
    let clock: Arc<dyn Clock> = hand.clone();
    let local = Local::with(Settings {
        clock,
        ..settings()
    })
    .await;
    let head = part("letter.md", "text/markdown");
    let made = local
        .upload_form(&[(&head, b"Dear"), ("name=\"expires_in_seconds\"", b"3600")])
        .await
        .ok();
    assert_eq!(made["expires_at"], "2026-11-20T10:00:00Z");
    let id = made["id"].as_str().unwrap();
    let session = local.session(json!({})).await;
    hand.0.store(3_599, Ordering::Relaxed);
    assert_eq!(local.download(id).await.1, b"Dear");

    hand.0.store(3_600, Ordering::Relaxed);
    let resource = json!({"type": "file", "file_id": id});
    let outcome = json!({
        "type": "user.define_outcome", "description": "d", "rubric": resource
    });
    // Another upload throws the bytes away; what is answered is the same before and after.
    for _ in 0..2 {
        for refused in [
            local.get(&format!("/v1/files/{id}/content")).await,
            local
                .post(&format!("{session}/resources"), resource.clone())
                .await,
            local.say(&session, json!([outcome])).await,
        ] {
            let code = refused.body["error"]["details"]["error_code"].clone();
            assert_eq!(refused.refusal(), (404, "not_found_error".to_owned()));
            assert_eq!(code, "file_expired");
        }
        assert_eq!(local.get(&format!("/v1/files/{id}")).await.ok(), made);
        local.upload("other.md", b"other").await;
    }
    hand.0.store(0, Ordering::Relaxed);
    let refused = local.get(&format!("/v1/files/{id}/content")).await;
    assert_eq!(refused.refusal(), (404, "not_found_error".to_owned()));
}

#[tokio::test]
async fn files_are_there_when_the_server_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let with = || Settings {
        database: Location::File(folder.path().join("objects.db")),
        ..settings()
    };
    let local = Local::with(with()).await;
    let id = local.upload("letter.md", b"Dear\0").await;
    let session = local
        .session(json!({"resources": [{"type": "file", "file_id": id}]}))
        .await;
    let before = local.get(&session).await.ok();
    local.stop().await;

    let local = Local::with(with()).await;
    assert_eq!(local.download(&id).await.1, b"Dear\0");
    assert_eq!(local.get(&session).await.ok(), before);
    assert_eq!(before["resources"][0]["file_id"], json!(id));
}
