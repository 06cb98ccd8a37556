//! Dreams under way when the process is killed.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use serde_json::json;

use super::{super::Local, Material, changed, contents, ended};
use crate::command_line::dreamtrial;

/// A server as a process, which is killed when this is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // What has ended already cannot be killed, and that is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on a database, whose dreams take so many seconds.
fn serve(database: &Path, seconds: &str) -> (Process, Local) {
    let mut child = dreamtrial()
        .args(["serve", "--address", "127.0.0.1:0", "--no-rate-limits"])
        .args(["--dream-seconds", seconds, "--database"])
        .arg(database)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim_end().strip_prefix("http://").unwrap();
    (Process(child), Local::at(address.parse().unwrap()))
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
