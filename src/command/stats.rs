//! `dreamtrial stats`: the statistics of a table of results from anywhere.

use std::{fmt::Write as _, sync::Arc};

use sha2::{Digest as _, Sha256};

use super::{Exit, Failure, print, tell};
use crate::{
    cli::StatsArguments,
    source::{self, Problems},
    table::{self, Options, Prices},
};

pub(super) fn stats(arguments: &StatsArguments) -> Result<Exit, Failure> {
    let options = options(arguments)?;
    let file = &arguments.file;
    let mut problems = Problems::default();
    let summary = match source::read_text(file, source::MAX_FILE_BYTES) {
        Ok(text) => {
            let text: Arc<str> = text.into();
            let summary = table::summarise(file, &text, &options, &mut problems);
            summary
                .map_err(Failure::new)?
                .map(|summary| (text, summary))
        }
        Err(problem) => {
            problems.push(problem, None);
            None
        }
    };
    let Some((text, summary)) = summary else {
        tell(&problems.render(true));
        return Ok(Exit::Invalid);
    };
    if arguments.json {
        let json = serde_json::to_string_pretty(summary.keys.as_map()).map_err(Failure::new)?;
        print(&format!("{json}\n"))?;
        return Ok(Exit::Done);
    }
    let name = file.file_name().unwrap_or(file.as_os_str());
    print(&summary.text(&name.to_string_lossy(), &options))?;
    let mut digest = String::new();
    for byte in Sha256::digest(text.as_bytes()).iter().take(8) {
        let _ = write!(digest, "{byte:02x}");
    }
    print(&format!(
        "\ndata {digest}, seed {}, {} replicates, dreamtrial {}\n",
        options.seed,
        options.replicates,
        env!("CARGO_PKG_VERSION"),
    ))?;
    Ok(Exit::Done)
}

/// Checks the numbers that the command line takes as they are.
fn options(arguments: &StatsArguments) -> Result<Options, Failure> {
    let margins = &arguments.margins;
    if let Some(margin) = margins.iter().find(|margin| !(0.0..=1.0).contains(*margin)) {
        return Err(
            Failure::usage(format!("margin `{margin}` is not between 0 and 1"))
                .hint("a margin is a difference of rates: 0.1 is ten points"),
        );
    }
    let prices = [
        ("--price-input", arguments.price_input),
        ("--price-output", arguments.price_output),
        ("--price-hour", arguments.price_hour),
        ("--dream-cost", arguments.dream_cost),
    ];
    if let Some((name, price)) = prices
        .iter()
        .find(|(_, price)| !(price.is_finite() && *price >= 0.0))
    {
        return Err(Failure::usage(format!("`{name}` is `{price}`"))
            .hint("give an amount of US dollars, 0 or more"));
    }
    Ok(Options {
        base: arguments.base.clone(),
        treat: arguments.treat.clone(),
        seed: arguments.seed,
        replicates: usize::try_from(arguments.replicates).map_err(Failure::new)?,
        margins: margins.clone(),
        prices: Prices {
            input: arguments.price_input,
            output: arguments.price_output,
            hour: arguments.price_hour,
            outlay: arguments.dream_cost,
            every: arguments.dream_every,
        },
    })
}
