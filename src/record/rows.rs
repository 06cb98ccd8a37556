//! Rows of a record with typed amounts, and how they are read column by column.

use rusqlite::{Error, Row, types::FromSql};

use crate::{
    dream::Edit,
    quantity::{Milliseconds, Tokens},
    transcript::Usage,
};

/// A task of a trial, done or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row of a table: each is a column of its own"
)]
pub struct TaskRow {
    /// The trial's number in the plan.
    pub trial: usize,
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The arm's number in the manifest.
    pub arm: usize,
    /// The repetition, from 1.
    pub repetition: u32,
    /// The session, from 1.
    pub session: u32,
    /// The task in its session, from 0.
    pub task: u32,
    /// Whether it is the last task of its session.
    pub last_of_session: bool,
    /// Whether the backend failed later in this trial.
    pub trial_failed: bool,
    /// Whether a deliverable was handed in and graded.
    pub graded: bool,
    /// Whether the final grader was satisfied within the user's patience.
    pub completed: bool,
    /// Completed with no question and no correction.
    pub first_try: bool,
    /// Whether it needed something from an earlier session.
    pub probe: bool,
    /// Messages with questions: necessary, avoidable, repeated, unanswerable.
    pub clarifications: [u32; 4],
    /// Messages of the user that named something wrong.
    pub corrections: u32,
    /// Revisions that the in-session grader asked for.
    pub revisions: u32,
    /// Fields first handed to the user with a wrong value that was not asked about.
    pub wrong_assumptions: u32,
    /// Fields first handed to the user with a value that held before.
    pub stale_uses: u32,
    /// Fields first handed to the user with a value that holds for someone else.
    pub scope_errors: u32,
    /// Calls of tools that failed.
    pub failed_calls: u32,
    /// Tokens of the agent, with its share of the session's ending.
    pub agent: Usage,
    /// Tokens of the final grader.
    pub final_grader: Usage,
    /// Tokens of the in-session grader in the whole session, on its last task; 0 on the others.
    pub in_session_grader: Usage,
    /// Time in which the agent worked.
    pub active: Milliseconds,
    /// Weight of the met criteria and of all; `None` if nothing was handed in.
    pub score: Option<(u32, u32)>,
    /// Entries and tokens of the store that the agent found in this session.
    pub memory: (u64, u64),
}

/// A dream of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DreamRow {
    /// The trial's number in the plan.
    pub trial: usize,
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The arm's number in the manifest.
    pub arm: usize,
    /// The repetition, from 1.
    pub repetition: u32,
    /// The session that it followed, from 1.
    pub session: u32,
    /// Entries and tokens of the store before.
    pub before: (u64, u64),
    /// Entries and tokens of the store after.
    pub after: (u64, u64),
    /// Tokens of the dream.
    pub usage: Usage,
    /// Time that it took.
    pub active: Milliseconds,
    /// What changed.
    pub edits: Vec<Edit>,
}

/// An amount as a column holds it.
pub(super) fn whole(amount: impl TryInto<i64>) -> i64 {
    amount.try_into().unwrap_or(i64::MAX)
}

/// The columns of a usage, in the order of the tables.
pub(super) fn parts(usage: &Usage) -> [i64; 4] {
    [
        usage.uncached_input,
        usage.cache_write,
        usage.cache_read,
        usage.output,
    ]
    .map(|tokens| whole(tokens.0))
}

/// A row that is read from left to right.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn new(row: &'r Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn take<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    pub(super) fn small(&mut self) -> rusqlite::Result<u32> {
        self.take()
    }

    pub(super) fn flag(&mut self) -> rusqlite::Result<bool> {
        self.take()
    }

    pub(super) fn amount(&mut self) -> rusqlite::Result<u64> {
        let value: i64 = self.take()?;
        u64::try_from(value).map_err(|_| Error::IntegralValueOutOfRange(self.next - 1, value))
    }

    pub(super) fn index(&mut self) -> rusqlite::Result<usize> {
        let value: i64 = self.take()?;
        usize::try_from(value).map_err(|_| Error::IntegralValueOutOfRange(self.next - 1, value))
    }

    pub(super) fn usage(&mut self) -> rusqlite::Result<Usage> {
        Ok(Usage {
            uncached_input: Tokens(self.amount()?),
            cache_write: Tokens(self.amount()?),
            cache_read: Tokens(self.amount()?),
            output: Tokens(self.amount()?),
        })
    }
}

impl TaskRow {
    /// The query that gives rows for [`Self::read`], in the order of the key.
    pub(super) const QUERY: &str = "
SELECT tasks.repetition, tasks.scenario, tasks.session, tasks.task, tasks.arm, tasks.trial,
    completed, first_try, probe,
    necessary_clarifications, avoidable_clarifications, repeated_clarifications, unanswerable_clarifications,
    corrections, revisions, wrong_assumptions, stale_uses, scope_errors, failed_calls,
    agent_uncached_input, agent_cache_write, agent_cache_read, agent_output,
    final_grader_uncached_input, final_grader_cache_write, final_grader_cache_read, final_grader_output,
    in_session_grader_uncached_input, in_session_grader_cache_write, in_session_grader_cache_read, in_session_grader_output,
    active_ms, score_met, score_all, memory_entries, memory_tokens
FROM tasks LEFT JOIN sessions ON sessions.trial = tasks.trial AND sessions.session = tasks.session
ORDER BY tasks.repetition, tasks.scenario, tasks.session, tasks.task, tasks.arm";

    /// Reads a row; what the plan and the trial's outcome say of it is left open.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::new(row);
        let mut read = Self {
            repetition: columns.small()?,
            scenario: columns.index()?,
            session: columns.small()?,
            task: columns.small()?,
            arm: columns.index()?,
            trial: columns.index()?,
            completed: columns.flag()?,
            first_try: columns.flag()?,
            probe: columns.flag()?,
            clarifications: [
                columns.small()?,
                columns.small()?,
                columns.small()?,
                columns.small()?,
            ],
            corrections: columns.small()?,
            revisions: columns.small()?,
            wrong_assumptions: columns.small()?,
            stale_uses: columns.small()?,
            scope_errors: columns.small()?,
            failed_calls: columns.small()?,
            agent: columns.usage()?,
            final_grader: columns.usage()?,
            in_session_grader: columns.usage()?,
            active: Milliseconds(columns.amount()?),
            ..Self::default()
        };
        let (met, all): (Option<u32>, Option<u32>) = (columns.take()?, columns.take()?);
        read.score = met.zip(all);
        read.graded = read.score.is_some();
        read.memory = (columns.amount()?, columns.amount()?);
        Ok(read)
    }
}

impl DreamRow {
    /// The query that gives rows for [`Self::read`], in the order of the key.
    pub(super) const QUERY: &str = "
SELECT repetition, scenario, session, arm, trial, entries_before, tokens_before, entries_after, tokens_after,
    uncached_input, cache_write, cache_read, output, active_ms, edits
FROM dreams ORDER BY repetition, scenario, session, arm";

    /// Reads a row without its edits, which are returned as text.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(Self, String)> {
        let mut columns = Columns::new(row);
        let read = Self {
            repetition: columns.small()?,
            scenario: columns.index()?,
            session: columns.small()?,
            arm: columns.index()?,
            trial: columns.index()?,
            before: (columns.amount()?, columns.amount()?),
            after: (columns.amount()?, columns.amount()?),
            usage: columns.usage()?,
            active: Milliseconds(columns.amount()?),
            edits: Vec::new(),
        };
        Ok((read, columns.take()?))
    }
}
