//! Broken files: every problem at once, in words, with file, line and a hint; never a panic.

use std::{fs, path::Path};

use dreamtrial::{
    experiment, rubric, scenario,
    source::{Problems, Severity},
};
use tempfile::TempDir;

const SCENARIO: &str = r#"title: A small practice
domain: legal
construct: retention
summary: For a test.
user: {name: Ann, role: partner, patience: 2}
facts:
  - id: law
    field: governing_law
    values: [{value: Delaware}]
    says: ["The governing law is always {{ value }}.", "As a rule the governing law is {{ value }}."]
forms:
  terms:
    - {field: governing_law, label: governing law, kind: {choice: [Ohio, Delaware, Texas]}}
    - {field: signing, label: signing date, kind: date}
tools:
  - {name: one, does: A., options: {mode: [a, b]}, quirks: [{id: q1, error: E1, works: {mode: b}, first: two, says: ["one needs mode b", "one: mode b"]}]}
  - {name: two, does: B.}
sessions:
  - date: 2026-01-05
    case: Project A
    reveals: [law]
    documents: [{name: memo.md, title: Memo}]
    tasks:
      - title: Terms
        form: terms
        rubric: terms
        brief: |
          The governing law is always {{ law }}.
          The signing date is 2026-02-01.
        truth: {signing: {value: 2026-02-01}}
  - date: 2026-01-12
    case: Project B
    tasks:
      - title: Terms
        form: terms
        rubric: terms
        brief: The signing date is 2026-03-01.
        truth: {signing: {value: 2026-03-01}}
"#;

fn write(folder: &Path, scenario: &[u8]) {
    fs::create_dir_all(folder.join("documents")).unwrap();
    fs::write(folder.join("scenario.yaml"), scenario).unwrap();
    fs::write(folder.join("documents/memo.md"), "A memo.\n").unwrap();
}

fn check(folder: &Path) -> (bool, Problems) {
    let mut problems = Problems::default();
    let loaded = scenario::load(folder, &"legal/test".parse().unwrap(), &mut problems).is_some();
    (loaded, problems)
}

/// What is reported of the scenario after a change.
fn report(change: impl Fn(&str) -> String) -> (bool, String, Problems) {
    let folder = TempDir::new().unwrap();
    let text = change(SCENARIO);
    assert!(
        text != SCENARIO || change("x") == "x",
        "the change changes something"
    );
    write(folder.path(), text.as_bytes());
    let (loaded, problems) = check(folder.path());
    (loaded, problems.render(false), problems)
}

fn refuses(from: &str, to: &str, expected: &[&str]) {
    assert!(SCENARIO.contains(from), "{from}");
    let (loaded, text, _) = report(|scenario| scenario.replacen(from, to, 1));
    assert!(!loaded, "{text}");
    for part in expected {
        assert!(text.contains(part), "missing {part:?} in:\n{text}");
    }
}

#[test]
fn the_small_scenario_is_whole() {
    let (loaded, text, problems) = report(str::to_owned);
    assert!(loaded && problems.is_empty(), "{text}");
}

#[test]
fn each_fault_is_named_with_its_line_and_a_hint() {
    refuses(
        "    case: Project B",
        "    cass: Project B",
        &[
            "unknown key `cass`",
            "scenario.yaml:",
            "did you mean `case`?",
            "missing key `case`",
        ],
    );
    refuses(
        "patience: 2",
        "patience: many",
        &["expected a whole number, found a text", "many"],
    );
    refuses(
        "name: memo.md",
        "name: mmo.md",
        &["no file `mmo.md`", "name: mmo.md", "create it"],
    );
    refuses(
        "first: two",
        "first: tow",
        &["no tool `tow` in this scenario", "did you mean `two`?"],
    );
    refuses(
        "reveals: [law]",
        "reveals: [lwa]",
        &["no fact or quirk `lwa`", "did you mean `law`?"],
    );
    refuses(
        "form: terms",
        "form: term",
        &["no form `term`", "did you mean `terms`?"],
    );
    refuses(
        "always {{ law }}",
        "always {{ lawyer }}",
        &["undefined variable `lawyer`", "`law`"],
    );
    refuses(
        "2026-01-12",
        "2026-01-02",
        &["session on `2026-01-02` does not come after the one on `2026-01-05`"],
    );
    refuses(
        "2026-01-12",
        "12 January",
        &["`12 January` is not a date", "write dates as 2026-02-01"],
    );
    refuses(
        "value: Delaware",
        "value: Delawere",
        &[
            "`Delawere` is no value of `governing_law`",
            "Ohio | Delaware | Texas",
        ],
    );
    refuses(
        "name: memo.md",
        "name: ../scenario.yaml",
        &["path `../scenario.yaml` leads out of its folder"],
    );
    refuses(
        "name: memo.md",
        "name: /etc/passwd",
        &["path `/etc/passwd` leads out of its folder"],
    );
    refuses(
        "domain: legal",
        "domain: leagl",
        &["`leagl` is not one of", "did you mean `legal`?"],
    );
    refuses("title: A small practice", "title: [", &["invalid YAML"]);
    refuses(
        "truth: {signing: {value: 2026-03-01}}",
        "truth: {}",
        &["field `signing` has no truth in the task `Terms`"],
    );
}

#[test]
fn a_circle_of_tools_is_found() {
    refuses(
        "{name: two, does: B.}",
        "{name: two, does: B., options: {x: [a, b]}, quirks: [{id: q2, error: E2, works: {x: b}, first: one, says: [s, t]}]}",
        &[
            "tool `one` must be called before itself",
            "break the circle",
        ],
    );
}

#[test]
fn duplicates_and_idle_facts_are_found() {
    let extra =
        "  - {id: law, field: governing_law, values: [{value: Ohio}], says: [a, b]}\nforms:";
    refuses("forms:", extra, &["fact or quirk `law` is there twice"]);
    let idle = "  - {id: idle, field: governing_law, about: {client: Nobody}, values: [{value: Ohio}], says: [a, b]}\nforms:";
    refuses("forms:", idle, &["fact `idle` is never revealed"]);
}

#[test]
fn all_problems_of_a_file_are_reported_at_once() {
    let (_, text, problems) = report(|scenario| {
        scenario
            .replace("    case: Project B", "    cass: Project B")
            .replace("construct: retention", "construct: retention\ncolour: blue")
            .replace("domain: legal", "domain: legal\nsize: 3")
    });
    assert!(problems.count(Severity::Error) >= 4, "{text}");
    for part in ["`cass`", "`colour`", "`size`", "missing key `case`"] {
        assert!(text.contains(part), "missing {part} in:\n{text}");
    }
}

#[test]
fn a_file_that_is_too_large_or_no_text_is_refused() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), &vec![b'#'; 11 * 1024 * 1024]);
    let (loaded, problems) = check(folder.path());
    assert!(
        !loaded && problems.render(false).contains("file is larger than 10 MB"),
        "{}",
        problems.render(false)
    );

    let mut bytes = SCENARIO.as_bytes().to_vec();
    bytes[40] = 0xff;
    write(folder.path(), &bytes);
    let (loaded, problems) = check(folder.path());
    assert!(
        !loaded
            && problems
                .render(false)
                .contains("line 3 is not valid UTF-8 (byte 40)"),
        "{}",
        problems.render(false)
    );

    let deep = format!("title: {}{}", "[".repeat(5000), "]".repeat(5000));
    write(folder.path(), deep.as_bytes());
    let (loaded, problems) = check(folder.path());
    assert!(
        !loaded && problems.render(false).contains("invalid YAML"),
        "{}",
        problems.render(false)
    );
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_does_not_lead_out() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), SCENARIO.as_bytes());
    fs::remove_file(folder.path().join("documents/memo.md")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("documents/memo.md")).unwrap();
    let (loaded, problems) = check(folder.path());
    assert!(
        !loaded
            && problems
                .render(false)
                .contains("leads out of its folder through a symbolic link"),
        "{}",
        problems.render(false)
    );
}

#[test]
fn an_undefined_variable_of_a_document_is_shown_in_the_document() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), SCENARIO.as_bytes());
    fs::write(
        folder.path().join("documents/memo.md"),
        "# Memo\n\nSee {{ nobody }}.\n",
    )
    .unwrap();
    let (loaded, problems) = check(folder.path());
    let text = problems.render(false);
    assert!(
        !loaded && text.contains("memo.md:3") && text.contains("undefined variable `nobody`"),
        "{text}"
    );
}

#[test]
fn a_criterion_without_a_check_and_a_check_without_a_criterion_are_found() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("terms.md");
    fs::write(&path, "---\ntitle: T\ncriteria:\n  law: {required: true, check: {field_present: {field: law}}}\n  lost: {required: true, check: {body_contains: {text: x}}}\n---\n# T\n\n## Law {#law}\nx\n\n## Other {#other}\ny\n").unwrap();
    let mut problems = Problems::default();
    assert!(rubric::load(&path, &"terms".parse().unwrap(), &mut problems).is_none());
    let text = problems.render(false);
    for part in [
        "criterion `other` has no check",
        "criterion `lost` has no section",
        "terms.md:12",
    ] {
        assert!(text.contains(part), "missing {part} in:\n{text}");
    }
    fs::write(&path, "no head\n").unwrap();
    let mut problems = Problems::default();
    assert!(rubric::load(&path, &"terms".parse().unwrap(), &mut problems).is_none());
    assert!(problems.render(false).contains("rubric has no head"));
}

#[test]
fn an_experiment_names_what_it_does_not_know() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, "title: T\nscenarios: s\nrubrics: r\nseed: 1\nrepetitions: 0\nbackend: reference\npriced_as: claude-sonet-5-5\narms:\n  - {name: a, memory: dreamed, policy: standrad}\n  - {name: a, memory: none}\n  - {name: b, memory: placebo}\n  - {name: c, memory: none, policy: standard}\npolicies:\n  standard: {merge_likeness: 2.0, stages: {merg: false}}\n").unwrap();
    let mut problems = Problems::default();
    assert!(experiment::load(&path, &mut problems).is_none());
    let text = problems.render(false);
    for part in [
        "no policy `standrad`",
        "did you mean `standard`?",
        "arm `a` is there twice",
        "placebo arm `b` has no dreamed arm",
        "arm `c` has a policy and no dreams",
        "`repetitions` is 0",
        "no price for the model `claude-sonet-5-5`",
        "did you mean `claude-sonnet-5-5`?",
        "`merge_likeness` is 2",
        "unknown key `merg`",
        "did you mean `merge`?",
    ] {
        assert!(text.contains(part), "missing {part:?} in:\n{text}");
    }
}
