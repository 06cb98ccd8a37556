//! A check in words, and read back from them.
//!
//! Texts stand as JSON strings, so that nothing in them can pass for a word of the check.

use crate::rubric::Check;

/// How deeply checks may stand within checks.
const DEEPEST: u32 = 16;

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The check in words.
pub(super) fn write(check: &Check) -> String {
    let list = |checks: &[Check]| checks.iter().map(write).collect::<Vec<_>>().join("; ");
    match check {
        Check::FieldEquals { field, value } => format!("field {field} is {}", quoted(value)),
        Check::FieldOneOf { field, values } => format!(
            "field {field} is one of {}",
            values
                .iter()
                .map(|value| quoted(value))
                .collect::<Vec<_>>()
                .join(" | ")
        ),
        Check::FieldPresent { field } => format!("field {field} is filled"),
        Check::BodyContains { text } => format!("the body has {}", quoted(text)),
        Check::BodyExcludes { text } => format!("the body lacks {}", quoted(text)),
        Check::All(checks) => format!("all of ({})", list(checks)),
        Check::Any(checks) => format!("at least one of ({})", list(checks)),
        Check::Not(check) => format!("not ({})", write(check)),
    }
}

/// The check of a whole text in these words; `None` of any other text.
pub(super) fn read(text: &str) -> Option<Check> {
    let (check, rest) = check(text, DEEPEST)?;
    rest.is_empty().then_some(check)
}

/// The text in quotes that begins here, and what follows it.
pub(super) fn quotation(text: &str) -> Option<(String, &str)> {
    if !text.starts_with('"') {
        return None;
    }
    let mut read = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let quoted = read.next()?.ok()?;
    Some((quoted, text.get(read.byte_offset()..)?))
}

fn check(text: &str, depth: u32) -> Option<(Check, &str)> {
    let depth = depth.checked_sub(1)?;
    if let Some(rest) = text.strip_prefix("field ") {
        return of_field(rest);
    }
    if let Some(rest) = text.strip_prefix("the body has ") {
        let (text, rest) = quotation(rest)?;
        return Some((Check::BodyContains { text }, rest));
    }
    if let Some(rest) = text.strip_prefix("the body lacks ") {
        let (text, rest) = quotation(rest)?;
        return Some((Check::BodyExcludes { text }, rest));
    }
    if let Some(rest) = text.strip_prefix("all of (") {
        let (checks, rest) = list(rest, depth)?;
        return Some((Check::All(checks), rest));
    }
    if let Some(rest) = text.strip_prefix("at least one of (") {
        let (checks, rest) = list(rest, depth)?;
        return Some((Check::Any(checks), rest));
    }
    let (inner, rest) = check(text.strip_prefix("not (")?, depth)?;
    Some((Check::Not(Box::new(inner)), rest.strip_prefix(')')?))
}

fn of_field(text: &str) -> Option<(Check, &str)> {
    let (field, rest) = text.split_once(" is ")?;
    let field = field.parse().ok()?;
    if let Some(rest) = rest.strip_prefix("filled") {
        return Some((Check::FieldPresent { field }, rest));
    }
    let Some(rest) = rest.strip_prefix("one of ") else {
        let (value, rest) = quotation(rest)?;
        return Some((Check::FieldEquals { field, value }, rest));
    };
    let mut values = Vec::new();
    let Some((first, mut rest)) = quotation(rest) else {
        return Some((Check::FieldOneOf { field, values }, rest));
    };
    values.push(first);
    while let Some(more) = rest.strip_prefix(" | ") {
        let (value, after) = quotation(more)?;
        values.push(value);
        rest = after;
    }
    Some((Check::FieldOneOf { field, values }, rest))
}

/// Checks up to the bracket that closes their list.
fn list(mut text: &str, depth: u32) -> Option<(Vec<Check>, &str)> {
    let mut checks = Vec::new();
    if let Some(rest) = text.strip_prefix(')') {
        return Some((checks, rest));
    }
    loop {
        let (one, rest) = check(text, depth)?;
        checks.push(one);
        if let Some(rest) = rest.strip_prefix(')') {
            return Some((checks, rest));
        }
        text = rest.strip_prefix("; ")?;
    }
}
