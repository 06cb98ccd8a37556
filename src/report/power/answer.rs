//! The sentences of a plan: what is needed, what repetitions help, what is assumed.

use std::fmt::Write as _;

use super::{PowerReport, dollars, scenarios, within_reach};
use crate::{
    analyse::power::{Ask, Basis, Needed, Plan},
    report::words::{count, grouped, percent, whole},
    stats::verdict::StreamsNeeded,
};

impl PowerReport<'_> {
    /// What decides, with a label for each line.
    pub(super) fn needed(&self, needed: &Needed) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        let row = &needed.row;
        let outcome = match (self.terms.ask, needed.holds) {
            (Ask::Gate(_), true) => "to pass",
            (Ask::Gate(_), false) => "to fail",
            (_, true) => "to support it",
            (_, false) => "to refute it",
        };
        lines.push((
            "needed",
            if within_reach(row.scenarios) {
                format!("{}; {outcome}", Self::size(row))
            } else if row.scenarios == StreamsNeeded::Never {
                "no number of scenarios decides: the assumed truth is the claimed value".to_owned()
            } else {
                "more than a million scenarios".to_owned()
            },
        ));
        if let Some((found, streams)) = needed.as_found {
            lines.push((
                "as found",
                format!(
                    "that is for a policy that changed nothing; if the pilot's {} is the truth: {} scenarios",
                    match self.basis {
                        Basis::Pilot(pilot) => self.difference(pilot.estimate),
                        Basis::Assumed(_) => self.difference(found),
                    },
                    scenarios(streams)
                ),
            ));
        }
        if let (Basis::Pilot(pilot), Some(shown)) = (self.basis, &needed.of_pilot) {
            lines.push((
                "pilot's size",
                format!(
                    "with {}: {}",
                    count(pilot.scenarios as u64, "scenario"),
                    self.shown(shown)
                ),
            ));
        }
        lines
    }

    pub(super) fn repetitions(&self, needed: &Needed) -> Option<String> {
        let (one, ten) = (needed.others.first()?, needed.others.last()?);
        if !within_reach(one.scenarios) || !within_reach(ten.scenarios) {
            return None;
        }
        let mut text = String::new();
        if let Basis::Pilot(pilot) = self.basis
            && let Some(variance) = pilot.variance
        {
            let _ = write!(
                text,
                "{} of the variance is between scenarios, where no repetition helps; ",
                percent(1.0 - variance.share_within(1))
            );
        }
        let fewer = (one.scenarios.as_f64() - ten.scenarios.as_f64()).max(0.0);
        let _ = write!(
            text,
            "ten repetitions instead of one are ten times the sessions of a scenario and save {} of {}",
            grouped(whole(fewer)),
            count(whole(one.scenarios.as_f64()), "scenario"),
        );
        match needed.cheapest {
            Some(cheapest) if cheapest.is_infinite() => {
                text.push_str("; scenarios do not differ here, so repetitions serve as well");
            }
            Some(cheapest) => {
                let _ = write!(
                    text,
                    "; the whole costs least at about {}, with {} to write a scenario",
                    count(whole(cheapest), "repetition"),
                    if self.usd_per_scenario > 0.0 {
                        dollars(self.usd_per_scenario)
                    } else {
                        "nothing (`--usd-per-scenario`)".to_owned()
                    }
                );
            }
            None => {}
        }
        Some(text)
    }

    /// What must be said with every plan.
    pub(super) fn assumed(&self) -> Vec<String> {
        let truth = match self.basis {
            Basis::Pilot(_) => "the truth is what the pilot found",
            Basis::Assumed(_) => "the truth is what was assumed",
        };
        let mut all = vec![match (self.plan, self.terms.ask) {
            (Plan::Needed(_), Ask::AtLeast(_) | Ask::AtMost(_) | Ask::Direction) => {
                format!("{truth}, and new scenarios are like these")
            }
            (Plan::Needed(_), Ask::Gate(_)) | (Plan::Shown { .. }, _) => {
                "new scenarios are like these and differ as much whatever the effect".to_owned()
            }
        }];
        match self.terms.ask {
            Ask::AtLeast(value) | Ask::AtMost(value) => all.push(format!(
                "a truth of exactly {} is never decided, however large the trial: it must lie well beyond",
                self.claimed(value)
            )),
            Ask::Direction | Ask::Gate(_) => {}
        }
        if let Basis::Pilot(pilot) = self.basis {
            if pilot.scenarios < 6 {
                all.push("a pilot of fewer than six scenarios is a rough guess".to_owned());
            }
            if pilot.variance.is_none() {
                all.push(
                    "one repetition, or scenarios that do not differ, do not tell what more repetitions would help"
                        .to_owned(),
                );
            }
        } else {
            all.push("any two tasks of a scenario are equally alike, repeated or not".to_owned());
        }
        all
    }
}
