//! Names as parsed types.
//!
//! A name that exists is well formed: it was parsed once, where it entered. Nothing here knows what a
//! scenario or an arm *is*; this module only keeps their names apart from each other and from free text.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A text that is not a name of the kind wanted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a valid {what}: use {rule}")]
pub struct NameError {
    text: String,
    what: &'static str,
    rule: &'static str,
}

fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

fn is_path(text: &str) -> bool {
    text.split('/').count() <= 6 && text.split('/').all(is_segment)
}

const SEGMENT_RULE: &str =
    "lower-case letters, digits, `_` and `-`, at most 64, a letter or digit first";
const PATH_RULE: &str = "lower-case letters, digits, `_` and `-`, in parts separated by `/`";

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:ident, $rule:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                if $valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(NameError { text: text.to_owned(), what: $what, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name!(
    /// A scenario, by its folder under `scenarios/`: `legal/retention`.
    ScenarioId, "scenario name", is_path, PATH_RULE
);
name!(
    /// A rubric, by its file under `rubrics/` without the extension: `legal/terms`.
    RubricId, "rubric name", is_path, PATH_RULE
);
name!(
    /// An arm of an experiment: `dreamed`.
    ArmId, "arm name", is_segment, SEGMENT_RULE
);
name!(
    /// A dream policy: `standard`.
    PolicyId, "policy name", is_segment, SEGMENT_RULE
);
name!(
    /// A fact or a quirk within one scenario: `law_northwind`.
    FactId, "fact name", is_segment, SEGMENT_RULE
);
name!(
    /// A field of a form: `governing_law`.
    FieldName, "field name", is_segment, SEGMENT_RULE
);
name!(
    /// A criterion of a rubric: `names_the_matter`.
    CriterionId, "criterion name", is_segment, SEGMENT_RULE
);

/// One trial of an experiment: scenario × arm × repetition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrialId {
    /// The scenario that is replayed.
    pub scenario: ScenarioId,
    /// The treatment.
    pub arm: ArmId,
    /// The repetition, from 1.
    pub repetition: u32,
}

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {} · {}", self.scenario, self.arm, self.repetition)
    }
}

/// SHA-256 of some bytes, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a list of parts; their boundaries count.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The digest as bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_once_and_refused_with_the_rule() {
        assert_eq!(
            "legal/retention".parse::<ScenarioId>().unwrap().as_str(),
            "legal/retention"
        );
        for bad in ["", "Legal", "a b", "../x", "/x", "x/", "a//b", "-x"] {
            assert!(bad.parse::<ScenarioId>().is_err(), "{bad}");
        }
        let error = "Two Words".parse::<ArmId>().unwrap_err().to_string();
        assert!(
            error.starts_with("`Two Words` is not a valid arm name: use lower-case"),
            "{error}"
        );
    }

    #[test]
    fn digest_is_sha256_and_knows_the_boundaries_of_parts() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            Digest::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_ne!(
            Digest::of_parts([&b"ab"[..], b"c"]),
            Digest::of_parts([&b"a"[..], b"bc"])
        );
    }
}
