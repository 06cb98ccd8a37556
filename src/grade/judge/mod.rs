//! A grader that is a model: it reads the rubric and says of each criterion whether it is met.
//!
//! Each judgement is a conversation of its own that holds the [`GradeRequest`] and nothing else, so that
//! the same deliverable for the same task gives the same bytes, whatever the arm. Judged several times,
//! the majority counts. What always holds: every criterion of the rubric has one verdict, and where the
//! judge gave none that counts it is not met and says so.

mod answer;
mod evidence;
mod prompt;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::{GradeRequest, Graded, Grader};
use crate::{
    ident::Digest,
    model::{Completion, Content, Model, Request, Stop, Structure, Turn, sent_tokens},
    quantity::{Seed, Tokens},
    rubric::{Rubric, Verdict, Verdicts, Votes},
    transcript::{Failure, Pending, Role, Usage},
};
use answer::{Ballot, Reading, Vote};

/// The most tokens of a judgement, thoughts included; a model whose own limit is lower keeps to that.
const MAX_OUTPUT_TOKENS: u64 = 16_384;

/// Tokens that a judge is taken to write on a criterion, where nothing has been written yet.
const TOKENS_PER_VERDICT: u64 = 60;

/// A grader that asks a model.
#[derive(Clone)]
pub struct Judge {
    model: Arc<dyn Model>,
    role: Role,
    repeats: u32,
    round: u64,
    structure: Arc<Structure>,
}

/// What one judgement came to: a ballot for each criterion.
struct Judgement {
    ballots: Vec<Ballot>,
    usage: Usage,
}

impl Judge {
    /// A judge in this role (final or in-session grader) that is asked `repeats` times, at least once.
    pub fn new(model: Arc<dyn Model>, role: Role, repeats: u32) -> Self {
        Self {
            model,
            role,
            repeats: repeats.max(1),
            round: 0,
            structure: answer::structure(),
        }
    }

    /// The same judge in another round: it draws anew, so that what it says of a deliverable that it has
    /// judged before is another judgement. Runs judge in round 0.
    #[must_use]
    pub fn in_round(mut self, round: u64) -> Self {
        self.round = round;
        self
    }

    /// What grading this once is likely to take, from the size of what is sent: the tokens of all repeats,
    /// none of them read from a cache and none asked again.
    pub fn forecast(&self, request: &GradeRequest<'_>) -> Usage {
        let sent = sent_tokens(&self.asking(prompt::user(request), Seed(0)));
        let written = TOKENS_PER_VERDICT * request.rubric.criteria.len() as u64;
        Usage {
            uncached_input: Tokens(sent * u64::from(self.repeats)),
            output: Tokens(written * u64::from(self.repeats)),
            ..Usage::default()
        }
    }

    /// The digest of what every judge is told: the instructions, the layout of a request and the form of
    /// an answer.
    pub fn digest() -> Digest {
        let schema = answer::structure().schema.to_string();
        Digest::of_parts([
            prompt::SYSTEM.as_bytes(),
            &prompt::LAYOUT.to_le_bytes(),
            schema.as_bytes(),
        ])
    }

    async fn verdicts(&self, request: GradeRequest<'_>) -> Result<Graded, Failure> {
        let text = prompt::user(&request);
        let seed = seed_of(&request, self.round)?;
        let repeats = (0..self.repeats)
            .map(|repeat| self.judgement(&text, request.rubric, seed.derive_number(repeat.into())));
        let judgements = try_join_all(repeats).await?;
        let mut usage = Usage::default();
        for judgement in &judgements {
            usage += judgement.usage;
        }
        let criteria = request.rubric.criteria.iter().enumerate();
        let verdicts = criteria
            .map(|(at, criterion)| {
                let ballots: Vec<&Ballot> = judgements
                    .iter()
                    .filter_map(|judgement| judgement.ballots.get(at))
                    .collect();
                let (met, evidence, votes) = count(&ballots);
                Verdict {
                    criterion: criterion.id.clone(),
                    met,
                    evidence: evidence::cleared(&evidence, &request),
                    votes: Some(votes),
                }
            })
            .collect();
        Ok(Graded {
            verdicts: Verdicts::of(request.rubric, verdicts),
            usage,
        })
    }

    /// The request of a judgement.
    fn asking(&self, text: String, seed: Seed) -> Request {
        Request {
            role: self.role,
            system: prompt::SYSTEM.into(),
            tools: Arc::from([]),
            turns: vec![said(text)],
            structure: Some(Arc::clone(&self.structure)),
            max_output_tokens: MAX_OUTPUT_TOKENS,
            seed,
        }
    }

    /// Judges once, with a second try where the answer is not complete.
    async fn judgement(
        &self,
        text: &str,
        rubric: &Rubric,
        seed: Seed,
    ) -> Result<Judgement, Failure> {
        let mut request = self.asking(text.to_owned(), seed);
        let first = self.model.complete(&request).await?;
        let mut usage = first.usage;
        let mut reading = read(&first, rubric)?;
        if !reading.faults.is_empty() && first.stop != Stop::Refusal {
            let again = prompt::again(&reading.faults);
            request.turns.push(Turn::Assistant(first.assistant));
            request.turns.push(said(again));
            let second = self.model.complete(&request).await?;
            usage += second.usage;
            // A second answer of which nothing counts does not undo what counted in the first.
            if let Ok(second) = read(&second, rubric)
                && second.ballots.iter().any(Option::is_some)
            {
                reading = second;
            }
        }
        let missing = reading.faults.join("; ");
        let ballots = reading
            .ballots
            .into_iter()
            .map(|ballot| ballot.unwrap_or_else(|| Ballot::abstained(&missing)))
            .collect();
        Ok(Judgement { ballots, usage })
    }
}

impl Grader for Judge {
    fn grade<'g>(&'g self, request: GradeRequest<'g>) -> Pending<'g, Result<Graded, Failure>> {
        Box::pin(self.verdicts(request))
    }
}

/// What of a completion counts. A deliverable that the judge's context does not hold cannot be judged.
fn read(completion: &Completion, rubric: &Rubric) -> Result<Reading, Failure> {
    match completion.stop {
        Stop::ContextLimit => Err(Failure::Backend(
            "the judge's context does not hold the deliverable with its rubric; take a model with a larger context".to_owned(),
        )),
        Stop::Refusal => Ok(Reading::nothing(rubric, "the judge refused".to_owned())),
        Stop::OutputLimit => Ok(Reading::nothing(
            rubric,
            "it was cut off: it is too long".to_owned(),
        )),
        Stop::End | Stop::Calls | Stop::Pause | Stop::Other(_) => {
            Ok(answer::read(&completion.assistant.text, rubric))
        }
    }
}

/// Whether the majority says met, why, and how the votes fell.
fn count(ballots: &[&Ballot]) -> (bool, String, Votes) {
    let mut votes = Votes::default();
    for ballot in ballots {
        match ballot.vote {
            Vote::Met => votes.met += 1,
            Vote::Unmet => votes.unmet += 1,
            Vote::Abstain => votes.abstained += 1,
        }
    }
    let first = |vote: Vote| {
        ballots
            .iter()
            .find(|ballot| ballot.vote == vote)
            .map_or("", |ballot| ballot.evidence.as_str())
    };
    match votes.majority() {
        Some(true) => (true, first(Vote::Met).to_owned(), votes),
        Some(false) => (false, first(Vote::Unmet).to_owned(), votes),
        None if votes.met > 0 => {
            let Votes { met, unmet, .. } = votes;
            let tie = format!("abstained: {met} say met and {unmet} unmet");
            (false, tie, votes)
        }
        None => (false, format!("abstained: {}", first(Vote::Abstain)), votes),
    }
}

/// The seed of a request in a round, from its bytes: it is the same wherever the same is judged.
fn seed_of(request: &GradeRequest<'_>, round: u64) -> Result<Seed, Failure> {
    let bytes = serde_json::to_vec(request)
        .map_err(|error| Failure::Internal(format!("a grading request has no JSON: {error}")))?;
    let digest = Digest::of(&bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    let seed = Seed(u64::from_le_bytes(first));
    Ok(if round == 0 {
        seed
    } else {
        seed.derive("round").derive_number(round)
    })
}

fn said(text: String) -> Turn {
    Turn::User(vec![Content::Text(text)])
}
