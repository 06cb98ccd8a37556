//! Keys on a tolerated loss: non-inferiority at each margin, with one look, with planned looks and at any
//! time.

use super::{Keys, Options};
use crate::stats::{
    StatsError,
    difference::Difference,
    eprocess::{self, BettingGate},
    gate::{Gate, GateRule, Step},
    non_inferiority::non_inferiority,
    verdict::Verdict,
};

/// The variance of the mixing distribution of the sequential ratio test.
const MIXING: f64 = 0.01;

/// Whether a loss of more than each margin is ruled out. `differences` are those of the streams, in the
/// order of the table.
pub(super) fn keys(
    keys: &mut Keys,
    prefix: &str,
    rd: &Difference,
    differences: &[f64],
    options: &Options,
) -> Result<(), StatsError> {
    for margin in &options.margins {
        let own = format!("{prefix}ni.margin_{margin}.");
        let fixed = non_inferiority(rd, *margin)?;
        keys.number(format!("{own}p_one_sided"), fixed.p);
        keys.flag(
            format!("{own}pass_fixed"),
            fixed.verdict == Verdict::Supported,
        );
        planned(keys, &format!("{own}gs_gate."), *margin, differences)?;
        betting(keys, &format!("{own}eprocess."), *margin, differences)?;
    }
    let ratio = eprocess::msprt_normal(differences, 0.0, MIXING)?;
    keys.number(
        format!("{prefix}seq.msprt_normal.theta0_0.tau2_{MIXING}"),
        ratio,
    );
    Ok(())
}

fn planned(
    keys: &mut Keys,
    prefix: &str,
    margin: f64,
    differences: &[f64],
) -> Result<(), StatsError> {
    let gate = Gate::new(GateRule::with_margin(margin), differences.len())?;
    for look in gate.looks(differences)? {
        let number = look.planned.number;
        let key = |name: &str| format!("{prefix}{name}_{number}");
        keys.count(key("streams"), look.planned.streams);
        keys.number(key("z"), look.planned.critical);
        keys.number(key("p_pass"), look.p_pass);
        keys.number(key("p_fail"), look.p_fail);
    }
    if let Step::Stop(stop) = gate.step(differences)? {
        keys.word(format!("{prefix}decision"), stop.decision.as_str());
        keys.maybe_count(format!("{prefix}stop_look"), stop.look);
        keys.count(format!("{prefix}stop_streams"), stop.streams);
    }
    Ok(())
}

fn betting(
    keys: &mut Keys,
    prefix: &str,
    margin: f64,
    differences: &[f64],
) -> Result<(), StatsError> {
    let mut gate = BettingGate::with_margin(margin)?;
    for difference in differences {
        gate.push(*difference)?;
    }
    for (side, wealth) in [("pass", gate.pass()), ("fail", gate.fail())] {
        keys.number(format!("{prefix}log_e_{side}"), wealth.log_e());
        keys.number(format!("{prefix}max_log_e_{side}"), wealth.largest_log_e());
        keys.maybe_count(format!("{prefix}first_{side}"), wealth.first_reached());
        keys.number(format!("{prefix}avp_{side}"), wealth.anytime_p());
    }
    let decision = gate.decision().map_or("continue", |made| made.as_str());
    keys.word(format!("{prefix}decision"), decision);
    Ok(())
}
