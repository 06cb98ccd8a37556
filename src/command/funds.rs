//! What a run may spend, and whether somebody agrees to what it is forecast to spend.

use std::{collections::BTreeSet, io::BufRead as _};

use super::{Environment, Failure, tell};
use crate::{
    budget::{Amount, Caps, Purse},
    cli::BudgetArguments,
    plan::Plan,
    quantity::{Tokens, Usd},
    run::{Funds, History},
    transcript::Role,
};

/// The caps of the command line, with what earlier parts of the run have spent counted in.
pub(super) fn funds(
    arguments: &BudgetArguments,
    history: &dyn History,
    trials: usize,
) -> Result<Funds, Failure> {
    let usd = |flag: &str, dollars: Option<f64>| {
        dollars
            .map(|dollars| {
                if dollars.is_finite() && (0.0..=1e9).contains(&dollars) {
                    Ok(Usd::of_dollars(dollars))
                } else {
                    Err(Failure::usage(format!(
                        "`{flag}` is `{dollars}`, and must be 0 or more"
                    )))
                }
            })
            .transpose()
    };
    let spent =
        (0..trials)
            .map(|trial| history.spent(trial))
            .fold(Amount::default(), |sum, one| Amount {
                usd: sum.usd + one.usd,
                tokens: sum.tokens + one.tokens,
            });
    let run = Caps {
        usd: usd("--max-usd", arguments.max_usd)?,
        tokens: arguments.max_tokens.map(Tokens),
    };
    let trial = Caps {
        usd: usd("--max-usd-per-trial", arguments.max_usd_per_trial)?,
        tokens: arguments.max_tokens_per_trial.map(Tokens),
    };
    Ok(Funds {
        run: Purse::of_run(run, spent),
        trial,
    })
}

/// What the parts that models play are forecast to cost; those that nobody is paid for are left out.
/// `dreams` says whether there is dreaming, and not only what was dreamt before.
pub(super) fn live_cost(plan: &Plan, dreams: bool) -> Usd {
    let forecast = plan.forecast();
    let cast = plan.experiment.cast();
    let roles: BTreeSet<Role> = cast.models().into_iter().map(|(role, _)| role).collect();
    let roles = roles
        .into_iter()
        .filter(|role| dreams || *role != Role::Dreamer);
    roles
        .filter_map(|role| {
            let usage = forecast.usage.get(&role)?;
            Some(plan.prices.of(role).of_tokens(usage))
        })
        .sum()
}

/// Asks whether a forecast cost is all right, if there is any. `basis` says what it was made from.
pub(super) fn agree(
    cost: Usd,
    basis: &str,
    arguments: &BudgetArguments,
    environment: &Environment,
) -> Result<(), Failure> {
    if cost <= Usd(0) {
        return Ok(());
    }
    let cap = arguments
        .max_usd
        .map_or_else(|| "no cap".to_owned(), |cap| format!("capped at ${cap:.2}"));
    tell(&format!(
        "forecast: about ${:.2} for the live models ({cap}), {basis}\n",
        cost.dollars()
    ));
    if arguments.yes {
        return Ok(());
    }
    if !environment.questions {
        return Err(
            Failure::usage("this costs money, and nobody is there to agree to it")
                .hint("add `--yes`, and `--max-usd` for a cap"),
        );
    }
    tell("go ahead? [y/N] ");
    let mut answer = String::new();
    // No answer is no.
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::usage("not agreed to; nothing was spent"))
    }
}
