//! A small analysis made by hand, and what must hold of everything that is shown of it.

use super::*;
use crate::{
    analyse::{
        Caution, Comparison, CostSplit, Counts, CurvePoint, Direction, Dreams, Estimate, Group,
        Metric, ScenarioRate, Summary,
    },
    experiment::{Limits, Reference, Regime},
    price::PriceList,
    record::{Host, Manifest, Planned, PlannedArm, PlannedScenario},
    scenario::{Construct, Domain},
};

const SHARES: [Option<f64>; 3] = [Some(0.25), Some(0.5), Some(0.9999)];

fn arm(name: &str, memory: Regime) -> PlannedArm {
    PlannedArm {
        id: name.parse().unwrap(),
        memory,
        policy: None,
        outcomes: None,
    }
}

fn manifest() -> Manifest {
    let prices = PriceList::embedded();
    Manifest {
        format: 1,
        version: "0.1.0".into(),
        started_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        command_line: vec!["dreamtrial".into(), "<run> & \"x\"".into()],
        host: Host {
            os: "linux".into(),
            arch: "x86_64".into(),
            cores: 2,
        },
        title: "Does <dreaming> help & whom?".into(),
        seed: 7,
        repetitions: 1,
        backend: "reference".into(),
        live: None,
        other_prices: std::collections::BTreeMap::new(),
        priced_as: "claude-sonnet-5-5".into(),
        rubrics: std::collections::BTreeMap::new(),
        dreams_of: None,
        claims: None,
        price: prices.model("claude-sonnet-5-5").unwrap(),
        price_date: prices.date,
        price_source: prices.source,
        limits: Limits::default(),
        reference: Reference::default(),
        arms: vec![
            arm("none", Regime::None),
            arm("accumulated", Regime::Accumulated),
            arm("dreamed", Regime::Dreamed),
        ],
        policies: Vec::new(),
        plan_digest: "0".repeat(64),
        scenarios: vec![PlannedScenario {
            id: "legal/scope".parse().unwrap(),
            title: "Two <clients>".into(),
            summary: "A firm & its clients.".into(),
            domain: Domain::Legal,
            construct: Construct::Scope,
            tasks_per_session: vec![2],
            session_dates: vec!["2026-01-05".parse().unwrap()],
            digest: "1".repeat(64),
        }],
        trials: (0..3)
            .map(|arm| Planned {
                number: arm,
                scenario: 0,
                arm,
                repetition: 1,
            })
            .collect(),
    }
}

fn estimate(value: Option<f64>, interval: Option<(f64, f64)>) -> Estimate {
    let caution = value.is_none().then_some(Caution::NotEstimable);
    Estimate {
        value,
        interval,
        method: "cluster_wilson".into(),
        caution,
    }
}

/// Completion of each arm; a cost of 0.01 for all but an arm without completions.
#[expect(clippy::too_many_lines, reason = "one value, field by field")]
fn analysis(shares: [Option<f64>; 3], directions: [Direction; 2]) -> Analysis {
    let group = Group::All;
    let mut summaries = Vec::new();
    for (arm, share) in shares.into_iter().enumerate() {
        for metric in Metric::ALL {
            let value = if metric.more_is_better() {
                share
            } else {
                share.map(|_| 0.01)
            };
            let interval = value.map(|value| (value * 0.9, value));
            summaries.push(Summary {
                group,
                arm,
                metric,
                scenarios: 8,
                tasks: 2,
                estimate: estimate(value, interval),
                design_effect: None,
            });
        }
    }
    let pair = |base: usize, direction| {
        Metric::ALL.map(|metric| Comparison {
            group,
            metric,
            base,
            treat: 2,
            scenarios: 8,
            pairs: 2,
            unpaired: 0,
            base_value: shares[base],
            treat_value: shares[2],
            difference: {
                let value = shares[base]
                    .zip(shares[2])
                    .map(|(base, treat)| treat - base);
                let margin = if direction == Direction::Better {
                    0.1
                } else {
                    0.6
                };
                estimate(value, value.map(|value| (value - margin, value + margin)))
            },
            ratio: estimate(Some(f64::INFINITY), Some((0.81, f64::INFINITY))),
            p: Some(0.03),
            adjusted_p: None,
            direction,
        })
    };
    let comparisons = pair(0, directions[0])
        .into_iter()
        .chain(pair(1, directions[1]))
        .collect();
    Analysis {
        manifest: manifest(),
        counts: vec![
            Counts {
                planned: 2,
                graded: 1,
                failed: 1,
                ..Counts::default()
            };
            3
        ],
        summaries,
        comparisons,
        curve: vec![CurvePoint {
            arm: 2,
            session: 1,
            scenarios: 1,
            estimate: estimate(shares[2], None),
        }],
        scenarios: (0..3)
            .map(|arm| ScenarioRate {
                scenario: 0,
                arm,
                completed: 1,
                tasks: arm as u64,
            })
            .collect(),
        dreams: vec![
            Dreams::default(),
            Dreams::default(),
            Dreams {
                count: 1,
                ..Dreams::default()
            },
        ],
        costs: vec![
            CostSplit {
                agent: 10,
                dreams: 30,
                ..CostSplit::default()
            };
            3
        ],
        failures: vec![("the connection was <reset>".repeat(6), 1)],
        attributions: Vec::new(),
        claims: None,
        live: None,
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

const SUPPORTED: [Direction; 2] = [Direction::Better, Direction::Inconclusive];

#[test]
fn the_terminal_leads_with_what_it_is_and_the_answer() {
    let report = Report::of(&analysis(SHARES, SUPPORTED)).unwrap();
    let text = plain(&report.terminal);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    insta::assert_snapshot!(text.lines().take(24).collect::<Vec<_>>().join("\n"), @r#"
    Reference agent: shows what the information in a store can do under these
    scenarios' rules; no evidence about any product.

    Does <dreaming> help & whom?
    With dreaming, >99.9% of tasks were completed, against 50.0% with plain
    accumulated memory and 25.0% without memory.
    - Not shown to differ from plain accumulated memory: 50.0 more tasks completed
      in every hundred (95% interval: 10.0 fewer to 110.0 more), or at least 0.81
      times as many, over 8 scenarios.
    - Better than no memory: 75.0 more tasks completed in every hundred (95%
      interval: 65.0 to 85.0 more), or at least 0.81 times as many, over 8
      scenarios.
    - A session costs $0.0100 with dreaming, 75.0% of it for dreams: not shown to
      differ from $0.0100 with plain accumulated memory (at least 0.81x, no upper
      limit); less than $0.0100 without memory (at least 0.81x, no upper limit).
    - A completed task costs $0.0100 with dreaming: not shown to differ from $0.0100
      with plain accumulated memory (at least 0.81x, no upper limit); less than
      $0.0100 without memory (at least 0.81x, no upper limit).
    - An hour of active time costs $0.01 with dreaming: not shown to differ from
      $0.01 with plain accumulated memory (at least 0.81x, no upper limit); less
      than $0.01 without memory (at least 0.81x, no upper limit).

    arm           done  95% interval 1st try asked corr. tokens $/sess. $/done
    none         25.0%  [22.5, 25.0]   25.0%  0.01  0.01      0  0.0100 0.0100
    "#);
}

#[test]
fn what_is_not_there_is_said_in_words() {
    let none = [Direction::NotJudged(Caution::NotEstimable); 2];
    let report = Report::of(&analysis([None; 3], none)).unwrap();
    for text in [plain(&report.terminal), report.html] {
        assert!(text.contains("not estimable"), "{text}");
        assert!(!text.contains("NaN") && !text.contains("inf]"), "{text}");
    }
    let few = [Direction::NotJudged(Caution::TooFewScenarios); 2];
    let report = Report::of(&analysis(SHARES, few)).unwrap();
    assert!(
        report
            .terminal
            .contains("too few scenarios to conclude from")
    );
}

#[test]
fn long_names_and_single_arms_fit() {
    let mut long = analysis(SHARES, SUPPORTED);
    long.manifest.arms[2].id = "d".repeat(64).parse().unwrap();
    let text = plain(&Report::of(&long).unwrap().terminal);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let mut one = analysis(SHARES, SUPPORTED);
    one.manifest.arms.truncate(1);
    one.summaries.retain(|summary| summary.arm == 0);
    one.comparisons.clear();
    one.curve.clear();
    one.counts.truncate(1);
    one.costs.truncate(1);
    one.dreams.truncate(1);
    one.scenarios.truncate(1);
    let report = Report::of(&one).unwrap();
    assert!(report.terminal.contains("nothing to compare"));
    assert!(
        report
            .charts
            .iter()
            .all(|(name, _)| !["scenarios", "learning"].contains(name))
    );
}

#[test]
fn the_page_needs_no_other_file_and_escapes_what_it_shows() {
    let html = Report::of(&analysis(SHARES, SUPPORTED)).unwrap().html;
    for attribute in ["src=\"", "href=\""] {
        for rest in html.split(attribute).skip(1) {
            assert!(rest.starts_with('#'), "{}", &rest[..40]);
        }
    }
    assert!(!html.contains("<script") && !html.contains("@import") && !html.contains("url("));
    assert!(!html.contains("<dreaming>") && html.contains("&lt;dreaming&gt;"));
    assert!(html.contains("no evidence about"));
    // Every element that is opened is closed, in order.
    let mut open: Vec<&str> = Vec::new();
    for tag in html.split('<').skip(1) {
        let name: &str = tag
            .split(|c: char| c.is_whitespace() || c == '>' || c == '/')
            .next()
            .unwrap();
        let whole = tag.split('>').next().unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            let closed = closed.split('>').next().unwrap();
            assert_eq!(open.pop(), Some(closed), "closed out of order near {tag}");
        } else if !whole.ends_with('/') && !["meta", "!doctype", "br"].contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    for anchor in html.split("href=\"#").skip(1) {
        let id = anchor.split('"').next().unwrap();
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn tables_keep_infinities_and_gaps_and_tell_no_time() {
    let report = Report::of(&analysis([None, Some(0.1), Some(1.0)], SUPPORTED)).unwrap();
    let comparisons = String::from_utf8(report.comparisons).unwrap();
    assert!(comparisons.contains(",inf,0.81,inf,"), "{comparisons}");
    let summary = String::from_utf8(report.summary).unwrap();
    assert!(
        summary.contains("all,all,none,completion,tasks completed,,,,"),
        "{summary}"
    );
    assert!(summary.contains(",0.1,"));
    for text in [comparisons, summary] {
        assert!(!text.contains("2026-01-02") && !text.contains("x86_64"));
    }
}
