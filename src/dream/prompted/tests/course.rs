//! Which calls are made, what each reads, and what happens where one cannot be answered.

use super::{super::prompt, *};
use crate::{
    dream::{EditKind, Source},
    experiment::Stages,
    model::Stop,
    text::estimate_tokens,
};

const NOTHING: &str = "{\"edits\":[]}";

fn stages(review: bool, others: bool) -> Policy {
    Policy {
        stages: Stages {
            review,
            merge: others,
            prune: others,
            patterns: others,
        },
        ..Policy::default()
    }
}

/// The references of the sessions that a call shows: `1`, or `1, entries 1 to 2 of 3`.
fn sessions(asked: &str) -> Vec<String> {
    asked
        .lines()
        .filter_map(|line| line.strip_prefix("SESSION "))
        .map(|line| {
            let (session, rest) = line.split_once(' ').expect("a session and its day");
            let part = rest.split_once(')').map_or("", |(_, part)| part);
            format!("{session}{part}")
        })
        .collect()
}

/// A context in which the store and the transcripts of a call may have so many tokens.
fn context(room: u64) -> PromptedLimits {
    let policy = Policy::default();
    let reading = prompt::Reading::longest(date(2026, 2, 3));
    let overhead = estimate_tokens(&prompt::system(&policy))
        + estimate_tokens(&super::super::answer::structure().schema.to_string())
        + estimate_tokens(&prompt::user(&reading, &policy));
    PromptedLimits {
        context_tokens: (room + overhead) * 10 / 9,
        max_output_tokens: 0,
    }
}

#[test]
fn one_call_does_it_all_where_it_fits() {
    let store = store(&[("a.md", "- one\n")]);
    let transcripts = [saying(1, "x"), saying(2, "y")];
    let model = scripted([NOTHING]);
    dream(&model, LARGE, &store, &transcripts, &Policy::default()).expect("a dream");
    let asked = &model.asked()[0];
    for stage in ["- Review:", "- Merge:", "- Prune:", "- Patterns:"] {
        assert!(asked.contains(stage), "{asked}");
    }
    assert_eq!(sessions(asked), ["1", "2"]);
}

#[test]
fn stages_that_are_off_are_not_called() {
    let store = store(&[("a.md", "- one\n")]);
    let transcripts = [saying(1, "x")];
    let asked = |policy: &Policy, answers: usize| {
        let model = scripted(vec![NOTHING; answers]);
        let dream = dream(&model, LARGE, &store, &transcripts, policy).expect("a dream");
        assert_eq!(dream.store, store);
        assert_eq!(model.left(), 0);
        model.asked()
    };
    assert!(asked(&stages(false, false), 0).is_empty());
    let review = asked(&stages(true, false), 1);
    assert!(review[0].contains("- Review:") && !review[0].contains("- Merge:"));
    let rest = asked(&stages(false, true), 1);
    assert!(!rest[0].contains("- Review:") && sessions(&rest[0]).is_empty());
    let empty = Store::default();
    let model = scripted([""; 0]);
    let nothing = dream(&model, LARGE, &empty, &[], &Policy::default()).expect("a dream");
    assert_eq!(
        nothing.usage.total().0,
        0,
        "nothing to read, nothing to ask"
    );
}

#[test]
fn only_the_last_sessions_of_the_window_are_read() {
    let policy = Policy {
        window_sessions: 2,
        ..Policy::default()
    };
    let transcripts = [saying(1, "x"), saying(2, "y"), saying(3, "z")];
    let model = scripted([NOTHING]);
    dream(&model, LARGE, &Store::default(), &transcripts, &policy).expect("a dream");
    assert_eq!(sessions(&model.asked()[0]), ["2", "3"]);
}

#[test]
fn windows_see_the_store_as_the_one_before_left_it() {
    let long = "word ".repeat(200);
    let transcripts = [saying(1, &long), saying(2, &long), saying(3, &long)];
    let before = store(&[("a.md", "- old\n")]);
    let model = scripted([
        answer(&[edit("added", &[], "b.md", "- first\n- second", &["S1.2"])]),
        answer(&[
            edit("replaced", &["M2"], "b.md", "- newer", &["M2", "S2.2"]),
            edit("removed", &["M1"], "", "", &[]),
        ]),
        answer(&[edit("removed", &["M1"], "", "", &[])]),
        answer(&[edit("merged", &["M1", "M2"], "c.md", "- x", &["M1"])]),
        NOTHING.to_owned(),
    ]);
    let dream = dream(
        &model,
        context(350),
        &before,
        &transcripts,
        &Policy::default(),
    )
    .expect("a dream");
    let asked = model.asked();
    let shown: Vec<Vec<String>> = asked.iter().map(|asked| sessions(asked)).collect();
    assert_eq!(shown, [vec!["1"], vec!["2"], vec!["3"], vec![], vec![]]);
    assert!(asked[1].contains("ENTRY b.md\nM2 - first\nM3 - second\n"));
    assert!(asked[2].contains("STORE: 2 lines\nENTRY b.md\nM1 - newer\nM2 - second\n"));
    // The fourth answer merged a line that does not stand, so it was asked again.
    assert!(
        asked[4].starts_with("These edits were refused"),
        "{}",
        asked[4]
    );
    assert_eq!(contents(&dream.store), [("b.md", "- second\n")]);
    let kinds: Vec<_> = dream
        .edits
        .iter()
        .map(|edit| (edit.kind, edit.text.as_str(), edit.sources.clone()))
        .collect();
    let old = Source::Memory {
        path: "a.md".to_owned(),
        line: 1,
    };
    let first = Source::Session {
        session: 1,
        entry: 2,
    };
    // `- first` and `- newer` came and went within the dream: they are no change of the store.
    assert_eq!(
        kinds,
        [
            (EditKind::Added, "- second", vec![first]),
            (EditKind::Removed, "- old", vec![old]),
        ]
    );
    assert_eq!((dream.usage.total().0, dream.active.0), (550, 35));
}

#[test]
fn a_transcript_that_does_not_fit_is_read_in_parts() {
    let long = "word ".repeat(150);
    let entries = (0..4).map(|_| Entry::Answer(long.clone())).collect();
    let model = scripted([NOTHING, NOTHING, NOTHING]);
    dream(
        &model,
        context(600),
        &Store::default(),
        &[transcript(1, entries), saying(2, "x")],
        &Policy::default(),
    )
    .expect("a dream");
    let shown: Vec<Vec<String>> = model.asked().iter().map(|asked| sessions(asked)).collect();
    assert_eq!(
        shown,
        [
            vec!["1, entries 1 to 2 of 4"],
            vec!["1, entries 3 to 4 of 4", "2"],
        ]
    );
    assert_eq!(
        model.left(),
        1,
        "the store is empty: nothing to consolidate"
    );
}

#[test]
fn a_store_that_does_not_fit_is_consolidated_by_groups_of_entries() {
    let entry = "- a line of some length that is here to fill the entry\n".repeat(20);
    let store = store(&[("a", &entry), ("b", &entry), ("c", &entry.repeat(3))]);
    let model = scripted(vec![NOTHING; 3]);
    dream(&model, context(800), &store, &[], &stages(false, true)).expect("a dream");
    let heads: Vec<Vec<String>> = model
        .asked()
        .iter()
        .map(|asked| {
            asked
                .lines()
                .filter(|line| line.starts_with("ENTRY ") || line.starts_with("STORE"))
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let part = |shown: u32| format!("STORE: {shown} of 100 lines; the others are not shown here");
    assert_eq!(
        heads,
        [
            vec![part(40), "ENTRY a".to_owned(), "ENTRY b".to_owned()],
            vec![part(49), "ENTRY c".to_owned()],
            vec![part(11), "ENTRY c".to_owned()],
        ]
    );
    assert_eq!(model.left(), 0);
}

#[test]
fn a_review_of_a_crowded_store_shows_what_has_to_do_with_it() {
    let chatter = "- lunch was late and the weather poor again today\n".repeat(100);
    let store = store(&[("a", &chatter), ("b", "- the notice period is 30 days\n")]);
    let model = scripted([NOTHING]);
    dream(
        &model,
        context(1_000),
        &store,
        &[saying(1, "The notice period is 45 days.")],
        &stages(true, false),
    )
    .expect("a dream");
    let asked = &model.asked()[0];
    assert!(
        asked.contains("- the notice period is 30 days") && asked.contains(" of 101 lines;"),
        "{asked}"
    );
}

#[test]
fn a_refusal_fails_in_words() {
    let model = Arc::new(Scripted::stopping([("I cannot.", Stop::Refusal)]));
    let store = store(&[("a.md", "- one\n")]);
    let failure = dream(&model, LARGE, &store, &[], &Policy::default()).expect_err("refused");
    assert_eq!(
        failure,
        Failure::Backend("the dreamer refuses to answer: `I cannot.`".to_owned())
    );
}

#[test]
fn an_answer_that_is_cut_off_is_tried_once_with_half_the_transcripts() {
    let transcripts = [saying(1, "x"), saying(2, "y")];
    let cut = || ("{\"edits\": [".to_owned(), Stop::OutputLimit);
    let fine = || (NOTHING.to_owned(), Stop::End);
    let run = |answers| {
        let model = Arc::new(Scripted::stopping::<String>(answers));
        let result = dream(
            &model,
            LARGE,
            &store(&[("a.md", "- one\n")]),
            &transcripts,
            &Policy::default(),
        );
        let shown: Vec<Vec<String>> = model.asked().iter().map(|asked| sessions(asked)).collect();
        assert_eq!(model.left(), 0);
        (result, shown)
    };
    let (result, shown) = run(vec![cut(), fine(), fine(), fine()]);
    assert_eq!(shown, [vec!["1", "2"], vec!["1"], vec!["2"], vec![]]);
    assert_eq!(result.expect("a dream").usage.total().0, 440);
    // A second try that is cut off is a cut-off too.
    let prose = || ("Certainly!".to_owned(), Stop::End);
    let (result, shown) = run(vec![prose(), cut(), fine(), fine(), fine()]);
    assert_eq!(shown.len(), 5);
    assert_eq!(result.expect("a dream").refused, [""; 0]);
    let (result, _) = run(vec![cut(), cut()]);
    insta::assert_snapshot!(result.expect_err("cut off twice"), @"the dreamer's answer is longer than the 8192 tokens that it may write; raise `max_output_tokens` of its model");
}

#[test]
fn a_context_that_is_smaller_than_said_is_met_by_halving() {
    let transcripts: Vec<_> = (1..=4).map(|session| saying(session, "x")).collect();
    let too_long = || (String::new(), Stop::ContextLimit);
    let fine = || (NOTHING.to_owned(), Stop::End);
    let model = Arc::new(Scripted::stopping([
        too_long(),
        too_long(),
        fine(),
        fine(),
        fine(),
        fine(),
    ]));
    dream(
        &model,
        LARGE,
        &Store::default(),
        &transcripts,
        &Policy::default(),
    )
    .expect("a dream");
    let shown: Vec<Vec<String>> = model.asked().iter().map(|asked| sessions(asked)).collect();
    assert_eq!(
        shown,
        [
            vec!["1", "2", "3", "4"],
            vec!["1", "2"],
            vec!["1"],
            vec!["2"],
            vec!["3"],
            vec!["4"]
        ]
    );
    // A single entry cannot be halved.
    let model = Arc::new(Scripted::stopping(vec![
        (String::new(), Stop::ContextLimit);
        20
    ]));
    let one = [transcript(1, vec![Entry::Task(0)])];
    let failure = dream(&model, LARGE, &Store::default(), &one, &Policy::default())
        .expect_err("it does not fit");
    assert!(
        failure.to_string().contains("one entry of a transcript"),
        "{failure}"
    );
}

#[test]
fn every_call_has_a_seed_of_its_own_and_the_same_instructions() {
    let long = "word ".repeat(200);
    let transcripts = [saying(1, &long), saying(2, &long)];
    let model = scripted(vec![NOTHING; 2]);
    dream(
        &model,
        context(350),
        &Store::default(),
        &transcripts,
        &Policy::default(),
    )
    .expect("a dream");
    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    assert_ne!(requests[0].seed, requests[1].seed);
    assert_eq!(requests[0].system, requests[1].system);
    assert_eq!(requests[0].role, crate::transcript::Role::Dreamer);
}
