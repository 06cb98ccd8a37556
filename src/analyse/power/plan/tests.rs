//! Plans by hand.

use super::*;
use crate::analyse::power::{Pilot, Variance};
use crate::{analyse::Group, stats::planning_rates::Assumed};

fn pilot(estimate: f64, se: f64) -> Basis {
    // 16 scenarios: the spread is four standard errors; 3/4 of its square is between scenarios.
    let squared = 16.0 * se * se;
    Basis::Pilot(Box::new(Pilot {
        metric: Metric::Completion,
        group: Group::All,
        arms: ("none".parse().unwrap(), "dreamed".parse().unwrap()),
        values: (0.2, 0.2 + estimate),
        estimate,
        se,
        scenarios: 16,
        repetitions: 2,
        variance: Some(Variance {
            between: squared * 0.75,
            within: squared * 0.5,
        }),
        sessions: 8.0,
        tasks: 10.0,
        usd_per_session: 0.01,
    }))
}

const DIRECTION: Terms = Terms {
    ask: Ask::Direction,
    on: On::Difference,
    alpha: 0.05,
    power: 0.8,
};

fn needed(basis: &Basis, terms: &Terms, per_scenario: f64) -> Needed {
    match plan(basis, terms, Goal::Decide, None, None, per_scenario).unwrap() {
        Plan::Needed(needed) => needed,
        Plan::Shown { .. } => panic!("a size was asked for"),
    }
}

/// A spread of 0.4 and a difference of 0.2: (t + t) 0.4 / sqrt(G) <= 0.2. With G = 34,
/// t(0.975; 33) = 2.0345 and t(0.8; 33) = 0.8530: 0.1981; with G = 33 0.2012.
#[test]
fn a_pilot_plans_by_hand() {
    let found = needed(&pilot(0.2, 0.1), &DIRECTION, 0.0);
    assert_eq!(found.row.scenarios, StreamsNeeded::Streams(34));
    assert_eq!((found.row.sessions, found.row.tasks), (1088.0, 1360.0));
    assert!((found.row.usd.unwrap() - 10.88).abs() < 1e-9);
    assert_eq!(found.others.len(), 5);
    assert_eq!(found.others[1], found.row);
    // Ten repetitions leave 0.8 of the variance of two.
    let ten = found.others[4].scenarios.as_f64();
    assert!((27.0..=29.0).contains(&ten), "{ten}");
    assert_eq!(found.cheapest, Some(1.0));
    assert!(found.holds);
}

/// A repetition costs 2 x 8 x 0.01 = 0.16 dollars, within over between is 2/3:
/// sqrt(6 / 0.16 x 2/3) = 5.
#[test]
fn dear_scenarios_pay_for_repetitions() {
    let found = needed(&pilot(0.2, 0.1), &DIRECTION, 6.0);
    assert!((found.cheapest.unwrap() - 5.0).abs() < 1e-12);
}

#[test]
fn a_truth_that_equals_the_claim_is_never_decided() {
    let terms = Terms {
        ask: Ask::AtLeast(0.2),
        ..DIRECTION
    };
    let found = needed(&pilot(0.2, 0.1), &terms, 0.0);
    assert_eq!(found.row.scenarios, StreamsNeeded::Never);
    assert!(!found.holds);
}

#[test]
fn a_gate_asks_of_an_unchanged_policy_and_of_the_pilots() {
    let terms = Terms {
        ask: Ask::Gate(0.1),
        ..DIRECTION
    };
    let found = needed(&pilot(-0.3, 0.05), &terms, 0.0);
    let unchanged = found.row.scenarios.as_f64();
    let (difference, lost) = found.as_found.unwrap();
    // Twice the distance from the margin: a quarter of the scenarios, or a little more for t.
    assert!((difference + 0.3).abs() < 1e-12 && lost.as_f64() < unchanged / 2.0);
    assert!(found.holds);
}

#[test]
fn what_a_size_shows_is_the_size_that_it_needs() {
    let basis = pilot(0.2, 0.1);
    let shown = |goal| plan(&basis, &DIRECTION, goal, None, None, 0.0).unwrap();
    let Plan::Shown {
        shown: Shown::Effect(Some(effect)),
        ..
    } = shown(Goal::Scenarios(34))
    else {
        panic!("34 scenarios show something")
    };
    assert!((0.195..0.2).contains(&effect.difference), "{effect:?}");
    assert!((effect.treat - 0.2 - effect.difference).abs() < 1e-12);
    // One scenario costs 2 x 2 x 8 x 0.01 = 0.32 dollars.
    assert!(matches!(
        shown(Goal::Budget(10.89)),
        Plan::Shown { scenarios: 34, .. }
    ));
    let few = shown(Goal::Scenarios(5));
    assert!(matches!(
        few,
        Plan::Shown {
            shown: Shown::TooFew,
            ..
        }
    ));
    let out = plan(
        &pilot(0.2, 0.9),
        &DIRECTION,
        Goal::Scenarios(6),
        None,
        None,
        0.0,
    )
    .unwrap();
    assert!(matches!(
        out,
        Plan::Shown {
            shown: Shown::Effect(None),
            ..
        }
    ));
}

#[test]
fn assumed_rates_split_their_variance_as_well() {
    let basis = Basis::Assumed(Assumptions {
        rates: Assumed {
            base: 0.1,
            treat: 0.6,
            icc: 0.15,
            rows: 10.0,
            rows_variation: 0.0,
            correlation: 0.5,
        },
        tasks_per_session: 2.0,
    });
    let found = basis.variance(&DIRECTION).unwrap().unwrap();
    // Per arm p (1 - p) (1 - icc) / m within, p (1 - p) icc between, less twice the covariance.
    assert!((found.within - 0.85 * (0.09 + 0.24) / 10.0).abs() < 1e-12);
    let covariance = 0.5 * 0.15 * (0.09_f64 * 0.24).sqrt();
    let between = 0.15 * (0.09 + 0.24) - 2.0 * covariance;
    assert!((found.between - between).abs() < 1e-12);
    let budget = plan(&basis, &DIRECTION, Goal::Budget(10.0), None, None, 0.0);
    assert!(matches!(budget, Err(PowerError::NoPrice)));
}
