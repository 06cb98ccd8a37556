//! A dream policy as the instructions of a dream, and read back from them.
//!
//! A line for each switch and threshold, in words with its value in brackets, then the policy's own
//! instructions. A reader that finds no such line, or a value out of range, goes by the default.

use crate::experiment::Policy;

/// The most characters that the service takes as instructions.
pub const MAX_INSTRUCTIONS: usize = 4_096;

const OPENING: &str = "How to dream, a rule a line:";
const OWN: &str = "\nFurther instructions:\n";

/// Instructions that the service would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the dream policy in words has {0} characters, and the service takes at most {MAX_INSTRUCTIONS}: shorten its `instructions`"
)]
pub struct TooLong(usize);

/// The instructions of a dream under this policy.
pub fn write(policy: &Policy) -> Result<String, TooLong> {
    let stages = policy.stages;
    let days = policy
        .keep_days
        .map_or_else(|| "none".to_owned(), |days| days.to_string());
    let mut text = format!(
        "{OPENING}
- A dream is made after so many sessions [every_sessions = {}].
- Read so many of the last sessions [window_sessions = {}].
- Read what was said in the sessions, not only the memory [review = {}].
- Make one statement of those that say the same [merge = {}].
- Drop what is superseded, past its date, or says nothing [prune = {}].
- Turn what recurs in distinct sessions into rules and playbooks [patterns = {}].
- From which share of common word pairs on two statements say the same [merge_likeness = {}].
- In how many distinct sessions the same correction or workaround makes a rule [pattern_sessions = {}].
- How many days a statement about one case is kept [keep_case_days = {}].
- How many days any statement is kept, or none for as long as it holds [keep_days = {days}].
- Tell apart of whom or what a statement is said [keep_scopes = {}].
",
        policy.every_sessions,
        policy.window_sessions,
        stages.review,
        stages.merge,
        stages.prune,
        stages.patterns,
        policy.merge_likeness,
        policy.pattern_sessions,
        policy.keep_case_days,
        policy.keep_scopes,
    );
    if let Some(own) = &policy.instructions {
        text.push_str(OWN);
        text.push_str(own);
    }
    match text.chars().count() {
        length if length > MAX_INSTRUCTIONS => Err(TooLong(length)),
        _ => Ok(text),
    }
}

/// The policy that instructions ask for: the default one but for what they say in words of ours.
pub fn read(text: &str) -> Policy {
    let mut policy = Policy::default();
    if !text.starts_with(OPENING) {
        return policy;
    }
    let (rules, own) = match text.split_once(OWN) {
        Some((rules, own)) => (rules, Some(own.to_owned())),
        None => (text, None),
    };
    policy.instructions = own;
    for line in rules.lines() {
        let setting = line
            .strip_suffix("].")
            .and_then(|line| line.rsplit_once(" ["))
            .and_then(|(_, setting)| setting.split_once(" = "));
        if let Some((name, value)) = setting {
            set(&mut policy, name, value);
        }
    }
    policy
}

fn set(policy: &mut Policy, name: &str, value: &str) {
    let sessions = |value: &str| value.parse().ok().filter(|many| (1..=100).contains(many));
    match name {
        "every_sessions" => put(&mut policy.every_sessions, sessions(value)),
        "window_sessions" => put(&mut policy.window_sessions, sessions(value)),
        "review" => put(&mut policy.stages.review, value.parse().ok()),
        "merge" => put(&mut policy.stages.merge, value.parse().ok()),
        "prune" => put(&mut policy.stages.prune, value.parse().ok()),
        "patterns" => put(&mut policy.stages.patterns, value.parse().ok()),
        "merge_likeness" => put(
            &mut policy.merge_likeness,
            value
                .parse()
                .ok()
                .filter(|share| *share > 0.0 && *share <= 1.0),
        ),
        "pattern_sessions" => put(&mut policy.pattern_sessions, sessions(value)),
        "keep_case_days" => put(&mut policy.keep_case_days, value.parse().ok()),
        "keep_days" if value == "none" => policy.keep_days = None,
        "keep_days" => put(&mut policy.keep_days, value.parse().ok().map(Some)),
        "keep_scopes" => put(&mut policy.keep_scopes, value.parse().ok()),
        _ => {}
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::experiment::Stages;

    fn policies() -> impl Strategy<Value = Policy> {
        (
            (1..=100_u32, 1..=100_u32, 1..=100_u32),
            any::<[bool; 5]>(),
            (1..=1_000_u32, any::<u32>(), any::<Option<u32>>()),
            proptest::option::of(".{0,200}|(?s).{0,80}\nFurther instructions:\n.{0,80}"),
        )
            .prop_map(
                |(counts, switches, (likeness, case, days), instructions)| Policy {
                    every_sessions: counts.0,
                    window_sessions: counts.1,
                    stages: Stages {
                        review: switches[0],
                        merge: switches[1],
                        prune: switches[2],
                        patterns: switches[3],
                    },
                    merge_likeness: f64::from(likeness) / 1e3,
                    pattern_sessions: counts.2,
                    keep_case_days: case,
                    keep_days: days,
                    keep_scopes: switches[4],
                    instructions,
                },
            )
    }

    proptest! {
        #[test]
        fn a_policy_in_words_is_read_back(policy in policies()) {
            let text = write(&policy).expect("short enough");
            prop_assert_eq!(read(&text), policy);
        }

        #[test]
        fn anybodys_instructions_are_read_as_some_valid_policy(text in "(How to dream, a rule a line:\n)?(- x \\[(every_sessions|merge_likeness|keep_days) = .{0,8}\\]\\.\n){0,4}.{0,40}") {
            let policy = read(&text);
            prop_assert!((1..=100).contains(&policy.every_sessions));
            prop_assert!(policy.merge_likeness > 0.0 && policy.merge_likeness <= 1.0);
        }
    }

    #[test]
    fn other_words_mean_the_default() {
        assert_eq!(
            read("Merge duplicates; keep dates absolute."),
            Policy::default()
        );
        let wrong = format!("{OPENING}\n- x [every_sessions = 0].\n- x [keep_scopes = no].\n");
        assert_eq!(read(&wrong), Policy::default());
    }

    #[test]
    fn what_is_too_long_is_refused_with_its_length() {
        let policy = |length| Policy {
            instructions: Some("ü".repeat(length)),
            ..Policy::default()
        };
        let rules = write(&policy(0)).expect("short").chars().count();
        let room = MAX_INSTRUCTIONS - rules;
        assert_eq!(
            write(&policy(room)).map(|text| text.chars().count()),
            Ok(MAX_INSTRUCTIONS)
        );
        assert_eq!(write(&policy(room + 1)), Err(TooLong(MAX_INSTRUCTIONS + 1)));
    }
}
