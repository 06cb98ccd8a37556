//! What is done with edits, and what is refused.

use super::*;
use crate::{
    dream::{Edit, EditKind, Source},
    memory::{MAX_ENTRIES, MAX_ENTRY_BYTES},
};

fn memory(path: &str, line: u32) -> Source {
    Source::Memory {
        path: path.to_owned(),
        line,
    }
}

fn said(session: u32, entry: u32) -> Source {
    Source::Session { session, entry }
}

#[test]
fn edits_are_made_in_order_and_their_references_are_resolved() {
    let before = store(&[
        (
            "clients/northwind.md",
            "# Northwind\n\n- notice: 30 days\n- law: Delaware\n- the law is Delaware\n",
        ),
        ("log.md", "- had lunch\n"),
    ]);
    let edits = [
        edit(
            "replaced",
            &["M2"],
            "clients/northwind.md",
            "- notice: 45 days [2026-01-12]",
            &["S1.2"],
        ),
        edit(
            "merged",
            &["M3", "M4"],
            "clients/northwind.md",
            "- governing law: Delaware",
            &["M3"],
        ),
        edit("removed", &["M5"], "", "", &[]),
        edit(
            "added",
            &[],
            "playbooks/general.md",
            "# Ways\n- call e_file twice",
            &["S1.0", "S1.2"],
        ),
        edit(
            "promoted",
            &[],
            "clients/northwind.md",
            "- always ask first",
            &["S1.2", "M1"],
        ),
    ];
    let model = scripted([answer(&edits)]);
    let dream = dream(
        &model,
        LARGE,
        &before,
        &[saying(1, "45 days")],
        &Policy::default(),
    )
    .expect("a dream");
    assert_eq!(
        contents(&dream.store),
        [
            (
                "clients/northwind.md",
                "# Northwind\n\n- notice: 45 days [2026-01-12]\n- governing law: Delaware\n- always ask first\n"
            ),
            ("playbooks/general.md", "# Ways\n- call e_file twice\n"),
        ]
    );
    let northwind = "clients/northwind.md";
    let made = |kind, text: &str, sources| Edit {
        kind,
        text: text.to_owned(),
        reason: "said so".to_owned(),
        sources,
    };
    assert_eq!(
        dream.edits,
        [
            made(
                EditKind::Replaced,
                "- notice: 45 days [2026-01-12]",
                vec![said(1, 2)]
            ),
            made(
                EditKind::Merged,
                "- governing law: Delaware",
                vec![memory(northwind, 4), memory(northwind, 5)]
            ),
            made(
                EditKind::Promoted,
                "- always ask first",
                vec![said(1, 2), memory(northwind, 1)]
            ),
            made(
                EditKind::Added,
                "# Ways\n- call e_file twice",
                vec![said(1, 0), said(1, 2)]
            ),
            made(EditKind::Removed, "- had lunch", vec![memory("log.md", 1)]),
        ]
    );
    assert_eq!(dream.refused, [""; 0]);
    assert_eq!((dream.usage.total().0, dream.active.0), (110, 7));
    assert_eq!(contents(&before).len(), 2, "the input stays as it was");
}

/// Edits that cannot be made, with what is said of each.
fn bad_edits() -> Vec<(Value, &'static str)> {
    let huge = "x".repeat(MAX_ENTRY_BYTES);
    let mut no_reason = edit("removed", &["M1"], "", "", &[]);
    no_reason["reason"] = json!("  ");
    let mut unknown_kind = edit("removed", &["M1"], "", "", &[]);
    unknown_kind["kind"] = json!("forgotten");
    let mut unknown_key = edit("removed", &["M1"], "", "", &[]);
    unknown_key["note"] = json!("x");
    vec![
        (
            edit("removed", &["M3"], "", "", &[]),
            "edit 1 (`removed`): `M3` is no line of the store: lines are `M1` to `M2`",
        ),
        (
            edit("removed", &["M0"], "", "", &[]),
            "`M0` is no line of the store",
        ),
        (
            edit("removed", &["S1.2"], "", "", &[]),
            "`S1.2` is no line of the store",
        ),
        (
            edit("removed", &["M1", "M1"], "", "", &[]),
            "`M1` is removed twice",
        ),
        (
            edit("added", &[], "../a.md", "- x", &["S1.2"]),
            "`../a.md` is not a path for a memory entry",
        ),
        (edit("added", &[], "", "- x", &["S1.2"]), "`` is not a path"),
        (
            edit("added", &[], "b.md", &huge, &["S1.2"]),
            "has 102401 bytes, more than 102400",
        ),
        (no_reason, "it gives no reason"),
        (edit("added", &[], "b.md", "- x", &[]), "it names no source"),
        (
            edit("merged", &["M1", "M2"], "b.md", "- x", &[]),
            "it names no source",
        ),
        (
            edit("promoted", &[], "b.md", "- x", &[]),
            "it names no source",
        ),
        (
            edit("replaced", &["M1"], "b.md", "- x", &[]),
            "it names no source",
        ),
        (
            edit("added", &[], "b.md", "- x", &["S1.3"]),
            "`S1.3` is no entry of a transcript that was shown",
        ),
        (
            edit("added", &[], "b.md", "- x", &["S2.0"]),
            "`S2.0` is no entry",
        ),
        (
            edit("added", &[], "b.md", "- x", &["S1"]),
            "`S1` is no entry",
        ),
        (
            edit("added", &[], "b.md", "- x", &["M9"]),
            "`M9` is no line",
        ),
        (
            edit("removed", &["M1"], "a.md", "- x", &[]),
            "it removes and has text",
        ),
        (edit("removed", &[], "a.md", "", &[]), "it removes no line"),
        (
            edit("merged", &["M1"], "a.md", "- x", &["M1"]),
            "it merges fewer than two lines",
        ),
        (
            edit("replaced", &[], "a.md", "- x", &["M1"]),
            "it replaces no line",
        ),
        (
            edit("added", &["M1"], "a.md", "- x", &["M1"]),
            "it adds and removes lines",
        ),
        (edit("added", &[], "a.md", " \n", &["M1"]), "it has no text"),
        (
            unknown_kind,
            "edit 1 (`forgotten`): unknown variant `forgotten`",
        ),
        (unknown_key, "unknown field `note`"),
    ]
}

/// Each bad edit is named to the model; the second answer counts, and what is still bad is dropped.
#[test]
fn a_bad_edit_is_named_once_and_then_dropped_alone() {
    let before = store(&[("a.md", "- one\n- two\n")]);
    let good = edit("removed", &["M2"], "", "", &[]);
    for (bad, expected) in bad_edits() {
        let model = scripted([
            answer(&[bad.clone(), good.clone()]),
            answer(&[bad, good.clone()]),
        ]);
        let dream = dream(
            &model,
            LARGE,
            &before,
            &[saying(1, "x")],
            &Policy::default(),
        )
        .expect("a dream");
        assert_eq!(contents(&dream.store), [("a.md", "- one\n")], "{expected}");
        assert_eq!(dream.refused.len(), 1, "{expected}");
        assert!(dream.refused[0].contains(expected), "{:?}", dream.refused);
        let asked = model.asked();
        assert_eq!(asked.len(), 2);
        assert!(asked[1].contains(&dream.refused[0]), "{}", asked[1]);
        assert_eq!(dream.usage.total().0, 220, "both calls count");
    }
}

#[test]
fn the_second_answer_takes_the_place_of_the_first() {
    let before = store(&[("a.md", "- one\n- two\n")]);
    let first = answer(&[
        edit("removed", &["M1"], "", "", &[]),
        edit("removed", &["M1"], "", "", &[]),
    ]);
    let model = scripted([
        first.clone(),
        answer(&[edit("removed", &["M2"], "", "", &[])]),
    ]);
    let dream = dream(&model, LARGE, &before, &[], &Policy::default()).expect("a dream");
    assert_eq!(contents(&dream.store), [("a.md", "- one\n")]);
    assert_eq!(dream.refused, [""; 0]);
    let second = &model.requests()[1];
    assert_eq!(second.turns.len(), 3, "the conversation goes on");
    assert!(matches!(&second.turns[1], crate::model::Turn::Assistant(said) if said.text == first));
    insta::assert_snapshot!(model.asked()[1], @r"
    These edits were refused:
    - edit 2 (`removed`): `M1` is removed twice
    No edit was made. Answer again with all edits, the good ones as they were.
    ");
}

#[test]
fn a_full_store_takes_no_further_entry_unless_one_goes() {
    let mut before = Store::default();
    for number in 0..MAX_ENTRIES {
        before
            .write(&format!("n/{number:04}"), "- x\n".to_owned())
            .expect("within the limits");
    }
    let new = edit("added", &[], "z", "- new", &["M1"]);
    let room = edit("removed", &["M1"], "", "", &[]);
    let model = scripted([
        answer(&[new.clone(), room.clone()]),
        answer(&[new.clone(), room.clone()]),
    ]);
    let refused = dream(&model, LARGE, &before, &[], &Policy::default()).expect("a dream");
    assert_eq!(refused.store.len(), MAX_ENTRIES - 1);
    assert!(
        refused.refused[0].contains("at most 2000"),
        "{:?}",
        refused.refused
    );
    let model = scripted([answer(&[room, new])]);
    let dream = dream(&model, LARGE, &before, &[], &Policy::default()).expect("a dream");
    assert_eq!(dream.store.len(), MAX_ENTRIES);
    assert!(dream.store.get("z").is_some() && dream.store.get("n/0000").is_none());
}

#[test]
fn nothing_to_change_changes_nothing() {
    let before = store(&[("a.md", "- one\r\n\r\n- two")]);
    let model = scripted(["```json\n{\"edits\": []}\n```"]);
    let dream = dream(&model, LARGE, &before, &[], &Policy::default()).expect("a dream");
    assert_eq!(dream.store, before, "to the byte");
    assert!(dream.edits.is_empty());
}

#[test]
fn an_answer_that_is_no_json_is_asked_for_again_and_then_fails() {
    let before = store(&[("a.md", "- one\n")]);
    let model = scripted(["Certainly!", "{\"edits\": []}"]);
    assert!(dream(&model, LARGE, &before, &[], &Policy::default()).is_ok());
    let model = scripted(["Certainly!", "{\"edit\": []}"]);
    let failure =
        dream(&model, LARGE, &before, &[], &Policy::default()).expect_err("no answer at all");
    insta::assert_snapshot!(failure, @r#"the dreamer was asked twice, and the answer is not the JSON object that was asked for: line 1, column 12: missing field `edits`, at `{"edit": []}`"#);
    // What was good at first is kept where the second answer is worse.
    let model = scripted([
        answer(&[
            edit("removed", &["M1"], "", "", &[]),
            edit("removed", &["M7"], "", "", &[]),
        ]),
        "Sorry.".to_owned(),
    ]);
    let dream = dream(&model, LARGE, &before, &[], &Policy::default()).expect("a dream");
    assert!(dream.store.is_empty());
    assert_eq!(dream.refused.len(), 1);
}
