//! What the numbers say, in sentences that stay true when they are quoted alone.

use super::{
    roles::{Roles, circumstance, treatment},
    words::{self, count},
};
use crate::{
    analyse::{Analysis, Caution, Comparison, Direction, Estimate, Group, Metric},
    scenario::{Construct, Domain},
    stats::factorial::Effect,
};

/// The answers, the main one first: what was completed, against what, for whom, at what cost.
pub(super) fn answers(analysis: &Analysis) -> Vec<String> {
    let roles = Roles::of(analysis);
    let Some(treat) = roles.treat else {
        return vec!["One arm was run, so there is nothing to compare.".to_owned()];
    };
    let compared = |control| analysis.comparison(Group::All, Metric::Completion, control, treat);
    let mut answers = vec![lead(analysis, roles, treat)];
    let against = roles.controls().filter_map(compared);
    answers.extend(against.map(|one| versus(analysis, one)));
    let main = roles.plain.unwrap_or(roles.base);
    answers.extend(domains(analysis, main, treat));
    answers.extend(constructs(analysis, main, treat));
    answers.extend(together(analysis));
    answers.extend(costs(analysis, roles, treat));
    answers
}

fn value(analysis: &Analysis, group: Group, arm: usize, metric: Metric) -> Option<f64> {
    analysis.summary(group, arm, metric)?.estimate.value
}

fn lead(analysis: &Analysis, roles: Roles, treat: usize) -> String {
    let share = |arm: usize| {
        value(analysis, Group::All, arm, Metric::Completion)
            .map_or_else(|| "an unknown share".to_owned(), words::percent)
    };
    let part = |arm: usize| format!("{} {}", share(arm), circumstance(&analysis.manifest, arm));
    let others: Vec<String> = roles.controls().map(part).collect();
    format!(
        "{}, {} of tasks were completed, against {}.",
        words::capitalised(&circumstance(&analysis.manifest, treat)),
        share(treat),
        others.join(" and ")
    )
}

/// "28.2 more", "3.1 fewer".
fn more(points: f64) -> String {
    let number = format!("{:.1}", points.abs() * 100.0);
    match points {
        _ if number == "0.0" => "0.0".to_owned(),
        _ if points < 0.0 => format!("{number} fewer"),
        _ => format!("{number} more"),
    }
}

/// An interval of differences of shares: "19.9 to 36.5 more", "3.0 fewer to 5.4 more".
fn range((lower, upper): (f64, f64)) -> String {
    let number = |points: f64| format!("{:.1}", points.abs() * 100.0);
    if lower >= 0.0 {
        format!("{} to {} more", number(lower), number(upper))
    } else if upper <= 0.0 {
        format!("{} to {} fewer", number(upper), number(lower))
    } else {
        format!("{} to {}", more(lower), more(upper))
    }
}

fn times(ratio: &Estimate) -> Option<String> {
    match (ratio.value, ratio.interval) {
        (Some(value), Some((lower, upper))) if value.is_finite() && upper.is_finite() => Some(
            format!("{value:.2} times as many ({lower:.2} to {upper:.2})"),
        ),
        (_, Some((lower, _))) => Some(format!("at least {lower:.2} times as many")),
        (_, None) => None,
    }
}

fn versus(analysis: &Analysis, one: &Comparison) -> String {
    let control = treatment(&analysis.manifest, one.base);
    let scenarios = count(one.scenarios as u64, "scenario");
    let verdict = match one.direction {
        Direction::Better => format!("Better than {control}"),
        Direction::Worse => format!("Worse than {control}"),
        Direction::Inconclusive => format!("Not shown to differ from {control}"),
        Direction::NotJudged(Caution::TooFewScenarios) => {
            format!("Against {control}, too few scenarios to conclude from")
        }
        Direction::NotJudged(Caution::NotEstimable) => {
            return format!("Against {control}: not estimable, over {scenarios}.");
        }
    };
    let Some(difference) = one.difference.value else {
        return format!("{verdict}, over {scenarios}.");
    };
    let limits = one.difference.interval.map(range);
    let limits = limits.map_or_else(String::new, |limits| format!(" (95% interval: {limits})"));
    let ratio = times(&one.ratio).map_or_else(String::new, |ratio| format!(", or {ratio}"));
    format!(
        "{verdict}: {} tasks completed in every hundred{limits}{ratio}, over {scenarios}.",
        more(difference)
    )
}

fn domains(analysis: &Analysis, base: usize, treat: usize) -> Option<String> {
    let part = |domain: Domain| {
        let one = analysis.comparison(Group::Domain(domain), Metric::Completion, base, treat)?;
        let difference = words::difference(Metric::Completion, &one.difference);
        Some(format!(
            "{domain} {difference} ({})",
            one.direction.as_str()
        ))
    };
    let parts: Vec<String> = Domain::ALL.into_iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| {
        let control = treatment(&analysis.manifest, base);
        format!("By domain, against {control}: {}.", parts.join("; "))
    })
}

/// Where it gained most, where nothing, and where it lost: described, not concluded from.
fn constructs(analysis: &Analysis, base: usize, treat: usize) -> Option<String> {
    let of = |construct: Construct| {
        let group = Group::Construct(construct);
        let one = analysis.comparison(group, Metric::Completion, base, treat)?;
        Some((construct, one.difference.value?))
    };
    let word = |construct: Construct| construct.to_string().replace('_', "-");
    let found: Vec<(Construct, f64)> = Construct::ALL.into_iter().filter_map(of).collect();
    let tested = found
        .iter()
        .filter(|(construct, _)| *construct != Construct::Control);
    let &(most, gain) = tested
        .clone()
        .max_by(|one, other| one.1.total_cmp(&other.1))?;
    let shown = |points: f64| format!("{} points", words::points(points));
    let mut text = format!(
        "By construct (described, too few scenarios each to conclude from), against {}: most on {} ({})",
        treatment(&analysis.manifest, base),
        word(most),
        shown(gain)
    );
    let lost: Vec<String> = tested
        .filter(|(_, points)| *points < 0.0)
        .map(|&(construct, points)| format!("{} ({})", word(construct), shown(points)))
        .collect();
    if lost.is_empty() {
        text.push_str("; lower on none");
    } else {
        text.push_str("; lower on ");
        text.push_str(&lost.join(", "));
    }
    if let Some((_, points)) = found.iter().find(|one| one.0 == Construct::Control) {
        text.push_str("; on control, where nothing has to be remembered, ");
        text.push_str(&shown(*points));
    }
    Some(text + ".")
}

/// Dreaming and outcomes side by side, where the run has the 2×2.
fn together(analysis: &Analysis) -> Option<String> {
    let mut found = analysis.attributions.iter();
    let one = found.find(|one| one.group == Group::All && one.metric == Metric::Completion)?;
    let of = |wanted: Effect| {
        let effect = one.effects.iter().find(|effect| effect.effect == wanted)?;
        let contrast = effect.difference.as_ref()?;
        let limits = contrast.interval.map_or_else(String::new, |interval| {
            let limit = |value: f64| words::points(value);
            format!(
                " [{}, {}]",
                limit(interval.lower()),
                limit(interval.upper())
            )
        });
        Some(format!("{}{limits}", words::points(contrast.estimate)))
    };
    let shares = one.shares.map_or_else(
        || "no shares are given, because the total may be zero".to_owned(),
        |(dreaming, outcomes)| {
            format!(
                "of the total, {} belongs to dreaming and {} to outcomes",
                words::percent(dreaming),
                words::percent(outcomes)
            )
        },
    );
    Some(format!(
        "Dreaming and outcomes together: {} points of completion; on average over the other, dreaming adds {} and outcomes add {}; interaction {} (difference scale); {shares}.",
        of(Effect::Total)?,
        of(Effect::FirstMain)?,
        of(Effect::SecondMain)?,
        of(Effect::Interaction)?
    ))
}

/// What a session, a completed task and an hour cost, each against the controls.
fn costs(analysis: &Analysis, roles: Roles, treat: usize) -> Vec<String> {
    let things = [
        ("A session", Metric::CostPerSession),
        ("A completed task", Metric::CostPerCompletedTask),
        ("An hour of active time", Metric::CostPerSessionHour),
    ];
    let sentence = |(thing, metric): (&str, Metric)| {
        let own = value(analysis, Group::All, treat, metric)?;
        let others: Vec<String> = roles
            .controls()
            .filter_map(|control| against(analysis, metric, control, treat))
            .collect();
        let dreams = dreams(analysis, treat).filter(|_| metric == Metric::CostPerSession);
        Some(format!(
            "{thing} costs ${} {}{}: {}.",
            words::value(metric, own),
            circumstance(&analysis.manifest, treat),
            dreams.unwrap_or_default(),
            others.join("; ")
        ))
    };
    things.into_iter().filter_map(sentence).collect()
}

/// The share of dreams in what an arm costs, if it has any.
#[expect(clippy::cast_precision_loss, reason = "a share for display")]
fn dreams(analysis: &Analysis, treat: usize) -> Option<String> {
    let split = analysis.costs.get(treat)?;
    let total = split.agent + split.in_session_grader + split.runtime + split.dreams;
    let share = (split.dreams > 0).then(|| split.dreams as f64 / total as f64)?;
    Some(format!(", {} of it for dreams", words::percent(share)))
}

/// A cost against that of a control, with what may be said of the two.
fn against(analysis: &Analysis, metric: Metric, control: usize, treat: usize) -> Option<String> {
    let own = value(analysis, Group::All, control, metric)?;
    let one = analysis.comparison(Group::All, metric, control, treat)?;
    let says = match one.direction {
        Direction::Better => "less than",
        Direction::Worse => "more than",
        Direction::Inconclusive => "not shown to differ from",
        Direction::NotJudged(Caution::TooFewScenarios) => "described, too few scenarios, against",
        Direction::NotJudged(Caution::NotEstimable) => "not comparable with",
    };
    Some(format!(
        "{says} ${} {} ({})",
        words::value(metric, own),
        circumstance(&analysis.manifest, control),
        words::ratio(&one.ratio)
    ))
}
