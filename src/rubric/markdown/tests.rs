//! Rubrics in words are read back, and those of others are read as far as words go.

use proptest::prelude::*;

use super::{check, *};

fn checks() -> impl Strategy<Value = Check> {
    let field = || "[a-z][a-z_]{0,8}".prop_map(|name| name.parse().expect("a name"));
    let leaf = prop_oneof![
        (field(), "(?s).{0,12}").prop_map(|(field, value)| Check::FieldEquals { field, value }),
        (field(), proptest::collection::vec(".{0,8}", 0..3))
            .prop_map(|(field, values)| Check::FieldOneOf { field, values }),
        field().prop_map(|field| Check::FieldPresent { field }),
        ".{0,12}".prop_map(|text| Check::BodyContains { text }),
        "[\"();|\\\\]{0,6}".prop_map(|text| Check::BodyExcludes { text }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            several().prop_map(Check::All),
            several().prop_map(Check::Any),
            inner.clone().prop_map(|one| Check::Not(Box::new(one))),
        ]
    })
}

proptest! {
    #[test]
    fn a_rubric_is_read_back(
        body in "(?s).{0,60}",
        criteria in proptest::collection::vec((".{0,12}", any::<bool>(), 1..9_u32, checks()), 1..4),
    ) {
        let rubric = Rubric {
            id: "legal/terms".parse().expect("a name"),
            body,
            criteria: criteria
                .into_iter()
                .enumerate()
                .map(|(at, (title, required, weight, check))| Criterion {
                    id: format!("c{at}").parse().expect("a name"),
                    title,
                    required,
                    weight,
                    check,
                })
                .collect(),
        };
        prop_assert_eq!(read(&write(&rubric)), Some(rubric));
    }

    #[test]
    fn any_text_is_read_without_harm(text in "(?s)(all of \\(|not \\(|field a is |\"|[ -~\n]){0,40}") {
        let _ = check::read(&text);
        let _ = read(&text);
        let _ = ours(&format!("{HEADING}a{HEADING_END}- `a` (required, weight 1) \"t\": {text}"));
    }
}

#[test]
fn what_is_too_deep_is_no_check() {
    let nested = |depth: usize| {
        format!(
            "{}the body has \"x\"{}",
            "not (".repeat(depth),
            ")".repeat(depth)
        )
    };
    assert!(check::read(&nested(15)).is_some());
    assert_eq!(check::read(&nested(16)), None);
    assert_eq!(check::read(&nested(40_000)), None);
}

#[test]
fn a_bullet_of_others_is_looked_for_in_words() {
    let rubric =
        read("# Rubric\n\n## Facts\n- names the root cause\n- says \"UTC\" and `12:00`\n- ok\n")
            .expect("two bullets have words");
    let shown: Vec<String> = rubric
        .criteria
        .iter()
        .map(|criterion| format!("{}: {}", criterion.title, check::write(&criterion.check)))
        .collect();
    assert_eq!(
        shown,
        [
            "names the root cause: at least one of (the body has \"names\"; the body has \"cause\")",
            "says \"UTC\" and `12:00`: all of (the body has \"UTC\"; the body has \"12:00\")",
        ]
    );
    assert_eq!(read("Make it good."), None);
}
