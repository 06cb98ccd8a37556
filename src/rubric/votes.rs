//! How often judges of the same deliverable disagree with themselves.
//!
//! A model that judges the same thing twice may say two things. The votes of its repeats are kept with
//! the verdict that came of them, and the flip rate says how far a single vote can be trusted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::ident::CriterionId;

/// What the repeats of a judge said of one criterion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// How many said that it is met.
    pub met: u32,
    /// How many said that it is not.
    pub unmet: u32,
    /// How many said neither, or gave no answer that could be read.
    pub abstained: u32,
}

impl Votes {
    /// What the majority says of those that do not abstain: whether it is met; `None` for a tie, or if
    /// nobody voted.
    pub fn majority(self) -> Option<bool> {
        (self.met != self.unmet).then_some(self.met > self.unmet)
    }

    /// The pairs of repeats, and those of them that say different things; to abstain is a thing of its
    /// own.
    pub fn flips(self) -> Flips {
        let [met, unmet, abstained] = [self.met, self.unmet, self.abstained].map(u64::from);
        let all = met + unmet + abstained;
        Flips {
            pairs: all * all.saturating_sub(1) / 2,
            different: met * unmet + met * abstained + unmet * abstained,
        }
    }
}

/// Pairs of repeats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flips {
    /// How many there are.
    pub pairs: u64,
    /// In how many the two say different things.
    pub different: u64,
}

impl Flips {
    /// The share of pairs that differ, from 0 to 1; `None` if there are no pairs.
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs are small")]
    pub fn rate(self) -> Option<f64> {
        (self.pairs > 0).then(|| self.different as f64 / self.pairs as f64)
    }

    fn add(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.different += other.different;
    }
}

/// The flips of many verdicts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlipRates {
    /// Of all of them.
    pub overall: Flips,
    /// By criterion.
    pub by_criterion: BTreeMap<CriterionId, Flips>,
}

/// Counts the flips of verdicts; those without votes, of graders that do not vote, have none. Each pair
/// counts the same, so a criterion that is judged more often weighs more in the overall rate.
pub fn flip_rates<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> FlipRates {
    let mut rates = FlipRates::default();
    for verdict in verdicts {
        if let Some(votes) = verdict.votes {
            let flips = votes.flips();
            rates.overall.add(flips);
            rates
                .by_criterion
                .entry(verdict.criterion.clone())
                .or_default()
                .add(flips);
        }
    }
    rates
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn votes(met: u32, unmet: u32, abstained: u32) -> Votes {
        Votes {
            met,
            unmet,
            abstained,
        }
    }

    fn verdict(criterion: &str, votes: Option<Votes>) -> Verdict {
        Verdict {
            criterion: criterion.parse().expect("a name"),
            met: false,
            evidence: String::new(),
            votes,
        }
    }

    #[test]
    fn the_flip_rate_is_the_share_of_pairs_that_differ() {
        // Of three repeats with two met and one unmet, two of the three pairs differ.
        let rates = flip_rates(&[
            verdict("law", Some(votes(2, 1, 0))),
            verdict("law", Some(votes(3, 0, 0))),
            verdict("cap", Some(votes(1, 0, 1))),
            verdict("cap", None),
            verdict("day", Some(votes(1, 0, 0))),
        ]);
        let rate = |criterion: &str| {
            rates.by_criterion[&criterion.parse().expect("a name")]
                .rate()
                .map(|rate| format!("{rate:.4}"))
        };
        assert_eq!(rate("law").as_deref(), Some("0.3333"));
        assert_eq!(rate("cap").as_deref(), Some("1.0000"));
        assert_eq!(rate("day"), None, "one repeat has no pairs");
        assert_eq!(
            rates.overall,
            Flips {
                pairs: 7,
                different: 3
            }
        );
        assert_eq!(flip_rates(&[]).overall.rate(), None);
    }

    #[test]
    fn a_majority_needs_more_than_the_other_side() {
        for (votes, expected) in [
            (votes(2, 1, 4), Some(true)),
            (votes(0, 1, 9), Some(false)),
            (votes(2, 2, 1), None),
            (votes(0, 0, 3), None),
        ] {
            assert_eq!(votes.majority(), expected, "{votes:?}");
        }
    }

    #[test]
    fn a_verdict_without_votes_is_written_as_before() {
        let plain = verdict("law", None);
        let json = serde_json::to_string(&plain).expect("JSON");
        assert_eq!(json, r#"{"criterion":"law","met":false,"evidence":""}"#);
        assert_eq!(
            serde_json::from_str::<Verdict>(&json).expect("a verdict"),
            plain
        );
        let voted = verdict("law", Some(votes(1, 2, 0)));
        let json = serde_json::to_string(&voted).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Verdict>(&json).expect("a verdict"),
            voted
        );
    }

    proptest! {
        #[test]
        fn flips_are_counted_pair_by_pair(said in prop::collection::vec(0_u32..3, 0..12)) {
            let count = |what: u32| u32::try_from(said.iter().filter(|one| **one == what).count()).expect("few");
            let mut expected = Flips::default();
            for (at, one) in said.iter().enumerate() {
                for other in &said[at + 1..] {
                    expected.pairs += 1;
                    expected.different += u64::from(one != other);
                }
            }
            prop_assert_eq!(votes(count(0), count(1), count(2)).flips(), expected);
        }
    }
}
