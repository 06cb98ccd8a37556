//! What is asked of runs that are there: reports, claims, gates, costs, plans, labels, gradings.

use std::path::PathBuf;

use clap::ValueEnum;

use super::BudgetArguments;

/// Arguments of `dreamtrial report`.
#[derive(Debug, clap::Args)]
pub struct ReportArguments {
    /// The folder of the run
    pub run: PathBuf,
    /// Where the report goes [default: the folder of the run]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `dreamtrial claims`.
#[derive(Debug, clap::Args)]
pub struct ClaimsArguments {
    /// The folder of the run
    pub run: PathBuf,
    /// The claims file [default: the one registered with the run, else the published figures]
    pub claims: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dreamtrial gate`.
#[derive(Debug, clap::Args)]
pub struct GateArguments {
    /// The folder of a run, or a lock file
    pub baseline: PathBuf,
    /// The folder of a run, or a lock file
    pub candidate: Option<PathBuf>,
    /// The candidate's arm [default: the first with dreams]
    #[arg(long, value_name = "ARM")]
    pub arm: Option<String>,
    /// The baseline's arm [default: the first with dreams]
    #[arg(long, value_name = "ARM")]
    pub baseline_arm: Option<String>,
    /// The loss that is tolerated: points of a share, percent of any other measure
    #[arg(long, value_name = "POINTS", default_value_t = 10.0)]
    pub margin: f64,
    /// Error probability of passing and of failing, one-sided each
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    pub alpha: f64,
    /// A measure that decides; may be given several times [default: completion]
    #[arg(long = "metric", value_name = "METRIC")]
    pub metrics: Vec<String>,
    /// How often the gate may look
    #[arg(long, value_enum, default_value_t = GateLooks::Four)]
    pub looks: GateLooks,
    /// Write what a gate needs of the baseline into this file
    #[arg(long, value_name = "FILE")]
    pub lock: Option<PathBuf>,
    /// Write a report in the XML of `JUnit`
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write Markdown for a pull request
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How often a gate may look at the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GateLooks {
    /// Four planned looks (group-sequential)
    Four,
    /// Once, when all is there
    One,
    /// After any scenario (an e-process; for shares of tasks)
    Anytime,
}

/// Arguments of `dreamtrial cost`.
#[derive(Debug, clap::Args)]
pub struct CostArguments {
    /// The folder of the run
    pub run: PathBuf,
    /// The arm that dreams are compared with [default: accumulated memory, then no memory]
    #[arg(long, value_name = "ARM")]
    pub base: Option<String>,
    /// The arm with dreams [default: the first]
    #[arg(long, value_name = "ARM")]
    pub treat: Option<String>,
    /// What if: the prices of this model
    #[arg(long, value_name = "MODEL")]
    pub price: Option<String>,
    /// What if: this share of input is read from a cache, 0 to 1
    #[arg(long, value_name = "SHARE")]
    pub cache_hit: Option<f64>,
    /// What if: a dream after every so many sessions
    #[arg(long, value_name = "SESSIONS", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub every: Option<u32>,
    /// What if: a dream a night and seat, whatever the load
    #[arg(long, conflicts_with = "every")]
    pub nightly: bool,
    /// Sessions a day and seat
    #[arg(long, value_name = "NUMBER", default_value_t = 10.0)]
    pub sessions_per_day: f64,
    /// Deployments with a memory of their own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub seats: u32,
    /// What a completed task is worth in dollars, to say what dreams gain
    #[arg(long, value_name = "USD")]
    pub worth: Option<f64>,
    /// Write cost.csv and cost.svg into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dreamtrial power`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("question"), group = clap::ArgGroup::new("size"))]
pub struct PowerArguments {
    /// The folder of a pilot run; without one, rates are assumed
    pub run: Option<PathBuf>,
    /// The pilot's arm to compare with [default: the first without memory; of a gate the first with
    /// dreams]
    #[arg(long, value_name = "ARM", requires = "run")]
    pub base: Option<String>,
    /// The pilot's arm to compare [default: the first other one with dreams]
    #[arg(long, value_name = "ARM", requires = "run")]
    pub treat: Option<String>,
    /// The measure [default: completion]
    #[arg(long, value_name = "METRIC", requires = "run")]
    pub metric: Option<String>,
    /// Over the scenarios of this domain
    #[arg(
        long,
        value_name = "DOMAIN",
        requires = "run",
        conflicts_with = "construct"
    )]
    pub domain: Option<String>,
    /// Over the scenarios of this construct
    #[arg(long, value_name = "CONSTRUCT", requires = "run")]
    pub construct: Option<String>,
    /// Without a pilot: share of tasks that the base completes, as 0.1
    #[arg(
        long,
        value_name = "RATE",
        conflicts_with = "run",
        requires = "tasks_per_scenario"
    )]
    pub base_rate: Option<f64>,
    /// Without a pilot: share of tasks that the treatment completes [default: that of the base]
    #[arg(long, value_name = "RATE", requires = "base_rate")]
    pub treat_rate: Option<f64>,
    /// Without a pilot: correlation of two tasks of a scenario in an arm [default: 0.15]
    #[arg(long, value_name = "SHARE", requires = "base_rate")]
    pub icc: Option<f64>,
    /// Without a pilot: correlation of a scenario's rates in the two arms [default: 0.5]
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "base_rate",
        allow_negative_numbers = true
    )]
    pub correlation: Option<f64>,
    /// Without a pilot: tasks of a scenario
    #[arg(long, value_name = "N", requires = "base_rate")]
    pub tasks_per_scenario: Option<f64>,
    /// Without a pilot: tasks of a session [default: 1]
    #[arg(long, value_name = "N", requires = "base_rate")]
    pub tasks_per_session: Option<f64>,
    /// The claim is at least this: a ratio, or points on the scale of differences
    #[arg(
        long,
        value_name = "VALUE",
        group = "question",
        allow_negative_numbers = true
    )]
    pub at_least: Option<f64>,
    /// The claim is at most this
    #[arg(
        long,
        value_name = "VALUE",
        group = "question",
        allow_negative_numbers = true
    )]
    pub at_most: Option<f64>,
    /// The claim is that there is a difference, and on which side [the default]
    #[arg(long, group = "question")]
    pub direction: bool,
    /// The question is a gate's: is a policy not worse by the margin?
    #[arg(long, group = "question")]
    pub gate: bool,
    /// With --gate: the loss that is tolerated, in points of a share, percent of any other measure
    #[arg(long, value_name = "POINTS", default_value_t = 10.0)]
    pub margin: f64,
    /// The scale of --at-least and --at-most
    #[arg(long, value_enum, default_value_t = ScaleName::Ratio)]
    pub scale: ScaleName,
    /// Probability of a decision
    #[arg(long, value_name = "P", default_value_t = 0.8)]
    pub power: f64,
    /// Error probability: two-sided of a claim, one-sided each way of a gate
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    pub alpha: f64,
    /// Repetitions of each scenario in each arm [default: those of the pilot, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub repetitions: Option<u32>,
    /// Say what so many scenarios show, instead of how many are needed
    #[arg(long, value_name = "N", group = "size", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub scenarios: Option<u32>,
    /// Say what so many US dollars show
    #[arg(long, value_name = "USD", group = "size")]
    pub budget_usd: Option<f64>,
    /// US dollars for a session [default: what one cost in the pilot]
    #[arg(long, value_name = "USD")]
    pub usd_per_session: Option<f64>,
    /// US dollars to write one more scenario
    #[arg(long, value_name = "USD", default_value_t = 0.0)]
    pub usd_per_scenario: f64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// On which scale a claim is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScaleName {
    /// Treated over base
    Ratio,
    /// Treated minus base; of shares in points
    Difference,
}

/// Arguments of `dreamtrial calibrate`.
#[derive(Debug, clap::Args)]
pub struct CalibrateArguments {
    /// The folder of the run
    pub run: PathBuf,
    /// The labels: CSV with scenario,repetition,session,task,arm,completed and a rater if there are several, or a filled-in sheet
    #[arg(required_unless_present = "sample")]
    pub labels: Option<PathBuf>,
    /// Draw this many tasks at random, as many from each arm, and write a sheet to fill in
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["labels", "key", "sampled", "at_least", "json"],
        requires = "out",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub sample: Option<u32>,
    /// With --sample: the sheet; its key goes beside it, as sheet.key.csv
    #[arg(long, value_name = "FILE", requires = "sample")]
    pub out: Option<PathBuf>,
    /// With --sample: seed of the draws
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 20_260_101,
        requires = "sample"
    )]
    pub seed: u64,
    /// With --sample: draw from this arm only; may be given several times
    #[arg(long = "arm", value_name = "ARM", requires = "sample")]
    pub arms: Vec<String>,
    /// The key of the sheet, which says which task each row is
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The labelled tasks were drawn at random from the tasks of each arm (implied by --key)
    #[arg(long)]
    pub sampled: bool,
    /// Say which specificity a ratio of at least this would need [default: the ratio that the grader sees]
    #[arg(long, value_name = "RATIO")]
    pub at_least: Option<f64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dreamtrial grade`.
#[derive(Debug, clap::Args)]
pub struct GradeArguments {
    /// The folder of the run
    pub run: PathBuf,
    /// The experiment file, for the folders of scenarios and rubrics and for models
    #[arg(long, value_name = "FILE", default_value = "experiments/standard.yaml")]
    pub experiment: PathBuf,
    /// Who grades: embedded, anthropic:MODEL, openai:MODEL, or a name under `models` in the experiment
    /// [default: the experiment's grader]
    #[arg(long, value_name = "WHO")]
    pub judge: Option<String>,
    /// How often a judge judges within one grading; the majority counts
    #[arg(long, value_name = "N", requires = "judge", value_parser = clap::value_parser!(u32).range(1..=25))]
    pub judge_repeats: Option<u32>,
    /// How often each deliverable is graded, each time afresh
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub times: u32,
    /// Other rubrics: this folder instead of the experiment's
    #[arg(long, value_name = "DIR")]
    pub rubrics: Option<PathBuf>,
    /// A run with the same dreams (made with `run --dreams-of`), graded too; may be given several times
    #[arg(long = "rerun", value_name = "RUN")]
    pub reruns: Vec<PathBuf>,
    /// Where the gradings are kept [default: a new folder `gradings-…` in the run's]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Gradings at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub jobs: u16,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Where the model is that --judge names [default: its provider's address]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Keep every completion in this folder
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Take completions from this folder and ask no service; with --record, ask for those that it lacks
    #[arg(long, value_name = "DIR")]
    pub replay: Option<PathBuf>,
    /// What may be spent
    #[command(flatten)]
    pub budget: BudgetArguments,
}
