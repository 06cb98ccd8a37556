//! What `dreamtrial clean` is given.

/// Arguments of `dreamtrial clean`.
#[derive(Debug, clap::Args)]
pub struct CleanArguments {
    /// Only what this run made: its folder, or the mark that it ended with [default: the only one that is there]
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// What several runs have left, without naming one
    #[arg(long, conflicts_with = "run")]
    pub all: bool,
    /// Where the service is [default: `ANTHROPIC_BASE_URL`, or the service's own address]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Say what is there, and take nothing away
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub yes: bool,
}
