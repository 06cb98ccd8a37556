//! Whole runs over HTTP, in both wire formats, against a server that plays the embedded parts behind the
//! wire: what the embedded run shows, the live run shows, task by task.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, atomic::Ordering},
};

use dreamtrial::{
    experiment::live::Provider,
    model::caller::total,
    plan::Plan,
    record::Record,
    transcript::{Role, Usage},
};

use crate::{
    support::model_server::ModelServer,
    world::{plan, root},
};

pub(crate) const KEY: &str = "sk-planted-0123456789abcdef";

/// The standard experiment with every part played by a model of this server.
pub(crate) fn experiment(folder: &Path, server: &ModelServer, provider: Provider) -> PathBuf {
    experiment_at(folder, &server.base_url(provider), provider)
}

/// The same with the model `local` of the server at this address.
fn experiment_at(folder: &Path, base_url: &str, provider: Provider) -> PathBuf {
    let standard = fs::read_to_string(root().join("experiments/standard.yaml")).unwrap();
    let live = format!(
        "backend:\n  live:\n    agent: {{model: wire}}\n    dreamer: {{model: wire}}\n    grader: {{judge: {{model: wire}}}}\n    in_session_grader: {{judge: {{model: wire}}}}\nmodels:\n  wire: {{provider: {}, id: local, base_url: '{}', key: PLANTED_KEY, price: {{input: 2, output: 10, cache_write: 2.5, cache_read: 0.1}}}}\n",
        provider.as_str(),
        base_url,
    );
    let text = standard
        .lines()
        .map(|line| {
            if line.starts_with("backend:") {
                live.clone()
            } else {
                line.replace("../", &format!("{}/", root().display())) + "\n"
            }
        })
        .collect::<String>();
    let file = folder.join("live.yaml");
    fs::write(&file, text).unwrap();
    file
}

pub(crate) fn dreamtrial(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dreamtrial"))
        .args(arguments)
        .current_dir(root())
        .env("PLANTED_KEY", KEY)
        .env_remove("ANTHROPIC_API_KEY")
        .env_remove("OPENAI_API_KEY")
        .output()
        .unwrap()
}

pub(crate) fn succeeds(output: &Output) {
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Everything of a record that does not depend on who counts tokens and time.
pub(crate) fn outcomes(record: &Record) -> Vec<String> {
    let mut rows = Vec::new();
    record
        .for_each_task(|task| {
            rows.push(format!(
                "{} {} {} {} {}: {} {} {:?} {:?} {:?}",
                task.repetition,
                task.scenario,
                task.session,
                task.task,
                task.arm,
                task.completed,
                task.first_try,
                task.clarifications,
                (
                    task.corrections,
                    task.revisions,
                    task.wrong_assumptions,
                    task.failed_calls
                ),
                task.score,
            ));
        })
        .unwrap();
    rows
}

/// Runs the scenarios of the plan through the server at this address and embedded, and compares task by
/// task and verdict by verdict. Gives the record of the run over the wire.
pub(crate) fn shows_the_same(
    plan: &Plan,
    only: &[&str],
    (provider, base_url): (Provider, &str),
    folder: &Path,
) -> Record {
    let file = experiment_at(folder, base_url, provider);
    let count = plan.experiment.repetitions.to_string();
    let out = |name: &str| folder.join(name).display().to_string();
    let (live, embedded) = (out("live"), out("embedded"));
    let run = |file: &str, out: &str, jobs: &str| {
        let mut arguments = vec![
            "run",
            file,
            "--out",
            out,
            "--repetitions",
            &count,
            "--jobs",
            jobs,
            "--yes",
        ];
        arguments.extend(only.iter().flat_map(|name| ["--only", name]));
        dreamtrial(&arguments)
    };
    succeeds(&run(&file.display().to_string(), &live, "64"));
    succeeds(&run("experiments/standard.yaml", &embedded, "2"));

    let open = |folder: &str| Record::open(&Path::new(folder).join("run.sqlite")).unwrap();
    let (live, embedded) = (open(&live), open(&embedded));
    let (live_rows, rows) = (outcomes(&live), outcomes(&embedded));
    assert_eq!(live_rows.len(), rows.len());
    let different: Vec<_> = live_rows
        .iter()
        .zip(&rows)
        .filter(|(live, embedded)| live != embedded)
        .take(5)
        .collect();
    assert!(different.is_empty(), "{different:#?}");
    for trial in 0..plan.trials.len() {
        let sessions = plan.scenarios[plan.trials[trial].scenario]
            .scenario
            .sessions
            .len();
        for session in 1..=u32::try_from(sessions).unwrap() {
            let verdicts = |record: &Record| -> Vec<_> {
                let verdicts = record.verdicts(trial, session).unwrap().into_iter();
                verdicts
                    .map(|verdicts| {
                        verdicts
                            .map(|all| all.verdicts.iter().map(|one| one.met).collect::<Vec<_>>())
                    })
                    .collect()
            };
            assert_eq!(
                verdicts(&live),
                verdicts(&embedded),
                "trial {trial} session {session}"
            );
        }
    }
    live
}

fn whole_experiment(provider: Provider, repetitions: u32) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(plan("standard.yaml", repetitions, |_| true));
    let server = ModelServer::start(Arc::clone(&plan));
    let address = server.base_url(provider);
    let live = shows_the_same(&plan, &[], (provider, &address), folder.path());
    assert_eq!(server.counts.refused.lock().unwrap().as_slice(), [""; 0]);

    // Every token that the server sent is in the record, once.
    let spending = live.spending().unwrap();
    let recorded = spending
        .values()
        .flat_map(|account| account.values())
        .fold(Usage::default(), |sum, spent| sum + spent.usage);
    assert_eq!(recorded, *server.counts.usage.lock().unwrap());
    let calls: u64 = spending
        .values()
        .flat_map(|account| account.values())
        .map(|spent| spent.calls)
        .sum();
    assert_eq!(calls, server.counts.requests.load(Ordering::Relaxed));
    let mut tasks = Usage::default();
    live.for_each_task(|task| tasks += task.agent + task.final_grader + task.in_session_grader)
        .unwrap();
    live.for_each_dream(|dream| tasks += dream.usage).unwrap();
    assert_eq!(tasks, recorded);
    assert!(spending.values().all(|account| total(account).usd.0 > 0));
    let roles: std::collections::BTreeSet<Role> = spending
        .values()
        .flat_map(|account| account.keys().map(|(role, _)| *role))
        .collect();
    assert_eq!(
        roles.into_iter().collect::<Vec<_>>(),
        [
            Role::Agent,
            Role::Dreamer,
            Role::InSessionGrader,
            Role::FinalGrader
        ]
    );
    assert!(live.manifest().backend.ends_with(":local"));
    let keys = server.counts.keys.lock().unwrap();
    assert!(keys.iter().all(|key| key.contains(KEY)));
}

#[test]
fn the_messages_api_carries_the_whole_experiment() {
    whole_experiment(Provider::Anthropic, 1);
}

#[test]
fn chat_completions_carry_the_whole_experiment() {
    whole_experiment(Provider::Openai, 1);
}

#[test]
#[ignore = "ten minutes in a debug build: five repetitions in both formats"]
fn both_formats_carry_five_repetitions() {
    for provider in [Provider::Anthropic, Provider::Openai] {
        whole_experiment(provider, 5);
    }
}
