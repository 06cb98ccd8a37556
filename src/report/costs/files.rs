//! The cost model as CSV, JSON and a chart.

use serde_json::{Value, json};

use super::{CostReport, assumed};
use crate::{
    analyse::{
        Estimate,
        cost::{ArmCost, Pays},
    },
    quantity::Usd,
    report::{
        ReportError,
        chart::{AmountLine, AmountLines, Series},
        charts::reference_note,
        roles::palette,
        words,
    },
};

impl CostReport<'_> {
    /// One row for each arm.
    pub fn csv(&self) -> Result<Vec<u8>, ReportError> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record([
            "arm",
            "sessions",
            "completed",
            "dreams",
            "active_hours",
            "agent_usd",
            "in_session_grader_usd",
            "runtime_usd",
            "dreams_usd",
            "total_usd",
            "final_grader_usd",
            "usd_per_session",
            "usd_per_session_lower",
            "usd_per_session_upper",
            "usd_per_session_hour",
            "usd_per_completed_task",
            "usd_per_completed_task_lower",
            "usd_per_completed_task_upper",
            "usd_per_dream",
            "usd_per_month",
        ])?;
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        for arm in &self.model.arms {
            let plain = |micro: i64| Usd(micro).to_string().replace('$', "");
            let limit = |estimate: &Estimate, pick: fn((f64, f64)) -> f64| {
                number(estimate.interval.map(pick))
            };
            let month = arm.monthly(&self.model.what_if, self.load.sessions, self.seats());
            out.write_record([
                self.name(arm.arm),
                &arm.counts.0.to_string(),
                &arm.counts.1.to_string(),
                &arm.counts.2.to_string(),
                &arm.hours.to_string(),
                &plain(arm.split.agent),
                &plain(arm.split.in_session_grader),
                &plain(arm.split.runtime),
                &plain(arm.split.dreams),
                &plain(arm.total().0),
                &plain(arm.split.final_grader),
                &number(arm.per_session.value),
                &limit(&arm.per_session, |limits| limits.0),
                &limit(&arm.per_session, |limits| limits.1),
                &number(arm.per_hour.value),
                &number(arm.per_completed.value),
                &limit(&arm.per_completed, |limits| limits.0),
                &limit(&arm.per_completed, |limits| limits.1),
                &number(arm.per_dream),
                &number(month.value),
            ])?;
        }
        out.into_inner()
            .map_err(|error| ReportError::Table(csv::Error::from(error.into_error())))
    }

    /// All numbers.
    pub fn json(&self) -> Value {
        let finite = |value: Option<f64>| match value {
            Some(value) if value.is_infinite() => json!("inf"),
            Some(value) => json!(value),
            None => Value::Null,
        };
        let estimate = |estimate: &Estimate| {
            json!({
                "value": finite(estimate.value),
                "lower": finite(estimate.interval.map(|limits| limits.0)),
                "upper": finite(estimate.interval.map(|limits| limits.1)),
            })
        };
        let arm = |arm: &ArmCost| {
            json!({
                "arm": self.name(arm.arm),
                "sessions": arm.counts.0,
                "completed": arm.counts.1,
                "dreams": arm.counts.2,
                "micro_usd": {
                    "agent": arm.split.agent,
                    "in_session_grader": arm.split.in_session_grader,
                    "runtime": arm.split.runtime,
                    "dreams": arm.split.dreams,
                    "total": arm.total().0,
                    "final_grader": arm.split.final_grader,
                },
                "usd_per_session": estimate(&arm.per_session),
                "usd_per_session_hour": estimate(&arm.per_hour),
                "usd_per_completed_task": estimate(&arm.per_completed),
                "usd_per_dream": finite(arm.per_dream),
                "usd_per_month": estimate(&arm.monthly(
                    &self.model.what_if,
                    self.load.sessions,
                    self.seats(),
                )),
            })
        };
        let pays = |pays: &Pays| {
            json!({
                "base": self.name(pays.base),
                "treatment": self.name(pays.treat),
                "usd_per_dream": pays.per_dream,
                "sessions_per_dream": pays.every,
                "saving_per_session": estimate(&pays.saving),
                "break_even_one_off": finite(pays.one_off),
                "break_even_one_off_lower": finite(pays.one_off_limits.map(|limits| limits.0)),
                "break_even_one_off_upper": finite(pays.one_off_limits.map(|limits| limits.1)),
                "break_even_repeated": finite(pays.repeated),
                "additional_usd_per_task": estimate(&pays.additional.0),
                "additional_completion": estimate(&pays.additional.1),
                "usd_per_additional_completion": finite(pays.per_completion),
                "fieller": pays.fieller.kind(),
                "net_benefit_per_task": pays.net_benefit.as_ref().map(|(worth, gain)| json!({"worth": worth, "gain": estimate(gain)})),
            })
        };
        json!({
            "priced_as": self.model.what_if.model,
            "evidence_about_a_product": !self.model.manifest().is_reference(),
            "assumptions": assumed(&self.model.what_if),
            "sessions_per_day": self.load.sessions,
            "seats": self.load.seats,
            "arms": self.model.arms.iter().map(arm).collect::<Vec<_>>(),
            "pays": self.pays.iter().map(pays).collect::<Vec<_>>(),
        })
    }

    /// Monthly cost against sessions a day, from none to twice the load.
    pub fn chart(&self) -> Result<String, ReportError> {
        let manifest = self.model.manifest();
        let most = 2.0 * self.load.sessions;
        let line = |arm: &ArmCost| {
            let at = |load: f64| arm.monthly(&self.model.what_if, load, self.seats());
            AmountLine {
                series: Series::new(self.name(arm.arm), palette(manifest, arm.arm)),
                amounts: at(0.0).value.zip(at(most).value),
                interval: at(most).interval,
            }
        };
        let chart = AmountLines {
            title: "What a month costs".to_owned(),
            subtitle: format!(
                "priced as {}, dreams included, {}",
                self.model.what_if.model,
                words::count(u64::from(self.load.seats), "seat")
            ),
            note: reference_note(manifest),
            load_label: "sessions a day and seat".to_owned(),
            amount_label: "USD a month; shaded: 95% interval".to_owned(),
            prefix: "$".to_owned(),
            most,
            lines: self.model.arms.iter().map(line).collect(),
        };
        Ok(chart.draw()?)
    }
}
