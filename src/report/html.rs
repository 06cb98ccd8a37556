//! `report.html`: one file, complete in itself.

use minijinja::{AutoEscape, Environment, Value, value::Serde};
use serde::Serialize;
use serde_json::json;

use super::{ReportError, claims, findings::answers, live, words};
use crate::{
    analyse::{
        Analysis, Comparison, Direction, Estimate, Group, Metric, Part,
        attribution::{self, Attribution},
    },
    scenario::Domain,
};

fn name(analysis: &Analysis, arm: usize) -> &str {
    analysis.manifest.arms[arm].id.as_str()
}

/// A sentence as HTML, with what stands in backticks as code.
fn coded(text: &str) -> String {
    let mut html = String::new();
    for (at, part) in text.split('`').enumerate() {
        let escaped = part
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        if at % 2 == 1 {
            html.push_str("<code>");
            html.push_str(&escaped);
            html.push_str("</code>");
        } else {
            html.push_str(&escaped);
        }
    }
    html
}

#[derive(Serialize)]
struct Cell {
    text: String,
    small: String,
}

impl Cell {
    fn of(text: String) -> Self {
        Self {
            text,
            small: String::new(),
        }
    }
}

#[derive(Serialize)]
struct Line {
    name: String,
    note: String,
    cells: Vec<Cell>,
}

fn metric_table(analysis: &Analysis, group: Group) -> Vec<Line> {
    (0..analysis.manifest.arms.len())
        .map(|arm| Line {
            name: name(analysis, arm).to_owned(),
            note: String::new(),
            cells: SHOWN
                .iter()
                .filter_map(|&metric| {
                    let estimate = &analysis.summary(group, arm, metric)?.estimate;
                    let small = match estimate.caution {
                        Some(caution) if estimate.value.is_some() => caution.to_string(),
                        Some(_) | None => words::interval(metric, estimate).unwrap_or_default(),
                    };
                    Some(Cell {
                        text: words::shown(metric, estimate),
                        small,
                    })
                })
                .collect(),
        })
        .collect()
}

/// The columns of a table of arms.
const SHOWN: [Metric; 9] = [
    Metric::Completion,
    Metric::FirstTry,
    Metric::ClarificationRounds,
    Metric::CorrectionRounds,
    Metric::Tokens,
    Metric::ActiveSeconds,
    Metric::CostPerSession,
    Metric::CostPerCompletedTask,
    Metric::CostPerSessionHour,
];

/// The measures that arms are compared on here; the rest is in the file.
const COMPARED: [Metric; 4] = [
    Metric::Completion,
    Metric::FirstTry,
    Metric::ClarificationRounds,
    Metric::CostPerSession,
];

/// A table for each arm that others are compared with. A pair stands under the first of its two arms
/// that is one of these, and not again the other way around.
fn comparison_tables(analysis: &Analysis) -> Vec<(&str, Vec<Line>)> {
    let all = |one: &&Comparison| one.group == Group::All;
    let mut bases: Vec<usize> = Vec::new();
    for one in analysis.comparisons.iter().filter(all) {
        if !bases.contains(&one.base) {
            bases.push(one.base);
        }
    }
    let tables = bases.iter().enumerate().map(|(place, &base)| {
        let shown = |one: &&Comparison| one.base == base && !bases[..place].contains(&one.treat);
        let pairs = analysis.comparisons.iter().filter(all).filter(shown);
        let lines = COMPARED.iter().flat_map(|&metric| {
            let of_metric = pairs.clone().filter(move |one| one.metric == metric);
            of_metric.map(|one| comparison_line(analysis, one))
        });
        (name(analysis, base), lines.collect())
    });
    tables.collect()
}

fn comparison_line(analysis: &Analysis, one: &Comparison) -> Line {
    let costs = one.metric.parts().0 == Part::Cost;
    let verdict = match one.direction {
        Direction::Better if costs => "costs less",
        Direction::Worse if costs => "costs more",
        Direction::Better
        | Direction::Worse
        | Direction::Inconclusive
        | Direction::NotJudged(_) => one.direction.as_str(),
    };
    let cells = [
        words::difference(one.metric, &one.difference),
        words::ratio(&one.ratio),
        one.p.map_or_else(|| "—".to_owned(), words::p_value),
        verdict.to_owned(),
        words::grouped(one.pairs),
    ];
    Line {
        name: name(analysis, one.treat).to_owned(),
        note: one.metric.label().to_owned(),
        cells: cells.map(Cell::of).into(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
fn scenario_table(analysis: &Analysis) -> Vec<Line> {
    let rate = |scenario: usize, arm: usize| {
        let found = analysis
            .scenarios
            .iter()
            .find(|rate| rate.scenario == scenario && rate.arm == arm);
        found.filter(|rate| rate.tasks > 0).map_or_else(
            || "not run".to_owned(),
            |rate| words::percent(rate.completed as f64 / rate.tasks as f64),
        )
    };
    analysis
        .manifest
        .scenarios
        .iter()
        .enumerate()
        .map(|(number, scenario)| Line {
            name: scenario.id.to_string(),
            note: format!(
                "{} · {}",
                scenario.construct.to_string().replace('_', "-"),
                scenario.title
            ),
            cells: (0..analysis.manifest.arms.len())
                .map(|arm| Cell {
                    text: rate(number, arm),
                    small: String::new(),
                })
                .collect(),
        })
        .collect()
}

fn cost_table(analysis: &Analysis) -> Vec<Line> {
    analysis
        .costs
        .iter()
        .enumerate()
        .map(|(arm, split)| {
            let dollars = |micro: i64| Cell {
                text: format!("${}.{:02}", micro / 1_000_000, micro % 1_000_000 / 10_000),
                small: String::new(),
            };
            let dreams = &analysis.dreams[arm];
            Line {
                name: name(analysis, arm).to_owned(),
                note: String::new(),
                cells: vec![
                    dollars(split.agent),
                    dollars(split.in_session_grader),
                    dollars(split.runtime),
                    dollars(split.dreams),
                    dollars(split.final_grader),
                    Cell {
                        text: words::grouped(dreams.count),
                        small: String::new(),
                    },
                    Cell {
                        text: words::grouped(dreams.tokens),
                        small: String::new(),
                    },
                ],
            }
        })
        .collect()
}

fn count_table(analysis: &Analysis) -> Vec<Line> {
    analysis
        .counts
        .iter()
        .enumerate()
        .map(|(arm, counts)| Line {
            name: name(analysis, arm).to_owned(),
            note: String::new(),
            cells: [
                counts.planned,
                counts.graded,
                counts.ungraded,
                counts.failed,
                counts.over_budget + counts.canceled,
            ]
            .map(|count| Cell {
                text: words::grouped(count),
                small: String::new(),
            })
            .into(),
        })
        .collect()
}

/// The judged claims.
fn claim_table(analysis: &Analysis) -> Vec<Line> {
    let Some(judgement) = &analysis.claims else {
        return Vec::new();
    };
    judgement
        .claims
        .iter()
        .map(|judged| {
            let lines = claims::lines(judged, judgement.registered, claims::family(judgement));
            let line = |label: &str| {
                let mut lines = lines.iter();
                let found = lines.find(|(known, _)| *known == label);
                Cell::of(found.map_or_else(|| "—".to_owned(), |(_, text)| text.clone()))
            };
            let tested = claims::statement(&judged.claim).replace('`', "");
            let source = judged.claim.source.as_ref();
            Line {
                name: judged.claim.says.clone(),
                note: source.map_or_else(
                    || format!("Tested: {tested}."),
                    |source| format!("{source}. Tested: {tested}."),
                ),
                cells: vec![
                    Cell::of(claims::verdict_of(judged)),
                    line("found"),
                    line("established"),
                    line("ceiling"),
                ],
            }
        })
        .collect()
}

/// Dreaming × outcomes over all scenarios, on both scales.
fn attribution_table(analysis: &Analysis) -> Vec<Line> {
    let all = |one: &&Attribution| one.group == Group::All;
    let lines = analysis.attributions.iter().filter(all).flat_map(|one| {
        one.effects.iter().map(move |effect| {
            let difference = effect.difference.as_ref().map_or_else(
                || "not estimable".to_owned(),
                |contrast| {
                    let estimate = Estimate {
                        value: Some(contrast.estimate),
                        interval: contrast.interval.map(|one| (one.lower(), one.upper())),
                        ..Estimate::default()
                    };
                    words::difference(one.metric, &estimate)
                },
            );
            let ratio = effect.log_ratio.as_ref().map_or_else(
                || "undefined: a cell is zero".to_owned(),
                |contrast| {
                    let limits = contrast.interval.map_or_else(String::new, |limits| {
                        format!(
                            " [{:.2}, {:.2}]",
                            limits.lower().exp(),
                            limits.upper().exp()
                        )
                    });
                    format!("{:.2}x{limits}", contrast.estimate.exp())
                },
            );
            Line {
                name: attribution::name(effect.effect).replace('_', " "),
                note: one.metric.label().to_owned(),
                cells: vec![Cell::of(difference), Cell::of(ratio)],
            }
        })
    });
    lines.collect()
}

/// What the dreams of each arm that has some did to its store.
fn dream_table(analysis: &Analysis) -> Vec<Line> {
    let dreaming = analysis.dreams.iter().enumerate();
    dreaming
        .filter(|(_, dreams)| dreams.count > 0)
        .map(|(arm, dreams)| {
            let mut cells = vec![words::grouped(dreams.count)];
            cells.extend(dreams.edits.map(words::grouped));
            let mean = |sum: u64| words::grouped(sum / dreams.count);
            cells.extend([mean(dreams.size.0), mean(dreams.size.1)]);
            Line {
                name: name(analysis, arm).to_owned(),
                note: String::new(),
                cells: cells.into_iter().map(Cell::of).collect(),
            }
        })
        .collect()
}

/// The page.
pub(super) fn page(
    analysis: &Analysis,
    charts: &[(&'static str, String)],
) -> Result<String, ReportError> {
    let manifest = &analysis.manifest;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let chart = |name: &str| {
        charts
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, svg)| svg.clone())
            .unwrap_or_default()
    };
    let by_domain: Vec<(String, Vec<Line>)> = Domain::ALL
        .into_iter()
        .filter(|domain| {
            manifest
                .scenarios
                .iter()
                .any(|scenario| scenario.domain == *domain)
        })
        .map(|domain| {
            (
                domain.to_string(),
                metric_table(analysis, Group::Domain(domain)),
            )
        })
        .collect();
    let values = json!({
        "title": manifest.title,
        "reference": manifest.is_reference(),
        "answers": answers(analysis).iter().map(|answer| coded(answer)).collect::<Vec<_>>(),
        "claims": claim_table(analysis),
        "claims_standing": analysis.claims.as_ref().map(claims::standing),
        "attribution": attribution_table(analysis),
        "arms": manifest.arms.iter().map(|arm| arm.id.to_string()).collect::<Vec<_>>(),
        "metrics": SHOWN.iter().map(|metric| metric.label()).collect::<Vec<_>>(),
        "overall": metric_table(analysis, Group::All),
        "by_domain": by_domain,
        "comparisons": comparison_tables(analysis),
        "dreams": dream_table(analysis),
        "scenarios": scenario_table(analysis),
        "summaries": manifest.scenarios.iter().map(|one| (one.id.as_str(), one.summary.as_str())).collect::<Vec<_>>(),
        "costs": cost_table(analysis),
        "counts": count_table(analysis),
        "failures": analysis.failures,
        "live": live::sentences(analysis).iter().map(|one| coded(one)).collect::<Vec<_>>(),
        "unpaired": analysis.comparisons.iter().filter(|one| one.group == Group::All && one.metric == Metric::Completion).map(|one| one.unpaired).sum::<u64>(),
        "chart_completion": chart("completion"),
        "chart_scenarios": chart("scenarios"),
        "chart_learning": chart("learning"),
        "chart_constructs": chart("constructs"),
        "chart_cost": chart("cost"),
        "version": manifest.version,
        "started": manifest.started_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        "command": manifest.command_line.join(" "),
        "host": format!("{} {}, {} cores", manifest.host.os, manifest.host.arch, manifest.host.cores),
        "seed": manifest.seed,
        "repetitions": manifest.repetitions,
        "backend": manifest.backend,
        "priced_as": manifest.priced_as,
        "price_date": manifest.price_date,
        "prices": words::prices(manifest),
        "price_source": manifest.price_source,
        "plan_digest": manifest.plan_digest,
        "memory_tokens": manifest.limits.memory_tokens,
        "scenario_count": manifest.scenarios.len(),
    });
    Ok(environment.render_str(include_str!("page.html.jinja"), Value::from(Serde(values)))?)
}
