//! The sanity list of the standard experiment, and what each stage of a dream is worth.

use std::collections::BTreeMap;

use dreamtrial::{
    scenario::Construct,
    stats::{Arm, Level, Paired, Scale, StreamSums, difference::difference},
};

use crate::world::{Row, plan, rates, rows, share};

/// Treated minus base in completion, with its interval, over the scenarios that `pick` lets through.
fn compare(rows: &[Row], base: &str, treat: &str, pick: impl Fn(&Row) -> bool) -> (f64, f64, f64) {
    let table = rates(rows, |row| {
        pick(row).then(|| (row.arm.clone(), row.scenario.clone()))
    });
    let arm = |name: &str| {
        let streams = table
            .iter()
            .filter(|((arm, _), _)| arm == name)
            .map(|(_, &(met, all))| StreamSums::new(f64::from(met), f64::from(all)).unwrap());
        Arm::new(streams.collect()).unwrap()
    };
    let found = difference(
        &Paired::new(arm(base), arm(treat)).unwrap(),
        Scale::Proportion,
        Level::NINETY_FIVE,
    )
    .unwrap();
    let interval = found.interval.unwrap();
    (found.estimate.unwrap(), interval.lower(), interval.upper())
}

#[test]
fn the_standard_experiment_is_sane() {
    let rows = rows(plan("standard.yaml", 5, |_| true));
    let overall = rates(&rows, |row| Some(row.arm.clone()));
    assert!(
        share(overall["oracle"]) >= 0.95,
        "oracle {:.3}",
        share(overall["oracle"])
    );

    let (placebo, lower, upper) = compare(&rows, "none", "placebo", |_| true);
    assert!(
        lower <= 0.0 && 0.0 <= upper,
        "placebo against none: {placebo} [{lower}, {upper}]"
    );

    let control = rates(&rows, |row| {
        (row.construct == Construct::Control).then(|| row.arm.clone())
    });
    let rates: Vec<(u32, u32)> = control.values().copied().collect();
    assert!(
        rates.windows(2).all(|pair| pair[0] == pair[1]),
        "control: {control:?}"
    );

    let (dreamed, lower, _) = compare(&rows, "none", "dreamed", |_| true);
    assert!(lower > 0.0, "dreamed against none: {dreamed}");
    let (dreamed, lower, _) = compare(&rows, "accumulated", "dreamed", |_| true);
    assert!(lower > 0.0, "dreamed against accumulated: {dreamed}");
}

#[test]
fn policies_that_harm_are_seen_to_harm_and_each_stage_earns_its_place() {
    let rows = rows(plan("ablation.yaml", 10, |_| true));
    let (amnesiac, lower, _) = compare(&rows, "none", "amnesiac", |_| true);
    assert!(
        lower <= 0.0,
        "amnesiac is no better than none: {amnesiac} from {lower}"
    );
    for construct in [Construct::Scope, Construct::OneOff] {
        let (blind, ..) = compare(&rows, "accumulated", "scope-blind", |row| {
            row.construct == construct
        });
        assert!(
            blind < 0.0,
            "scope-blind against accumulated in {construct}: {blind}"
        );
    }
    for (name, rate) in rates(&rows, |row| {
        matches!(row.construct, Construct::Scope | Construct::OneOff)
            .then(|| (row.scenario.clone(), row.arm.clone()))
    }) {
        println!("{name:?} {:.2}", share(rate));
    }
    let both = |row: &Row| matches!(row.construct, Construct::Scope | Construct::OneOff);
    let (blind, _, upper) = compare(&rows, "accumulated", "scope-blind", both);
    assert!(
        upper < 0.0,
        "scope-blind against accumulated: {blind}, at most {upper}"
    );

    let mut worse: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for stage in ["no-review", "no-merge", "no-prune", "no-patterns"] {
        for construct in Construct::ALL {
            let (change, lower, upper) =
                compare(&rows, "dreamed", stage, |row| row.construct == construct);
            println!("{stage:12} {construct:13} {change:+.3} [{lower:+.3}, {upper:+.3}]");
            if upper < 0.0 {
                worse.entry(stage).or_default().push(construct.to_string());
            }
        }
    }
    for stage in ["no-review", "no-merge", "no-prune", "no-patterns"] {
        assert!(
            worse.contains_key(stage),
            "{stage} costs nothing anywhere: {worse:?}"
        );
    }
}
