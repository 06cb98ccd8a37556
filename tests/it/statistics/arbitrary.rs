//! What holds of every valid input: pairs, ratings, and whole tables.

use std::{fmt::Write as _, path::Path, sync::Arc};

use dreamtrial::{
    source::Problems,
    stats::{
        Level,
        agreement::{self, Metric, Weights},
        independent::{self, PairTable},
        survival::{KaplanMeier, Unit},
    },
    table::{self, Options},
};
use proptest::prelude::*;

const LEVEL: Level = Level::NINETY_FIVE;

/// A summary of a table, which must not have a problem.
fn summary(content: String) -> table::Summary {
    let mut problems = Problems::default();
    let options = Options {
        replicates: 30,
        ..Options::default()
    };
    let text: Arc<str> = content.into();
    let summary = table::summarise(Path::new("table.csv"), &text, &options, &mut problems);
    let summary = summary
        .unwrap()
        .unwrap_or_else(|| panic!("{}", problems.render(false)));
    for line in summary.text("table.csv", &options).lines() {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
    }
    summary
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn intervals_of_pairs_contain_their_estimate(
        a in 0_u32..40, b in 0_u32..40, c in 0_u32..40, d in 1_u32..40,
    ) {
        let [a, b, c, d] = [a, b, c, d].map(f64::from);
        let table = PairTable::new(a, b, c, d).unwrap();
        let newcombe = independent::newcombe(&table, LEVEL).unwrap();
        prop_assert!(newcombe.contains((b - c) / (a + b + c + d)));
        prop_assert!(independent::bonett_price_difference(&table, LEVEL).is_ok());
        for of in [
            independent::tang_score,
            independent::bonett_price_ratio,
            independent::mover_wilson,
            independent::log_wald,
        ] {
            let interval = of(&table, LEVEL).unwrap();
            prop_assert!(interval.lower() >= 0.0);
            if a + b + c > 0.0 {
                prop_assert!(interval.contains((a + b) / (a + c)));
            }
        }
        let test = independent::mcnemar(&table).unwrap();
        prop_assert!(test.mid_p > 0.0 && test.mid_p <= test.exact && test.exact <= 1.0);
        let odds = independent::conditional_odds(&table, LEVEL).unwrap();
        prop_assert!(odds.exact.lower() <= odds.mid_p.lower() + 1e-12);
        prop_assert!(odds.exact.upper() >= odds.mid_p.upper() - 1e-12);
    }

    #[test]
    fn agreement_does_not_exceed_one(
        units in prop::collection::vec((0_usize..4, 0_usize..4), 1..30)
    ) {
        for weights in [Weights::None, Weights::Linear, Weights::Quadratic] {
            let kappa = agreement::kappa(&units, 4, weights, LEVEL).unwrap().kappa;
            prop_assert!(kappa.is_none_or(|kappa| kappa <= 1.0 + 1e-12));
        }
        let values = units.iter().map(|(one, other)| vec![*one as f64, *other as f64]);
        let values = values.collect::<Vec<_>>();
        for metric in [Metric::Nominal, Metric::Ordinal, Metric::Interval] {
            let alpha = agreement::alpha(&values, metric).unwrap();
            prop_assert!(alpha.is_none_or(|alpha| alpha <= 1.0));
        }
    }

    #[test]
    fn survival_falls_and_its_mean_lies_below_the_horizon(
        units in prop::collection::vec((1_u32..12, any::<bool>()), 1..40)
    ) {
        let units = units.into_iter().map(|(time, event)| Unit { stream: 0, time, event });
        let curve = KaplanMeier::new(&units.collect::<Vec<_>>()).unwrap();
        let mut last = 1.0;
        for step in curve.steps() {
            prop_assert!(step.survival <= last && step.survival >= 0.0);
            last = step.survival;
        }
        prop_assert!((0.0..=12.0).contains(&curve.restricted_mean(12)));
    }

    #[test]
    fn every_valid_table_of_pairs_has_a_summary(
        rows in prop::collection::vec((0_u8..9, 0_u8..4, any::<bool>(), any::<bool>()), 1..60)
    ) {
        let mut content = String::from("stream,session,rep,base,treat\n");
        for (rep, (stream, session, base, treat)) in rows.iter().enumerate() {
            let (base, treat) = (u8::from(*base), u8::from(*treat));
            let _ = writeln!(content, "s{stream},{session},{rep},{base},{treat}");
        }
        let keys = summary(content).keys;
        prop_assert_eq!(keys.as_count("n"), rows.len());
    }

    #[test]
    fn every_valid_table_of_trials_has_a_summary(
        rows in prop::collection::vec(
            (0_u8..9, 0_u8..5, any::<bool>(), any::<bool>(), 0_u32..3, 0_u32..4), 0..60,
        )
    ) {
        let mut content = String::from(
            "stream,session,rep,arm,success,clarifications,minutes,tokens_in,tokens_out,hours\n\
             s0,1,a,none,0,1,2,3,4,5\ns0,1,a,dream,1,1,2,3,4,5\n",
        );
        for (rep, (stream, session, treated, success, asked, amount)) in rows.iter().enumerate() {
            let arm = if *treated { "dream" } else { "none" };
            let success = u8::from(*success);
            let _ = writeln!(
                content,
                "s{stream},{session},{rep},{arm},{success},{asked},{amount},{amount},{amount},{amount}",
            );
        }
        let keys = summary(content).keys;
        let left_out = keys.as_count("dropped.rows");
        prop_assert_eq!(keys.as_count("n") + left_out, rows.len() + 2);
    }
}
