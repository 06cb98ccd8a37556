//! `dreamtrial doctor` on the real binary: what it says of services that work and of services that do
//! not, whole, and that it never shows a key.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    sync::{Arc, atomic::Ordering},
};

use dreamtrial::{experiment::live::Provider, model::Stop, quantity::Tokens, transcript::Usage};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    support::{
        fault_server::{FaultServer, Step},
        model_server::ModelServer,
        wire_formats::{Answer, write_answer},
    },
    world::{plan, root},
};

const KEY: &str = "sk-planted-0123456789abcdef";

const EVERYBODY: &str = "backend:\n  live:\n    agent: {model: wire}\n    dreamer: {model: wire}\n    grader: {judge: {model: wire}}\n    in_session_grader: {judge: {model: wire}}\n    user: {model: wire}\n";

const AGENT: &str = "backend: {live: {agent: {model: wire}}}\npriced_as: claude-sonnet-5-5\n";

fn model(name: &str, provider: Provider, id: &str, base_url: &str, more: &str) -> String {
    let provider = provider.as_str();
    format!(
        "  {name}: {{provider: {provider}, id: {id}, base_url: '{base_url}', key: PLANTED_KEY, price: {{input: 2, output: 10}}{more}}}\n"
    )
}

/// The standard experiment with another backend and these models.
fn experiment(folder: &Path, backend: &str, models: &str) -> String {
    let standard = fs::read_to_string(root().join("experiments/standard.yaml")).unwrap();
    let mut text = String::new();
    for line in standard.lines() {
        if line.starts_with("backend:") {
            text += backend;
            if !models.is_empty() {
                text += &format!("models:\n{models}");
            }
        } else if !line.starts_with("priced_as:") {
            text += &(line.replace("../", &format!("{}/", root().display())) + "\n");
        }
    }
    let file = folder.join("live.yaml");
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn doctor(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dreamtrial"))
        .arg("doctor")
        .args(arguments)
        .current_dir(root())
        .env_remove("ANTHROPIC_API_KEY")
        .env_remove("OPENAI_API_KEY")
        .env_remove("ANTHROPIC_BASE_URL")
        .env_remove("OPENAI_BASE_URL")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// What the doctor says, without what differs from run to run, behind its exit code. It is no wider than
/// a terminal and has neither colour nor key.
fn said(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    for part in [&text, &errors] {
        assert!(!part.contains("0123456789"), "a key: {part}");
        assert!(!part.contains('\u{1b}'), "a colour: {part}");
    }
    let mut shown = format!("{}{errors}\n", output.status.code().unwrap());
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        shown += &normal(line);
        shown.push('\n');
    }
    shown
}

/// A line without ports and measured times.
fn normal(line: &str) -> String {
    for (words, instead) in [
        (" tokens a second with the waits", "speed      MEASURED"),
        (" at these speeds", "time       MEASURED"),
    ] {
        if line.contains(words) {
            return format!("  ok       {instead}");
        }
    }
    let mut line = line.to_owned();
    for before in ["127.0.0.1:", "(os error "] {
        if let Some(at) = line.find(before) {
            let start = at + before.len();
            let digits = line[start..].chars().take_while(char::is_ascii_digit);
            let end = start + digits.count();
            line.replace_range(start..end, "N");
        }
    }
    line
}

fn with_key(arguments: &[&str]) -> Output {
    doctor(arguments, &[("PLANTED_KEY", KEY)])
}

fn server() -> ModelServer {
    ModelServer::start(Arc::new(plan("standard.yaml", 1, |name| {
        name == "legal/retention"
    })))
}

#[test]
fn all_is_well_with_the_messages_api() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let models = model(
        "wire",
        Provider::Anthropic,
        "local",
        &server.base_url(Provider::Anthropic),
        "",
    );
    let file = experiment(folder.path(), EVERYBODY, &models);
    insta::assert_snapshot!(said(&with_key(&[&file])), @r#"
    0
    Does dreaming help?
      agent             model `wire`
      dreamer           model `wire`
      in-session grader model `wire`
      final grader      model `wire`
      user              scripted, in the words of model `wire`

    Model `wire`
      ok       key        `PLANTED_KEY` is set
      ok       address    http://127.0.0.1:N
      ok       model id   `local` is in the service's list of 3
      ok       answer     it answers, and calls itself `reference-behind-the-wire`
      ok       tools      it calls a tool as it is asked to
      ok       structure  it keeps to the form that is asked for
      ok       usage      the service counts tokens
      ok       speed      MEASURED
      ok       context    the service says 200000 tokens, of which 200000 are used
      ok       clock      that of the service agrees
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    The run
      ok       forecast   about $472.68 for 61680 completions, from the sizes of the
                          texts
      ok       time       MEASURED
      ok       limits     none are set under `rates`; where the service has some, it
                          is waited for

    These checks cost $0.000684.
    Nothing stands in the way of a run.
    "#);
    assert_eq!(server.counts.requests.load(Ordering::Relaxed), 2);
    assert_eq!(server.counts.refused.lock().unwrap().as_slice(), [""; 0]);
}

#[test]
fn all_is_well_with_chat_completions_named_on_the_command_line() {
    let server = server();
    let url = server.base_url(Provider::Openai);
    let arguments = ["--backend", "openai:local", "--base-url", &url];
    insta::assert_snapshot!(said(&doctor(&arguments, &[])), @r#"
    0
    Does dreaming help?
      agent             model `openai:local`
      dreamer           model `openai:local`
      in-session grader embedded
      final grader      embedded
      user              scripted

    Model `openai:local`
      ok       key        none, as `OPENAI_API_KEY` is not set; a server of one's
                          own needs none
      ok       address    http://127.0.0.1:N/v1
      ok       model id   `local` is in the service's list of 3
      ok       answer     it answers, and calls itself `reference-behind-the-wire`
      ok       tools      it calls a tool as it is asked to
      ok       structure  it keeps to the form that is asked for
      ok       usage      the service counts tokens
      ok       speed      MEASURED
      ok       context    the service says 200000 tokens, of which 200000 are used
      ok       clock      that of the service agrees
      ok       price      0, by the experiment

    The run
      ok       forecast   about $0.00 for 38550 completions, from the sizes of the
                          texts
      ok       time       MEASURED
      ok       limits     none are set under `rates`; where the service has some, it
                          is waited for

    These checks cost $0.000000.
    Nothing stands in the way of a run.
    "#);

    let output = doctor(&[&arguments[..], &["--json"]].concat(), &[]);
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(whole["ready"], true);
    assert_eq!(whole["usd"], 0.0);
    assert_eq!(whole["parts"]["dreamer"], "model `openai:local`");
    let model = &whole["subjects"][0];
    assert_eq!(model["measured"]["calls"], 2);
    assert!(model["measured"]["tokens_per_second"].as_f64().unwrap() > 0.0);
    let levels = model["checks"].as_array().unwrap().iter();
    let levels: Vec<_> = levels
        .map(|check| check["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["ok"; 11]);
}

#[test]
fn nothing_is_called_where_everything_is_embedded() {
    insta::assert_snapshot!(said(&doctor(&[], &[])), @r#"
    0
    Does dreaming help?
      agent             embedded
      dreamer           embedded
      in-session grader embedded
      final grader      embedded
      user              scripted

    The run
      ok       forecast   no model is paid for

    These checks cost $0.000000.
    Nothing stands in the way of a run.
    "#);
}

#[test]
fn a_missing_key_and_a_wrong_id_are_found_at_once() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let url = server.base_url(Provider::Anthropic);
    let models = model("wire", Provider::Anthropic, "locl", &url, "")
        + &model("other", Provider::Anthropic, "local", &url, "")
            .replace("PLANTED_KEY", "NO_SUCH_KEY")
        + &model("idle", Provider::Anthropic, "nobody", &url, "");
    let backend = "backend: {live: {agent: {model: wire}, dreamer: {model: other}}}\n";
    let file = experiment(folder.path(), backend, &models);
    insta::assert_snapshot!(said(&with_key(&[&file])), @r#"
    1
    Does dreaming help?
      agent             model `wire`
      dreamer           model `other`
      in-session grader embedded
      final grader      embedded
      user              scripted

    Model `other`
      wrong    key        model `other` needs a key, and `NO_SUCH_KEY` is not set
                          hint: set it to your key: `export NO_SUCH_KEY=…`; keys are
                          read from the environment only
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    Model `wire`
      ok       key        `PLANTED_KEY` is set
      ok       address    http://127.0.0.1:N
      wrong    model id   the service has no `locl` in its list of 3
                          hint: the nearest there are `local`, `remote`,
                          `local-mini`
      wrong    answer     `wire`: POST http://127.0.0.1:N/v1/messages: 404 Not
                          Found, `not_found_error`: model: locl (1 attempt)
      ok       clock      that of the service agrees
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    The run
      ok       forecast   about $288.46 for 38550 completions, from the sizes of the
                          texts
      unknown  time       not every model's speed could be measured
      ok       limits     none are set under `rates`; where the service has some, it
                          is waited for

    These checks cost $0.000000.
    A run would fail: key of model `other`, model id of model `wire`, answer of
    model `wire`.
    "#);
}

#[test]
fn one_model_that_is_not_there_keeps_no_other_from_being_checked() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let limits = ", rates: {requests_per_minute: 10, output_tokens_per_minute: 100000}, context_tokens: 250000";
    let models = model(
        "judge",
        Provider::Openai,
        "local",
        &server.base_url(Provider::Openai),
        limits,
    ) + &model("wire", Provider::Openai, "local", &nobody, "");
    let backend = "backend: {live: {agent: {model: wire}, grader: {judge: {model: judge}}}}\n";
    let file = experiment(folder.path(), backend, &models);
    insta::assert_snapshot!(said(&with_key(&[&file])), @r#"
    1
    Does dreaming help?
      agent             model `wire`
      dreamer           embedded
      in-session grader embedded
      final grader      model `judge`
      user              scripted

    Model `judge`
      ok       key        `PLANTED_KEY` is set
      ok       address    http://127.0.0.1:N/v1
      ok       model id   `local` is in the service's list of 3
      ok       answer     it answers, and calls itself `reference-behind-the-wire`
      ok       structure  it keeps to the form that is asked for
      ok       usage      the service counts tokens
      ok       speed      MEASURED
      warning  context    the service says 200000 tokens, the experiment 250000
                          hint: set `context_tokens: 200000`
      ok       clock      that of the service agrees
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    Model `wire`
      ok       key        `PLANTED_KEY` is set
      ok       address    http://127.0.0.1:N
      unknown  model id   `local`; the service shows no list of its models
      wrong    answer     `wire`: POST http://127.0.0.1:N/chat/completions: no
                          connection: Connection refused (os error N) (2 attempts)
                          hint: see whether the service runs at this address;
                          `base_url` or `--base-url` gives another
      unknown  clock      the service does not say what time it is
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    The run
      ok       forecast   about $384.18 for 53970 completions, from the sizes of the
                          texts
      unknown  time       not every model's speed could be measured
      ok       limits     the tightest is `requests_per_minute` of `judge`, at 30
                          hours for the run

    These checks cost $0.000316.
    A run would fail: answer of model `wire`.
    "#);
}

/// A whole answer over HTTP, at this time by the server's clock.
fn http(status: &str, body: &str, date: Option<Timestamp>) -> Vec<Step> {
    let date = date.map_or_else(String::new, |date| {
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
        format!("date: {date}\r\n")
    });
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{date}content-length: {}\r\n\r\n",
        body.len()
    );
    vec![Step::Send((head + body).into_bytes())]
}

/// A list of one model, and answers of these words without a call.
async fn wordy(words: &str, stop: Stop, ahead: SignedDuration) -> FaultServer {
    let now = Some(Timestamp::now() + ahead);
    let list = json!({"data": [{"id": "local", "max_tokens": 4096}]}).to_string();
    let answer = Answer {
        text: words.to_owned(),
        calls: Vec::new(),
        stop,
        usage: Usage {
            uncached_input: Tokens(100),
            output: Tokens(10),
            ..Usage::default()
        },
        model: "local".to_owned(),
    };
    let (_, body) = write_answer(Provider::Anthropic, &answer, false);
    FaultServer::start(vec![
        http("200 OK", &list, now),
        http("200 OK", &body.concat(), now),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_is_not_shown() {
    let body = json!({"type": "error", "error": {"type": "authentication_error", "message": format!("invalid key {KEY}")}});
    let server = FaultServer::start(vec![http("401 Unauthorized", &body.to_string(), None)]).await;
    let folder = tempfile::tempdir().unwrap();
    let models = model("wire", Provider::Anthropic, "local", &server.url, "");
    let file = experiment(folder.path(), AGENT, &models);
    insta::assert_snapshot!(said(&with_key(&[&file])), @r#"
    1
    Does dreaming help?
      agent             model `wire`
      dreamer           embedded
      in-session grader embedded
      final grader      embedded
      user              scripted

    Model `wire`
      ok       key        `PLANTED_KEY` is set
      ok       address    http://127.0.0.1:N
      unknown  model id   `local`; the service shows no list of its models
      wrong    answer     `wire`: POST http://127.0.0.1:N/v1/messages: 401
                          Unauthorized, `authentication_error`: invalid key
                          [redacted] (1 attempt)
                          hint: see whether the key in `PLANTED_KEY` is one of this
                          service
      unknown  clock      the service does not say what time it is
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    The run
      ok       forecast   about $240.89 for 35980 completions, from the sizes of the
                          texts
      unknown  time       not every model's speed could be measured
      ok       limits     none are set under `rates`; where the service has some, it
                          is waited for

    These checks cost $0.000000.
    A run would fail: answer of model `wire`.
    "#);
    // What cannot do better is not tried again.
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_tools_and_a_clock_that_is_off_are_told() {
    let words = format!("ready, {KEY}");
    let server = wordy(&words, Stop::End, SignedDuration::from_hours(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let models = model("wire", Provider::Anthropic, "local", &server.url, "");
    let file = experiment(folder.path(), AGENT, &models);
    insta::assert_snapshot!(said(&with_key(&[&file])), @r#"
    1
    Does dreaming help?
      agent             model `wire`
      dreamer           embedded
      in-session grader embedded
      final grader      embedded
      user              scripted

    Model `wire`
      ok       key        `PLANTED_KEY` is set
      ok       address    http://127.0.0.1:N
      ok       model id   `local` is in the service's list of 1
      ok       answer     it answers
      wrong    tools      it was asked to call a tool and called none; it said
                          `ready, [redacted]`
                          hint: an agent works by tools: use a model that has them,
                          or a server that passes them on
      ok       usage      the service counts tokens
      ok       speed      MEASURED
      wrong    output     it writes at most 4096 tokens, and the experiment asks for
                          up to 8192
                          hint: set `max_output_tokens: 4096`
      warning  clock      that of the service is 1 hour ahead of this one
                          hint: set this machine's clock: a record has its times
                          from it, and certificates may not hold
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    The run
      ok       forecast   about $240.89 for 35980 completions, from the sizes of the
                          texts
      ok       time       MEASURED
      ok       limits     none are set under `rates`; where the service has some, it
                          is waited for

    These checks cost $0.000300.
    A run would fail: tools of model `wire`, output of model `wire`.
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_whose_verdicts_cannot_be_read_is_told() {
    let server = wordy("It is.", Stop::End, SignedDuration::from_hours(-1)).await;
    let folder = tempfile::tempdir().unwrap();
    let models = model(
        "wire",
        Provider::Anthropic,
        "local",
        &server.url,
        ", max_output_tokens: 4096, rates: {output_tokens_per_minute: 1000}",
    );
    let backend = "backend: {live: {agent: reference, grader: {judge: {model: wire}}}}\npriced_as: claude-sonnet-5-5\n";
    let file = experiment(folder.path(), backend, &models);
    insta::assert_snapshot!(said(&with_key(&[&file])), @r#"
    1
    Does dreaming help?
      agent             embedded
      dreamer           embedded
      in-session grader embedded
      final grader      model `wire`
      user              scripted

    Model `wire`
      ok       key        `PLANTED_KEY` is set
      ok       address    http://127.0.0.1:N
      ok       model id   `local` is in the service's list of 1
      ok       answer     it answers
      wrong    structure  no JSON object in `It is.`
                          hint: dreams and verdicts are JSON: use a model or a
                          server that keeps to a form
      ok       usage      the service counts tokens
      ok       speed      MEASURED
      warning  clock      that of the service is 1 hour behind this one
                          hint: set this machine's clock: a record has its times
                          from it, and certificates may not hold
      ok       price      by the experiment: $2.00 for a million tokens read, $10.00
                          written

    The run
      ok       forecast   about $143.28 for 17990 completions, from the sizes of the
                          texts
      ok       time       MEASURED
      warning  limits     `output_tokens_per_minute` of `wire` holds the run up: it
                          alone takes 7 days
                          hint: raise it if the service allows more, or run less

    These checks cost $0.000300.
    A run would fail: structure of model `wire`.
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_thinks_for_long_is_given_more_room_and_then_left_alone() {
    let server = wordy("", Stop::OutputLimit, SignedDuration::ZERO).await;
    let folder = tempfile::tempdir().unwrap();
    let models = model(
        "wire",
        Provider::Anthropic,
        "local",
        &server.url,
        ", max_output_tokens: 4096",
    );
    let file = experiment(folder.path(), AGENT, &models);
    let output = with_key(&[&file]);
    assert_eq!(output.status.code(), Some(0));
    let text = said(&output);
    assert!(text.contains("unknown  tools"), "{text}");
    let rooms: Vec<u64> = server
        .requests()
        .iter()
        .filter_map(|request| {
            let body: Value = serde_json::from_str(request.split_once("\r\n\r\n")?.1).ok()?;
            body["max_tokens"].as_u64()
        })
        .collect();
    assert_eq!(rooms, [64, 1_024]);
}

#[cfg(unix)]
#[test]
fn programs_are_greeted() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("dreamer.sh");
    fs::write(
        &program,
        "read -r line\necho '{\"ready\":true,\"name\":\"night\",\"version\":\"2\"}'\nread -r line\n:\n",
    )
    .unwrap();
    let backend = format!(
        "backend:\n  live:\n    agent: {{process: {{command: [sh, -c, 'read -r line; exit 1']}}}}\n    dreamer: {{process: {{command: [sh, '{}'], environment: [NO_SUCH_VARIABLE]}}}}\npriced_as: claude-sonnet-5-5\n",
        program.display()
    );
    let file = experiment(folder.path(), &backend, "");
    insta::assert_snapshot!(said(&doctor(&[&file], &[])), @r#"
    1
    Does dreaming help?
      agent             a program
      dreamer           a program
      in-session grader embedded
      final grader      embedded
      user              scripted

    The program of the agent
      wrong    greeting   `sh -c read -r line; exit 1` ended its output without an
                          answer; it was asked: `{"dreamtrial":1,"kind":"agent"}`;
                          it had ended with exit status: 1
                          hint: a program answers `{"ready":true}` first; see
                          docs/plugins.md

    The program of the dreamer
      warning  variable   `NO_SUCH_VARIABLE`, which the program is to be given, is
                          not set
                          hint: set it, or take it out of `environment`
      ok       greeting   it starts and answers as `night 2`

    The run
      ok       forecast   no model is paid for

    These checks cost $0.000000.
    A run would fail: greeting of the program of the agent.
    "#);
}

#[test]
fn scenarios_that_are_not_there_are_told_beside_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let file = experiment(
        folder.path(),
        "backend: reference\npriced_as: claude-sonnet-5-5\n",
        "",
    );
    let text = fs::read_to_string(&file).unwrap();
    let scenarios = root().join("scenarios").display().to_string();
    fs::write(&file, text.replace(&scenarios, "nowhere")).unwrap();
    let output = doctor(&[&file], &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    assert!(text.contains("cannot read `"), "{text}");
    assert!(
        text.contains("A run would fail: plan of the run."),
        "{text}"
    );
}

#[test]
fn files_and_arguments_that_are_wrong_are_told_as_everywhere() {
    for (arguments, code, words) in [
        (&["no-such.yaml"][..], 3, "no-such.yaml"),
        (&["--backend", "nobody"], 2, "nobody is called so"),
        (
            &["--base-url", "http://localhost"],
            2,
            "`--base-url` goes with",
        ),
        (&["--record", "folder"], 2, "--record"),
        (&["--replay", "folder"], 2, "--replay"),
    ] {
        let output = doctor(arguments, &[]);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(words), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty());
    }
}
