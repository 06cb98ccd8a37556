//! A plan as JSON.

use serde_json::{Value, json};

use super::PowerReport;
use crate::analyse::{
    claim::On,
    power::{Ask, Basis, Goal, Pilot, Plan, Row, Shown},
};

impl PowerReport<'_> {
    /// All numbers; shares and their differences between 0 and 1, `"inf"` for infinity.
    pub fn json(&self) -> Value {
        let (base, treat) = self.basis.values();
        let (ask, value) = match self.terms.ask {
            Ask::AtLeast(value) => ("at_least", Some(value)),
            Ask::AtMost(value) => ("at_most", Some(value)),
            Ask::Direction => ("direction", None),
            Ask::Gate(margin) => ("gate", Some(margin)),
        };
        let (kind, basis) = match self.basis {
            Basis::Pilot(pilot) => ("pilot", pilot_json(pilot)),
            Basis::Assumed(assumed) => (
                "assumed",
                json!({
                    "icc": assumed.rates.icc,
                    "correlation": assumed.rates.correlation,
                    "tasks_per_scenario": assumed.rates.rows,
                    "tasks_per_session": assumed.tasks_per_session,
                }),
            ),
        };
        let mut all = json!({
            "metric": self.metric().as_str(),
            "question": ask,
            "scale": match self.terms.on { On::Ratio => "ratio", On::Difference => "difference" },
            "value": value,
            "alpha": self.terms.alpha,
            "power": self.terms.power,
            "base_value": base,
            "treat_value": treat,
            "ceiling": self.ceiling(),
            "basis": kind,
            kind: basis,
            "evidence_about_a_product": kind == "pilot" && !self.reference,
            "assumed": self.assumed(),
        });
        match self.plan {
            Plan::Needed(needed) => {
                all["needed"] = row_json(&needed.row);
                all["holds_if_true"] = json!(needed.holds);
                all["by_repetitions"] = needed.others.iter().map(row_json).collect();
                all["cheapest_repetitions"] = number(needed.cheapest);
                all["scenarios_if_pilot_is_true"] =
                    number(needed.as_found.map(|(_, streams)| streams.as_f64()));
                all["pilot_shows"] = needed.of_pilot.as_ref().map_or(Value::Null, shown_json);
            }
            Plan::Shown { row, shown, .. } => {
                all["size"] = row_json(row);
                all["shows"] = shown_json(shown);
                if let Goal::Budget(usd) = self.goal {
                    all["budget_usd"] = json!(usd);
                }
            }
        }
        all
    }
}

fn number(value: Option<f64>) -> Value {
    match value {
        Some(value) if value.is_infinite() => json!("inf"),
        Some(value) => json!(value),
        None => Value::Null,
    }
}

fn pilot_json(pilot: &Pilot) -> Value {
    json!({
        "base": pilot.arms.0.as_str(),
        "treat": pilot.arms.1.as_str(),
        "group": pilot.group.to_string(),
        "scenarios": pilot.scenarios,
        "repetitions": pilot.repetitions,
        "estimate": pilot.estimate,
        "se": pilot.se,
        "variance_between": pilot.variance.map(|variance| variance.between),
        "variance_within": pilot.variance.map(|variance| variance.within),
        "sessions_per_scenario": pilot.sessions,
        "tasks_per_scenario": pilot.tasks,
        "usd_per_session": pilot.usd_per_session,
    })
}

fn row_json(row: &Row) -> Value {
    json!({
        "repetitions": row.repetitions,
        "scenarios": number(Some(row.scenarios.as_f64())),
        "sessions": number(Some(row.sessions)),
        "tasks": number(Some(row.tasks)),
        "usd": number(row.usd),
    })
}

fn shown_json(shown: &Shown) -> Value {
    match shown {
        Shown::TooFew | Shown::Effect(None) => Value::Null,
        Shown::Effect(Some(effect)) => json!({
            "treat_value": effect.treat,
            "difference": effect.difference,
            "ratio": effect.ratio,
        }),
        Shown::Gate { distance, margin } => json!({
            "passes_from": distance - margin,
            "fails_from": -distance - margin,
            "smallest_margin": distance,
        }),
    }
}
