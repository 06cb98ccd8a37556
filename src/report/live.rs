//! What live parts did, in sentences: who played what, what was spent, how often a judge flipped, and what
//! was not taken as it came.

use super::words;
use crate::{analyse::Analysis, record::BEHIND_A_SERVER, transcript::Role};

fn part(role: Role) -> &'static str {
    match role {
        Role::Agent => "agent",
        Role::Dreamer => "dreamer",
        Role::InSessionGrader => "grader within sessions",
        Role::FinalGrader => "final grader",
        Role::User => "user",
    }
}

/// A sentence for each thing worth knowing; none where everybody was embedded.
pub(super) fn sentences(analysis: &Analysis) -> Vec<String> {
    let Some(live) = &analysis.live else {
        return Vec::new();
    };
    // Of a run behind a local server, agent, dreamer and the service's grader are the server's.
    let local = analysis.manifest.backend == BEHIND_A_SERVER;
    let embedded =
        |role: &Role| local && matches!(role, Role::Agent | Role::Dreamer | Role::InSessionGrader);
    let mut sentences = Vec::new();
    for ((role, model), spent) in &live.account {
        let served: Vec<String> = spent
            .served
            .iter()
            .filter(|id| !id.is_empty())
            .map(|id| format!("`{id}`"))
            .collect();
        let served = if served.is_empty() {
            String::new()
        } else {
            format!(", which answered as {}", served.join(", "))
        };
        let retried = spent.attempts.saturating_sub(spent.calls);
        let retried = if retried == 0 {
            String::new()
        } else {
            format!(" and {}", words::count(retried, "attempt") + " that failed")
        };
        let estimated = if spent.estimated == 0 {
            String::new()
        } else {
            format!(
                "; the service did not count the tokens of {}, which are estimates",
                words::count(spent.estimated, "call")
            )
        };
        let who = if embedded(role) {
            format!(
                "The {} was the embedded one behind a local server, which nobody is paid for. At the prices of `{model}`",
                part(*role)
            )
        } else {
            format!("The {} was the model `{model}`{served}", part(*role))
        };
        sentences.push(format!(
            "{who}: {}{retried}, {} tokens, ${:.2} in all, sessions that broke off included{estimated}.",
            words::count(spent.calls, "call"),
            words::grouped(spent.usage.total().0),
            spent.cost.dollars(),
        ));
    }
    if let Some(rate) = live.flips.overall.rate() {
        let worst = live
            .flips
            .by_criterion
            .iter()
            .filter_map(|(criterion, flips)| Some((criterion, flips.rate()?)))
            .max_by(|one, other| one.1.total_cmp(&other.1));
        let worst =
            worst
                .filter(|(_, rate)| *rate > 0.0)
                .map_or_else(String::new, |(criterion, rate)| {
                    format!(
                        ", most often on the criterion `{criterion}` ({})",
                        words::percent(rate)
                    )
                });
        sentences.push(format!(
            "Asked again about the same work, the judge gave another verdict in {} of the pairs{worst}.",
            words::percent(rate)
        ));
    }
    for (role, count) in &live.not_taken {
        sentences.push(match role {
            Role::User => format!(
                "{} of the user were said in the scripted words, because the model's said something else.",
                words::count(*count, "answer")
            ),
            Role::Dreamer => format!(
                "{} of the dreamer could not be made and were left out.",
                words::count(*count, "edit")
            ),
            Role::Agent => format!(
                "In {} the service names another cost than its tokens and its time come to, by more than a cent: see `remarks` in the record.",
                words::count(*count, "session")
            ),
            Role::InSessionGrader | Role::FinalGrader => format!(
                "{} of the {} were not taken as they came.",
                words::count(*count, "thing"),
                part(*role)
            ),
        });
    }
    sentences
}
