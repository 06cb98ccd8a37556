//! The command line, as it is typed. No behaviour.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

/// The controlled trial of dreaming: does memory consolidation between an agent's sessions help, for
/// whom, and at what cost?
///
/// Exit codes: 0 done; 1 unexpected failure, or `doctor` found what a run would fail of; 2 wrong usage;
/// 3 a scenario, rubric, experiment, claims file, table or file of labels is invalid; 4 some trials
/// could not be run or graded; 5 a gate found a regression; 6 a gate could not conclude;
/// 130 interrupted, with what was done kept.
#[derive(Debug, Parser)]
#[command(
    name = "dreamtrial",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an experiment and report on it
    Run(RunArguments),
    /// Check keys, services, models, prices and the clock before a run is paid for
    Doctor(DoctorArguments),
    /// Make the report of a run again from its record
    Report(ReportArguments),
    /// Judge claims on a run: supported, refuted or inconclusive, with the evidence
    Claims(ClaimsArguments),
    /// Compare a run with a baseline: did a dream policy get worse, and which edit broke what
    Gate(GateArguments),
    /// What a run's arms cost, whether dreams pay, and what it would cost otherwise
    Cost(CostArguments),
    /// Plan a trial: how many scenarios decide, or what a budget can show
    Power(PowerArguments),
    /// Grade a run's deliverables again: does the grader agree with itself, and what does that change
    Grade(GradeArguments),
    /// Correct a run by people's labels: how often the grader is wrong, and what that changes
    Calibrate(CalibrateArguments),
    /// Report every problem of scenarios, rubrics, experiments and claims
    Check(CheckArguments),
    /// Print the JSON Schema of a file format
    Schema(SchemaArguments),
    /// Statistics of a table of results from anywhere
    Stats(StatsArguments),
    /// Serve agents, environments and memory stores of the Managed Agents API on this machine
    Serve(ServeArguments),
}

/// Arguments of `dreamtrial run`.
#[derive(Debug, clap::Args)]
pub struct RunArguments {
    /// The experiment file
    #[arg(default_value = "experiments/standard.yaml")]
    pub experiment: PathBuf,
    /// Where the run is kept [default: a new folder under results/local]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Continue the run in --out: what it has is kept, what it lacks is run
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Trials at a time [default: one for each core; 16 with a live agent]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub jobs: Option<u16>,
    /// Seed of all draws, instead of the experiment's
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Repetitions of each scenario in each arm, instead of the experiment's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub repetitions: Option<u32>,
    /// Run only this arm; may be given several times
    #[arg(long = "arm", value_name = "ARM")]
    pub arms: Vec<String>,
    /// Run only scenarios whose name matches, as legal/* or */scope; may be given several times
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Register the claims of this file: its digest and text stand in the run's record
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// Take the dreams from this run of the same plan instead of dreaming
    #[arg(long, value_name = "RUN")]
    pub dreams_of: Option<PathBuf>,
    /// Compare with this baseline (a run or a lock) at four planned looks, and stop when one decides
    #[arg(long, value_name = "BASELINE")]
    pub stop_early: Option<PathBuf>,
    /// With --stop-early: the loss of completion that is tolerated, in points
    #[arg(
        long,
        value_name = "POINTS",
        default_value_t = 10.0,
        requires = "stop_early"
    )]
    pub margin: f64,
    /// Say what would run and what it would cost, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Who plays which part
    #[command(flatten)]
    pub live: LiveArguments,
    /// What may be spent
    #[command(flatten)]
    pub budget: BudgetArguments,
}

/// Who plays which part, where the command line says so, and what is kept of it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Live models")]
pub struct LiveArguments {
    /// Who plays which part
    #[command(flatten)]
    pub cast: CastArguments,
    /// Keep every completion in this folder
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Take completions from this folder and ask no service; with --record, ask for those that it lacks
    #[arg(long, value_name = "DIR")]
    pub replay: Option<PathBuf>,
}

/// Who plays which part, where the command line says so.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Live models")]
pub struct CastArguments {
    /// Who plays the agent, and dreams if it is a model: reference, anthropic:MODEL, openai:MODEL, a name
    /// under `models` in the experiment, or process:COMMAND
    #[arg(long, value_name = "WHO")]
    pub backend: Option<String>,
    /// Who dreams: embedded, a model, or process:COMMAND
    #[arg(long, value_name = "WHO")]
    pub dreamer: Option<String>,
    /// Who grades, in sessions and at the end: embedded, or a model
    #[arg(long, value_name = "WHO")]
    pub judge: Option<String>,
    /// How often a judge judges each deliverable; the majority counts
    #[arg(long, value_name = "N", requires = "judge", value_parser = clap::value_parser!(u32).range(1..=25))]
    pub judge_repeats: Option<u32>,
    /// Where the models are that the command line names [default: their provider's address]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// Arguments of `dreamtrial doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArguments {
    /// The experiment file
    #[arg(default_value = "experiments/standard.yaml")]
    pub experiment: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Who plays which part
    #[command(flatten)]
    pub cast: CastArguments,
}

/// What may be spent.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Budget")]
pub struct BudgetArguments {
    /// The most that the run may cost, in USD
    #[arg(long, value_name = "USD")]
    pub max_usd: Option<f64>,
    /// The most tokens that the run may take, of all classes
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,
    /// The most that a trial may cost, in USD
    #[arg(long, value_name = "USD")]
    pub max_usd_per_trial: Option<f64>,
    /// The most tokens that a trial may take
    #[arg(long, value_name = "N")]
    pub max_tokens_per_trial: Option<u64>,
    /// Do not ask whether the forecast cost is all right
    #[arg(long, short = 'y')]
    pub yes: bool,
}

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

/// Arguments of `dreamtrial check`.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// Scenario folders, rubric files, experiment files, claims files, or folders of them
    #[arg(default_values = ["scenarios", "rubrics", "experiments", "claims"])]
    pub paths: Vec<PathBuf>,
}

/// Arguments of `dreamtrial stats`.
#[derive(Debug, clap::Args)]
pub struct StatsArguments {
    /// The table: CSV, its kind told by its header (docs/formats.md)
    pub file: PathBuf,
    /// Print every number as one flat JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// The arm to compare with [default: none]
    #[arg(long, value_name = "ARM")]
    pub base: Option<String>,
    /// The arm to compare [default: the only other one]
    #[arg(long, value_name = "ARM")]
    pub treat: Option<String>,
    /// Seed of the resampling
    #[arg(long, value_name = "NUMBER", default_value_t = 20_260_101)]
    pub seed: u64,
    /// Replicates of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub replicates: u32,
    /// A loss of the rate that is tolerated, as 0.1 for ten points; may be given several times
    #[arg(long = "margin", value_name = "RATE", default_values_t = [0.1])]
    pub margins: Vec<f64>,
    /// US dollars for a million tokens of input
    #[arg(long, value_name = "USD", default_value_t = 3.0)]
    pub price_input: f64,
    /// US dollars for a million tokens of output
    #[arg(long, value_name = "USD", default_value_t = 15.0)]
    pub price_output: f64,
    /// US dollars for an hour of a session
    #[arg(long, value_name = "USD", default_value_t = 0.08)]
    pub price_hour: f64,
    /// US dollars for one dream
    #[arg(long, value_name = "USD", default_value_t = 0.35)]
    pub dream_cost: f64,
    /// Sessions from one dream to the next
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub dream_every: u32,
}

/// Arguments of `dreamtrial serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub address: SocketAddr,
    /// Where objects are kept, which is made if it is not there; `:memory:` keeps them until the end
    #[arg(long, value_name = "FILE", default_value = "dreamtrial.db")]
    pub database: String,
    /// Let in only the keys of this file, one on a line [default: any key, each with its own objects]
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Do not hold keys to 300 creations and 1,200 reads a minute
    #[arg(long)]
    pub no_rate_limits: bool,
    /// Faults on demand
    #[command(flatten)]
    pub faults: FaultArguments,
}

/// Faults on demand.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Faults on demand")]
pub struct FaultArguments {
    /// Seed of the faults
    #[arg(long, value_name = "NUMBER", default_value_t = 20_260_101)]
    pub seed: u64,
    /// Hold answers back by up to so many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=600_000))]
    pub fault_delay: u64,
    /// Share of requests that are answered with 429
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub fault_rate_limited: f64,
    /// Share of requests that are answered with 529
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub fault_overloaded: f64,
}

/// Arguments of `dreamtrial schema`.
#[derive(Debug, clap::Args)]
pub struct SchemaArguments {
    /// Which format
    pub format: Format,
}

/// The formats that have a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// scenario.yaml
    Scenario,
    /// The head of a rubric
    Rubric,
    /// An experiment file
    Experiment,
    /// A claims file
    Claims,
}
