//! Whole runs with managed agents, against the local server: what the embedded run shows, task by task,
//! whatever happens on the wire; no session is lost or doubled, and nothing is left behind.

mod dreams;
mod faults;
mod killed;
mod standard;
mod stores;
mod streams;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dreamtrial::{
    record::{Outcome, Record},
    serve::Settings,
};
use serde_json::Value;

use crate::{
    faults::{SCENARIOS, embedded, shown},
    live::outcomes,
    support::managed_server::ManagedServer,
    world::{plan, root},
};

pub(crate) const KEY: &str = "sk-planted-managed-76543210";
const ARMS: [&str; 3] = ["none", "accumulated", "dreamed"];

/// Settings of a server whose agent is the one of the standard experiment.
pub(crate) fn settings() -> Settings {
    let plan = plan("standard.yaml", 1, |id| id == SCENARIOS[0]);
    Settings {
        limits: plan.experiment.limits,
        reference: plan.experiment.reference,
        ..Settings::default()
    }
}

/// A small run with managed agents, and the server that it speaks to.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: ManagedServer,
    /// Further limits of what is managed.
    limits: &'static str,
}

impl Bench {
    pub(crate) fn new(settings: Settings) -> Self {
        Self::with(settings, "seconds_per_dream: 20")
    }

    pub(crate) fn with(settings: Settings, limits: &'static str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            server: ManagedServer::start(settings),
            limits,
        }
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// The command that runs this, or goes on with it, against an address.
    pub(crate) fn command(&self, to: SocketAddr, more: &[&str]) -> Command {
        let mut command = dreamtrial(to);
        command
            .arg("run")
            .arg(self.experiment())
            .arg("--out")
            .arg(self.out())
            .args(["--repetitions", "1", "--yes"]);
        for scenario in SCENARIOS {
            command.args(["--only", scenario]);
        }
        for arm in ARMS {
            command.args(["--arm", arm]);
        }
        command.args(more);
        command
    }

    /// The standard experiment with managed agents and dreams that are soon waited for long enough.
    fn experiment(&self) -> PathBuf {
        let live = format!(
            "backend:\n  live:\n    agent: {{managed: wire}}\n    dreamer: {{managed: wire}}\n    managed: {{poll_seconds: 0.1, {}}}\nmodels:\n  wire: {{provider: anthropic, id: claude-sonnet-5-5, timeouts: {{response_seconds: 4, idle_seconds: 4, total_seconds: 5}}}}\n",
            self.limits
        );
        let standard = fs::read_to_string(root().join("experiments/standard.yaml")).unwrap();
        let text: String = standard
            .lines()
            .map(|line| {
                if line.starts_with("backend:") {
                    live.clone()
                } else {
                    line.replace("../", &format!("{}/", root().display())) + "\n"
                }
            })
            .collect();
        let file = self.folder.path().join("managed.yaml");
        fs::write(&file, text).unwrap();
        file
    }

    pub(crate) fn run(&self, to: SocketAddr, more: &[&str]) -> Output {
        self.command(to, more).output().unwrap()
    }

    pub(crate) fn record(&self) -> Record {
        Record::open(&self.out().join("run.sqlite")).unwrap()
    }

    /// The reasons of the trials that did not come to their end.
    pub(crate) fn broken(&self) -> Vec<String> {
        let outcomes = self.record().trial_outcomes().unwrap();
        outcomes
            .into_values()
            .filter(|(outcome, _)| *outcome != Outcome::Graded)
            .map(|(_, reason)| reason.unwrap_or_default())
            .collect()
    }

    /// Asserts that the record is that of a run in which nothing went wrong.
    pub(crate) fn is_whole(&self) {
        assert_eq!(self.broken(), [""; 0]);
        assert_eq!(outcomes(&self.record()), embedded(&ARMS));
    }

    /// All objects of a list of the server.
    pub(crate) fn listed(&self, path: &str) -> Vec<Value> {
        list(self.server.address, path)
    }

    /// Asserts that nothing is left on the server that a run could have made.
    pub(crate) fn is_clean(&self) {
        is_clean(self.server.address);
    }
}

/// The program, with a key and an address and nothing that is set by chance.
pub(crate) fn dreamtrial(to: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dreamtrial"));
    command
        .current_dir(root())
        .env("ANTHROPIC_API_KEY", KEY)
        .env("ANTHROPIC_BASE_URL", format!("http://{to}"))
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL");
    command
}

/// Sends a request with the key of the runs; gives status and body.
pub(crate) fn ask(to: SocketAddr, method: &str, path: &str, body: &str) -> (u16, Value) {
    use std::io::{Read as _, Write as _};
    let beta = match path.split('/').nth(2) {
        Some(name) if name.starts_with("memory_stores") => "agent-memory-2026-07-22",
        Some(name) if name.starts_with("dreams") => "dreaming-2026-04-21",
        _ => "managed-agents-2026-04-01",
    };
    let mut stream = std::net::TcpStream::connect(to).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nanthropic-version: 2026-10-21\r\nanthropic-beta: {beta}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap())
}

/// All objects of a list.
pub(crate) fn list(to: SocketAddr, path: &str) -> Vec<Value> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let (mut all, mut page) = (Vec::new(), String::new());
    loop {
        let (status, body) = ask(to, "GET", &format!("{path}{joint}limit=100{page}"), "");
        assert_eq!(status, 200, "{body}");
        all.extend(body["data"].as_array().unwrap().iter().cloned());
        match body["next_page"].as_str() {
            Some(next) => page = format!("&page={next}"),
            None => return all,
        }
    }
}

pub(crate) fn is_clean(to: SocketAddr) {
    for path in [
        "/v1/sessions?include_archived=true",
        "/v1/memory_stores?include_archived=true",
        "/v1/environments?include_archived=true",
        // The service deletes no agents and no dreams.
        "/v1/agents",
        "/v1/dreams",
    ] {
        assert_eq!(list(to, path), Vec::<Value>::new(), "{path}");
    }
}

/// The lines that a command said on standard error.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", shown(output));
}

/// What the files of a folder have that is a secret.
pub(crate) fn has_secret(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(has_secret(&path));
        } else if fs::read(&path)
            .unwrap()
            .windows(KEY.len())
            .any(|part| part == KEY.as_bytes())
        {
            found.push(path);
        }
    }
    found
}
