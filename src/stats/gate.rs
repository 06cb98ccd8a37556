//! A gate with planned looks: is the treatment no worse than a margin?
//!
//! *What it is for.* Stopping a comparison early, at looks fixed in advance,
//! with a known chance of passing what is worse by the margin and of failing
//! what is not. *What it is not.* An estimate: after an early stop the mean
//! difference overstates. The order of the streams must be fixed beforehand,
//! and higher values must be better. *What always holds.* The form for one
//! look at a time ([`Gate::step`]) and the form for a whole series
//! ([`Gate::looks`]) are the same comparisons on the same prefixes, so they
//! cannot disagree.
//!
//! Each look compares the one-sided p-value of t(n - 1) of the stream
//! differences with the normal tail beyond the bound of that look
//! ([`super::sequential`]). Passing rejects a true mean of `-margin` or less,
//! failing rejects `-margin` or more. Below [`FEWEST_FOR_INTERIM`] planned
//! streams there is only the last look; below
//! [`verdict::MINIMUM_STREAMS`] nothing is decided.

use super::distribution;
use super::error::StatsError;
use super::means::mean_and_se;
use super::sample::as_float;
use super::sequential;
use super::sequential::Spending;
use super::verdict;
use super::verdict::Reason;

/// Fewer planned streams than this have no interim looks.
pub const FEWEST_FOR_INTERIM: usize = 12;

/// Streams with equal differences, of which a look can decide: at a margin of
/// 0.10, 29 of them exclude at the 5 % level that one stream in ten loses
/// everything.
pub const FEWEST_EQUAL: usize = 30;

/// A standard error below this fraction of the differences is rounding.
const ROUNDING: f64 = 1e-12;

/// What a gate tests, and how often it looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateRule {
    /// Loss that is still tolerated, above 0, in units of the differences.
    pub margin: f64,
    /// One-sided error probability of passing, and that of failing.
    pub alpha: f64,
    /// Number of looks, the last at the planned total.
    pub looks: usize,
    /// How alpha is spread over the looks.
    pub spending: Spending,
}

impl GateRule {
    /// Four looks, 5 % one-sided each way, Pocock-type spending.
    pub const fn with_margin(margin: f64) -> Self {
        Self {
            margin,
            alpha: 0.05,
            looks: 4,
            spending: Spending::Pocock,
        }
    }
}

/// A look as planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedLook {
    /// Number of the look, from 1.
    pub number: usize,
    /// Streams it uses.
    pub streams: usize,
    /// Bound on the standard normal scale.
    pub critical: f64,
}

/// A look with its data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// The plan.
    pub planned: PlannedLook,
    /// p-value of "worse by the margin or more"; `None` with one stream and if
    /// every difference is exactly `-margin`.
    pub p_pass: Option<f64>,
    /// p-value of "not worse than by the margin".
    pub p_fail: Option<f64>,
    /// All differences are equal, and the p-values are 0 and 1. The look then
    /// decides only from [`FEWEST_EQUAL`] streams on.
    pub equal: bool,
}

impl Look {
    /// Pass or fail, if this look decides.
    pub fn decision(&self) -> Option<Decision> {
        if self.equal && self.planned.streams < FEWEST_EQUAL {
            return None;
        }
        let beyond = distribution::normal_cdf(-self.planned.critical);
        if self.p_pass? <= beyond {
            Some(Decision::Pass)
        } else if self.p_fail? <= beyond {
            Some(Decision::Fail)
        } else {
            None
        }
    }
}

/// What the gate says in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Not worse by the margin.
    Pass,
    /// Worse by the margin.
    Fail,
    /// Neither was shown.
    Inconclusive(Reason),
}

impl Decision {
    /// The stable tag, without the reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive(_) => "inconclusive",
        }
    }
}

/// The end of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stop {
    /// What it says.
    pub decision: Decision,
    /// The look that decided, from 1; `None` if none did.
    pub look: Option<usize>,
    /// Streams that the decision rests on.
    pub streams: usize,
}

/// What to do with the streams seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// No further stream is needed.
    Stop(Stop),
    /// Go on.
    Continue {
        /// Streams at which the next look is due.
        next_look: usize,
    },
}

/// A gate with all its looks and bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    rule: GateRule,
    looks: Vec<PlannedLook>,
}

impl Gate {
    /// Plans the looks at `ceil(k * streams / looks)` streams.
    ///
    /// Refuses no streams, a margin that is not above 0, an alpha outside
    /// `(0, 0.5)`, no looks, and more looks than one for every two streams.
    pub fn new(rule: GateRule, streams: usize) -> Result<Self, StatsError> {
        if streams == 0 {
            return Err(StatsError::Empty);
        }
        distribution::require_positive("margin", rule.margin)?;
        distribution::require_probability("alpha", 2.0 * rule.alpha)?;
        let count = if streams < FEWEST_FOR_INTERIM {
            rule.looks.min(1)
        } else {
            rule.looks
        };
        if count == 0 || (count > 1 && 2 * count > streams) {
            return Err(StatsError::OutOfRange {
                name: "looks",
                value: as_float(rule.looks),
                expected: "at least 1 and at most half the number of streams",
            });
        }
        let at = (1..=count).map(|look| (look * streams).div_ceil(count));
        let at = at.collect::<Vec<_>>();
        let information = at.iter().map(|&n| as_float(n) / as_float(streams));
        let information = information.collect::<Vec<_>>();
        let bounds = sequential::bounds(rule.spending, &information, rule.alpha)?;
        let looks = (1..).zip(at).zip(bounds);
        let looks = looks.map(|((number, streams), critical)| PlannedLook {
            number,
            streams,
            critical,
        });
        Ok(Self {
            rule,
            looks: looks.collect(),
        })
    }

    /// The looks as planned, at least one.
    pub fn plan(&self) -> &[PlannedLook] {
        &self.looks
    }

    /// The rule it was made from.
    pub fn rule(&self) -> GateRule {
        self.rule
    }

    /// The same looks and bounds, which do not depend on it, with another margin
    /// above 0.
    pub fn with_margin(&self, margin: f64) -> Result<Self, StatsError> {
        distribution::require_positive("margin", margin)?;
        Ok(Self {
            rule: GateRule {
                margin,
                ..self.rule
            },
            looks: self.looks.clone(),
        })
    }

    /// Streams at the last look.
    pub fn streams(&self) -> usize {
        self.looks.last().map_or(0, |look| look.streams)
    }

    /// Every planned look that the stream differences reach, also those after
    /// one that decided.
    pub fn looks(&self, differences: &[f64]) -> Result<Vec<Look>, StatsError> {
        self.require(differences)?;
        let reached = self
            .looks
            .iter()
            .take_while(|look| look.streams <= differences.len());
        reached
            .map(|look| self.look(*look, &differences[..look.streams]))
            .collect()
    }

    /// Decides on the stream differences so far, in the planned order.
    ///
    /// Only the planned looks count: between two of them, and with streams
    /// that ran ahead of a look that decides, the answer is that of the last
    /// look reached.
    pub fn step(&self, differences: &[f64]) -> Result<Step, StatsError> {
        let looks = self.looks(differences)?;
        if let Some(stop) = self.first_decision(&looks) {
            return Ok(Step::Stop(stop));
        }
        match self.looks.get(looks.len()) {
            Some(next) => Ok(Step::Continue {
                next_look: next.streams,
            }),
            None => Ok(Step::Stop(Self::undecided(looks.last(), differences.len()))),
        }
    }

    /// Decides although no further stream will come.
    ///
    /// If streams of the plan are missing, the last look is made with those
    /// there are, at its planned bound. That errs on the safe side: with less
    /// information the looks are more alike, and cross less often in all.
    pub fn close(&self, differences: &[f64]) -> Result<Stop, StatsError> {
        if let Step::Stop(stop) = self.step(differences)? {
            return Ok(stop);
        }
        let mut last = None;
        if let Some(planned) = self.looks.last().copied() {
            let streams = differences.len();
            last = Some(self.look(PlannedLook { streams, ..planned }, differences)?);
        }
        let enough = differences.len() >= verdict::MINIMUM_STREAMS;
        let decided = last.filter(|_| enough);
        Ok(self
            .first_decision(decided.as_slice())
            .unwrap_or_else(|| Self::undecided(last.as_ref(), differences.len())))
    }

    /// Refuses differences that are not finite, or more than were planned.
    fn require(&self, differences: &[f64]) -> Result<(), StatsError> {
        if differences.len() > self.streams() {
            return Err(StatsError::OutOfRange {
                name: "streams",
                value: as_float(differences.len()),
                expected: "at most the planned number of streams",
            });
        }
        match differences.iter().position(|d| !d.is_finite()) {
            None => Ok(()),
            Some(index) => Err(StatsError::NotFinite {
                index,
                value: differences[index],
            }),
        }
    }

    fn look(&self, planned: PlannedLook, differences: &[f64]) -> Result<Look, StatsError> {
        let mut look = Look {
            planned,
            p_pass: None,
            p_fail: None,
            equal: false,
        };
        if differences.len() < 2 {
            return Ok(look);
        }
        let (mean, se) = mean_and_se(differences);
        let distance = mean + self.rule.margin;
        let rounding = ROUNDING * mean.abs().max(self.rule.margin);
        if se > rounding {
            let freedom = as_float(differences.len()) - 1.0;
            look.p_pass = Some(distribution::t_upper_tail(distance / se, freedom)?);
            look.p_fail = Some(distribution::t_upper_tail(-distance / se, freedom)?);
        } else {
            look.equal = true;
            if distance.abs() > rounding {
                let above = distance > 0.0;
                look.p_pass = Some(f64::from(u8::from(!above)));
                look.p_fail = Some(f64::from(u8::from(above)));
            }
        }
        Ok(look)
    }

    fn first_decision(&self, looks: &[Look]) -> Option<Stop> {
        if self.streams() < verdict::MINIMUM_STREAMS {
            return None;
        }
        looks.iter().find_map(|look| {
            look.decision().map(|decision| Stop {
                decision,
                look: Some(look.planned.number),
                streams: look.planned.streams,
            })
        })
    }

    fn undecided(last: Option<&Look>, streams: usize) -> Stop {
        let reason = if streams < verdict::MINIMUM_STREAMS {
            Reason::TooFewStreams
        } else if last.is_none_or(|look| look.equal || look.p_pass.is_none()) {
            Reason::NotEstimable
        } else {
            Reason::IntervalTooWide
        };
        Stop {
            decision: Decision::Inconclusive(reason),
            look: None,
            streams,
        }
    }
}
