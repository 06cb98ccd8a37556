//! What live parts did beside their work: what was spent on them, how often a judge disagreed with itself,
//! and what was not taken as it came.

use std::collections::BTreeMap;

use super::AnalyseError;
use crate::{
    model::caller::Account,
    record::Record,
    rubric::{FlipRates, flip_rates},
    transcript::Role,
};

/// What live parts did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// What was spent in the whole run, sessions that did not come to their end included.
    pub account: Account,
    /// How often a judge that was asked several times disagreed with itself.
    pub flips: FlipRates,
    /// Edits of a dreamer that could not be made, answers of a user that said something else than they
    /// should: how many, by whose they were.
    pub not_taken: BTreeMap<Role, u64>,
}

impl Live {
    /// What the live parts of a run did; `None` where everybody was embedded.
    pub(super) fn of(record: &Record) -> Result<Option<Self>, AnalyseError> {
        if record.manifest().live.is_none() {
            return Ok(None);
        }
        let mut live = Self::default();
        for account in record.spending()?.into_values() {
            for (key, spent) in account {
                live.account.entry(key).or_default().add(&spent);
            }
        }
        let mut voted = Vec::new();
        record.for_each_verdicts(|verdicts| {
            voted.extend(
                verdicts
                    .verdicts
                    .iter()
                    .filter(|verdict| verdict.votes.is_some())
                    .cloned(),
            );
        })?;
        live.flips = flip_rates(&voted);
        record.for_each_remark(|_, _, role, _| {
            *live.not_taken.entry(role).or_insert(0) += 1;
        })?;
        Ok(Some(live))
    }
}
