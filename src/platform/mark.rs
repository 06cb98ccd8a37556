//! The mark by which what a run made in an account is known.

use std::collections::BTreeMap;

use crate::ident::Digest;

/// The key of metadata under which the mark stands.
pub(super) const KEY: &str = "dreamtrial";

/// A run, as objects in an account name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// The mark of a run, from whatever tells it from every other.
    pub fn of(run: &str) -> Self {
        Self(Digest::of(run.as_bytes()).to_string()[..16].to_owned())
    }

    /// A mark as it was written down.
    pub fn written(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it stands in metadata.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short code for a trial of the run. It stands in names, because a model may be shown them and must
    /// not learn of an arm; the trial itself stands in metadata.
    pub(super) fn code(&self, trial: &str) -> String {
        Digest::of_parts([self.0.as_bytes(), trial.as_bytes()]).to_string()[..8].to_owned()
    }

    /// Metadata with the mark and more.
    pub(super) fn metadata(&self, more: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::from([(KEY.to_owned(), self.0.clone())]);
        metadata.extend(
            more.iter()
                // The service keeps 512 characters of a value.
                .map(|&(key, value)| (key.to_owned(), value.chars().take(512).collect())),
        );
        metadata
    }
}
