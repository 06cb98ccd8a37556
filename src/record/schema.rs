//! The tables. `docs/formats.md` explains them to readers.

/// Made when a record is created.
///
/// `planned` has a primary key whose order is that of pairing: all arms of one task stand together.
/// `tasks` has the same order with the session and the task behind it, so that a reader streams.
pub(super) const TABLES: &str = "
create table meta (key text primary key, value text not null) without rowid;
create table planned (
    repetition integer not null, scenario integer not null, arm integer not null, trial integer not null unique,
    primary key (repetition, scenario, arm)
) without rowid;
create table trials (trial integer primary key, outcome text not null, reason text) without rowid;
create table sessions (
    trial integer not null, session integer not null, entries text not null, said text not null,
    memory_entries integer not null, memory_tokens integer not null,
    primary key (trial, session)
) without rowid;
create table tasks (
    repetition integer not null, scenario integer not null, session integer not null, task integer not null, arm integer not null,
    last_of_session integer not null, completed integer not null, first_try integer not null, probe integer not null,
    clarifications_necessary integer not null, clarifications_avoidable integer not null,
    clarifications_repeated integer not null, clarifications_unanswerable integer not null,
    corrections integer not null, revisions integer not null,
    wrong_assumptions integer not null, stale_uses integer not null, scope_errors integer not null, failed_calls integer not null,
    agent_uncached integer not null, agent_cache_write integer not null, agent_cache_read integer not null, agent_output integer not null,
    in_session_grader_input integer not null, in_session_grader_output integer not null,
    final_grader_input integer not null, final_grader_output integer not null,
    active_milliseconds integer not null, memory_entries integer not null, memory_tokens integer not null,
    score integer, score_of integer, verdicts text,
    primary key (repetition, scenario, session, task, arm)
) without rowid;
create table dreams (
    repetition integer not null, scenario integer not null, session integer not null, arm integer not null,
    entries_before integer not null, tokens_before integer not null, entries_after integer not null, tokens_after integer not null,
    uncached integer not null, cache_write integer not null, cache_read integer not null, output integer not null,
    milliseconds integer not null, edits text not null, store text not null,
    primary key (repetition, scenario, session, arm)
) without rowid;
";

pub(super) const INSERT_TASK: &str = "insert into tasks values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33)";
pub(super) const INSERT_SESSION: &str = "insert into sessions values (?1,?2,?3,?4,?5,?6)";
pub(super) const INSERT_DREAM: &str =
    "insert into dreams values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)";
