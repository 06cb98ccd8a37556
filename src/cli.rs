//! The command line, as it is typed. No behaviour.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// The controlled trial of dreaming: does memory consolidation between an agent's sessions help, for
/// whom, and at what cost?
///
/// Exit codes: 0 done; 1 unexpected failure; 2 wrong usage; 3 a scenario, rubric or experiment is
/// invalid; 4 some trials could not be run or graded; 130 interrupted, with what was done kept.
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
    /// Report every problem of scenarios, rubrics and experiments
    Check(CheckArguments),
    /// Print the JSON Schema of a file format
    Schema(SchemaArguments),
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

/// Arguments of `dreamtrial check`.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// Scenario folders, rubric files, experiment files, or folders of them
    #[arg(default_values = ["scenarios", "rubrics", "experiments"])]
    pub paths: Vec<PathBuf>,
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
}
