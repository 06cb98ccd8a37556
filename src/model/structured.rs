//! Structured answers: JSON in the text of a model.
//!
//! Services hold their models to the form that was asked for. Some servers do not, and then the JSON
//! stands in a Markdown fence or between words. Nothing is repaired: what is read is what was written.

use serde::de::DeserializeOwned;

/// How many letters of an answer an error shows on either side of the place.
const SHOWN: usize = 30;

/// Reads a structured answer: the text as a whole, or else the first JSON object in it that fits. Words
/// and a fence around it do no harm.
///
/// # Errors
///
/// Says what is wrong with the first object, where (line and column of the text, from 1), and shows
/// what stands there. More than 128 levels of nesting are an error.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if let Ok(value) = serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        return Ok(value);
    }
    let Some(first) = text.find('{') else {
        return Err(format!("no JSON object in {}", shown(text, 0)));
    };
    object(text, first).or_else(|wrong| {
        // Words before a fence may have braces of their own.
        text.find("```")
            .and_then(|fence| Some(fence + text[fence..].find('{')?))
            .filter(|&fenced| fenced != first)
            .and_then(|fenced| object(text, fenced).ok())
            .ok_or(wrong)
    })
}

/// Reads the object that begins at an offset, whatever follows it.
fn object<T: DeserializeOwned>(text: &str, start: usize) -> Result<T, String> {
    let rest = &text[start..];
    match serde_json::Deserializer::from_str(rest).into_iter().next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(explained(text, start, &error)),
        None => Err(format!("no JSON object in {}", shown(text, start))),
    }
}

/// An error in the terms of the whole text; the reader counted from the start of the object.
fn explained(text: &str, start: usize, error: &serde_json::Error) -> String {
    let offset = offset(&text[start..], error.line(), error.column()) + start;
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let words = words.strip_suffix(&place).unwrap_or(&words);
    format!(
        "line {line}, column {column}: {words}, at {}",
        shown(text, offset)
    )
}

/// The byte at which the reader stopped, moved back to the start of a character. It counts bytes, from 1,
/// and 0 for none of the line yet.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        _ => text
            .match_indices('\n')
            .nth(line - 2)
            .map_or(text.len(), |(at, _)| at + 1),
    };
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A short piece of a text around an offset, on one line.
fn shown(text: &str, offset: usize) -> String {
    let before: Vec<char> = text[..offset].chars().rev().take(SHOWN).collect();
    let after = text[offset..].chars().take(SHOWN);
    let piece: String = before.into_iter().rev().chain(after).collect();
    let words: Vec<&str> = piece.split_whitespace().collect();
    if words.is_empty() {
        return "an empty answer".to_owned();
    }
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Verdict {
        met: bool,
        reason: String,
    }

    #[test]
    fn an_object_is_read_whatever_stands_around_it() {
        let expected = Verdict {
            met: true,
            reason: "it says {so} and \"```\"".to_owned(),
        };
        let json = r#"{"met": true, "reason": "it says {so} and \"```\""}"#;
        for text in [
            json.to_owned(),
            format!("\u{feff}\n  {json}\n"),
            format!("```json\n{json}\n```"),
            format!("Here is my verdict.\n\n```\n{json}\n```\nAsk {{me}} for more."),
            format!("Sure: {json} {json}"),
            format!("As {{asked}}, the verdict:\n```json\n{json}\n```"),
        ] {
            assert_eq!(parse(&text).as_ref(), Ok(&expected), "{text}");
        }
        assert_eq!(parse("[1, 2]"), Ok(json!([1, 2])));
    }

    #[test]
    fn errors_say_where_and_show_the_place() {
        let wrong = |text: &str| parse::<Verdict>(text).expect_err("it is wrong");
        insta::assert_snapshot!(wrong(""), @"no JSON object in an empty answer");
        insta::assert_snapshot!(wrong("I cannot\nsay."), @"no JSON object in `I cannot say.`");
        insta::assert_snapshot!(wrong("Well:\n{\"met\": \"yes\", \"reason\": \"\"}"), @r#"line 2, column 13: invalid type: string "yes", expected a boolean, at `Well: {"met": "yes", "reason": ""}`"#);
        insta::assert_snapshot!(wrong("{\n  \"met\": true,\n  \"why\": 1\n}"), @r#"line 4, column 1: missing field `reason`, at `{ "met": true, "why": 1 }`"#);
        insta::assert_snapshot!(wrong("Müde: {\"met\": true, \"reason\": \"cut o"), @r#"line 1, column 36: EOF while parsing a string, at `{"met": true, "reason": "cut o`"#);
        insta::assert_snapshot!(wrong("{\"met\": true \"reason\": \"é\"}"), @r#"line 1, column 14: expected `,` or `}`, at `{"met": true "reason": "é"}`"#);
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "{\"a\":".repeat(100_000);
        insta::assert_snapshot!(parse::<Value>(&deep).expect_err("it is too deep"), @r#"line 1, column 636: recursion limit exceeded, at `{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":`"#);
    }

    proptest! {
        #[test]
        fn any_object_is_found_between_words(
            reason in ".*",
            met: bool,
            before in "[^{`]*",
            after in ".*",
        ) {
            let object = json!({"met": met, "reason": reason});
            let text = format!("{before}{object:#}{after}");
            prop_assert_eq!(parse::<Value>(&text), Ok(object));
        }

        #[test]
        fn no_text_is_too_odd(text in "[{}\\[\\]\"`:,a\\\\é\n 1-]{0,60}") {
            // The text may be right or wrong; what counts is that something is said of it.
            if let Err(wrong) = parse::<Verdict>(&text) {
                prop_assert!(!wrong.is_empty());
            }
        }
    }
}
