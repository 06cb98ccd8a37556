//! Scenario × arm × repetition = trials in a fixed order, a seed each, and what they need.
//!
//! The order is repetitions, then scenarios, then arms, so that a run that is cut short has whole
//! repetitions of everything first. A seed comes from the names of scenario, repetition and session
//! under the experiment's seed, never from the arm or the order: every arm meets the same world, and a
//! run of some arms meets the same world as a run of all.

mod forecast;

use std::{borrow::Cow, collections::BTreeMap};

use thiserror::Error;

use crate::{
    brief::TaskBrief,
    experiment::{Arm, Experiment, Regime},
    ident::{Digest, RubricId, ScenarioId, TrialId},
    price::Prices,
    quantity::Seed,
    rubric::{Rubric, RubricTemplate},
    scenario::{SERIAL, Scenario, Session, Task, Truth},
    source::{TemplateError, Templates, Values},
};

pub use forecast::Forecast;

/// A scenario with the rubrics of its tasks, filled with the truth of each day.
#[derive(Debug)]
pub struct Prepared {
    /// The scenario.
    pub scenario: Scenario,
    /// The rubrics, by session and task; [`SERIAL`] stands where a tool's number goes.
    pub rubrics: Vec<Vec<Rubric>>,
}

/// One trial of the plan.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// The scenario's number in the plan.
    pub scenario: usize,
    /// The arm's number in the experiment.
    pub arm: usize,
    /// The repetition, from 1.
    pub repetition: u32,
    /// For a placebo: the trials of this repetition whose dreamed stores give the text (another
    /// scenario's) and the size (this scenario's), as numbers in the plan.
    pub placebo: Option<(usize, usize)>,
}

/// Everything that is to be run.
#[derive(Debug)]
pub struct Plan {
    /// The experiment, with what the command line changed.
    pub experiment: Experiment,
    /// The scenarios in order of their names.
    pub scenarios: Vec<Prepared>,
    /// The trials in order.
    pub trials: Vec<Trial>,
    /// The prices that tokens are costed with.
    pub prices: Prices,
    /// Digest of all that decides the results: experiment, scenarios, rubrics.
    pub digest: Digest,
    /// Digests of the files of the rubrics that tasks use.
    pub rubrics: BTreeMap<RubricId, Digest>,
}

impl Prepared {
    /// A scenario with the rubrics of its tasks filled in.
    pub fn new(
        scenario: Scenario,
        rubrics: &BTreeMap<RubricId, RubricTemplate>,
    ) -> Result<Self, PlanError> {
        let mut all = Vec::new();
        for session in &scenario.sessions {
            let mut filled = Vec::new();
            for (task, brief) in session.tasks.iter().zip(&session.brief.tasks) {
                let rubric = rubrics
                    .get(&task.rubric)
                    .ok_or_else(|| PlanError::Rubric(format!("no rubric `{}`", task.rubric)))?;
                let rubric =
                    render_rubric(rubric, &scenario, session, task, brief).map_err(|error| {
                        PlanError::Rubric(format!("rubric `{}`: {}", task.rubric, error.message))
                    })?;
                filled.push(rubric);
            }
            all.push(filled);
        }
        Ok(Self {
            scenario,
            rubrics: all,
        })
    }

    /// The rubric of a task with the number that its session drew; sessions count from 1, tasks from 0.
    pub fn rubric(&self, session: u32, task: usize, serial: &str) -> Cow<'_, Rubric> {
        let at = session as usize - 1;
        let template = &self.rubrics[at][task];
        if has_serial(&self.scenario.sessions[at].tasks[task]) {
            Cow::Owned(template.replace(SERIAL, serial))
        } else {
            Cow::Borrowed(template)
        }
    }
}

/// The seed of a session's world under the experiment's seed, the same in every arm.
pub fn session_seed(
    experiment: Seed,
    scenario: &ScenarioId,
    repetition: u32,
    session: u32,
) -> Seed {
    experiment
        .derive(scenario.as_str())
        .derive_number(u64::from(repetition))
        .derive_number(u64::from(session))
}

/// The number that the tools of a session give out, five digits.
pub fn serial(session: Seed) -> String {
    format!("{:05}", 10_000 + session.derive("serial").below(90_000))
}

/// What cannot be planned.
#[derive(Debug, Error)]
pub enum PlanError {
    /// There is nothing to run.
    #[error("no scenario matches")]
    NoScenario,
    /// A placebo has no other scenario to take its text from.
    #[error("arm `{0}` needs the dreamed store of another scenario, and there is only one")]
    NoDonor(String),
    /// A placebo's dreamed arm is not run.
    #[error("arm `{0}` needs a dreamed arm with the same policy and no outcomes, and none is run")]
    NoTwin(String),
    /// No price is known for the model.
    #[error("no price for the model `{0}`")]
    NoPrice(String),
    /// A rubric could not be filled.
    #[error("{0}")]
    Rubric(String),
}

/// Fills a rubric with the truth of one task.
pub fn render_rubric(
    rubric: &RubricTemplate,
    scenario: &Scenario,
    session: &Session,
    task: &Task,
    brief: &TaskBrief,
) -> Result<Rubric, TemplateError> {
    let mut values = Values::default();
    let truths = crate::user::truths(
        scenario,
        session,
        session
            .tasks
            .iter()
            .position(|other| std::ptr::eq(other, task))
            .unwrap_or(0),
        SERIAL,
    );
    let names = brief
        .form
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    values.set_all("truth", names.zip(truths.iter().map(String::as_str)));
    values.set("date", &session.brief.date.to_string());
    values.set("case", &session.brief.case);
    values.set_all(
        "about",
        session
            .brief
            .about
            .iter()
            .map(|attribute| (attribute.name.as_str(), attribute.value.as_str())),
    );
    rubric.render(&Templates::default(), &values)
}

impl Plan {
    /// Plans an experiment on these scenarios.
    pub fn new(
        experiment: Experiment,
        scenarios: Vec<Scenario>,
        rubrics: &BTreeMap<RubricId, RubricTemplate>,
    ) -> Result<Self, PlanError> {
        if scenarios.is_empty() {
            return Err(PlanError::NoScenario);
        }
        let prices = experiment.prices().map_err(PlanError::NoPrice)?;
        let prepared = scenarios
            .into_iter()
            .map(|scenario| Prepared::new(scenario, rubrics))
            .collect::<Result<Vec<_>, _>>()?;
        let used = rubric_digests(&prepared, rubrics);
        let digest = digest(&experiment, &prepared, &used);
        let trials = trials(&experiment, &prepared)?;
        Ok(Self {
            experiment,
            scenarios: prepared,
            trials,
            prices,
            digest,
            rubrics: used,
        })
    }

    /// The name of a trial.
    pub fn id(&self, trial: &Trial) -> TrialId {
        TrialId {
            scenario: self.scenarios[trial.scenario].scenario.id.clone(),
            arm: self.experiment.arms[trial.arm].id.clone(),
            repetition: trial.repetition,
        }
    }

    /// The arm of a trial.
    pub fn arm(&self, trial: &Trial) -> &Arm {
        &self.experiment.arms[trial.arm]
    }

    /// The seed of a session's world, the same in every arm.
    pub fn seed(&self, trial: &Trial, session: u32) -> Seed {
        session_seed(
            Seed(self.experiment.seed),
            &self.scenarios[trial.scenario].scenario.id,
            trial.repetition,
            session,
        )
    }

    /// How many sessions and tasks the plan has.
    pub fn size(&self) -> (usize, usize) {
        let of = |trial: &Trial| {
            let sessions = &self.scenarios[trial.scenario].scenario.sessions;
            (
                sessions.len(),
                sessions
                    .iter()
                    .map(|session| session.tasks.len())
                    .sum::<usize>(),
            )
        };
        self.trials
            .iter()
            .map(of)
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

/// The digests of the rubrics that these scenarios use.
pub fn rubric_digests(
    scenarios: &[Prepared],
    rubrics: &BTreeMap<RubricId, RubricTemplate>,
) -> BTreeMap<RubricId, Digest> {
    let tasks = scenarios
        .iter()
        .flat_map(|prepared| &prepared.scenario.sessions)
        .flat_map(|session| &session.tasks);
    tasks
        .filter_map(|task| Some((task.rubric.clone(), rubrics.get(&task.rubric)?.digest)))
        .collect()
}

fn digest(
    experiment: &Experiment,
    scenarios: &[Prepared],
    rubrics: &BTreeMap<RubricId, Digest>,
) -> Digest {
    let mut parts = vec![serde_json::to_vec(experiment).unwrap_or_default()];
    for prepared in scenarios {
        parts.push(prepared.scenario.id.as_str().as_bytes().to_vec());
        parts.push(prepared.scenario.digest.as_bytes().to_vec());
    }
    for (id, digest) in rubrics {
        parts.push(id.as_str().as_bytes().to_vec());
        parts.push(digest.as_bytes().to_vec());
    }
    Digest::of_parts(parts.iter().map(Vec::as_slice))
}

/// The scenario that gives a placebo its text: the same construct in the next domain that has one, so
/// that the text is of the same kind and about something else; failing that, the next scenario.
fn donor(scenarios: &[Prepared], own: usize) -> Option<usize> {
    let me = &scenarios[own].scenario;
    let after = (own + 1..scenarios.len()).chain(0..own);
    after
        .clone()
        .find(|&other| {
            scenarios[other].scenario.construct == me.construct
                && scenarios[other].scenario.domain != me.domain
        })
        .or_else(|| {
            after
                .clone()
                .find(|&other| scenarios[other].scenario.domain != me.domain)
        })
        .or_else(|| after.clone().next())
}

fn trials(experiment: &Experiment, scenarios: &[Prepared]) -> Result<Vec<Trial>, PlanError> {
    let mut trials = Vec::new();
    for repetition in 1..=experiment.repetitions {
        let first = trials.len();
        let plain: Vec<usize> = (0..experiment.arms.len())
            .filter(|&arm| experiment.arms[arm].memory != Regime::Placebo)
            .collect();
        for scenario in 0..scenarios.len() {
            trials.extend(plain.iter().map(|&arm| Trial {
                scenario,
                arm,
                repetition,
                placebo: None,
            }));
        }
        for (arm, placebo) in experiment
            .arms
            .iter()
            .enumerate()
            .filter(|(_, arm)| arm.memory == Regime::Placebo)
        {
            let twin = plain.iter().position(|&other| {
                let other = &experiment.arms[other];
                other.memory == Regime::Dreamed
                    && other.outcomes.is_none()
                    && other.policy == placebo.policy
            });
            let twin = twin.ok_or_else(|| PlanError::NoTwin(placebo.id.to_string()))?;
            for scenario in 0..scenarios.len() {
                let donor = donor(scenarios, scenario)
                    .ok_or_else(|| PlanError::NoDonor(placebo.id.to_string()))?;
                let number = |scenario: usize| first + scenario * plain.len() + twin;
                trials.push(Trial {
                    scenario,
                    arm,
                    repetition,
                    placebo: Some((number(donor), number(scenario))),
                });
            }
        }
    }
    Ok(trials)
}

/// Whether a task's truth has a number that is drawn in the trial.
fn has_serial(task: &Task) -> bool {
    task.truths
        .iter()
        .any(|truth| matches!(truth, Truth::Tool(_)))
}
