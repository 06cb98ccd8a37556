//! `report.html`: one file, complete in itself; and the answers in plain words that it leads with.

use minijinja::{AutoEscape, Environment, Value, value::Serde};
use serde::Serialize;
use serde_json::json;

use super::{ReportError, charts::main_arms, words};
use crate::{
    analyse::{Analysis, Comparison, Direction, Group, Metric},
    scenario::Domain,
};

/// What a manager may repeat: sentences that stay true when they are quoted alone.
pub(super) fn answers(analysis: &Analysis) -> Vec<String> {
    let Some((base, treat)) = main_arms(analysis) else {
        return vec!["One arm was run, so there is nothing to compare.".to_owned()];
    };
    let mut answers = Vec::new();
    let mut bases = vec![base];
    bases.extend(
        analysis
            .arm("accumulated")
            .filter(|&arm| arm != base && arm != treat),
    );
    for base in bases {
        answers.extend(
            analysis
                .comparison(Group::All, Metric::Completion, base, treat)
                .map(|one| completion(analysis, one)),
        );
    }
    answers.extend(domains(analysis, base, treat));
    answers.extend(cost(analysis, base, treat));
    answers
}

fn name(analysis: &Analysis, arm: usize) -> &str {
    analysis.manifest.arms[arm].id.as_str()
}

fn completion(analysis: &Analysis, one: &Comparison) -> String {
    let (base, treat) = (name(analysis, one.base), name(analysis, one.treat));
    let value =
        |value: Option<f64>| value.map_or_else(|| "an unknown share".to_owned(), words::percent);
    let verdict = match one.direction {
        Direction::Better => format!("`{treat}` completes more tasks than `{base}`"),
        Direction::Worse => format!("`{treat}` completes fewer tasks than `{base}`"),
        Direction::Inconclusive => {
            format!("no difference in completion is shown between `{treat}` and `{base}`")
        }
        Direction::NotJudged(caution) => {
            format!("`{treat}` against `{base}`: {caution}, described only")
        }
    };
    format!(
        "{}: {} against {} of tasks, {} (95% interval), {}, over {} scenarios.",
        capitalised(&verdict),
        value(one.treat_value),
        value(one.base_value),
        words::difference(Metric::Completion, &one.difference),
        words::ratio(&one.ratio),
        one.scenarios
    )
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn domains(analysis: &Analysis, base: usize, treat: usize) -> Option<String> {
    let base = analysis
        .arm("accumulated")
        .filter(|&arm| arm != treat)
        .unwrap_or(base);
    let parts: Vec<String> = Domain::ALL
        .into_iter()
        .filter_map(|domain| {
            let one =
                analysis.comparison(Group::Domain(domain), Metric::Completion, base, treat)?;
            Some(format!(
                "{domain} {} ({})",
                words::difference(Metric::Completion, &one.difference),
                one.direction.as_str()
            ))
        })
        .collect();
    (!parts.is_empty()).then(|| {
        format!(
            "By domain, `{}` against `{}`: {}.",
            name(analysis, treat),
            name(analysis, base),
            parts.join("; ")
        )
    })
}

fn cost(analysis: &Analysis, base: usize, treat: usize) -> Option<String> {
    let of = |arm: usize, metric: Metric| {
        let estimate = &analysis.summary(Group::All, arm, metric)?.estimate;
        Some(format!("${}", words::shown(metric, estimate)))
    };
    let split = analysis.costs.get(treat)?;
    let total = split.agent + split.in_session_grader + split.runtime + split.dreams;
    #[expect(clippy::cast_precision_loss, reason = "a share for display")]
    let share = if total == 0 {
        0.0
    } else {
        split.dreams as f64 / total as f64
    };
    Some(format!(
        "Cost, priced as {}: `{}` {} a session and {} a completed task (dreams are {} of its cost); `{}` {} and {}.",
        analysis.manifest.priced_as,
        name(analysis, treat),
        of(treat, Metric::CostPerSession)?,
        of(treat, Metric::CostPerCompletedTask)?,
        words::percent(share),
        name(analysis, base),
        of(base, Metric::CostPerSession)?,
        of(base, Metric::CostPerCompletedTask)?,
    ))
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

fn comparison_table(analysis: &Analysis, group: Group) -> Vec<Line> {
    analysis
        .comparisons
        .iter()
        .filter(|one| {
            one.group == group
                && [
                    Metric::Completion,
                    Metric::FirstTry,
                    Metric::ClarificationRounds,
                    Metric::CostPerSession,
                ]
                .contains(&one.metric)
        })
        .map(|one| {
            let cell = |text: String| Cell {
                text,
                small: String::new(),
            };
            Line {
                name: format!(
                    "{} against {}",
                    name(analysis, one.treat),
                    name(analysis, one.base)
                ),
                note: one.metric.label().to_owned(),
                cells: vec![
                    cell(words::difference(one.metric, &one.difference)),
                    cell(words::ratio(&one.ratio)),
                    cell(one.p.map_or_else(|| "—".to_owned(), words::p_value)),
                    cell(one.direction.as_str().to_owned()),
                ],
            }
        })
        .collect()
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
            note: format!("{}. {}", scenario.title, scenario.summary),
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
                counts.canceled,
            ]
            .map(|count| Cell {
                text: words::grouped(count),
                small: String::new(),
            })
            .into(),
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
        "reference": manifest.backend == "reference",
        "answers": answers(analysis).iter().map(|answer| coded(answer)).collect::<Vec<_>>(),
        "arms": manifest.arms.iter().map(|arm| arm.id.to_string()).collect::<Vec<_>>(),
        "metrics": SHOWN.iter().map(|metric| metric.label()).collect::<Vec<_>>(),
        "overall": metric_table(analysis, Group::All),
        "by_domain": by_domain,
        "comparisons": comparison_table(analysis, Group::All),
        "scenarios": scenario_table(analysis),
        "costs": cost_table(analysis),
        "counts": count_table(analysis),
        "failures": analysis.failures,
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
        "price_source": manifest.price_source,
        "plan_digest": manifest.plan_digest,
        "memory_tokens": manifest.limits.memory_tokens,
        "scenario_count": manifest.scenarios.len(),
    });
    Ok(environment.render_str(include_str!("page.html.jinja"), Value::from(Serde(values)))?)
}
