//! What is taken as a file, and what is not.

use reqwest::Method;
use serde_json::{Value, json};

use super::{BOUNDARY, Local, Part, form, part, send};

/// As much as the server keeps.
const MOST: usize = 32 * 1024 * 1024;

#[tokio::test]
async fn what_is_no_file_is_refused_with_the_field_at_fault() {
    let local = Local::start().await;
    let file = part("a.md", "text/plain");
    let file: Part<'_> = (&file, b"a");
    let lifetime = "name=\"expires_in_seconds\"";
    let long = part(&"n".repeat(256), "text/plain");
    let forbidden = part("a|b", "text/plain");
    let odd_type = part("a.md", &format!("text/{}", "x".repeat(300)));
    let cases: [(&[Part<'_>], &str); 13] = [
        (&[], "file: missing"),
        (&[(lifetime, b"3600")], "file: missing"),
        (&[file, file], "file: given more than once"),
        (
            &[file, (lifetime, b"3600"), (lifetime, b"3600")],
            "expires_in_seconds: given more than once",
        ),
        (
            &[file, (lifetime, b"3599")],
            "expires_in_seconds: `3599` is not a whole number from 3600 to 7776000",
        ),
        (
            &[file, (lifetime, b"7776001")],
            "expires_in_seconds: `7776001`",
        ),
        (&[file, (lifetime, b"1e4")], "expires_in_seconds: `1e4`"),
        (&[file, (lifetime, b"\xff")], "expires_in_seconds: "),
        (
            &[file, ("name=\"purpose\"", b"x")],
            "`purpose`: unknown field",
        ),
        (&[("filename=\"a.md\"", b"x")], "``: unknown field"),
        (&[(&long, b"x")], "file: the name `nnn"),
        (&[(&forbidden, b"x")], "file: the name `a|b` has"),
        (&[(&odd_type, b"x")], "file: the type has more than 255"),
    ];
    for (parts, why) in cases {
        let (status, kind, message) = local.upload_form(parts).await.error();
        assert_eq!((status, kind.as_str()), (400, "invalid_request_error"));
        assert!(message.starts_with(why), "{message}: {why}");
    }
    for (content_type, body) in [
        ("application/json", br#"{"file": "a"}"#.to_vec()),
        ("multipart/form-data", form(&[file])),
        ("multipart/mixed; boundary=x", form(&[file])),
        ("multipart/form-data; boundary=other", form(&[file])),
        ("multipart/form-data; boundary=x", Vec::new()),
    ] {
        let request = local.request_of("one", Method::POST, "/v1/files");
        let request = request.header("content-type", content_type).body(body);
        assert_eq!(
            send(request).await.refusal(),
            (400, "invalid_request_error".to_owned()),
            "{content_type}"
        );
    }
    // A form that ends early, wherever it does.
    let whole = form(&[file]);
    let end = format!("--{BOUNDARY}--").len();
    for length in 0..whole.len() - end {
        let cut = local.upload_request("one", whole[..length].to_vec());
        assert_eq!(
            send(cut).await.refusal(),
            (400, "invalid_request_error".to_owned()),
            "{length}"
        );
    }
    assert_eq!(
        local.get("/v1/files").await.ok(),
        json!({"data": [], "next_page": null})
    );
}

#[tokio::test]
async fn a_name_and_a_type_are_made_up_where_none_is_given() {
    let local = Local::start().await;
    let said = |made: &Value| [made["filename"].clone(), made["mime_type"].clone()];
    for (head, wanted) in [
        (
            "name=\"file\"; filename=\"../x/letter.md\"".to_owned(),
            ["letter.md", "application/octet-stream"],
        ),
        (
            "name=\"file\"\r\ncontent-type: text/markdown".to_owned(),
            ["unnamed.md", "text/markdown"],
        ),
        (
            "name=\"file\"".to_owned(),
            ["unnamed", "application/octet-stream"],
        ),
        (
            part("Grüße.txt", "text/plain; charset=utf-8"),
            ["Grüße.txt", "text/plain; charset=utf-8"],
        ),
    ] {
        let made = local.upload_form(&[(&head, b"")]).await.ok();
        assert_eq!(said(&made), wanted.map(Value::from), "{head}");
        assert_eq!(made["size_bytes"], 0);
    }
}

#[tokio::test]
async fn a_file_has_at_most_32_mb() {
    let local = Local::start().await;
    let content = vec![7; MOST + 1];
    let head = part("large.bin", "application/octet-stream");
    let made = local.upload_form(&[(&head, &content[..MOST])]).await.ok();
    assert_eq!(made["size_bytes"], MOST);
    let (_, bytes) = local.download(made["id"].as_str().unwrap()).await;
    assert!(bytes == content[..MOST]);

    let (status, kind, message) = local.upload_form(&[(&head, &content)]).await.error();
    assert_eq!((status, kind.as_str()), (413, "request_too_large"));
    assert_eq!(
        message,
        "file: 33554433 bytes, and this server keeps at most 33554432"
    );
    let twice = [content.as_slice(), &content].concat();
    assert_eq!(
        local.upload_form(&[(&head, &twice)]).await.refusal(),
        (413, "request_too_large".to_owned())
    );
}
