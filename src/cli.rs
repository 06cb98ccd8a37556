//! The command line, as it is typed. No behaviour.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// The controlled trial of dreaming: does memory consolidation between an agent's sessions help, for
/// whom, and at what cost?
///
/// Exit codes: 0 done; 1 unexpected failure; 2 wrong usage; 3 a scenario, rubric, experiment,
/// claims file or table is invalid; 4 some trials could not be run or graded;
/// 5 a gate found a regression; 6 a gate could not conclude; 130 interrupted, with what was done kept.
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
    /// Make the report of a run again from its record
    Report(ReportArguments),
    /// Judge claims on a run: supported, refuted or inconclusive, with the evidence
    Claims(ClaimsArguments),
    /// Compare a run with a baseline: did a dream policy get worse, and which edit broke what
    Gate(GateArguments),
    /// What a run's arms cost, whether dreams pay, and what it would cost otherwise
    Cost(CostArguments),
    /// Report every problem of scenarios, rubrics, experiments and claims
    Check(CheckArguments),
    /// Print the JSON Schema of a file format
    Schema(SchemaArguments),
    /// Statistics of a table of results from anywhere
    Stats(StatsArguments),
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
    /// Trials at a time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
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
