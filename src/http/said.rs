//! What a service says of an error, fit to be shown.

use std::fmt::Write as _;

use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{HeaderText, Settings};

/// The most characters of a service's words that are shown.
const MOST_CHARACTERS: usize = 300;

/// The shortest part of a secret that is not shown.
const SHORTEST_PART: usize = 8;

/// The secrets of a service, which may not be shown.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(settings: &Settings) -> Self {
        let mut secrets = Vec::new();
        for header in &settings.headers {
            let HeaderText::Secret(secret) = &header.value else {
                continue;
            };
            // `Bearer` alone is no secret.
            let key = secret.expose_secret().trim();
            let key = key.split_once(' ').map_or(key, |(_, key)| key.trim());
            if !key.is_empty() {
                secrets.push(SecretString::from(key));
            }
        }
        Self(secrets)
    }

    /// A text of the service on one line, without control characters and secrets, and cut.
    pub(super) fn clean(&self, text: &str, characters: usize) -> String {
        // Enough for the part that is shown; what the cut leaves of a secret is still found below.
        let text = &text[..text.floor_char_boundary(16_000)];
        let mut line = String::new();
        for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
            if !word.is_empty() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        for secret in &self.0 {
            line = without(&line, secret.expose_secret());
        }
        match line.char_indices().nth(characters) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    /// As [`Self::clean`], at the usual length.
    pub(super) fn words(&self, text: &str) -> String {
        self.clean(text, MOST_CHARACTERS)
    }
}

/// The text without the secret and without any part of it that is long enough to help a guess.
fn without(text: &str, secret: &str) -> String {
    let (text_bytes, secret) = (text.as_bytes(), secret.as_bytes());
    let shortest = SHORTEST_PART.min(secret.len());
    let mut clean = String::new();
    let mut from = 0;
    let mut at = 0;
    while at + shortest <= text_bytes.len() {
        let common = secret
            .windows(shortest)
            .enumerate()
            .filter(|(_, part)| text_bytes[at..].starts_with(part))
            .map(|(start, _)| {
                let pairs = secret[start..].iter().zip(&text_bytes[at..]);
                pairs.take_while(|(secret, text)| secret == text).count()
            })
            .max();
        if let Some(common) = common {
            // A header is ASCII, so that what is equal to it begins and ends between characters.
            let _ = write!(
                clean,
                "{}[redacted]",
                text.get(from..at).unwrap_or_default()
            );
            at += common;
            from = at;
        } else {
            at += 1;
        }
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    clean
}

/// What a service says of an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Its name of the error: `overloaded_error`.
    pub(super) kind: Option<String>,
    /// A finer name: `enforced_spend_limit_reached`.
    pub(super) code: Option<String>,
    /// Its words.
    pub(super) words: String,
}

impl Said {
    /// Reads the body of an error in any of the forms that are about: an object `error` with `type`,
    /// `code` and `message`, the same without the object around it, words alone, or no JSON at all.
    pub(super) fn read(body: &[u8], secrets: &Secrets) -> Self {
        let Ok(whole) = serde_json::from_slice::<Value>(body) else {
            return Self {
                words: secrets.words(&String::from_utf8_lossy(body)),
                ..Self::default()
            };
        };
        let error = whole
            .get("error")
            .filter(|error| !error.is_null())
            .unwrap_or(&whole);
        let text = |value: Option<&Value>| match value? {
            Value::String(text) => Some(secrets.words(text)),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let words = text(Some(error))
            .or_else(|| text(error.get("message")))
            .or_else(|| text(error.get("detail")))
            .unwrap_or_else(|| secrets.words(&error.to_string()));
        Self {
            kind: text(error.get("type")),
            code: text(error.pointer("/details/error_code")).or_else(|| text(error.get("code"))),
            words,
        }
    }
}

/// The service's name of the request, for those who run it.
pub(super) fn request_id(headers: &HeaderMap, secrets: &Secrets) -> Option<String> {
    ["request-id", "x-request-id"]
        .iter()
        .find_map(|name| headers.get(*name))
        .map(|id| secrets.clean(&String::from_utf8_lossy(id.as_bytes()), 100))
        .filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "sk-test-0123456789abcdef";

    fn secrets() -> Secrets {
        Secrets(vec![SecretString::from(KEY)])
    }

    #[test]
    fn every_form_of_an_error_is_read() {
        let read = |body: &str| {
            let said = Said::read(body.as_bytes(), &secrets());
            format!("{:?} {:?} {}", said.kind, said.code, said.words)
        };
        insta::assert_snapshot!(
            [
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
                r#"{"error":{"message":"no\nsuch\tmodel","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
                r#"{"error":{"type":"rate_limit_error","message":"spent","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
                r#"{"error":"model 'x' not found"}"#,
                r#"{"object":"error","message":"too long","type":"BadRequestError","code":400}"#,
                r#"{"detail":"Not Found"}"#,
                r#"{"error":null,"message":"odd"}"#,
                "[1]",
                "\"words\"",
                "<html>\u{1b}[2J  Bad\u{0}Gateway</html>",
                "",
            ]
            .map(read)
            .join("\n"),
            @r#"
            Some("overloaded_error") None Overloaded
            Some("invalid_request_error") Some("model_not_found") no such model
            Some("rate_limit_error") Some("enforced_spend_limit_reached") spent
            None None model 'x' not found
            Some("BadRequestError") Some("400") too long
            None None Not Found
            None None odd
            None None [1]
            None None words
            None None <html> [2J Bad Gateway</html>
            None None
            "#
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let said = Said::read("é".repeat(1_000_000).as_bytes(), &secrets());
        assert_eq!(said.words.chars().count(), 301);
        assert!(said.words.ends_with("é…"));
    }

    #[test]
    fn the_scheme_before_a_key_is_no_secret() {
        let mut settings = Settings::new("http://localhost");
        for (name, value) in [
            ("authorization", "Bearer sk-test-0123456789abcdef"),
            ("x-other", " "),
        ] {
            settings.headers.push(super::super::Header {
                name,
                value: HeaderText::Secret(SecretString::from(value)),
            });
        }
        let secrets = Secrets::of(&settings);
        insta::assert_snapshot!(
            secrets.words("Bearer token sk-test-0123456789abcdef, or sk-test-01…, or …789abcdef: no; sk-test is none"),
            @"Bearer token [redacted], or [redacted]…, or …[redacted]: no; sk-test is none"
        );
    }

    proptest! {
        /// Whatever stands around it, no eight characters in a row of a key are shown.
        #[test]
        fn no_part_of_a_key_is_shown(
            before in "[a-z0-9 é-]{0,20}", after in "[a-z0-9 é-]{0,20}",
            start in 0usize..20, length in 1usize..24, twice: bool,
        ) {
            let part = &KEY[start..(start + length).min(KEY.len())];
            let text = format!("{before}{part}{}{after}", if twice { part } else { "" });
            let shown = secrets().words(&text);
            for start in 0..=KEY.len() - SHORTEST_PART {
                prop_assert!(!shown.contains(&KEY[start..start + SHORTEST_PART]), "{}", shown);
            }
            if part.len() < SHORTEST_PART && !twice && before.is_empty() && after.is_empty() {
                prop_assert_eq!(shown, part);
            }
        }

        #[test]
        fn a_short_key_is_not_shown_either(text in "[abc]{0,30}") {
            let shown = Secrets(vec![SecretString::from("abc")]).words(&text);
            prop_assert!(!shown.contains("abc"));
        }
    }
}
