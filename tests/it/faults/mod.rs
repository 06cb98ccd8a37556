//! Whole live runs and what goes wrong in them: no session is lost, none is counted or paid for twice.

mod contamination;
mod handing_in;
mod killed;
mod lasting;
mod misbehaving;
mod parts;
mod passing;
mod scripted;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex, OnceLock},
};

use dreamtrial::{
    experiment::live::Provider,
    plan::Plan,
    record::{Outcome, Record},
};
use serde_json::Value;

use crate::{
    live::outcomes,
    support::{
        fault_proxy::{FaultProxy, Rule},
        model_server::ModelServer,
    },
    world::{plan, root},
};

/// Two short scenarios, one of them with dreams that matter.
pub(crate) const SCENARIOS: [&str; 2] = ["coding/control", "legal/procedure"];
const ARMS: [&str; 3] = ["none", "accumulated", "dreamed"];
pub(crate) const KEY: &str = "sk-planted-fedcba9876543210";

/// A small live run, and the server and proxy that it speaks to.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) proxy: FaultProxy,
    pub(crate) server: ModelServer,
    pub(crate) plan: Arc<Plan>,
    pub(crate) provider: Provider,
    pub(crate) arms: Vec<&'static str>,
    experiment: PathBuf,
}

/// How a bench differs from the usual one.
pub(crate) struct Setup {
    pub(crate) provider: Provider,
    pub(crate) arms: Vec<&'static str>,
    /// Further settings of the model.
    pub(crate) settings: &'static str,
    /// Whether models play all parts, or the agent's alone.
    pub(crate) whole_cast: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            provider: Provider::Anthropic,
            arms: ARMS.to_vec(),
            settings: "",
            whole_cast: false,
        }
    }
}

impl Bench {
    pub(crate) fn new(setup: Setup, rule: Rule) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Arc::new(plan("standard.yaml", 1, |id| SCENARIOS.contains(&id)));
        let server = ModelServer::start(Arc::clone(&plan));
        let proxy = FaultProxy::start(server.address, rule);
        let experiment = folder.path().join("live.yaml");
        fs::write(&experiment, text(&setup)).unwrap();
        Self {
            folder,
            proxy,
            server,
            plan,
            provider: setup.provider,
            arms: setup.arms,
            experiment,
        }
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// The command that runs this, or goes on with it, against an address.
    pub(crate) fn command(&self, to: SocketAddr, more: &[&str]) -> Command {
        let mut command = run(&self.experiment, &self.out(), &self.arms);
        command.args(["--yes"]).args(more).env(
            self.provider.base_url_variable(),
            match self.provider {
                Provider::Anthropic => format!("http://{to}"),
                Provider::Openai => format!("http://{to}/v1"),
            },
        );
        command
    }

    /// Runs through the proxy.
    pub(crate) fn run(&self, more: &[&str]) -> Output {
        self.command(self.proxy.address(), more).output().unwrap()
    }

    pub(crate) fn record(&self) -> Record {
        Record::open(&self.out().join("run.sqlite")).unwrap()
    }

    /// How each trial ended that ended, and the reasons of those that failed.
    pub(crate) fn ends(&self) -> Vec<(Outcome, String)> {
        let outcomes = self.record().trial_outcomes().unwrap();
        outcomes
            .into_values()
            .map(|(outcome, reason)| (outcome, reason.unwrap_or_default()))
            .collect()
    }

    /// What a query of one number over the record gives.
    pub(crate) fn ask(&self, query: &str) -> i64 {
        ask(&self.out().join("run.sqlite"), query).unwrap()
    }

    /// Completions of the sessions that are on record, without those of sessions that broke off.
    pub(crate) fn kept_calls(&self) -> i64 {
        self.ask(
            "SELECT coalesce(sum(calls), 0) FROM spending NATURAL JOIN (SELECT trial, session FROM sessions)",
        )
    }

    /// How many trials are planned.
    pub(crate) fn trials(&self) -> usize {
        SCENARIOS.len() * self.arms.len()
    }

    /// How many sessions are planned.
    pub(crate) fn sessions(&self) -> usize {
        let prepared = self.plan.scenarios.iter();
        self.arms.len()
            * prepared
                .map(|prepared| prepared.scenario.sessions.len())
                .sum::<usize>()
    }

    /// Asserts that the record is that of a run in which nothing went wrong.
    pub(crate) fn is_whole(&self) {
        let record = self.record();
        assert_eq!(record.session_count().unwrap(), self.sessions() as u64);
        let ends = self.ends();
        assert_eq!(ends.len(), self.trials());
        assert!(ends.iter().all(|(outcome, _)| *outcome == Outcome::Graded));
        assert_eq!(outcomes(&record), embedded(&self.arms));
    }
}

/// What a query of one number over a record gives, if the record can be read.
pub(crate) fn ask(file: &Path, query: &str) -> Option<i64> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(file, flags).ok()?;
    connection.query_row(query, [], |row| row.get(0)).ok()
}

/// `dreamtrial run` of the small experiment, with an environment in which nothing is set by chance.
fn run(experiment: &Path, out: &Path, arms: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dreamtrial"));
    command.arg("run").arg(experiment).arg("--out").arg(out);
    command.args(["--repetitions", "1"]);
    for scenario in SCENARIOS {
        command.args(["--only", scenario]);
    }
    for arm in arms {
        command.args(["--arm", arm]);
    }
    command
        .current_dir(root())
        .env("PLANTED_KEY", KEY)
        .env_remove("ANTHROPIC_API_KEY")
        .env_remove("OPENAI_API_KEY")
        .env_remove("ANTHROPIC_BASE_URL")
        .env_remove("OPENAI_BASE_URL");
    command
}

/// The standard experiment with models of one service.
fn text(setup: &Setup) -> String {
    let parts = if setup.whole_cast {
        "    dreamer: {model: wire}\n    grader: {judge: {model: wire}}\n    in_session_grader: {judge: {model: wire}}\n"
    } else {
        ""
    };
    let live = format!(
        "backend:\n  live:\n    agent: {{model: wire}}\n{parts}models:\n  wire: {{provider: {}, id: local, key: PLANTED_KEY, price: {{input: 2, output: 10}}, {}}}\n",
        setup.provider.as_str(),
        setup.settings,
    );
    let standard = fs::read_to_string(root().join("experiments/standard.yaml")).unwrap();
    standard
        .lines()
        .map(|line| {
            if line.starts_with("backend:") {
                live.clone()
            } else {
                line.replace("../", &format!("{}/", root().display())) + "\n"
            }
        })
        .collect()
}

/// The rows of the same experiment with everybody embedded.
pub(crate) fn embedded(arms: &[&str]) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    known
        .entry(arms.join(" "))
        .or_insert_with(|| run_embedded(arms))
        .clone()
}

fn run_embedded(arms: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let experiment = root().join("experiments/standard.yaml");
    let output = run(&experiment, folder.path(), arms).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    outcomes(&Record::open(&folder.path().join("run.sqlite")).unwrap())
}

/// How many completions the usual bench takes when nothing goes wrong.
pub(crate) fn undisturbed_calls() -> usize {
    static CALLS: OnceLock<usize> = OnceLock::new();
    *CALLS.get_or_init(|| {
        let bench = Bench::new(Setup::default(), Box::new(|_, _| None));
        let output = bench.run(&[]);
        assert!(output.status.success(), "{}", shown(&output));
        bench.is_whole();
        bench.proxy.sums().passed
    })
}

pub(crate) fn shown(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Whether a request is the first of a session of the agent.
pub(crate) fn opens_a_session(body: &str) -> bool {
    let body: Value = serde_json::from_str(body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    let said = messages
        .iter()
        .filter(|message| message["role"] != "system");
    said.count() == 1 && body["tools"].is_array()
}
