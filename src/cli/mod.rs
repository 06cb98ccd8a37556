//! The command line, as it is typed. No behaviour.

mod clean;
mod finished;
mod run;
mod serve;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub use clean::CleanArguments;
pub use finished::{
    CalibrateArguments, ClaimsArguments, CostArguments, GateArguments, GateLooks, GradeArguments,
    PowerArguments, ReportArguments, ScaleName,
};
pub use run::{BudgetArguments, CastArguments, DoctorArguments, LiveArguments, RunArguments};
pub use serve::{FaultArguments, ServeArguments};

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
    /// Take away what runs left in an account of managed agents
    Clean(CleanArguments),
    /// Serve agents, environments and memory stores of the Managed Agents API on this machine
    Serve(ServeArguments),
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
