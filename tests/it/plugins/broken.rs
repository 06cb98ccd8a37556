//! What becomes of programs that crash, hang, babble or lie: a failure that says what they did.

use std::{
    fs,
    thread::{self, JoinHandle},
};

use dreamtrial::{
    agent::{Agent, Message, Step, process::STEPS_PER_TURN},
    experiment::live::Program,
    quantity::Tokens,
};

use super::{agent, agents_failure, one_turn, opened, opening, program, says, shell, wait, world};

#[test]
fn a_program_that_is_not_there_is_named() {
    let text = agents_failure(program(&["/no/such/program", "--fast"]));
    says(
        &text,
        &["cannot start `/no/such/program --fast`: No such file"],
    );
    says(&agents_failure(program(&[])), &["its `command` is empty"]);
}

#[test]
fn a_crash_at_the_start_shows_status_and_standard_error() {
    let text = agents_failure(program(&["sh", "-c", "echo 'no model' >&2; exit 3"]));
    says(
        &text,
        &[
            "`sh -c echo 'no model' >&2; exit 3`",
            "it was asked: `{\"dreamtrial\":1,\"kind\":\"agent\"}`",
            "exit status: 3",
            "standard error: `no model`",
        ],
    );
}

#[test]
fn a_crash_in_the_middle_shows_what_it_was_asked() {
    let text = agents_failure(opened("read -r task; kill -SEGV $$"));
    says(
        &text,
        &[
            "(zoo 3)",
            "it was asked: `{\"task\":{\"number\":0,",
            "signal: 11",
        ],
    );
}

#[test]
fn an_early_end_is_a_failure_even_with_status_0() {
    let text = agents_failure(opened("exit 0"));
    says(
        &text,
        &["ended its output without an answer", "exit status: 0"],
    );
}

#[test]
fn wrong_greetings_are_refused() {
    for answer in [
        r#"{"ready":false}"#,
        r#"{"ready":"yes"}"#,
        r#"{"ready":true,"nmae":"x"}"#,
        r#"{"done":{}}"#,
        "[]",
    ] {
        let script = format!("read -r hello; echo '{answer}'; read -r rest");
        let text = agents_failure(program(&["sh", "-c", &script]));
        says(&text, &["ready", &format!("it wrote: `{answer}`")]);
    }
}

#[test]
fn lines_that_are_no_steps_are_shown() {
    for (line, why) in [
        ("Thinking about it.", "wrote a line that is not JSON"),
        (r#"{"done":{}"#, "wrote a line that is not JSON"),
        ("", "wrote a line that is not JSON"),
        (r#"["done"]"#, "no JSON object"),
        (r#"{"think":{}}"#, "unknown variant `think`"),
        (r#"{"ask":["a?"],"done":{}}"#, "no step"),
        (
            r#"{"done":{},"usage":{"output":-1}}"#,
            "reports tokens that are none",
        ),
        (
            r#"{"done":{},"usage":{"output":1e99}}"#,
            "reports tokens that are none",
        ),
    ] {
        let text = agents_failure(opened(&format!(
            "read -r task; echo '{line}'; read -r rest"
        )));
        says(&text, &[why, "it still ran and was killed"]);
        if !line.is_empty() {
            says(&text, &[&format!("it wrote: `{line}`")]);
        }
    }
    let text = agents_failure(opened(r"read -r task; printf '\377\376\n'; read -r rest"));
    says(&text, &["not UTF-8"]);
    // Deeper than any parser should follow.
    let deep = "i=0; while [ $i -lt 9000 ]; do printf '['; i=$((i+1)); done; echo; read -r rest";
    says(
        &agents_failure(opened(&format!("read -r task; {deep}"))),
        &["not JSON"],
    );
}

#[test]
fn an_endless_line_is_cut_off() {
    let text = agents_failure(opened("read -r task; exec cat /dev/zero"));
    says(&text, &["wrote a line of more than 1000000 bytes"]);
    assert!(text.len() < 1_500, "{} bytes", text.len());
}

#[test]
fn silence_ends_at_the_time_limit() {
    let mut silent = opened("read -r task; exec sleep 60");
    silent.seconds = 0.2;
    says(&agents_failure(silent), &["gave no answer within 0.2 s"]);
}

/// A program that has started another, which holds a pipe open, before it answers to the opening; and
/// whoever waits for the end of that pipe.
fn parent(then: &str) -> (Program, tempfile::TempDir, JoinHandle<Vec<u8>>) {
    let folder = tempfile::TempDir::new().unwrap();
    let pipe = folder.path().join("alive");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let script = format!(
        "exec 9>'{}'; sleep 30 & read -r open; echo '{{\"done\":{{}}}}'; {then}",
        pipe.display()
    );
    let reader = thread::spawn(move || fs::read(pipe).unwrap());
    (shell(&script), folder, reader)
}

#[test]
fn whatever_a_program_started_ends_with_it() {
    let (broken, _folder, reader) = parent("read -r task; echo nonsense; wait");
    says(&agents_failure(broken), &["not JSON"]);
    assert_eq!(reader.join().unwrap(), b"");

    // A session that is given up, as when a run is ended.
    let (waiting, _folder, reader) = parent("wait");
    wait(async {
        let session = agent(waiting).open(opening(&world(), 1, None)).await;
        drop(session.unwrap_or_else(|failure| panic!("{failure}")));
    });
    assert_eq!(reader.join().unwrap(), b"");
}

#[test]
fn an_endless_loop_of_steps_is_bounded() {
    let text = agents_failure(opened(
        r#"while read -r told; do echo '{"read_document":{"name":"heron-heads.md"}}'; done"#,
    ));
    says(&text, &[&format!("took more than {STEPS_PER_TURN} steps")]);

    let (turn, _) = wait(one_turn(
        opened(&format!(
            r#"read -r told; i=0
            while [ $i -lt {STEPS_PER_TURN} ]; do echo '{{"read_document":{{"name":"x"}}}}'; read -r told; i=$((i+1)); done
            echo '{{"done":{{}}}}'; while read -r told; do echo '{{"done":{{}}}}'; done"#
        )),
        None,
    ))
    .unwrap();
    assert_eq!(turn.step, Step::Idle, "as many as may be");
}

#[test]
fn a_flood_on_standard_error_does_not_block() {
    let (turn, _) = wait(one_turn(
        opened(
            r#"while read -r told; do
            head -c 1000000 /dev/zero | tr '\0' 'e' >&2
            echo '{"done":{},"usage":{"output":5}}'; done"#,
        ),
        None,
    ))
    .unwrap();
    assert_eq!((turn.step, turn.usage.output), (Step::Idle, Tokens(5)));
    let text = agents_failure(opened(
        "read -r task; head -c 1000000 /dev/zero | tr '\\0' 'e' >&2; echo last words >&2; exit 9",
    ));
    says(&text, &["exit status: 9", "eeelast words`"]);
    assert!(text.len() < 3_000, "{} bytes", text.len());
}

#[test]
fn a_second_answer_is_found_out() {
    let text = agents_failure(opened(
        r#"while read -r told; do printf '{"ask":["a?"]}\n{"ask":["b?"]}\n'; done"#,
    ));
    // Both may come before the next message, or the second in answer to it.
    assert!(
        text.contains("wrote more than it was asked for")
            || text.contains("asked or submitted where only `done` is an answer"),
        "{text}"
    );
    let text = agents_failure(opened(
        r#"read -r t; echo '{"done":{}}'; read -r o; echo '{"done":{}}'; read -r c; echo '{"done":{}}'; echo bye"#,
    ));
    says(
        &text,
        &["wrote more than it was asked for", "it wrote: `bye`"],
    );
}

#[test]
fn a_crash_after_the_last_answer_is_a_failure_and_lingering_is_none() {
    let rest = r#"read -r t; echo '{"done":{}}'; read -r o; echo '{"done":{}}'; read -r c; echo '{"done":{}}'"#;
    says(
        &agents_failure(opened(&format!("{rest}; exit 4"))),
        &["gave its answers and then failed", "exit status: 4"],
    );
    wait(one_turn(opened(&format!("{rest}; exec sleep 60")), None)).unwrap();
}

#[test]
fn a_program_that_was_ended_stays_ended() {
    wait(async {
        let plan = world();
        let broken = opened("read -r task; exit 1");
        let mut session = agent(broken).open(opening(&plan, 1, None)).await.unwrap();
        session.say(Message::Task(0)).await.unwrap_err();
        let text = session
            .say(Message::Over(false))
            .await
            .unwrap_err()
            .to_string();
        says(&text, &["was ended before"]);
        session.close().await.unwrap_err();
    });
}
