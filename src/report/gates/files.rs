//! A gate's answer for programs: `JUnit` XML for a build server, JSON for anything else.

use std::fmt::Write as _;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::{GateReport, cause_words, change, change_words};
use crate::{
    analyse::{
        Group, Metric,
        gate::{Cause, Row, Status},
    },
    ident::ScenarioId,
    record::is_reference,
    report::ReportError,
};

impl GateReport<'_> {
    /// For a build server: a test case for each measure that decides, each construct and each scenario.
    pub fn junit(&self) -> Result<String, ReportError> {
        let mut measures = TestSuite::new("measures");
        for row in self.deciding() {
            let message = format!("{} {}", change(row), row.status.as_str());
            measures.add_test_case(case(row.metric.as_str(), "all", row.status, &message, true));
        }
        let mut constructs = TestSuite::new("constructs");
        for row in self.rows(|group| matches!(group, Group::Construct(_))) {
            if row.metric == Metric::Completion {
                let message = format!("{} {}", change(row), row.status.as_str());
                let name = row.group.to_string();
                let fails = row.status == Status::Regressed;
                let status = if fails && self.gated.status != Status::Regressed {
                    Status::Inconclusive
                } else {
                    row.status
                };
                constructs.add_test_case(case(&name, "completion", status, &message, false));
            }
        }
        let mut scenarios = TestSuite::new("scenarios");
        for change in &self.gated.scenarios {
            let mut blames = self.blames.iter();
            let blame = blames.find(|blame| blame.scenario == change.id);
            let mut message = change_words(change);
            for cause in blame.iter().flat_map(|blame| &blame.causes) {
                let failed = blame.map_or(0, |blame| blame.failed);
                let _ = write!(message, "\n{}", cause_words(cause, failed));
            }
            // A build server counts failures: what does not decide is shown and does not fail.
            let status = if change.broke && self.gated.status != Status::Regressed {
                Status::Inconclusive
            } else if change.broke {
                Status::Regressed
            } else {
                Status::Equivalent
            };
            let name = change.id.as_str();
            scenarios.add_test_case(case(name, "completion", status, &message, false));
        }
        let mut report = quick_junit::Report::new("dreamtrial gate");
        report.add_test_suites([measures, constructs, scenarios]);
        report.to_string().map_err(|error| ReportError::JUnit {
            message: error.to_string(),
        })
    }

    /// All numbers, shares and their differences between 0 and 1.
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self.gated.rows.iter().map(row_json).collect();
        let scenarios: Vec<Value> = self
            .gated
            .scenarios
            .iter()
            .map(|change| {
                let mut blames = self.blames.iter();
                let blame = blames.find(|blame| blame.scenario == change.id);
                json!({
                    "scenario": change.id.as_str(),
                    "construct": change.construct.to_string(),
                    "baseline": change.rates.0,
                    "candidate": change.rates.1,
                    "p_adjusted": change.adjusted,
                    "broke": change.broke,
                    "gained": change.gained,
                    "failed_tasks": blame.map(|blame| blame.failed),
                    "causes": blame.map(|blame| blame.causes.iter().map(cause_json).collect::<Vec<_>>()),
                })
            })
            .collect();
        json!({
            "status": self.gated.status.as_str(),
            "baseline": { "arm": self.baseline.arm.as_str(), "plan_digest": self.baseline.plan_digest, "seed": self.baseline.seed },
            "candidate": { "arm": self.candidate.arm.as_str(), "plan_digest": self.candidate.plan_digest, "seed": self.candidate.seed },
            "evidence_about_a_product": !is_reference(&self.candidate.backend),
            "lost_tasks": { "baseline": self.gated.lost[0], "candidate": self.gated.lost[1] },
            "rows": rows,
            "scenarios": scenarios,
            "missing_scenarios": self.gated.missing.iter().map(ScenarioId::as_str).collect::<Vec<_>>(),
        })
    }
}

fn case(name: &str, class: &str, status: Status, message: &str, decides: bool) -> TestCase {
    let status = match status {
        Status::Improved | Status::Equivalent => TestCaseStatus::success(),
        Status::Regressed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Status::Inconclusive | Status::TooFewScenarios if decides => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
        Status::Inconclusive | Status::TooFewScenarios => TestCaseStatus::skipped(),
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("dreamtrial.{class}"));
    case.status.set_message(message);
    case
}

fn row_json(row: &Row) -> Value {
    json!({
        "metric": row.metric.as_str(),
        "group_by": row.group.kind(),
        "group": row.group.to_string(),
        "decides": row.decides,
        "baseline": row.values.0,
        "candidate": row.values.1,
        "difference": row.difference,
        "lower": row.interval.map(|interval| interval.0),
        "upper": row.interval.map(|interval| interval.1),
        "margin": row.margin,
        "scenarios": row.scenarios,
        "scenarios_without_value": row.left_out,
        "look": row.look.map(|look| look.0),
        "looks": row.look.map(|look| look.1),
        "anytime_p_pass": row.watch.map(|watch| watch.p_pass),
        "anytime_p_fail": row.watch.map(|watch| watch.p_fail),
        "status": row.status.as_str(),
    })
}

fn cause_json(cause: &Cause) -> Value {
    json!({
        "field": cause.field,
        "value": cause.value,
        "failed_tasks": cause.tasks,
        "repetition": cause.example.0,
        "session": cause.example.1,
        "dream_after_session": cause.edit.as_ref().map(|(session, _)| session),
        "edit": cause.edit.as_ref().map(|(_, edit)| json!({
            "kind": edit.kind.as_str(),
            "text": edit.text,
            "reason": edit.reason,
            "sources": edit.sources,
        })),
    })
}
