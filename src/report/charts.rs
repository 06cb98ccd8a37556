//! The analysis as charts.

use super::{
    ReportError,
    chart::{
        BarGroup, Curve, Dumbbell, DumbbellRow, Estimate as Drawn, HeatMap, HeatRow, IntervalBars,
        LearningCurve, Scatter, ScatterPanel, ScatterPoint, Series,
    },
};
use crate::{
    analyse::{Analysis, Estimate, Group, Metric},
    experiment::Regime,
    scenario::{Construct, Domain},
};

const INTERVAL: &str = "95% interval";

/// The line that keeps a chart of the reference agent from being taken for evidence.
pub(super) fn note(analysis: &Analysis) -> String {
    if analysis.manifest.backend == "reference" {
        "Reference agent: no evidence about any product".to_owned()
    } else {
        String::new()
    }
}

/// An arm's colour is the same in all charts and all runs that name it the same.
fn series(analysis: &Analysis, arm: usize) -> Series {
    const KNOWN: [&str; 7] = [
        "none",
        "accumulated",
        "dreamed",
        "oracle",
        "placebo",
        "none-outcomes",
        "dreamed-outcomes",
    ];
    let name = analysis.manifest.arms[arm].id.as_str();
    let palette = KNOWN.iter().position(|known| *known == name).unwrap_or(arm);
    Series::new(name, palette)
}

fn drawn(estimate: &Estimate) -> Drawn {
    let (lower, upper) = estimate.interval.map_or((None, None), |(lower, upper)| {
        (Some(lower), Some(upper).filter(|limit| limit.is_finite()))
    });
    Drawn {
        value: estimate.value,
        lower,
        upper,
    }
}

fn rate(analysis: &Analysis, group: Group, arm: usize) -> Drawn {
    analysis
        .summary(group, arm, Metric::Completion)
        .map_or_else(Drawn::missing, |summary| drawn(&summary.estimate))
}

fn count(analysis: &Analysis, group: Group) -> usize {
    let is_in = |domain, construct| match group {
        Group::All => true,
        Group::Domain(wanted) => wanted == domain,
        Group::Construct(wanted) => wanted == construct,
    };
    analysis
        .manifest
        .scenarios
        .iter()
        .filter(|scenario| is_in(scenario.domain, scenario.construct))
        .count()
}

/// The arm that the others are shown against, and the one that is shown against it.
pub(super) fn main_arms(analysis: &Analysis) -> Option<(usize, usize)> {
    let arms = &analysis.manifest.arms;
    let find = |regime: Regime| {
        arms.iter()
            .position(|arm| arm.memory == regime && arm.outcomes.is_none())
    };
    let base = find(Regime::None)
        .or_else(|| find(Regime::Accumulated))
        .unwrap_or(0);
    let treat = find(Regime::Dreamed).or_else(|| (0..arms.len()).find(|&arm| arm != base))?;
    (base != treat).then_some((base, treat))
}

/// All charts, by name.
pub(super) fn draw(analysis: &Analysis) -> Result<Vec<(&'static str, String)>, ReportError> {
    let mut charts = vec![("completion", completion(analysis)?)];
    if let Some((base, treat)) = main_arms(analysis) {
        charts.push(("scenarios", dumbbell(analysis, base, treat)?));
    }
    charts.push(("learning", learning(analysis)?));
    charts.push(("constructs", heat_map(analysis)?));
    charts.push(("cost", scatter(analysis)?));
    Ok(charts)
}

fn completion(analysis: &Analysis) -> Result<String, ReportError> {
    let arms = 0..analysis.manifest.arms.len();
    let groups = std::iter::once(Group::All)
        .chain(Domain::ALL.map(Group::Domain))
        .filter(|group| count(analysis, *group) > 0);
    let bars = IntervalBars {
        title: "Tasks completed, by arm".to_owned(),
        subtitle: format!(
            "{} scenarios, {} repetitions",
            analysis.manifest.scenarios.len(),
            analysis.manifest.repetitions
        ),
        note: note(analysis),
        value_label: "tasks completed".to_owned(),
        interval_label: INTERVAL.to_owned(),
        series: arms.clone().map(|arm| series(analysis, arm)).collect(),
        groups: groups
            .map(|group| BarGroup {
                name: format!("{group} ({} scenarios)", count(analysis, group)),
                values: arms.clone().map(|arm| rate(analysis, group, arm)).collect(),
            })
            .collect(),
    };
    Ok(bars.draw()?)
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
fn dumbbell(analysis: &Analysis, base: usize, treat: usize) -> Result<String, ReportError> {
    let of = |scenario: usize, arm: usize| {
        let rate = analysis
            .scenarios
            .iter()
            .find(|rate| rate.scenario == scenario && rate.arm == arm)?;
        (rate.tasks > 0).then(|| rate.completed as f64 / rate.tasks as f64)
    };
    let mut order: Vec<usize> = (0..analysis.manifest.scenarios.len()).collect();
    order.sort_by_key(|&scenario| {
        (
            analysis.manifest.scenarios[scenario].construct,
            analysis.manifest.scenarios[scenario].domain,
        )
    });
    let chart = Dumbbell {
        title: format!(
            "{} against {}, scenario by scenario",
            analysis.manifest.arms[treat].id, analysis.manifest.arms[base].id
        ),
        subtitle: format!(
            "share of tasks completed in each of {} scenarios",
            analysis.manifest.scenarios.len()
        ),
        note: note(analysis),
        value_label: "tasks completed".to_owned(),
        base: series(analysis, base),
        treat: series(analysis, treat),
        rows: order
            .into_iter()
            .map(|scenario| DumbbellRow {
                group: analysis.manifest.scenarios[scenario]
                    .construct
                    .to_string()
                    .replace('_', "-"),
                label: analysis.manifest.scenarios[scenario].domain.to_string(),
                base: of(scenario, base),
                treat: of(scenario, treat),
            })
            .collect(),
    };
    Ok(chart.draw()?)
}

fn learning(analysis: &Analysis) -> Result<String, ReportError> {
    let arms = &analysis.manifest.arms;
    let wanted = [
        Regime::None,
        Regime::Accumulated,
        Regime::Dreamed,
        Regime::Oracle,
    ];
    let shown: Vec<usize> = (0..arms.len())
        .filter(|&arm| arms[arm].outcomes.is_none() && wanted.contains(&arms[arm].memory))
        .take(6)
        .collect();
    let shown = if shown.is_empty() {
        (0..arms.len()).take(6).collect()
    } else {
        shown
    };
    let last = analysis
        .curve
        .iter()
        .map(|point| point.session)
        .max()
        .unwrap_or(0);
    let at = |arm: usize, session: u32| {
        analysis
            .curve
            .iter()
            .find(|point| point.arm == arm && point.session == session)
    };
    let chart = LearningCurve {
        title: "Tasks completed, session by session".to_owned(),
        subtitle:
            "later sessions exist in fewer scenarios: a change in who is left is not learning"
                .to_owned(),
        note: note(analysis),
        step_label: "session".to_owned(),
        value_label: "tasks completed".to_owned(),
        interval_label: INTERVAL.to_owned(),
        case_label: "scenarios".to_owned(),
        cases: (1..=last)
            .map(|session| {
                shown
                    .iter()
                    .filter_map(|&arm| at(arm, session))
                    .map(|point| point.scenarios)
                    .max()
                    .unwrap_or(0)
            })
            .collect(),
        curves: shown
            .iter()
            .map(|&arm| Curve {
                series: series(analysis, arm),
                band: matches!(arms[arm].memory, Regime::Accumulated | Regime::Dreamed)
                    && arms.len() < 9,
                values: (1..=last)
                    .map(|session| {
                        at(arm, session).map_or_else(Drawn::missing, |point| drawn(&point.estimate))
                    })
                    .collect(),
            })
            .collect(),
    };
    Ok(chart.draw()?)
}

fn heat_map(analysis: &Analysis) -> Result<String, ReportError> {
    let arms = 0..analysis.manifest.arms.len();
    let chart = HeatMap {
        title: "Tasks completed, by construct and arm".to_owned(),
        subtitle: "few scenarios a construct: described, too few to conclude from".to_owned(),
        note: note(analysis),
        value_label: "tasks completed".to_owned(),
        interval_label: INTERVAL.to_owned(),
        series: arms.clone().map(|arm| series(analysis, arm)).collect(),
        rows: Construct::ALL
            .into_iter()
            .filter(|construct| count(analysis, Group::Construct(*construct)) > 0)
            .map(|construct| HeatRow {
                name: format!(
                    "{} ({})",
                    construct.to_string().replace('_', "-"),
                    count(analysis, Group::Construct(construct))
                ),
                values: arms
                    .clone()
                    .map(|arm| Drawn {
                        lower: None,
                        upper: None,
                        ..rate(analysis, Group::Construct(construct), arm)
                    })
                    .collect(),
            })
            .collect(),
    };
    Ok(chart.draw()?)
}

fn scatter(analysis: &Analysis) -> Result<String, ReportError> {
    let panel = |metric: Metric, label: &str, prefix: &str| ScatterPanel {
        amount_label: label.to_owned(),
        prefix: prefix.to_owned(),
        points: (0..analysis.manifest.arms.len())
            .map(|arm| ScatterPoint {
                series: series(analysis, arm),
                amount: analysis
                    .summary(Group::All, arm, metric)
                    .map_or_else(Drawn::missing, |summary| drawn(&summary.estimate)),
                rate: rate(analysis, Group::All, arm),
            })
            .collect(),
    };
    let chart = Scatter {
        title: "What completion takes".to_owned(),
        subtitle: format!(
            "priced as {}, dreams included; modelled on the reference backend",
            analysis.manifest.priced_as
        ),
        note: note(analysis),
        value_label: "tasks completed".to_owned(),
        interval_label: INTERVAL.to_owned(),
        panels: vec![
            panel(Metric::Tokens, "agent tokens per task", ""),
            panel(Metric::CostPerSession, "USD per session", "$"),
        ],
    };
    Ok(chart.draw()?)
}
