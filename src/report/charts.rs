//! The analysis as charts.

use super::{
    ReportError,
    chart::{
        BarGroup, ChartError, Curve, Dumbbell, DumbbellRow, Estimate as Drawn, HeatMap, HeatRow,
        IntervalBars, LearningCurve, Scatter, ScatterPanel, ScatterPoint, Series,
    },
    roles::{Roles, palette},
    words::count as counted,
};
use crate::{
    analyse::{Analysis, Estimate, Group, Metric},
    experiment::Regime,
    record::Manifest,
    scenario::{Construct, Domain},
};

const INTERVAL: &str = "95% interval";

/// The line that keeps a chart of the reference agent from being taken for evidence.
pub(super) fn reference_note(manifest: &Manifest) -> String {
    if manifest.is_reference() {
        "Reference agent: no evidence about any product".to_owned()
    } else {
        String::new()
    }
}

/// An arm's colour is the same in all charts and all runs that name it the same.
fn series(analysis: &Analysis, arm: usize) -> Series {
    let manifest = &analysis.manifest;
    Series::new(manifest.arms[arm].id.as_str(), palette(manifest, arm))
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

/// All charts that have something to show, by name.
pub(super) fn draw(analysis: &Analysis) -> Result<Vec<(&'static str, String)>, ReportError> {
    let roles = Roles::of(analysis);
    let scenarios = |treat: usize| dumbbell(analysis, roles.base, treat);
    let drawn = [
        Some(("completion", completion(analysis))),
        roles.treat.map(|treat| ("scenarios", scenarios(treat))),
        Some(("learning", learning(analysis))),
        Some(("constructs", heat_map(analysis))),
        Some(("cost", scatter(analysis))),
    ];
    let mut charts = Vec::new();
    for (name, chart) in drawn.into_iter().flatten() {
        match chart {
            Ok(svg) => charts.push((name, svg)),
            Err(ChartError::Empty { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(charts)
}

fn completion(analysis: &Analysis) -> Result<String, ChartError> {
    let arms = 0..analysis.manifest.arms.len();
    let groups = std::iter::once(Group::All)
        .chain(Domain::ALL.map(Group::Domain))
        .filter(|group| count(analysis, *group) > 0);
    let bars = IntervalBars {
        title: "Tasks completed, by arm".to_owned(),
        subtitle: format!(
            "{}, {}",
            counted(analysis.manifest.scenarios.len() as u64, "scenario"),
            counted(u64::from(analysis.manifest.repetitions), "repetition")
        ),
        note: reference_note(&analysis.manifest),
        value_label: "tasks completed".to_owned(),
        interval_label: INTERVAL.to_owned(),
        series: arms.clone().map(|arm| series(analysis, arm)).collect(),
        groups: groups
            .map(|group| BarGroup {
                name: format!(
                    "{group} ({})",
                    counted(count(analysis, group) as u64, "scenario")
                ),
                values: arms.clone().map(|arm| rate(analysis, group, arm)).collect(),
            })
            .collect(),
    };
    bars.draw()
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
fn dumbbell(analysis: &Analysis, base: usize, treat: usize) -> Result<String, ChartError> {
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
            "share of tasks completed, {}: described, not concluded from",
            counted(analysis.manifest.scenarios.len() as u64, "scenario")
        ),
        note: reference_note(&analysis.manifest),
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
    chart.draw()
}

fn learning(analysis: &Analysis) -> Result<String, ChartError> {
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
        note: reference_note(&analysis.manifest),
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
    chart.draw()
}

fn heat_map(analysis: &Analysis) -> Result<String, ChartError> {
    let arms = 0..analysis.manifest.arms.len();
    let chart = HeatMap {
        title: "Tasks completed, by construct and arm".to_owned(),
        subtitle: "few scenarios a construct: described, too few to conclude from".to_owned(),
        note: reference_note(&analysis.manifest),
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
    chart.draw()
}

fn scatter(analysis: &Analysis) -> Result<String, ChartError> {
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
            "priced as {}; USD include dreams, tokens are the agent's alone",
            analysis.manifest.priced_as
        ),
        note: reference_note(&analysis.manifest),
        value_label: "tasks completed".to_owned(),
        interval_label: INTERVAL.to_owned(),
        panels: vec![
            panel(Metric::Tokens, "agent tokens per task", ""),
            panel(Metric::CostPerSession, "USD per session", "$"),
        ],
    };
    chart.draw()
}
