//! A field of an update: left out, set to null, or given.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::ApiError;

/// What a body says of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Patch<T> {
    /// Nothing: the field stays as it is.
    #[default]
    Keep,
    /// Null: the field is cleared.
    Clear,
    /// A value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Patch<T> {
    /// Refuses a body without the field.
    pub(super) fn must_be_given(&self, name: &str) -> Result<(), ApiError> {
        match self {
            Self::Keep => Err(ApiError::invalid(format!("{name}: missing"))),
            Self::Clear | Self::Set(_) => Ok(()),
        }
    }

    /// Applies it to a field that always has a value.
    pub(super) fn apply(self, name: &str, field: &mut T) -> Result<(), ApiError> {
        match self {
            Self::Keep => {}
            Self::Clear => {
                return Err(ApiError::invalid(format!("{name}: `null` is not a value")));
            }
            Self::Set(value) => *field = value,
        }
        Ok(())
    }

    /// Applies it to a field that may be null.
    pub(super) fn apply_to_nullable(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }
}

impl<T: Default> Patch<T> {
    /// Applies it to a field that is empty after null.
    pub(super) fn apply_or_default(self, field: &mut T) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = T::default(),
            Self::Set(value) => *field = value,
        }
    }
}

/// The metadata of an object.
pub(super) type Metadata = BTreeMap<String, String>;

/// What a body says of metadata: a text sets a key, null takes it out, and the others stay.
pub(super) type MetadataPatch = Patch<BTreeMap<String, Option<String>>>;

/// The most pairs of metadata.
const MAX_PAIRS: usize = 16;
/// The most characters of a key of metadata.
const MAX_KEY: usize = 64;
/// The most characters of a value of metadata.
const MAX_VALUE: usize = 512;

/// Applies what a body says of metadata, within the limits.
pub(super) fn apply_metadata(
    patch: MetadataPatch,
    metadata: &mut Metadata,
) -> Result<(), ApiError> {
    let pairs = match patch {
        Patch::Keep => return Ok(()),
        Patch::Clear => {
            metadata.clear();
            return Ok(());
        }
        Patch::Set(pairs) => pairs,
    };
    for (key, value) in pairs {
        let Some(value) = value else {
            metadata.remove(&key);
            continue;
        };
        length("metadata", "a key", &key, 1, MAX_KEY)?;
        length(
            &format!("metadata.{key}"),
            "the value",
            &value,
            0,
            MAX_VALUE,
        )?;
        metadata.insert(key, value);
    }
    if metadata.len() > MAX_PAIRS {
        return Err(ApiError::invalid(format!(
            "metadata: {} pairs, and at most {MAX_PAIRS} are kept",
            metadata.len()
        )));
    }
    Ok(())
}

/// Refuses a text that has too few or too many characters.
pub(super) fn length(
    field: &str,
    what: &str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), ApiError> {
    let characters = text.chars().count();
    if (least..=most).contains(&characters) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{field}: {what} has {characters} characters, not {least} to {most}"
    )))
}

/// Refuses a name that is empty or too long, or would break a line where it is shown.
pub(super) fn check_name(field: &str, name: &str, most: usize) -> Result<(), ApiError> {
    length(field, "the name", name, 1, most)?;
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    if name.contains(breaks) {
        return Err(ApiError::invalid(format!(
            "{field}: `{}` has a control character",
            name.escape_debug()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(default)]
    struct Wire {
        name: Patch<String>,
        metadata: MetadataPatch,
    }

    impl Default for Wire {
        fn default() -> Self {
            Self {
                name: Patch::Keep,
                metadata: Patch::Keep,
            }
        }
    }

    #[test]
    fn absent_null_and_given_are_three_things() {
        let read = |value| serde_json::from_value::<Wire>(value).expect("a body").name;
        assert_eq!(read(json!({})), Patch::Keep);
        assert_eq!(read(json!({"name": null})), Patch::Clear);
        assert_eq!(read(json!({"name": "a"})), Patch::Set("a".to_owned()));

        let mut nullable = Some("old".to_owned());
        read(json!({})).apply_to_nullable(&mut nullable);
        assert_eq!(nullable.as_deref(), Some("old"));
        read(json!({"name": null})).apply_to_nullable(&mut nullable);
        assert_eq!(nullable, None);
        let mut always = "old".to_owned();
        let refused = read(json!({"name": null})).apply("name", &mut always);
        assert_eq!(
            refused.map_err(|error| error.message),
            Err("name: `null` is not a value".to_owned())
        );
        assert_eq!(always, "old");
    }

    #[test]
    fn metadata_is_patched_key_by_key() {
        let mut metadata =
            Metadata::from([("a", "1"), ("b", "2")].map(|(k, v)| (k.into(), v.into())));
        let body = json!({"metadata": {"a": null, "c": "3", "d": null}});
        let wire: Wire = serde_json::from_value(body).expect("a body");
        apply_metadata(wire.metadata, &mut metadata).expect("within the limits");
        assert_eq!(
            metadata,
            Metadata::from([("b", "2"), ("c", "3")].map(|(k, v)| (k.into(), v.into())))
        );
        apply_metadata(Patch::Clear, &mut metadata).expect("always possible");
        assert!(metadata.is_empty());
    }

    #[test]
    fn names_are_of_one_line() {
        for good in ["a", "Ä b", "👩\u{200d}🚀"] {
            assert_eq!(check_name("name", good, 3), Ok(()), "{good}");
        }
        for bad in ["", "abcd", "a\n", "\0", "\u{7f}", "\u{9b}", "\u{2028}"] {
            assert!(check_name("name", bad, 3).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_patch_leads_beyond_the_limits(
            patches in prop::collection::vec(
                prop::collection::btree_map("[a-z]{0,66}", prop::option::of("[a-z]{0,3}|[x]{512,514}"), 0..12),
                0..4,
            ),
        ) {
            let mut metadata = Metadata::new();
            for patch in patches {
                let mut next = metadata.clone();
                if apply_metadata(Patch::Set(patch), &mut next).is_ok() {
                    metadata = next;
                }
                prop_assert!(metadata.len() <= MAX_PAIRS);
                let fits = metadata.iter().all(|(key, value)| {
                    (1..=MAX_KEY).contains(&key.len()) && value.len() <= MAX_VALUE
                });
                prop_assert!(fits);
            }
        }
    }
}
