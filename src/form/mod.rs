//! Forms: the named fields of a deliverable, what a value of each looks like, and how a value is found
//! in a sentence.
//!
//! A form is visible to everybody: agent, user and grader. It never holds the truth.

mod slot;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ident::FieldName, text::parse_date};

pub use slot::Slot;

/// What a value of a field looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One of these options.
    Choice(Vec<String>),
    /// A number in this unit: `days`, `mg`, `USD`.
    Number(String),
    /// A calendar day.
    Date,
    /// A short text, quoted where it is stated in prose.
    Text,
}

/// What an agent writes where it knows no value.
pub const PLACEHOLDER: &str = "to be confirmed";

impl FieldKind {
    /// The one way to write this value, or `None` if it is no value of this kind: an option to the
    /// letter, `30 days` or `USD 5000`, an ISO date, a text with single spaces.
    pub fn normalise(&self, value: &str) -> Option<String> {
        let collapsed = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if collapsed.is_empty() || collapsed.eq_ignore_ascii_case(PLACEHOLDER) {
            return None;
        }
        match self {
            Self::Choice(options) => options
                .iter()
                .find(|option| option.trim().eq_ignore_ascii_case(&collapsed))
                .cloned(),
            Self::Number(unit) => {
                let slot = Slot::new("", &[], self);
                slot.numbers_in(&collapsed).into_iter().next().or_else(|| {
                    let digits = collapsed.replace(',', "");
                    digits
                        .parse::<f64>()
                        .is_ok()
                        .then(|| with_unit(&digits, unit))
                })
            }
            Self::Date => parse_date(&collapsed).map(|date| date.to_string()),
            Self::Text => Some(collapsed.trim_matches(['"', '`', '“', '”']).to_owned()),
        }
    }

    /// Whether two texts are the same value of this kind.
    pub fn same(&self, one: &str, other: &str) -> bool {
        match (self.normalise(one), self.normalise(other)) {
            (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
            (Some(_) | None, _) => false,
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice(options) => write!(f, "one of: {}", options.join(" | ")),
            Self::Number(unit) => write!(f, "a number in {unit}"),
            Self::Date => f.write_str("a date, as 2026-02-01"),
            Self::Text => f.write_str("a short text"),
        }
    }
}

/// `30 days`, but `USD 30`: a unit in capitals stands first.
fn with_unit(digits: &str, unit: &str) -> String {
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    };
    if unit.len() == 3 && unit.bytes().all(|byte| byte.is_ascii_uppercase()) {
        format!("{unit} {digits}")
    } else {
        format!("{digits} {unit}")
    }
}

/// One field of a form.
#[derive(Debug, Clone)]
pub struct Field {
    name: FieldName,
    label: String,
    cues: Vec<String>,
    kind: FieldKind,
    slot: Slot,
}

impl Field {
    /// A field by its name, the words by which people speak of it, other such words, and its kind.
    pub fn new(name: FieldName, label: String, cues: &[String], kind: FieldKind) -> Self {
        let slot = Slot::new(&label, cues, &kind);
        Self {
            name,
            label,
            cues: cues.to_vec(),
            kind,
            slot,
        }
    }

    /// The name under which a deliverable gives its value.
    pub fn name(&self) -> &FieldName {
        &self.name
    }

    /// The words by which people speak of it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Other words by which people speak of it.
    pub fn cues(&self) -> &[String] {
        &self.cues
    }

    /// What a value of it looks like.
    pub fn kind(&self) -> &FieldKind {
        &self.kind
    }

    /// How it is recognised in text.
    pub fn slot(&self) -> &Slot {
        &self.slot
    }
}

/// The named fields of a deliverable, in order.
#[derive(Debug, Clone, Default)]
pub struct Form {
    fields: Vec<Field>,
}

impl Form {
    /// A form of these fields.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields }
    }

    /// Its fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of this name.
    pub fn field(&self, name: &FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == *name)
    }

    /// The form as an agent is shown it.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for field in &self.fields {
            text.push_str("- ");
            text.push_str(field.name.as_str());
            text.push_str(": ");
            text.push_str(&field.label);
            text.push_str(" (");
            text.push_str(&field.kind.to_string());
            text.push_str(")\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_way_to_be_written() {
        let days = FieldKind::Number("days".into());
        for text in ["30 days", "30", " 30  day ", "30-day"] {
            assert_eq!(days.normalise(text).as_deref(), Some("30 days"), "{text}");
        }
        let dollars = FieldKind::Number("USD".into());
        for text in ["USD 5,000", "$5,000.00", "5000 USD", "5000"] {
            assert_eq!(
                dollars.normalise(text).as_deref(),
                Some("USD 5000"),
                "{text}"
            );
        }
        let choice = FieldKind::Choice(vec!["New York".into(), "Delaware".into()]);
        assert_eq!(choice.normalise("new york").as_deref(), Some("New York"));
        assert_eq!(choice.normalise("Ohio"), None);
        assert_eq!(
            FieldKind::Date.normalise("1 February 2026").as_deref(),
            Some("2026-02-01")
        );
        assert_eq!(FieldKind::Text.normalise("To be  confirmed"), None);
        assert!(FieldKind::Text.same(
            "Privileged  and Confidential",
            "\"privileged and confidential\""
        ));
        assert!(!FieldKind::Text.same("", ""));
    }
}
