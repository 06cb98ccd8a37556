//! What an agent may do, and what it is told where it may not.

use dreamtrial::{
    agent::{MemoryAccess, Step},
    quantity::Tokens,
    transcript::Entry,
};

use super::{session::told, writable};

#[test]
fn steps_are_carried_out_and_stand_in_the_turn() {
    let (lines, turn, _) = told(
        &[
            r#"{"list_memory":{},"usage":{"uncached_input":10}}"#,
            r#"{"read_memory":{"path":"notes/a.md"}}"#,
            r#"{"read_document":{"name":"supply-memo.md"}}"#,
            r#"{"call":{"tool":"fetch","options":{"mode":"wrong"}}}"#,
            r#"{"call":{"tool":"fetch","options":{"mode":"right"}},"usage":{"output":5}}"#,
            r#"{"submit":{"fields":{"price_index":"CPI","governing_law":"Belgium","liability_cap":null},"body":"Done."},"usage":{"output":1}}"#,
        ],
        writable(&[("notes/a.md", "- one\n")]),
    );
    insta::assert_json_snapshot!(lines[3..8].iter().map(|line| {
        let text = line["result"]["text"].as_str().unwrap();
        format!("{} {}", line["result"]["ok"], &text[..text.len().min(40)])
    }).collect::<Vec<_>>(), @r#"
[
  "true notes/a.md",
  "true - one\n",
  "true # Memo\n\nTo: supply drafting group\nBy: Pi",
  "false fetch is busy",
  "true the register says 7"
]
"#);
    insta::assert_json_snapshot!(turn.entries, @r#"
[
  {
    "recall": 3
  },
  {
    "recall": 2
  },
  {
    "read": "supply-memo.md"
  },
  {
    "call": {
      "tool": "fetch",
      "options": [
        [
          "mode",
          "wrong"
        ]
      ],
      "worked": false,
      "answer": "fetch is busy"
    }
  },
  {
    "call": {
      "tool": "fetch",
      "options": [
        [
          "mode",
          "right"
        ]
      ],
      "worked": true,
      "answer": "the register says 7"
    }
  }
]
"#);
    let Step::Submission(deliverable) = turn.step else {
        panic!("{:?}", turn.step)
    };
    // In the order of the form.
    insta::assert_json_snapshot!(deliverable, @r#"
{
  "fields": [
    [
      "governing_law",
      "Belgium"
    ],
    [
      "price_index",
      "CPI"
    ]
  ],
  "body": "Done."
}
"#);
    assert_eq!(
        (turn.usage.uncached_input, turn.usage.output),
        (Tokens(10), Tokens(6))
    );
}

#[test]
fn what_was_written_last_at_a_path_is_read_back_and_kept() {
    let (lines, turn, end) = told(
        &[
            r#"{"write_memory":{"path":"notes/b.md","content":"- two"}}"#,
            r#"{"write_memory":{"path":"notes/c.md","content":"- three"}}"#,
            r#"{"write_memory":{"path":"notes/b.md","content":"- four"}}"#,
            r#"{"read_memory":{"path":"notes/b.md"}}"#,
            r#"{"done":{}}"#,
        ],
        writable(&[]),
    );
    assert_eq!(lines[6]["result"]["text"], "- four");
    assert_eq!(turn.entries, [Entry::Recall(2)]);
    assert_eq!(
        end.notes,
        [
            ("notes/c.md".to_owned(), "- three".to_owned()),
            ("notes/b.md".to_owned(), "- four".to_owned())
        ]
    );
}

#[test]
fn what_cannot_be_done_is_said_and_is_no_failure() {
    let long = format!(
        r#"{{"write_memory":{{"path":"long.md","content":"{}"}}}}"#,
        "x".repeat(102_401)
    );
    let call = r#"{"call":{"tool":"fetch"}}"#;
    let (lines, turn, end) = told(
        &[
            r#"{"read_document":{"name":"../secret"}}"#,
            r#"{"read_memory":{"path":"none.md"}}"#,
            r#"{"write_memory":{"path":"../up.md","content":""}}"#,
            &long,
            r#"{"call":{"tool":"fetch","options":{"mode":7}}}"#,
            call,
            call,
            call,
            call,
            r#"{"ask":[]}"#,
            r#"{"ask":["a?","b?","c?","d?"]}"#,
            r#"{"submit":{"fields":{"colour":"red"}}}"#,
            r#"{"submit":{"fields":{"payment_term":30}}}"#,
            r#"{"ask":["a?"]}"#,
        ],
        writable(&[]),
    );
    insta::assert_json_snapshot!(lines[3..16].iter().map(|line| {
        format!("{} {}", line["result"]["ok"], line["result"]["text"].as_str().unwrap())
    }).collect::<Vec<_>>(), @r#"
[
  "false there is no document `../secret`; there are: heron-heads.md, supply-memo.md",
  "false there is no memory entry `none.md`",
  "false `../up.md` is not a path for a memory entry: use up to 20 parts between `/`, without `..`, at most 1024 bytes",
  "false memory entry `long.md` has 102401 bytes, more than 102400",
  "false the value of the option `mode` must be a JSON string",
  "false fetch is busy",
  "false fetch is busy",
  "false fetch is busy",
  "false `fetch` failed 3 times, and is not called again before the user speaks",
  "false a message must have questions, and each must have words",
  "false a message may have 3 questions, and this has 4",
  "false the form of this task has no field `colour`; it has: governing_law, payment_term, liability_cap, price_index, contract_value, commencement_date",
  "false the value of the field `payment_term` must be a JSON string"
]
"#);
    assert_eq!(turn.step, Step::Question(vec!["a?".to_owned()]));
    assert_eq!(
        turn.entries.len(),
        3,
        "three calls that failed: {:?}",
        turn.entries
    );
    assert_eq!(end.notes, []);
}

#[test]
fn memory_is_read_within_the_budget_of_the_task() {
    // Lines of 400 bytes, 100 tokens each, and 300 tokens a task.
    let content = format!("- {}\n", "m".repeat(397)).repeat(5);
    let read = r#"{"read_memory":{"path":"notes.md"}}"#;
    let (lines, turn, _) = told(
        &[read, read, r#"{"done":{}}"#],
        writable(&[("notes.md", &content)]),
    );
    assert_eq!(
        lines[3]["result"]["text"].as_str().unwrap(),
        &content[..1_200]
    );
    assert_eq!(lines[4]["result"]["ok"], false);
    assert_eq!(turn.entries, [Entry::Recall(300)]);
}

#[test]
fn memory_that_is_not_there_or_not_to_be_written_is_said_to_be_so() {
    let write = r#"{"write_memory":{"path":"a.md","content":"b"}}"#;
    let (lines, _, end) = told(&[write, r#"{"list_memory":{}}"#, r#"{"done":{}}"#], None);
    assert_eq!(lines[1]["open"]["memory"], serde_json::Value::Null);
    assert_eq!(lines[3]["result"]["text"], "there is no memory");
    assert_eq!(lines[4]["result"]["text"], "there is no memory");
    assert_eq!(end.notes, []);
    let closed = MemoryAccess {
        writable: false,
        ..writable(&[])
    };
    let (lines, _, end) = told(&[write, r#"{"done":{}}"#], closed);
    assert_eq!(lines[3]["result"]["text"], "this memory cannot be written");
    assert_eq!(end.notes, []);
}
