//! A claim and a run's sums → a verdict, and what else must be said with it.

use super::{Claim, Claims, Contrast, Form, On};
use crate::{
    analyse::{
        AnalyseError, Group, Measured, Metric, attribution,
        measured::{difference_of, ratio_of},
    },
    stats::{
        Interval, Level, StatsError,
        factorial::Effect,
        jackknife,
        multiplicity::{benjamini_hochberg, holm},
        verdict::{
            self, MINIMUM_STREAMS, Side, StreamsNeeded, Verdict, one_sided_p, streams_needed,
        },
    },
};

/// The power at which "how many scenarios would decide" is answered.
const POWER: f64 = 0.8;

/// What was found on the scale of a claim. Shares are between 0 and 1, their differences too.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The base's value and the treatment's, where the claim compares two arms.
    pub values: Option<(Option<f64>, Option<f64>)>,
    /// The estimate: a ratio or a difference.
    pub estimate: Option<f64>,
    /// Its interval at 95%.
    pub interval: Option<Interval>,
    /// Standard error; of a ratio that of its logarithm. `None` where the interval is not of that kind.
    pub se: Option<f64>,
    /// The interval of the difference, on which a direction is decided.
    pub difference: Option<Interval>,
    /// How many scenarios it is over.
    pub scenarios: usize,
    /// How the interval was made.
    pub method: String,
}

/// A p-value adjusted for the other claims of its family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjusted {
    /// The one-sided p-value of the claim.
    pub p: f64,
    /// Adjusted: Holm among registered claims, Benjamini-Hochberg among exploratory ones.
    pub adjusted: f64,
}

/// A claim, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The claim.
    pub claim: Claim,
    /// What was found; `None` if the run lacks the arms or has no pair.
    pub facts: Option<Facts>,
    /// Why there are no facts.
    pub missing: Option<String>,
    /// The verdict on the claim as it is made.
    pub verdict: Verdict,
    /// Whether the claim is on the side of more.
    pub wants_more: bool,
    /// The verdict on its direction alone, on the difference scale.
    pub direction: Verdict,
    /// Whether the claimed value lies in the interval.
    pub inside: Option<bool>,
    /// The largest ratio or difference that the base leaves room for, if the claim asks for more.
    pub ceiling: Option<f64>,
    /// How many scenarios in all would decide it if the truth were the estimate; `None` if it is decided
    /// or cannot be said.
    pub needed: Option<StreamsNeeded>,
    /// The p-value and its adjusted value, of claims with a value or a direction and a standard error.
    pub adjusted: Option<Adjusted>,
}

/// The claims of a file on one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The claims in the order of the file.
    pub claims: Vec<Judged>,
    /// Whether the file was registered before the run.
    pub registered: bool,
    /// The file's digest.
    pub digest: String,
}

/// Judges the claims of a file on a run.
pub fn judge(measured: &Measured, claims: &Claims) -> Result<Judgement, AnalyseError> {
    let registered = measured
        .manifest
        .claims
        .as_ref()
        .is_some_and(|registered| registered.digest == claims.digest);
    let mut judged = Vec::new();
    for claim in &claims.claims {
        judged.push(judge_one(measured, claim)?);
    }
    let family: Vec<usize> = (0..judged.len())
        .filter(|&at| judged[at].adjusted.is_some())
        .collect();
    let values: Vec<f64> = family
        .iter()
        .filter_map(|&at| judged[at].adjusted.map(|adjusted| adjusted.p))
        .collect();
    if !values.is_empty() {
        let adjusted = if registered {
            holm(&values)?
        } else {
            benjamini_hochberg(&values)?
        };
        for (at, value) in family.into_iter().zip(adjusted) {
            if let Some(own) = &mut judged[at].adjusted {
                own.adjusted = value;
            }
        }
    }
    Ok(Judgement {
        claims: judged,
        registered,
        digest: claims.digest.clone(),
    })
}

/// Points of a share to a share; other metrics keep their unit.
fn value_of(claim: &Claim, value: f64) -> f64 {
    if claim.on == On::Difference && claim.metric.more_is_better() {
        value / 100.0
    } else {
        value
    }
}

fn judge_one(measured: &Measured, claim: &Claim) -> Result<Judged, AnalyseError> {
    let (facts, missing) = match facts(measured, claim)? {
        Ok(facts) => (Some(facts), None),
        Err(why) => (None, Some(why)),
    };
    let found = facts.clone().unwrap_or_default();
    let form = match claim.form {
        Form::AtLeast(value) => verdict::Claim::AtLeast(value_of(claim, value)),
        Form::AtMost(value) => verdict::Claim::AtMost(value_of(claim, value)),
        Form::About { value, factor } => verdict::Claim::About { value, factor },
        Form::More => verdict::Claim::Increase,
        Form::Less => verdict::Claim::Decrease,
    };
    let is_direction = claim.value().is_none();
    let interval = if is_direction {
        found.difference
    } else {
        found.interval
    };
    let verdict = verdict::judge(form, interval.as_ref(), found.scenarios);
    let wants_more = wants_more(claim);
    let side = if wants_more {
        verdict::Claim::Increase
    } else {
        verdict::Claim::Decrease
    };
    let direction = verdict::judge(side, found.difference.as_ref(), found.scenarios);
    let claimed = claim.value().map(|value| value_of(claim, value));
    let inside = found
        .interval
        .zip(claimed)
        .map(|(interval, value)| interval.contains(value));
    let ceiling = ceiling(claim, &found, claimed);
    // What cannot hold is not decided by more of the same.
    let undecided = matches!(verdict, Verdict::Inconclusive(_)) && ceiling.is_none();
    let enough = found.scenarios >= MINIMUM_STREAMS;
    Ok(Judged {
        ceiling,
        needed: if undecided {
            needed(claim, &found, claimed)?
        } else {
            None
        },
        adjusted: p_value(claim, &found, claimed)?
            .filter(|_| enough)
            .map(|p| Adjusted { p, adjusted: p }),
        claim: claim.clone(),
        facts,
        missing,
        verdict,
        wants_more,
        direction,
        inside,
    })
}

/// Whether the claim is on the side of more.
fn wants_more(claim: &Claim) -> bool {
    match claim.form {
        Form::More | Form::AtLeast(_) => true,
        Form::Less | Form::AtMost(_) => false,
        // "About" is a form of ratios.
        Form::About { value, .. } => value >= 1.0,
    }
}

/// The most that a base leaves room for, where the claim asks for more: 1/base of a ratio of shares,
/// 1 - base of a difference.
fn ceiling(claim: &Claim, facts: &Facts, claimed: Option<f64>) -> Option<f64> {
    let base = facts.values?.0?;
    let asked = match claim.form {
        Form::AtLeast(_) => claimed?,
        Form::About { value, factor } => value / factor,
        Form::AtMost(_) | Form::More | Form::Less => return None,
    };
    let ceiling = match claim.on {
        On::Ratio if base > 0.0 => 1.0 / base,
        On::Ratio => return None,
        On::Difference => 1.0 - base,
    };
    (claim.metric.more_is_better() && asked > ceiling).then_some(ceiling)
}

/// Estimate, standard error and claimed value on the scale on which the standard error is.
fn on_scale(claim: &Claim, facts: &Facts, claimed: Option<f64>) -> Option<(f64, f64, f64)> {
    let (estimate, se) = (facts.estimate?, facts.se?);
    let log = claim.on == On::Ratio;
    let scale = |value: f64| if log { value.ln() } else { value };
    let neutral = if log { 1.0 } else { 0.0 };
    Some((scale(estimate), se, scale(claimed.unwrap_or(neutral))))
}

fn needed(
    claim: &Claim,
    facts: &Facts,
    claimed: Option<f64>,
) -> Result<Option<StreamsNeeded>, StatsError> {
    let Some((theta, se, value)) = on_scale(claim, facts, claimed) else {
        return Ok(None);
    };
    streams_needed(theta, se, facts.scenarios, value, Level::NINETY_FIVE, POWER)
}

fn p_value(claim: &Claim, facts: &Facts, claimed: Option<f64>) -> Result<Option<f64>, StatsError> {
    let side = match claim.form {
        Form::AtLeast(_) | Form::More => Side::Above,
        Form::AtMost(_) | Form::Less => Side::Below,
        // "About" is no one-sided claim.
        Form::About { .. } => return Ok(None),
    };
    match on_scale(claim, facts, claimed) {
        Some((theta, se, value)) => one_sided_p(theta, se, value, facts.scenarios, side),
        None => Ok(None),
    }
}

/// What the run says on the claim's scale, or why it says nothing.
fn facts(measured: &Measured, claim: &Claim) -> Result<Result<Facts, String>, AnalyseError> {
    match &claim.contrast {
        Contrast::Arms { base, treat } => {
            let find = |name: &crate::ident::ArmId| {
                let arms = &measured.manifest.arms;
                arms.iter().position(|arm| arm.id == *name)
            };
            let missing = [base, treat]
                .into_iter()
                .find(|name| find(name).is_none())
                .map(|name| format!("the run has no arm `{name}`"));
            match (find(base), find(treat), missing) {
                (Some(base), Some(treat), None) => {
                    arms(measured, claim.group, claim.metric, claim.on, base, treat)
                }
                (_, _, missing) => Ok(Err(missing.unwrap_or_default())),
            }
        }
        Contrast::Dreaming => main_effect(measured, claim, Effect::FirstMain),
        Contrast::Outcomes => main_effect(measured, claim, Effect::SecondMain),
    }
}

fn arms(
    measured: &Measured,
    group: Group,
    metric: Metric,
    on: On,
    base: usize,
    treat: usize,
) -> Result<Result<Facts, String>, AnalyseError> {
    let Some(pairs) = measured.pairs(group, metric, base, treat)? else {
        return Ok(Err("no scenario has tasks of both arms".to_owned()));
    };
    let difference = difference_of(metric, &pairs.paired)?;
    let values = Some((pairs.paired.base().mean(), pairs.paired.treat().mean()));
    let scenarios = pairs.paired.stream_count();
    Ok(Ok(match on {
        On::Difference => Facts {
            values,
            estimate: difference.estimate,
            interval: difference.interval,
            se: difference.se,
            difference: difference.interval,
            scenarios,
            method: difference.method.as_str().to_owned(),
        },
        On::Ratio => {
            let ratio = ratio_of(metric, &pairs.paired)?;
            Facts {
                values,
                estimate: ratio.estimate,
                interval: ratio.interval,
                se: ratio.log_se,
                difference: difference.interval,
                scenarios,
                method: ratio.method.as_str().to_owned(),
            }
        }
    }))
}

fn main_effect(
    measured: &Measured,
    claim: &Claim,
    effect: Effect,
) -> Result<Result<Facts, String>, AnalyseError> {
    let Some(cells) = attribution::cells(measured, claim.group, claim.metric)? else {
        return Ok(Err(
            "the run lacks an arm of the 2×2 of dreaming and outcomes".to_owned(),
        ));
    };
    let level = Level::NINETY_FIVE;
    let scenarios = cells.stream_count();
    let difference = cells.difference(effect, level)?;
    let interval = difference.as_ref().and_then(|contrast| contrast.interval);
    let found = match claim.on {
        On::Difference => difference,
        On::Ratio => cells.log_ratio(effect, level)?,
    };
    let Some(found) = found else {
        return Ok(Err("a cell of the 2×2 has nothing".to_owned()));
    };
    let scale = |value: f64| match claim.on {
        On::Difference => value,
        On::Ratio => value.exp(),
    };
    let limits = match (found.se, claim.on) {
        (Some(se), On::Ratio) if se > 0.0 => {
            let (lower, upper) = jackknife::t_limits(found.estimate, se, scenarios, level)?;
            Some(Interval::new(
                lower.exp(),
                upper.exp(),
                level,
                found.method,
            )?)
        }
        (_, _) => found.interval,
    };
    Ok(Ok(Facts {
        values: None,
        estimate: Some(scale(found.estimate)),
        interval: limits,
        se: found.se,
        difference: interval,
        scenarios,
        method: found.method.as_str().to_owned(),
    }))
}
