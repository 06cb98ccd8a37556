//! `dreamtrial cost`: what a run's arms cost, whether dreams pay, and what it would cost otherwise.

use super::{Exit, Failure, claims::open, print};
use crate::{
    analyse::cost::{Cadence, CostModel, WhatIf},
    cli::CostArguments,
    experiment::Regime,
    price::{PriceList, Prices},
    record::Manifest,
    report::costs::{CostReport, Load},
};

pub(super) fn cost(arguments: &CostArguments) -> Result<Exit, Failure> {
    let record = open(&arguments.run)?;
    let what_if = what_if(arguments, record.manifest())?;
    let model = CostModel::of(&record, what_if).map_err(Failure::new)?;
    let manifest = model.manifest();
    let (bases, treats) = compared(arguments, manifest)?;
    for &treat in &treats {
        if bases == [treat] || !matches!(manifest.arms[treat].memory, Regime::Dreamed) {
            return Err(Failure::usage(format!(
                "`{}` has no dreams that could pay",
                manifest.arms[treat].id
            ))
            .hint("name an arm with dreams by `--treat`, and another arm by `--base`"));
        }
    }
    let mut pays = Vec::new();
    for &treat in &treats {
        for &base in bases.iter().filter(|base| **base != treat) {
            pays.extend(
                model
                    .pays(base, treat, arguments.worth)
                    .map_err(Failure::new)?,
            );
        }
    }
    let report = CostReport {
        model: &model,
        pays: &pays,
        load: Load {
            sessions: arguments.sessions_per_day,
            seats: arguments.seats,
        },
    };
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder).map_err(Failure::io(folder))?;
        for (name, bytes) in [
            ("cost.csv", report.csv().map_err(Failure::new)?),
            (
                "cost.svg",
                report.chart().map_err(Failure::new)?.into_bytes(),
            ),
        ] {
            let file = folder.join(name);
            std::fs::write(&file, bytes).map_err(Failure::io(&file))?;
        }
    }
    if arguments.json {
        let text = serde_json::to_string_pretty(&report.json()).map_err(Failure::new)?;
        print(&(text + "\n"))?;
    } else {
        print(&report.text())?;
    }
    Ok(Exit::Done)
}

fn what_if(arguments: &CostArguments, manifest: &Manifest) -> Result<WhatIf, Failure> {
    let (model, prices) = match &arguments.price {
        None => (manifest.priced_as.clone(), manifest.prices()),
        Some(name) => {
            let price = PriceList::embedded().model(name).map_err(|known| {
                Failure::usage(format!("no prices of a model `{name}`"))
                    .hint(format!("there are prices of `{}`", known.join("`, `")))
            })?;
            (name.clone(), Prices::all(price))
        }
    };
    if let Some(hit) = arguments.cache_hit.filter(|hit| !(0.0..=1.0).contains(hit)) {
        return Err(Failure::usage(format!(
            "cache hit rate `{hit}` is not between 0 and 1"
        )));
    }
    let above_zero = |name: &str, value: f64| {
        if value.is_finite() && value > 0.0 {
            Ok(())
        } else {
            Err(Failure::usage(format!(
                "`{name}` is `{value}`, and must be above 0"
            )))
        }
    };
    above_zero("--sessions-per-day", arguments.sessions_per_day)?;
    if let Some(worth) = arguments.worth {
        above_zero("--worth", worth)?;
    }
    let cadence = if arguments.nightly {
        Some(Cadence::Nightly(arguments.sessions_per_day))
    } else {
        arguments.every.map(Cadence::Sessions)
    };
    Ok(WhatIf {
        model,
        prices,
        cache_hit: arguments.cache_hit,
        cadence,
    })
}

/// The arms that dreams are compared with, and the arms with dreams.
fn compared(
    arguments: &CostArguments,
    manifest: &Manifest,
) -> Result<(Vec<usize>, Vec<usize>), Failure> {
    let find = |name: &str| {
        let mut arms = 0..manifest.arms.len();
        arms.find(|&arm| manifest.arms[arm].id.as_str() == name)
            .ok_or_else(|| {
                let known: Vec<&str> = manifest.arms.iter().map(|arm| arm.id.as_str()).collect();
                Failure::usage(format!("no arm `{name}` in this run"))
                    .hint(format!("there are `{}`", known.join("`, `")))
            })
    };
    let first = |regime: Regime| {
        let mut arms = 0..manifest.arms.len();
        arms.find(|&arm| {
            manifest.arms[arm].memory == regime && manifest.arms[arm].outcomes.is_none()
        })
    };
    let bases = match &arguments.base {
        Some(name) => vec![find(name)?],
        None => [Regime::Accumulated, Regime::None]
            .into_iter()
            .filter_map(first)
            .collect(),
    };
    let treats = match &arguments.treat {
        Some(name) => vec![find(name)?],
        None => first(Regime::Dreamed).into_iter().collect(),
    };
    Ok((bases, treats))
}
