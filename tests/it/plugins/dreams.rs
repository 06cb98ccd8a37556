//! What a dreamer is told, and what is made of its answer.

use std::{fs, sync::Arc};

use dreamtrial::{
    dream::{Dream, DreamRequest, Dreamer, EditKind, Source, process::ProcessDreamer},
    experiment::{Policy, live::Program},
    memory::Store,
    quantity::{Seed, Tokens},
    run::brief_of,
    transcript::{Entry, Failure, Transcript},
};
use jiff::civil::date;

use super::{clock, launch, recorded, says, shell, wait, world, writable};

/// The store of a small dream.
fn notes() -> Store {
    writable(&[
        (
            "a.md",
            "# For Halden\n- the cap is 5 days.\n- the cap is 5 days.\n",
        ),
        ("b.md", "- call desk 4\n- the price index is CPI.\n"),
    ])
    .store
}

fn transcripts() -> Vec<Arc<Transcript>> {
    let plan = world();
    (1..=3)
        .map(|session| {
            Arc::new(Transcript {
                session,
                brief: brief_of(&plan.scenarios[0], session, Seed(1)),
                entries: vec![Entry::Task(0), Entry::Read("heron-heads.md".to_owned())],
            })
        })
        .collect()
}

pub(super) async fn dream(program: Program, window: u32, store: &Store) -> Result<Dream, Failure> {
    let policy = Policy {
        window_sessions: window,
        ..Policy::default()
    };
    let transcripts = transcripts();
    let request = DreamRequest {
        store,
        transcripts: &transcripts,
        policy: &policy,
        date: date(2026, 3, 1),
        seed: Seed(0),
    };
    ProcessDreamer::new(launch(program), clock())
        .dream(request)
        .await
}

/// A dreamer that answers this.
fn dreaming(answer: &str) -> Program {
    shell(&format!(
        "read -r request; cat <<'END'\n{answer}\nEND\ncat >/dev/null"
    ))
}

fn dreamt(answer: &str) -> Dream {
    wait(dream(dreaming(answer), 2, &notes())).unwrap()
}

#[test]
fn a_dreamer_is_given_the_store_and_the_window() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("told");
    let steps = [
        r#"{"ready":true}"#,
        r#"{"unchanged":true,"usage":{"output":3}}"#,
    ];
    let dreamt = wait(dream(recorded(&steps, &path), 2, &notes())).unwrap();
    assert_eq!(
        (&dreamt.store, &dreamt.edits[..], dreamt.usage.output),
        (&notes(), &[][..], Tokens(3))
    );
    let lines = fs::read_to_string(&path).unwrap();
    let asked: serde_json::Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    let asked = &asked["dream"];
    assert_eq!(asked["date"], "2026-03-01");
    assert_eq!(asked["policy"]["window_sessions"], 2);
    assert_eq!(
        asked["store"][1],
        serde_json::json!({"path": "b.md", "content": "- call desk 4\n- the price index is CPI.\n"})
    );
    let sessions: Vec<&serde_json::Value> = asked["transcripts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["session"])
        .collect();
    assert_eq!(sessions, [2, 3]);
    let brief = &asked["transcripts"][0]["brief"];
    assert!(
        brief["header"]
            .as_str()
            .unwrap()
            .starts_with("Date: 2026-01-26")
    );
    // A document that the agent did not read is named only.
    assert_eq!(brief["documents"][0]["name"], "nda-note.md");
    assert_eq!(brief["documents"][0]["text"], serde_json::Value::Null);
    assert_eq!(
        asked["transcripts"][0]["entries"],
        serde_json::json!([{"task": 0}, {"read": "heron-heads.md"}])
    );
}

#[test]
fn a_reason_stands_with_every_change() {
    let dreamt = dreamt(
        r##"{"store":[{"path":"all.md","content":"# For Halden\n- the cap is 5 days.\n# For Bright\n- call desk 4\n- sign twice\n- and stamp\n"}],
        "edits":[{"kind":"removed","text":"the price index is CPI.","reason":"out of date","sources":[{"memory":{"path":"b.md","line":2}}]},
                 {"kind":"added","text":"sign twice","reason":"asked for","sources":[{"session":{"session":3,"entry":2}},{"session":{"session":2,"entry":0}}]}]}"##
            .replace("\n        ", " ")
            .replace("\n                 ", " ")
            .as_str(),
    );
    let edits: Vec<(EditKind, &str, &str, usize)> = dreamt
        .edits
        .iter()
        .map(|edit| {
            (
                edit.kind,
                edit.text.as_str(),
                edit.reason.as_str(),
                edit.sources.len(),
            )
        })
        .collect();
    let silent = "not explained by the dreamer";
    assert_eq!(
        edits,
        [
            (EditKind::Added, "sign twice", "asked for", 2),
            (EditKind::Added, "# For Bright", silent, 0),
            // Said of everybody before, and of one client now.
            (EditKind::Added, "call desk 4", silent, 0),
            (EditKind::Added, "and stamp", silent, 0),
            (
                EditKind::Removed,
                "the price index is CPI.",
                "out of date",
                1
            ),
            (EditKind::Removed, "the cap is 5 days.", silent, 1),
            (EditKind::Removed, "call desk 4", silent, 1),
        ]
    );
    assert_eq!(
        dreamt.edits[5].sources,
        [Source::Memory {
            path: "a.md".to_owned(),
            line: 3
        }]
    );
}

#[test]
fn an_edit_that_names_its_lines_explains_that_they_went() {
    let dreamt = dreamt(
        r##"{"store":[{"path":"a.md","content":"# For Halden\n- the cap is 5 days.\n- the index is CPI, from desk 4\n"}],"edits":[{"kind":"merged","text":"the cap is 5 days.","reason":"twice the same","sources":[{"memory":{"path":"a.md","line":2}},{"memory":{"path":"a.md","line":3}}]},{"kind":"merged","text":"- the index is CPI, from desk 4","reason":"one of two","sources":[{"memory":{"path":"b.md","line":1}},{"memory":{"path":"b.md","line":2}}]}]}"##,
    );
    assert_eq!(dreamt.edits.len(), 2, "{:#?}", dreamt.edits);
}

#[test]
fn unsound_dreams_are_refused_with_the_place() {
    let edit = |edit: &str| format!(r#"{{"store":[],"edits":[{{{edit}}}]}}"#);
    for (answer, why) in [
        ("{}".to_owned(), "no `store`"),
        ("[]".to_owned(), "wrote no dream"),
        (r#"{"unchanged":false}"#.to_owned(), "no `store`"),
        (
            r#"{"unchanged":true,"store":[]}"#.to_owned(),
            "says that it is `unchanged`",
        ),
        (r#"{"store":{}}"#.to_owned(), "wrote no dream"),
        (
            r#"{"store":[],"memo":1}"#.to_owned(),
            "unknown field `memo`",
        ),
        (
            r#"{"store":[{"path":"../a","content":""}]}"#.to_owned(),
            "`../a` is not a path",
        ),
        (
            r#"{"store":[{"path":"a","content":""},{"path":"a","content":""}]}"#.to_owned(),
            "`a` twice",
        ),
        (
            r#"{"store":[],"usage":{"output":-7}}"#.to_owned(),
            "wrote no dream",
        ),
        (
            edit(r#""kind":"improved","text":"a","reason":"b""#),
            "unknown variant `improved`",
        ),
        (
            edit(r#""kind":"removed","text":"a","reason":" ""#),
            "without a `reason`",
        ),
        (
            edit(r#""kind":"removed","text":"","reason":"b""#),
            "without a `text`",
        ),
        (
            edit(
                r#""kind":"removed","text":"a","reason":"b","sources":[{"memory":{"path":"a.md","line":4}}]"#,
            ),
            "line 4 of the memory entry `a.md`",
        ),
        (
            edit(
                r#""kind":"removed","text":"a","reason":"b","sources":[{"memory":{"path":"a.md","line":0}}]"#,
            ),
            "line 0 of",
        ),
        (
            edit(
                r#""kind":"removed","text":"a","reason":"b","sources":[{"memory":{"path":"z.md","line":1}}]"#,
            ),
            "entry `z.md`",
        ),
        // Two entries and the brief; and a session before the window.
        (
            edit(
                r#""kind":"added","text":"a","reason":"b","sources":[{"session":{"session":3,"entry":3}}]"#,
            ),
            "entry 3 of session 3",
        ),
        (
            edit(
                r#""kind":"added","text":"a","reason":"b","sources":[{"session":{"session":1,"entry":0}}]"#,
            ),
            "entry 0 of session 1",
        ),
    ] {
        let failure = wait(dream(dreaming(&answer), 2, &notes())).unwrap_err();
        assert!(matches!(failure, Failure::Backend(_)), "{failure:?}");
        says(&failure.to_string(), &["(zoo 3)", why, "it wrote: `"]);
    }
    let many: Vec<String> = (0..2_001)
        .map(|number| format!(r#"{{"path":"{number}","content":""}}"#))
        .collect();
    let mut huge = dreaming(&format!(r#"{{"store":[{}]}}"#, many.join(",")));
    says(
        &wait(dream(huge.clone(), 2, &notes()))
            .unwrap_err()
            .to_string(),
        &["a store has at most 2000"],
    );
    huge.max_bytes = 10_000;
    says(
        &wait(dream(huge, 2, &notes())).unwrap_err().to_string(),
        &["wrote a line of more than 10000 bytes"],
    );
}

#[test]
fn a_request_larger_than_any_pipe_reaches_the_dreamer() {
    let mut store = Store::default();
    for number in 0..40 {
        store
            .write(
                &format!("{number}.md"),
                format!("- {}\n", "x".repeat(100_000)),
            )
            .unwrap();
    }
    // It fills its own pipe with an answer before it reads on.
    let eager = shell(
        r#"head -c 10 >/dev/null; printf '{"unchanged":true,"usage":{}'; head -c 80000 /dev/zero | tr '\0' ' '; read -r request; echo '}'"#,
    );
    let dreamt = wait(dream(eager, 2, &store)).unwrap();
    assert_eq!(dreamt.store, store);
    // A dreamer that does not read at all.
    let deaf = shell("exec sleep 60");
    let deaf = Program {
        seconds: 0.2,
        ..deaf
    };
    says(
        &wait(dream(deaf, 2, &store)).unwrap_err().to_string(),
        &["gave no answer within 0.2 s"],
    );
}
