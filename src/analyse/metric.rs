//! What is measured, and how it is made of sums.

use crate::stats::Scale;

/// A measure of the trial. Definitions: `docs/methodology.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Share of tasks with which the final grader was satisfied within the user's patience.
    Completion,
    /// Share of tasks completed with no question and no correction.
    FirstTry,
    /// Messages that ask the user something, per task.
    ClarificationRounds,
    /// Of these, messages that ask what was said or shown in an earlier session.
    AvoidableClarifications,
    /// Messages of the user that name something wrong, per task.
    CorrectionRounds,
    /// Wrong values handed in without asking, per task.
    WrongAssumptions,
    /// Superseded values handed in, per task.
    StaleUses,
    /// Values handed in that hold for someone else, per task.
    ScopeErrors,
    /// Tokens of the agent per task, of all classes.
    Tokens,
    /// Seconds in which the agent worked, per task.
    ActiveSeconds,
    /// US dollars per session: agent, in-session grader, active time, and the share of dreams.
    CostPerSession,
    /// The same per completed task.
    CostPerCompletedTask,
    /// The same per hour of active time.
    CostPerSessionHour,
}

/// The sums that metrics are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Tasks.
    Tasks,
    /// Sessions.
    Sessions,
    /// Completed tasks.
    Completed,
    /// Completed with no round.
    FirstTry,
    /// Rounds of questions.
    Clarifications,
    /// Rounds of questions on what was said before.
    Avoidable,
    /// Rounds of corrections.
    Corrections,
    /// Wrong assumptions.
    WrongAssumptions,
    /// Stale uses.
    StaleUses,
    /// Scope errors.
    ScopeErrors,
    /// Agent tokens.
    Tokens,
    /// Active milliseconds.
    ActiveMilliseconds,
    /// Cost in micro-dollars, dreams included.
    Cost,
}

/// How many parts there are.
pub const PARTS: usize = 13;

impl Part {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; PARTS] = [
        Self::Tasks,
        Self::Sessions,
        Self::Completed,
        Self::FirstTry,
        Self::Clarifications,
        Self::Avoidable,
        Self::Corrections,
        Self::WrongAssumptions,
        Self::StaleUses,
        Self::ScopeErrors,
        Self::Tokens,
        Self::ActiveMilliseconds,
        Self::Cost,
    ];

    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Sessions => "sessions",
            Self::Completed => "completed",
            Self::FirstTry => "first_try",
            Self::Clarifications => "clarification_rounds",
            Self::Avoidable => "avoidable_clarifications",
            Self::Corrections => "correction_rounds",
            Self::WrongAssumptions => "wrong_assumptions",
            Self::StaleUses => "stale_uses",
            Self::ScopeErrors => "scope_errors",
            Self::Tokens => "agent_tokens",
            Self::ActiveMilliseconds => "active_ms",
            Self::Cost => "cost_micro_usd",
        }
    }
}

impl Metric {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Completion,
        Self::FirstTry,
        Self::ClarificationRounds,
        Self::AvoidableClarifications,
        Self::CorrectionRounds,
        Self::WrongAssumptions,
        Self::StaleUses,
        Self::ScopeErrors,
        Self::Tokens,
        Self::ActiveSeconds,
        Self::CostPerSession,
        Self::CostPerCompletedTask,
        Self::CostPerSessionHour,
    ];

    /// Its name in CSV files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completion => "completion",
            Self::FirstTry => "first_try",
            Self::ClarificationRounds => "clarification_rounds",
            Self::AvoidableClarifications => "avoidable_clarifications",
            Self::CorrectionRounds => "correction_rounds",
            Self::WrongAssumptions => "wrong_assumptions",
            Self::StaleUses => "stale_uses",
            Self::ScopeErrors => "scope_errors",
            Self::Tokens => "agent_tokens",
            Self::ActiveSeconds => "active_seconds",
            Self::CostPerSession => "usd_per_session",
            Self::CostPerCompletedTask => "usd_per_completed_task",
            Self::CostPerSessionHour => "usd_per_session_hour",
        }
    }

    /// Its name for people, with the unit.
    pub fn label(self) -> &'static str {
        match self {
            Self::Completion => "tasks completed",
            Self::FirstTry => "completed at the first try",
            Self::ClarificationRounds => "clarification rounds per task",
            Self::AvoidableClarifications => "avoidable clarification rounds per task",
            Self::CorrectionRounds => "correction rounds per task",
            Self::WrongAssumptions => "wrong assumptions per task",
            Self::StaleUses => "stale values per task",
            Self::ScopeErrors => "scope errors per task",
            Self::Tokens => "agent tokens per task",
            Self::ActiveSeconds => "active seconds per task",
            Self::CostPerSession => "USD per session",
            Self::CostPerCompletedTask => "USD per completed task",
            Self::CostPerSessionHour => "USD per session-hour",
        }
    }

    /// Whether more of it is better.
    pub fn more_is_better(self) -> bool {
        matches!(self, Self::Completion | Self::FirstTry)
    }

    /// Whether it is a share of tasks, between 0 and 1.
    pub fn scale(self) -> Scale {
        if self.more_is_better() {
            Scale::Proportion
        } else {
            Scale::Unbounded
        }
    }

    /// What is summed and what it is divided by.
    pub fn parts(self) -> (Part, Part) {
        match self {
            Self::Completion => (Part::Completed, Part::Tasks),
            Self::FirstTry => (Part::FirstTry, Part::Tasks),
            Self::ClarificationRounds => (Part::Clarifications, Part::Tasks),
            Self::AvoidableClarifications => (Part::Avoidable, Part::Tasks),
            Self::CorrectionRounds => (Part::Corrections, Part::Tasks),
            Self::WrongAssumptions => (Part::WrongAssumptions, Part::Tasks),
            Self::StaleUses => (Part::StaleUses, Part::Tasks),
            Self::ScopeErrors => (Part::ScopeErrors, Part::Tasks),
            Self::Tokens => (Part::Tokens, Part::Tasks),
            Self::ActiveSeconds => (Part::ActiveMilliseconds, Part::Tasks),
            Self::CostPerSession => (Part::Cost, Part::Sessions),
            Self::CostPerCompletedTask => (Part::Cost, Part::Completed),
            Self::CostPerSessionHour => (Part::Cost, Part::ActiveMilliseconds),
        }
    }

    /// Whether the denominator is itself an outcome, so that the metric is a ratio of two totals.
    pub fn is_ratio_of_totals(self) -> bool {
        matches!(self, Self::CostPerCompletedTask | Self::CostPerSessionHour)
    }

    /// What a sum over its parts is multiplied by for display: milliseconds to seconds, micro-dollars
    /// to dollars, micro-dollars per millisecond to dollars per hour.
    pub fn factor(self) -> f64 {
        match self {
            Self::ActiveSeconds => 1e-3,
            Self::CostPerSession | Self::CostPerCompletedTask => 1e-6,
            Self::CostPerSessionHour => 3.6,
            Self::Completion
            | Self::FirstTry
            | Self::ClarificationRounds
            | Self::AvoidableClarifications
            | Self::CorrectionRounds
            | Self::WrongAssumptions
            | Self::StaleUses
            | Self::ScopeErrors
            | Self::Tokens => 1.0,
        }
    }
}
