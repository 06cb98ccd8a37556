//! What a program, and whoever reads of its failure, gets to know of the host.

use std::{fs, path::Path};

use dreamtrial::{
    agent::{Agent, Message, process::ProcessAgent},
    experiment::Limits,
    process::Launch,
};

use super::{clock, opened, opening, says, wait, world};

#[test]
fn nothing_of_the_hosts_reaches_a_program() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("seen");
    let mut seen = opened(&format!("(ls -A; pwd; env) >'{}'; exit 0", path.display()));
    seen.environment = vec!["ZOO_KEY".to_owned(), "ZOO_ABSENT".to_owned()];
    let launch = Launch::new(seen, |name| match name {
        "PATH" => std::env::var_os("PATH"),
        "ZOO_ABSENT" => None,
        other => Some(format!("value of {other}").into()),
    });
    let plan = world();
    let agent = ProcessAgent::new(launch, Limits::default(), clock());
    wait(async {
        let mut session = agent.open(opening(&plan, 1, None)).await.unwrap();
        session.say(Message::Task(0)).await.unwrap_err();
    });
    let seen = fs::read_to_string(path).unwrap();
    let mut lines = seen.lines();
    let own = lines.next().unwrap();
    assert!(
        Path::new(own)
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("dreamtrial-"),
        "an empty folder: {seen}"
    );
    assert!(!Path::new(own).exists(), "{own} is left");
    // What a shell sets by itself.
    let of_the_shell = ["PWD", "OLDPWD", "SHLVL", "_"];
    let mut names: Vec<&str> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .filter(|name| !of_the_shell.contains(name))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "HOME",
            "LANG",
            "LC_ALL",
            "PATH",
            "SystemRoot",
            "TMPDIR",
            "TZ",
            "ZOO_KEY"
        ]
    );
}

#[test]
fn no_failure_shows_the_value_of_a_named_variable() {
    let mut leaky =
        opened(r#"read -r task; echo "key is $ZOO_KEY" >&2; echo "$ZOO_KEY is my key""#);
    leaky.environment = vec!["ZOO_KEY".to_owned()];
    let launch = Launch::new(leaky, |name| {
        if name == "ZOO_KEY" {
            Some("sk-hush-hush".into())
        } else {
            std::env::var_os(name)
        }
    });
    let plan = world();
    let agent = ProcessAgent::new(launch, Limits::default(), clock());
    let failure = wait(async {
        let mut session = agent.open(opening(&plan, 1, None)).await.unwrap();
        session.say(Message::Task(0)).await.unwrap_err()
    });
    let text = failure.to_string();
    says(
        &text,
        &[
            "it wrote: `[ZOO_KEY] is my key`",
            "standard error: `key is [ZOO_KEY]`",
        ],
    );
    assert!(!text.contains("hush"));
}
