//! Gradings as CSV: one row for each, and one for each verdict.

use crate::{
    analyse::regrade::{Grading, Task},
    record::Manifest,
    report::{ReportError, csv_bytes},
};

/// The columns that name a grading, and their values.
const PLACE: [&str; 7] = [
    "rerun",
    "repetition",
    "scenario",
    "session",
    "task",
    "arm",
    "time",
];

fn place(manifest: &Manifest, task: &Task, time: usize) -> [String; 7] {
    let unit = task.unit;
    [
        task.rerun.to_string(),
        unit.repetition.to_string(),
        manifest.scenarios[unit.scenario].id.to_string(),
        unit.session.to_string(),
        (unit.task + 1).to_string(),
        manifest.arms[unit.arm].id.to_string(),
        (time + 1).to_string(),
    ]
}

fn flag(is: bool) -> String {
    u8::from(is).to_string()
}

/// One row for each grading of each task.
pub fn gradings(manifest: &Manifest, tasks: &[Task]) -> Result<Vec<u8>, ReportError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(PLACE.iter().chain(&[
        "outcome",
        "satisfied",
        "score_met",
        "score_all",
        "tokens",
        "usd",
        "recorded",
        "reason",
    ]))?;
    for task in tasks {
        let recorded = task
            .recorded
            .as_ref()
            .map_or_else(String::new, |recorded| flag(recorded.satisfied));
        for (time, grading) in task.gradings.iter().enumerate() {
            let nothing = String::new;
            let [outcome, satisfied, met, all, tokens, usd, reason] = match grading {
                Grading::Graded {
                    verdicts,
                    usage,
                    cost,
                } => [
                    "graded".to_owned(),
                    flag(verdicts.satisfied),
                    verdicts.score.0.to_string(),
                    verdicts.score.1.to_string(),
                    usage.total().0.to_string(),
                    format!("{:.6}", cost.dollars()),
                    nothing(),
                ],
                Grading::NothingHandedIn => [
                    "ungraded".to_owned(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                ],
                Grading::Failed(reason) => [
                    "failed".to_owned(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    reason.clone(),
                ],
            };
            let rest = [
                outcome,
                satisfied,
                met,
                all,
                tokens,
                usd,
                recorded.clone(),
                reason,
            ];
            table.write_record(place(manifest, task, time).iter().chain(&rest))?;
        }
    }
    csv_bytes(table)
}

/// One row for each verdict on a criterion.
pub fn verdicts(manifest: &Manifest, tasks: &[Task]) -> Result<Vec<u8>, ReportError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(PLACE.iter().chain(&[
        "criterion",
        "met",
        "votes_met",
        "votes_unmet",
        "votes_abstained",
        "recorded",
    ]))?;
    for task in tasks {
        for (time, grading) in task.gradings.iter().enumerate() {
            for verdict in grading.verdicts().iter().flat_map(|all| &all.verdicts) {
                let recorded = task.recorded.as_ref().and_then(|recorded| {
                    let mut before = recorded.verdicts.iter();
                    before.find(|before| before.criterion == verdict.criterion)
                });
                // A grader that does not vote says what it says once.
                let votes = verdict.votes.map_or(
                    [u32::from(verdict.met), u32::from(!verdict.met), 0],
                    |votes| [votes.met, votes.unmet, votes.abstained],
                );
                let rest = [
                    verdict.criterion.to_string(),
                    flag(verdict.met),
                    votes[0].to_string(),
                    votes[1].to_string(),
                    votes[2].to_string(),
                    recorded.map_or_else(String::new, |before| flag(before.met)),
                ];
                table.write_record(place(manifest, task, time).iter().chain(&rest))?;
            }
        }
    }
    csv_bytes(table)
}
