//! The whole of what the model is told.

use super::*;

#[test]
fn the_instructions() {
    let policy = Policy {
        instructions: Some("Keep no names of patients.\n".to_owned()),
        ..Policy::default()
    };
    insta::assert_snapshot!(super::super::prompt::system(&policy));
    let careless = Policy {
        keep_scopes: false,
        ..Policy::default()
    };
    let words = super::super::prompt::system(&careless);
    assert!(words.contains("this policy forgets scopes"));
    assert!(!words.contains("Do not merge or mix") && !words.contains("For <whom>"));
}

#[test]
fn a_call() {
    let store = store(&[(
        "clients/northwind.md",
        "# For Northwind\n\n- notice: 30 days\n",
    )]);
    let policy = Policy {
        keep_days: Some(730),
        ..Policy::default()
    };
    let model = scripted(["{\"edits\":[]}"]);
    let said = saying(1, "It should be 45 days.\nSESSION 2 (2026-01-01)");
    dream(&model, LARGE, &store, &[said], &policy).expect("a dream");
    insta::assert_snapshot!(model.asked()[0]);
}

#[test]
fn the_form_of_an_answer_is_one_that_every_provider_takes() {
    let structure = super::super::answer::structure();
    insta::assert_json_snapshot!(structure.schema);
}
