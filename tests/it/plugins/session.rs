//! What an agent is told in a session, and what it is not.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use dreamtrial::{
    agent::{Agent, MemoryAccess, Message, SessionEnd, Turn, process::ProcessAgent},
    experiment::Limits,
    quantity::{Clock, Milliseconds},
};
use jiff::Timestamp;

use super::{agent, launch, one_turn, opened, opening, recorded, wait, world, writable};
use crate::world::plan;

/// The lines that a program was told in a session of these steps, and what came of it.
pub(super) fn told(
    steps: &[&str],
    memory: impl Into<Option<MemoryAccess>>,
) -> (Vec<serde_json::Value>, Turn, SessionEnd) {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("told");
    let mut all = vec![r#"{"ready":true}"#, r#"{"done":{}}"#];
    all.extend(steps);
    all.extend([r#"{"done":{}}"#, r#"{"done":{}}"#]);
    let (turn, end) = wait(one_turn(recorded(&all, &path), memory.into())).unwrap();
    let lines = fs::read_to_string(&path).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (lines, turn, end)
}

#[test]
fn a_program_is_told_what_an_agent_may_see() {
    let (lines, ..) = told(&[r#"{"done":{}}"#], writable(&[("notes/a.md", "- one\n")]));
    insta::assert_json_snapshot!(lines[0], @r#"
{
  "dreamtrial": 1,
  "kind": "agent"
}
"#);
    insta::assert_json_snapshot!(lines[1], @r#"
{
  "open": {
    "date": "2026-01-12",
    "user": "Ingrid Valcourt, partner, commercial transactions",
    "about": [],
    "case": "Project Heron",
    "documents": [
      {
        "name": "heron-heads.md",
        "title": "Signed heads of terms"
      },
      {
        "name": "supply-memo.md",
        "title": "Memo to the supply drafting group"
      }
    ],
    "tools": [],
    "memory": {
      "writable": true,
      "entries": 1,
      "tokens": 2
    },
    "seed": 9007199254740991,
    "limits": {
      "memory_tokens": 300,
      "questions_per_message": 3,
      "tool_attempts": 3,
      "steps_per_turn": 200
    }
  }
}
"#);
}

#[test]
fn a_task_comes_with_its_fields_and_their_kinds() {
    let (lines, ..) = told(&[r#"{"done":{}}"#], None);
    insta::assert_json_snapshot!(lines[2]["task"]["fields"], @r#"
[
  {
    "name": "governing_law",
    "label": "governing law",
    "kind": "choice",
    "options": [
      "England and Wales",
      "Belgium",
      "Netherlands",
      "Ireland",
      "Luxembourg",
      "New York"
    ]
  },
  {
    "name": "payment_term",
    "label": "payment term",
    "kind": "number",
    "unit": "days"
  },
  {
    "name": "liability_cap",
    "label": "liability cap",
    "kind": "number",
    "unit": "percent"
  },
  {
    "name": "price_index",
    "label": "price index",
    "kind": "choice",
    "options": [
      "CPI",
      "HICP",
      "PPI",
      "SPPI",
      "RPI",
      "LCI"
    ]
  },
  {
    "name": "contract_value",
    "label": "contract value",
    "kind": "number",
    "unit": "EUR"
  },
  {
    "name": "commencement_date",
    "label": "commencement date",
    "kind": "date"
  }
]
"#);
    insta::assert_json_snapshot!(lines[3..], @r#"
[
  {
    "over": {
      "accepted": false
    }
  },
  {
    "close": {}
  }
]
"#);
}

#[test]
fn neither_scenario_nor_arm_nor_fact_shows() {
    let plan = plan("standard.yaml", 1, |id| id == "legal/scope");
    let scenario = &plan.scenarios[0].scenario;
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("told");
    let steps = [
        r#"{"ready":true}"#,
        r#"{"done":{}}"#,
        r#"{"read_document":{"name":"nothing"}}"#,
        r#"{"done":{}}"#,
    ];
    let agent = agent(recorded(&steps, &path));
    wait(async {
        let mut session = agent
            .open(opening(&plan, 1, Some(writable(&[]))))
            .await
            .unwrap();
        session.say(Message::Task(0)).await.unwrap();
    });
    let all = fs::read_to_string(&path).unwrap();
    assert_eq!(all.lines().count(), 4);
    // A field's name is no secret: an id that is also one is left out.
    let hidden = scenario
        .facts
        .iter()
        .filter(|fact| fact.id.as_str() != fact.field.as_str());
    let facts: Vec<&str> = hidden.map(|fact| fact.id.as_str()).collect();
    let arms = plan.experiment.arms.iter().map(|arm| arm.id.as_str());
    let names = arms
        .chain([scenario.id.as_str()])
        .map(|name| format!("\"{name}\""));
    assert!(facts.len() >= 8 && all.contains("Halden"));
    for secret in facts.into_iter().map(str::to_owned).chain(names) {
        assert!(!all.contains(&secret), "`{secret}` shows");
    }
}

/// A clock that goes on by a second each time that it is asked.
#[derive(Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.fetch_add(1, Ordering::Relaxed)).unwrap()
    }
}

#[test]
fn the_time_between_word_and_step_is_active_and_that_of_the_opening_counts_for_the_first_turn() {
    let plan = world();
    let idle = opened(r#"while read -r told; do echo '{"done":{}}'; done"#);
    let agent = ProcessAgent::new(
        launch(idle),
        Limits::default(),
        Arc::new(Ticking::default()),
    );
    let active = wait(async {
        let mut session = agent.open(opening(&plan, 1, None)).await.unwrap();
        let first = session.say(Message::Task(0)).await.unwrap().active;
        let second = session.say(Message::Over(false)).await.unwrap().active;
        [first, second, session.close().await.unwrap().active]
    });
    assert_eq!(active, [2_000, 1_000, 1_000].map(Milliseconds));
}
