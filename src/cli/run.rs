//! What a run is given, and what is checked before one: parts, budgets.

use std::path::PathBuf;

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
    /// With managed agents: leave in the account what the run made there, to be looked at
    #[arg(long)]
    pub keep: bool,
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
    /// Who plays the agent, and dreams if it is a model: reference, anthropic:MODEL, openai:MODEL,
    /// managed or managed:MODEL (Claude Managed Agents), a name under `models` in the experiment, or
    /// process:COMMAND
    #[arg(long, value_name = "WHO")]
    pub backend: Option<String>,
    /// Who dreams: embedded, a model, managed, or process:COMMAND
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
