//! Keys of two factors crossed on the same streams.

use super::{
    Keys, Options,
    comparison::{LEVEL, of_bootstrap, resampling},
    paired::as_number,
    rows::FactorialTable,
};
use crate::stats::{
    Arm, StatsError,
    bootstrap::bootstrap_totals,
    factorial::{Effect, Factorial},
    verdict::{self, Claim},
};

/// The name of a contrast in keys.
fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::FirstWithoutSecond => "dream_given_no_outcomes",
        Effect::FirstWithSecond => "dream_given_outcomes",
        Effect::SecondWithoutFirst => "outcomes_given_no_dream",
        Effect::SecondWithFirst => "outcomes_given_dream",
        Effect::FirstMain => "dream_main",
        Effect::SecondMain => "outcomes_main",
        Effect::Interaction => "interaction",
        Effect::Total => "total",
    }
}

pub(super) fn keys(
    keys: &mut Keys,
    table: &FactorialTable,
    options: &Options,
) -> Result<(), StatsError> {
    // Successes, then rows, of every cell.
    let mut sums = vec![[0.0; 8]; table.streams];
    for row in &table.rows {
        sums[row.stream][row.cell] += as_number(row.success);
        sums[row.stream][4 + row.cell] += 1.0;
    }
    let cell = |at: usize| Arm::from_pairs(sums.iter().map(|sums| (sums[at], sums[4 + at])));
    let data = Factorial::new([cell(0)?, cell(1)?, cell(2)?, cell(3)?])?;
    keys.count("streams", table.streams);
    keys.count("dropped.streams", table.dropped.len());
    for (name, at) in [("d0o0", 0), ("d0o1", 2), ("d1o0", 1), ("d1o1", 3)] {
        let cell = &data.cells()[at];
        keys.number(format!("cell.{name}.p"), cell.mean());
        keys.whole(format!("cell.{name}.n"), cell.total_count());
    }
    for effect in Effect::ALL {
        let contrast = data.difference(effect, LEVEL)?;
        let prefix = format!("rd.{}.", name(effect));
        keys.number(
            format!("{prefix}est"),
            contrast.as_ref().map(|c| c.estimate),
        );
        keys.number(format!("{prefix}se"), contrast.as_ref().and_then(|c| c.se));
        keys.limits(&prefix, contrast.as_ref().and_then(|c| c.interval.as_ref()));
    }
    for (name, effect) in [
        ("dream", Effect::FirstMain),
        ("outcomes", Effect::SecondMain),
    ] {
        let value = data.difference(effect, LEVEL)?.map(|c| c.estimate);
        keys.number(format!("shapley.{name}"), value);
    }
    keys.number("shapley.share_dream", data.share_of_first());
    for effect in Effect::ALL {
        let Some(contrast) = data.log_ratio(effect, LEVEL)? else {
            keys.flag("logrr.undefined", true);
            break;
        };
        let prefix = format!("logrr.{}.", name(effect));
        keys.number(format!("{prefix}est"), contrast.estimate);
        keys.number(format!("{prefix}se"), contrast.se);
        let prefix = format!("rr.{}.", name(effect));
        keys.number(format!("{prefix}est"), contrast.estimate.exp());
        let (lower, upper) = contrast
            .interval
            .map(|interval| (interval.lower().exp(), interval.upper().exp()))
            .unzip();
        keys.number(format!("{prefix}lo"), lower);
        keys.number(format!("{prefix}hi"), upper);
    }
    for effect in [
        Effect::FirstMain,
        Effect::SecondMain,
        Effect::Interaction,
        Effect::Total,
    ] {
        let of = |sums: &[f64; 8]| effect.of([0, 1, 2, 3].map(|at| sums[at] / sums[4 + at]));
        if let Some(result) = bootstrap_totals(&sums, of, resampling(options))? {
            of_bootstrap(keys, &format!("boot.rd.{}.", name(effect)), &result);
        }
    }
    let main = data.difference(Effect::SecondMain, LEVEL)?;
    let interval = main.as_ref().and_then(|main| main.interval.as_ref());
    let verdict = verdict::judge(Claim::AtLeast(0.101), interval, table.streams);
    keys.word("verdict.outcomes_main_ge_0.101", verdict.as_str());
    Ok(())
}
