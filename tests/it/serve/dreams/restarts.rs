//! Dreams under way when the process is killed.

use std::{collections::BTreeMap, path::Path};

use serde_json::json;

use super::{
    super::{
        Local,
        process::Process,
        talk::{TASK, message},
    },
    Material, changed, contents, ended, until,
};

/// Starts a server on a database, whose dreams take so many seconds.
fn serve(database: &Path, seconds: &str) -> (Process, Local) {
    let process = Process::start(database, &["--no-rate-limits", "--dream-seconds", seconds]);
    let local = process.client();
    (process, local)
}

/// How many stores there are.
async fn stores(local: &Local) -> usize {
    local
        .pages("/v1/memory_stores", 100)
        .await
        .iter()
        .map(Vec::len)
        .sum()
}

#[tokio::test]
async fn a_dream_that_was_killed_is_made_again_from_its_input_into_the_same_store() {
    let mut results: Vec<BTreeMap<String, String>> = Vec::new();
    for in_place in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("objects.db");
        let (process, local) = serve(&database, "3600");
        let material = Material::new(&local, "one", 200).await;
        let input = contents(&local, &material.store).await;
        let order = if in_place {
            material.order_in_place()
        } else {
            material.order()
        };
        let made = local.post("/v1/dreams", order).await.ok();
        let output = changed(&local, &made, &input).await;
        let partial = contents(&local, &output).await;
        drop(process);

        let (process, local) = serve(&database, "0");
        let done = ended(&local, &made).await;
        assert_eq!(done["status"], "completed");
        assert_eq!(done["outputs"][0]["memory_store_id"], output.as_str());
        assert_eq!(stores(&local).await, if in_place { 1 } else { 2 });
        let result = contents(&local, &output).await;
        assert_ne!(result, partial);
        if !in_place {
            assert_eq!(contents(&local, &material.store).await, input);
            // What a dream gives that nobody disturbs.
            let made = local.post("/v1/dreams", material.order()).await.ok();
            let done = ended(&local, &made).await;
            let output = done["outputs"][0]["memory_store_id"].as_str().unwrap();
            results.push(contents(&local, output).await);
        }
        results.push(result);
        let session = done["session_id"].as_str().unwrap();
        let shown = local.get(&format!("/v1/sessions/{session}")).await.ok();
        assert_ne!(shown["archived_at"], json!(null));
        drop(process);
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_dream_that_was_killed_reads_sessions_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("objects.db");
    let (process, local) = serve(&database, "3600");
    let material = Material::new(&local, "one", 3).await;
    let made = local.post("/v1/dreams", material.order()).await.ok();
    until(&local, &made, |dream| dream["outputs"] != json!([])).await;
    // The session grows only now.
    let session = format!("/v1/sessions/{}", material.session);
    let accepted = "The user took it. This task is done.";
    local.converse(&session, message(TASK), accepted).await;
    drop(process);

    let (_process, local) = serve(&database, "0");
    let result = async |dream| {
        let done = ended(&local, &dream).await;
        assert_eq!(done["status"], "completed", "{done}");
        let output = done["outputs"][0]["memory_store_id"].as_str().unwrap();
        contents(&local, output).await
    };
    let killed = result(made).await;
    let untold = Material::new(&local, "one", 3).await;
    let of_untold = local.post("/v1/dreams", untold.order()).await.ok();
    assert_eq!(killed, result(of_untold).await);
    // What was said since would have made another dream of it.
    let again = local.post("/v1/dreams", material.order()).await.ok();
    assert_ne!(killed, result(again).await);
}

#[tokio::test]
async fn a_dream_leaves_alone_what_somebody_changed_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("objects.db");
    let (process, local) = serve(&database, "3600");
    let material = Material::new(&local, "one", 120).await;
    let input = contents(&local, &material.store).await;
    let made = local
        .post("/v1/dreams", material.order_in_place())
        .await
        .ok();
    changed(&local, &made, &input).await;
    // The last one has not been dreamt on yet.
    let path = "/n/0119.md";
    let store = format!("/v1/memory_stores/{}", material.store);
    let memories = local.pages(&format!("{store}/memories"), 20).await.concat();
    let memory = memories
        .iter()
        .find(|memory| memory["path"] == path)
        .unwrap();
    let memory = format!("{store}/memories/{}", memory["id"].as_str().unwrap());
    local.post(&memory, json!({"content": "mine"})).await.ok();
    drop(process);

    let (_process, local) = serve(&database, "0");
    assert_eq!(ended(&local, &made).await["status"], "completed");
    let after = contents(&local, &material.store).await;
    assert_eq!(after[path], "mine");
    assert!(!after.contains_key("/n/0118.md"));
}
