//! From what is known to a plan: sizes, what they cost, and what they show.

use super::{Ask, Assumptions, Basis, On, PowerError, Terms};
use crate::{
    analyse::Metric,
    stats::{
        Level,
        gate::GateRule,
        planning::{
            Size, detectable_distance, gate_detectable_distance, gate_streams_needed,
            streams_needed,
        },
        verdict::{MINIMUM_STREAMS, Side, StreamsNeeded},
    },
};

/// The repetitions of the table that shows how little they help.
const SHOWN: [u32; 5] = [1, 2, 3, 5, 10];

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// How many scenarios decide.
    Decide,
    /// What so many scenarios show.
    Scenarios(usize),
    /// What so many US dollars show.
    Budget(f64),
}

/// A trial of a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Repetitions of each scenario in each arm.
    pub repetitions: u32,
    /// Scenarios.
    pub scenarios: StreamsNeeded,
    /// Sessions of both arms.
    pub sessions: f64,
    /// Tasks of both arms.
    pub tasks: f64,
    /// US dollars, if it is known what a session costs.
    pub usd: Option<f64>,
}

/// How large a trial must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Needed {
    /// With the repetitions that were asked for.
    pub row: Row,
    /// The same question with other repetitions; empty if it is not known how much they help.
    pub others: Vec<Row>,
    /// Whether the assumed truth satisfies the claim, or passes the gate: else it is refuted, or fails.
    pub holds: bool,
    /// For a gate from a pilot: the difference that was found, better above 0, and the scenarios that
    /// decide if it is the truth.
    pub as_found: Option<(f64, StreamsNeeded)>,
    /// The repetitions at which the whole costs least; infinite if scenarios do not differ.
    pub cheapest: Option<f64>,
    /// What the pilot's own scenarios show.
    pub of_pilot: Option<Shown>,
}

/// An effect that is just large enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The treatment's value.
    pub treat: f64,
    /// Treatment minus base.
    pub difference: f64,
    /// Treatment over base; `None` if the base has nothing.
    pub ratio: Option<f64>,
}

/// What a number of scenarios shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// Fewer than six scenarios decide nothing.
    TooFew,
    /// The smallest true effect that supports the claim; `None` if no value of the treatment is far enough
    /// from the base's.
    Effect(Option<Effect>),
    /// The distance of a true difference from minus the margin at which a gate decides.
    Gate {
        /// The distance.
        distance: f64,
        /// The margin, in the metric's unit.
        margin: f64,
    },
}

/// A plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// The size that decides.
    Needed(Needed),
    /// What a size shows.
    Shown {
        /// The size.
        row: Row,
        /// How many scenarios that is.
        scenarios: usize,
        /// What it shows.
        shown: Shown,
    },
}

/// Answers a question. `repetitions` are those of the pilot, or one, unless given; a scenario costs
/// `usd_per_scenario` to write, and a session `usd_per_session` if that is given, else what it did in the
/// pilot.
pub fn plan(
    basis: &Basis,
    terms: &Terms,
    goal: Goal,
    repetitions: Option<u32>,
    usd_per_session: Option<f64>,
    usd_per_scenario: f64,
) -> Result<Plan, PowerError> {
    let (own, of_pilot) = match basis {
        Basis::Pilot(pilot) => (pilot.repetitions, Some(pilot.usd_per_session)),
        Basis::Assumed(_) => (1, None),
    };
    let planner = Planner {
        basis,
        terms,
        usd_per_session: usd_per_session.or(of_pilot),
        usd_per_scenario,
    };
    let repetitions = repetitions.unwrap_or(own);
    let scenarios = match goal {
        Goal::Decide => return planner.needed(repetitions).map(Plan::Needed),
        Goal::Scenarios(scenarios) => scenarios,
        Goal::Budget(budget) => {
            let each = planner.row(repetitions, StreamsNeeded::Streams(1)).usd;
            whole(budget / each.ok_or(PowerError::NoPrice)?)
        }
    };
    let row = planner.row(repetitions, StreamsNeeded::Streams(scenarios as u64));
    Ok(Plan::Shown {
        row,
        scenarios,
        shown: planner.shown(scenarios, repetitions)?,
    })
}

/// The largest whole number below; a budget without prices buys no end of scenarios.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "amounts are not negative, and a million scenarios are no plan"
)]
fn whole(value: f64) -> usize {
    value.clamp(0.0, 1e6) as usize
}

struct Planner<'p> {
    basis: &'p Basis,
    terms: &'p Terms,
    usd_per_session: Option<f64>,
    usd_per_scenario: f64,
}

impl Planner<'_> {
    /// Sessions and tasks of one arm in one repetition of one scenario.
    fn sizes(&self) -> (f64, f64) {
        match self.basis {
            Basis::Pilot(pilot) => (pilot.sessions, pilot.tasks),
            Basis::Assumed(assumed) => {
                let tasks = assumed.rates.rows;
                (tasks / assumed.tasks_per_session, tasks)
            }
        }
    }

    fn row(&self, repetitions: u32, scenarios: StreamsNeeded) -> Row {
        let (sessions, tasks) = self.sizes();
        let trials = 2.0 * f64::from(repetitions) * scenarios.as_f64();
        Row {
            repetitions,
            scenarios,
            sessions: trials * sessions,
            tasks: trials * tasks,
            usd: self
                .usd_per_session
                .map(|usd| trials * sessions * usd + scenarios.as_f64() * self.usd_per_scenario),
        }
    }

    fn rule(&self, margin: f64) -> GateRule {
        GateRule {
            alpha: self.terms.alpha,
            ..GateRule::with_margin(margin)
        }
    }

    /// The margin of a gate in the metric's unit.
    fn margin(&self, margin: f64) -> Result<f64, PowerError> {
        let metric = self.basis.metric();
        if metric.more_is_better() {
            return Ok(margin);
        }
        let margin = margin * self.basis.values().0;
        if margin > 0.0 {
            Ok(margin)
        } else {
            Err(PowerError::NoMargin(metric))
        }
    }

    /// Scenarios that decide if this is the truth.
    fn streams(&self, truth: f64, repetitions: u32) -> Result<StreamsNeeded, PowerError> {
        let (terms, spread) = (self.terms, self.basis.spread(self.terms, repetitions)?);
        if let Ask::Gate(margin) = terms.ask {
            let rule = self.rule(self.margin(margin)?);
            return Ok(gate_streams_needed(truth, spread, rule, terms.power)?);
        }
        let level = Level::new(1.0 - terms.alpha)?;
        let (truth, claimed) = (terms.scaled(truth), terms.scaled(terms.claimed()));
        let needed = streams_needed(truth, spread, claimed, level, terms.power)?;
        Ok(needed.unwrap_or(StreamsNeeded::Never))
    }

    fn needed(&self, repetitions: u32) -> Result<Needed, PowerError> {
        let truth = self.basis.truth(self.terms);
        let row = |repetitions: u32| -> Result<Row, PowerError> {
            Ok(self.row(repetitions, self.streams(truth, repetitions)?))
        };
        let variance = self.basis.variance(self.terms)?;
        let others = match variance {
            Some(_) => SHOWN.into_iter().map(row).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let pilot = match self.basis {
            Basis::Pilot(pilot) => Some(pilot),
            Basis::Assumed(_) => None,
        };
        let found = match (pilot, self.terms.ask) {
            (Some(pilot), Ask::Gate(_)) => Some(if pilot.metric.more_is_better() {
                pilot.estimate
            } else {
                -pilot.estimate
            }),
            (_, _) => None,
        };
        let found =
            found.map(|found| Ok::<_, PowerError>((found, self.streams(found, repetitions)?)));
        let of_pilot = pilot
            .filter(|pilot| pilot.scenarios >= MINIMUM_STREAMS)
            .map(|pilot| self.shown(pilot.scenarios, pilot.repetitions));
        // A repetition costs a session for each arm and session; a scenario costs what it takes to write.
        let repetition = self.usd_per_session.map(|usd| 2.0 * self.sizes().0 * usd);
        let cheapest = variance.zip(repetition).map(|(variance, repetition)| {
            let ratio = self.usd_per_scenario / repetition * variance.within / variance.between;
            if ratio.is_nan() {
                1.0
            } else {
                ratio.sqrt().max(1.0)
            }
        });
        Ok(Needed {
            row: row(repetitions)?,
            others,
            holds: match self.terms.ask {
                Ask::AtLeast(value) => truth > value,
                Ask::AtMost(value) => truth < value,
                Ask::Direction => true,
                Ask::Gate(margin) => truth > -self.margin(margin)?,
            },
            as_found: found.transpose()?,
            cheapest,
            of_pilot: of_pilot.transpose()?,
        })
    }

    fn shown(&self, scenarios: usize, repetitions: u32) -> Result<Shown, PowerError> {
        if scenarios < MINIMUM_STREAMS {
            return Ok(Shown::TooFew);
        }
        let terms = self.terms;
        if let Ask::Gate(margin) = terms.ask {
            let margin = self.margin(margin)?;
            let spread = self.basis.spread(terms, repetitions)?;
            let rule = self.rule(margin);
            return Ok(Shown::Gate {
                distance: gate_detectable_distance(spread, rule, terms.power, scenarios)?,
                margin,
            });
        }
        let size = Size {
            streams: scenarios,
            level: Level::new(1.0 - terms.alpha)?,
            power: terms.power,
        };
        let above = match terms.ask {
            Ask::AtLeast(_) | Ask::Gate(_) => true,
            Ask::AtMost(_) => false,
            Ask::Direction => self.basis.metric().more_is_better(),
        };
        let towards = if above { Side::Above } else { Side::Below };
        Ok(Shown::Effect(match self.basis {
            Basis::Assumed(assumed) => assumed_effect(assumed, terms, repetitions, towards, size)?,
            Basis::Pilot(pilot) => {
                let spread = self.basis.spread(terms, repetitions)?;
                let distance = detectable_distance(spread, size)?;
                pilot_effect(pilot.metric, pilot.values.0, terms, towards, distance)
            }
        }))
    }
}

/// With a pilot the spread is that of the pilot, whatever the effect.
fn pilot_effect(
    metric: Metric,
    base: f64,
    terms: &Terms,
    towards: Side,
    distance: f64,
) -> Option<Effect> {
    let distance = match towards {
        Side::Above => distance,
        Side::Below => -distance,
    };
    let treat = match terms.on {
        On::Difference => base + terms.claimed() + distance,
        On::Ratio => base * terms.claimed() * distance.exp(),
    };
    let most = if metric.more_is_better() {
        1.0
    } else {
        f64::INFINITY
    };
    (treat >= 0.0 && treat <= most).then(|| Effect {
        treat,
        difference: treat - base,
        ratio: (base > 0.0).then(|| treat / base),
    })
}

/// With assumed rates the spread goes with the treated rate.
fn assumed_effect(
    assumed: &Assumptions,
    terms: &Terms,
    repetitions: u32,
    towards: Side,
    size: Size,
) -> Result<Option<Effect>, PowerError> {
    let rates = assumed.repeated(f64::from(repetitions));
    let found = rates.detectable(terms.quantity(), terms.claimed(), towards, size)?;
    Ok(found.map(|found| Effect {
        treat: found.treat,
        difference: found.difference,
        ratio: Some(found.ratio),
    }))
}

#[cfg(test)]
mod tests;
