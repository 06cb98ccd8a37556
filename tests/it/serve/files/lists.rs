//! Lists of files, in both shapes.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Local, send};

/// A server with five files; their ids, the newest first.
async fn with_files() -> (Local, Vec<String>) {
    let local = Local::start().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.insert(0, local.upload(&format!("{number}.md"), b"x").await);
    }
    (local, ids)
}

fn ids(files: &Value) -> Vec<String> {
    let files = files.as_array().unwrap();
    files
        .iter()
        .map(|file| file["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_of_any_size_make_up_the_list() {
    let (local, all) = with_files().await;
    for limit in [1, 2, 4, 5, 1_000] {
        let pages = local.pages("/v1/files", limit).await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        assert_eq!(pages.len(), all.len().div_ceil(limit));
        assert_eq!(ids(&Value::from(pages.concat())), all, "{limit}");
    }
    for question in ["limit=0", "limit=1001", "limit=x", "page=page_1", "page="] {
        let got = local.get(&format!("/v1/files?{question}")).await;
        assert_eq!(got.refusal().0, 400, "{question}");
    }
}

#[tokio::test]
async fn files_are_found_by_their_ids_on_one_page() {
    let (local, all) = with_files().await;
    let question = |ids: &[&str]| {
        let pairs: Vec<String> = ids.iter().map(|id| format!("ids%5B%5D={id}")).collect();
        format!("/v1/files?{}", pairs.join("&"))
    };
    for (asked, wanted) in [
        (vec![all[3].as_str()], vec![&all[3]]),
        (
            vec![&all[4], "file_unknown", &all[0], &all[4]],
            vec![&all[0], &all[4]],
        ),
        (vec!["file_unknown"], vec![]),
    ] {
        let got = local.get(&question(&asked)).await.ok();
        assert_eq!(got["next_page"], Value::Null);
        assert_eq!(ids(&got["data"]).iter().collect::<Vec<_>>(), wanted);
    }
    let many: Vec<String> = (0..101).map(|number| format!("file_{number}")).collect();
    let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(local.get(&question(&many)).await.refusal().0, 400);
    many[0] = many[100];
    local.get(&question(&many)).await.ok();
    for other in ["limit=5", "page=x"] {
        let got = local
            .get(&format!("{}&{other}", question(&[&all[0]])))
            .await;
        assert_eq!(got.refusal().0, 400, "{other}");
    }
}

#[tokio::test]
async fn sessions_have_made_no_files() {
    let (local, _) = with_files().await;
    let path = "/v1/files?scope_id=sesn_1";
    assert_eq!(
        local.get(path).await.ok(),
        json!({"data": [], "next_page": null})
    );
    let without_beta = |path: &str| {
        local
            .bare(Method::GET, path)
            .header("x-api-key", "one")
            .header("anthropic-version", "2023-06-01")
    };
    let (status, _, message) = send(without_beta(path)).await.error();
    assert_eq!(status, 400);
    assert!(message.starts_with("scope_id: needs"), "{message}");
    send(without_beta("/v1/files")).await.ok();
}

#[tokio::test]
async fn the_older_shape_has_pages_beside_a_file() {
    let (local, all) = with_files().await;
    let page = async |question: &str| {
        let path = format!("/v1/files?{question}");
        let request = local
            .bare(Method::GET, &path)
            .header("x-api-key", "one")
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", "files-api-2025-04-14");
        send(request).await
    };
    let id = |number: usize| &all[number];
    for (question, wanted, has_more) in [
        ("beta=true".to_owned(), 0..5, false),
        ("limit=2".to_owned(), 0..2, true),
        (format!("limit=2&after_id={}", id(1)), 2..4, true),
        (format!("limit=2&after_id={}", id(3)), 4..5, false),
        (format!("limit=2&before_id={}", id(4)), 2..4, true),
        (format!("limit=2&before_id={}", id(2)), 0..2, false),
        (format!("before_id={}", id(0)), 0..0, false),
    ] {
        let got = page(&question).await.ok();
        let wanted = &all[wanted];
        assert_eq!(ids(&got["data"]), wanted, "{question}");
        assert_eq!(
            (&got["has_more"], &got["first_id"], &got["last_id"]),
            (
                &json!(has_more),
                &json!(wanted.first()),
                &json!(wanted.last())
            ),
            "{question}"
        );
    }
    let both = format!("before_id={}&after_id={}", id(0), id(1));
    assert_eq!(page(&both).await.refusal().0, 400);
    assert_eq!(page("after_id=file_unknown").await.refusal().0, 404);
}
