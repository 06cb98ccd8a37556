//! The example programs at work.

use std::{io::Write as _, process::Stdio};

use dreamtrial::{
    agent::{Agent, AgentSession, MemoryAccess, Message, SessionEnd, Step, process::ProcessAgent},
    dream::{Edit, EditKind, Source},
    experiment::live::Program,
    memory::Store,
    plan::Plan,
    quantity::Seed,
    transcript::Entry,
    user::{Desk, Said, truths},
};

use super::{agent, dreams::dream, opening, program, wait, world, writable};
use crate::world::root;

/// The examples, where there is a Python to run them.
fn example(name: &str) -> Option<Program> {
    let there = std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        return None;
    }
    let path = root().join("examples/plugins").join(name);
    Some(program(&["python3", path.to_str().unwrap()]))
}

/// One session of the scenario with its own user.
async fn lived(
    agent: &ProcessAgent,
    plan: &Plan,
    number: u32,
    store: Store,
    said: &mut Said,
) -> (Vec<Entry>, SessionEnd) {
    let scenario = &plan.scenarios[0].scenario;
    let session = &scenario.sessions[number as usize - 1];
    let truths = truths(scenario, session, 0, "10000");
    let desk = Desk::new(scenario, number, 0, &truths, Seed(3));
    for reveal in &session.reveals {
        said.note(*reveal, number);
    }
    let memory = Some(MemoryAccess {
        store,
        writable: true,
    });
    let mut agent: Box<dyn AgentSession> = agent.open(opening(plan, number, memory)).await.unwrap();
    let mut entries = Vec::new();
    let mut turn = agent.say(Message::Task(0)).await.unwrap();
    for _ in 0..6 {
        entries.append(&mut turn.entries);
        let message = match turn.step {
            Step::Question(questions) => {
                let (text, _) = desk.answer(&questions, said);
                entries.push(Entry::Question(questions));
                Message::Answer(text)
            }
            Step::Submission(deliverable) => {
                let right = desk.wrong(&deliverable).is_empty();
                entries.push(Entry::Submission(deliverable.clone()));
                if right {
                    entries.push(Entry::Accepted);
                    break;
                }
                Message::Correction(desk.correct(&deliverable, &[], 1, said))
            }
            Step::Reviewed(..) => panic!("nobody reviews a program's work"),
            Step::Idle => panic!("it gave up"),
        };
        turn = agent.say(message).await.unwrap();
    }
    agent.say(Message::Over(true)).await.unwrap();
    let end = agent.close().await.unwrap();
    (entries, end)
}

#[test]
fn the_example_agent_does_the_work_and_remembers() {
    let Some(python) = example("agent.py") else {
        eprintln!("left out: this test needs python3");
        return;
    };
    let plan = world();
    let agent = agent(python);
    let mut store = Store::default();
    let mut said = Said::default();
    for number in 1..=4 {
        let (entries, end) = wait(lived(&agent, &plan, number, store.clone(), &mut said));
        assert!(
            entries.contains(&Entry::Accepted),
            "session {number}: {entries:#?}"
        );
        for (path, content) in end.notes {
            store.write(&path, content).unwrap();
        }
    }
    assert!(store.len() >= 3, "{store:?}");
}

#[test]
fn the_example_dreamer_drops_what_is_said_twice() {
    let Some(python) = example("dreamer.py") else {
        eprintln!("left out: this test needs python3");
        return;
    };
    let before = writable(&[
        (
            "a.md",
            "# For Halden\n- the cap is 5 days.\n- call desk 4\n- the cap is 5 days.\n",
        ),
        ("b.md", "- the cap is 5 days.\n"),
        ("c.md", "# For Halden\n- the cap is 5 days.\n"),
    ])
    .store;
    let once = wait(dream(python.clone(), 2, &before)).unwrap();
    let contents: Vec<(&str, &str)> = once
        .store
        .entries()
        .map(|(path, entry)| (path, entry.content()))
        .collect();
    assert_eq!(
        contents,
        [
            (
                "a.md",
                "# For Halden\n- call desk 4\n- the cap is 5 days.\n"
            ),
            // The same words without a heading are said of everybody.
            ("b.md", "- the cap is 5 days.\n"),
            ("c.md", "# For Halden\n"),
        ]
    );
    let removed = |path: &str, line| Edit {
        kind: EditKind::Removed,
        text: "- the cap is 5 days.".to_owned(),
        reason: "said before, in the same words".to_owned(),
        sources: vec![
            Source::Memory {
                path: path.to_owned(),
                line,
            },
            Source::Memory {
                path: "a.md".to_owned(),
                line: 2,
            },
        ],
    };
    assert_eq!(once.edits, [removed("a.md", 4), removed("c.md", 2)]);
    let twice = wait(dream(python, 2, &once.store)).unwrap();
    assert_eq!((twice.store, twice.edits.len()), (once.store, 0));
}

#[test]
fn the_session_of_the_document_is_what_the_example_does() {
    let Some(python) = example("agent.py") else {
        eprintln!("left out: this test needs python3");
        return;
    };
    let document = std::fs::read_to_string(root().join("docs/plugins.md")).unwrap();
    let (_, rest) = document.split_once("```session\n").unwrap();
    let (session, _) = rest.split_once("```").unwrap();
    let side = |mark: &str| -> Vec<&str> {
        session
            .lines()
            .filter_map(|line| line.strip_prefix(mark))
            .collect()
    };
    let mut child = std::process::Command::new(&python.command[0])
        .args(&python.command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = side("→ ").join("\n");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(told.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let read = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let written: Vec<_> = std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .map(read)
        .collect();
    let expected: Vec<_> = side("← ").into_iter().map(read).collect();
    assert_eq!(written, expected);
    assert_eq!(expected.len(), 11);
}
