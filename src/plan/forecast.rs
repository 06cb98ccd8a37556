//! What a run would use and cost, from the sizes of its texts: an estimate before anything is spent.

use std::collections::BTreeMap;

use super::{Plan, Trial};
use crate::{
    experiment::{AgentPart, GraderPart, Regime},
    quantity::{Tokens, Usd},
    text::estimate_tokens,
    transcript::{Role, Usage},
};

/// Completions that a task is taken to need of its agent.
const CALLS_PER_TASK: u64 = 4;
/// Tokens that a completion is taken to write.
const WRITTEN_PER_CALL: u64 = 150;
/// Tokens of an agent's instructions and tools.
const PREFIX: u64 = 900;
/// Deliverables that are graded for a task.
const DELIVERABLES_PER_TASK: u64 = 2;
/// Tokens that a judge writes on a criterion.
const WRITTEN_PER_VERDICT: u64 = 60;

/// An estimate of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Tokens by role; a role that costs nothing because it is embedded is left out, but for the agent
    /// and the dreamer, whose tokens are modelled.
    pub usage: BTreeMap<Role, Usage>,
    /// Completions by role, of the same roles.
    pub calls: BTreeMap<Role, u64>,
    /// What the tokens cost at the prices of each role.
    pub cost: Usd,
}

impl Forecast {
    /// All tokens together.
    pub fn total(&self) -> Usage {
        self.usage
            .values()
            .fold(Usage::default(), |sum, usage| sum + *usage)
    }
}

impl Plan {
    /// What the run would use and cost. Each task is taken to need four completions, each session as
    /// much memory as it may be shown, each dream the sessions of its window, each task two gradings
    /// where a model grades.
    pub fn forecast(&self) -> Forecast {
        let mut usage: BTreeMap<Role, Usage> = BTreeMap::new();
        let mut calls: BTreeMap<Role, u64> = BTreeMap::new();
        for trial in &self.trials {
            for (role, used, called) in self.forecast_trial(trial) {
                *usage.entry(role).or_default() += used;
                *calls.entry(role).or_default() += called;
            }
        }
        usage.retain(|_, used| *used != Usage::default());
        calls.retain(|role, _| usage.contains_key(role));
        let cost = usage
            .iter()
            .map(|(role, used)| self.prices.of(*role).of_tokens(used))
            .sum();
        Forecast { usage, calls, cost }
    }

    fn forecast_trial(&self, trial: &Trial) -> [(Role, Usage, u64); 4] {
        let arm = self.arm(trial);
        let policy = self.experiment.policy(arm);
        let cast = self.experiment.cast();
        let memory = match (arm.memory, &cast.agent) {
            (Regime::None, _) => 0,
            // A store that grows over the sessions of a trial seldom fills what may be shown.
            (_, AgentPart::Model(_) | AgentPart::Managed(_) | AgentPart::Process(_)) => {
                cast.limits.memory_tokens.min(1_500)
            }
            (_, AgentPart::Reference) => self.experiment.limits.memory_tokens,
        };
        let repeats = |part: &GraderPart| match part {
            GraderPart::Embedded => 0,
            GraderPart::Judge(judge) => u64::from(judge.repeats),
        };
        let iterations = arm
            .outcomes
            .map_or(0, |outcomes| u64::from(outcomes.max_iterations));
        let mut agent = Usage::default();
        let mut dreamer = Usage::default();
        let mut judged = Usage::default();
        let (mut agent_calls, mut dreams, mut deliverables) = (0, 0, 0);
        let mut transcripts: Vec<u64> = Vec::new();
        let prepared = &self.scenarios[trial.scenario];
        for (number, session) in prepared.scenario.sessions.iter().enumerate() {
            let tasks = &session.brief.tasks;
            let documents = session.brief.documents.iter();
            let given: u64 = documents
                .map(|document| estimate_tokens(document.text.text()))
                .sum::<u64>()
                + tasks
                    .iter()
                    .map(|task| estimate_tokens(task.text.text()))
                    .sum::<u64>();
            let calls = CALLS_PER_TASK * tasks.len() as u64;
            agent += Usage {
                cache_write: Tokens(given + memory),
                cache_read: Tokens((given + memory + PREFIX) * calls),
                output: Tokens(WRITTEN_PER_CALL * calls),
                ..Usage::default()
            };
            agent_calls += calls;
            deliverables += prepared.rubrics[number].len() as u64;
            for rubric in &prepared.rubrics[number] {
                judged += Usage {
                    uncached_input: Tokens(
                        estimate_tokens(&rubric.body) + given / tasks.len().max(1) as u64 + 600,
                    ),
                    output: Tokens(WRITTEN_PER_VERDICT * rubric.criteria.len() as u64),
                    ..Usage::default()
                };
            }
            transcripts.push(given + 400);
            if arm.memory == Regime::Dreamed
                && (number + 1).is_multiple_of(policy.every_sessions as usize)
            {
                let window = transcripts
                    .iter()
                    .rev()
                    .take(policy.window_sessions as usize)
                    .sum::<u64>();
                dreams += 1;
                dreamer += Usage {
                    uncached_input: Tokens(window + 1500),
                    output: Tokens(700),
                    ..Usage::default()
                };
            }
        }
        let graded = DELIVERABLES_PER_TASK * repeats(&cast.grader);
        let revised = iterations.min(DELIVERABLES_PER_TASK) * repeats(&cast.in_session_grader);
        [
            (Role::Agent, agent, agent_calls),
            (Role::Dreamer, dreamer, dreams),
            (
                Role::FinalGrader,
                times(judged, graded),
                deliverables * graded,
            ),
            (
                Role::InSessionGrader,
                times(judged, revised),
                deliverables * revised,
            ),
        ]
    }
}

fn times(usage: Usage, factor: u64) -> Usage {
    let scaled = |tokens: Tokens| Tokens(tokens.0.saturating_mul(factor));
    Usage {
        uncached_input: scaled(usage.uncached_input),
        cache_write: scaled(usage.cache_write),
        cache_read: scaled(usage.cache_read),
        output: scaled(usage.output),
    }
}
