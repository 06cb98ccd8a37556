//! Single calls with published or hand-checked answers.

use super::LEVEL;
use super::number;

use dreamtrial::stats::Interval;
use dreamtrial::stats::Level;
use dreamtrial::stats::break_even;
use dreamtrial::stats::calibration;
use dreamtrial::stats::calibration::TestedCounts;
use dreamtrial::stats::difference;
use dreamtrial::stats::distribution;
use dreamtrial::stats::independent;
use dreamtrial::stats::independent::PairTable;
use dreamtrial::stats::interval::Method;
use dreamtrial::stats::planning_pairs;
use dreamtrial::stats::planning_pairs::PairRates;
use dreamtrial::stats::planning_pairs::QuestionVariance;
use dreamtrial::stats::proportion;
use dreamtrial::stats::random::SplitMix;
use dreamtrial::stats::ratio;
use dreamtrial::stats::ratio::FiellerInput;
use dreamtrial::stats::sequential;
use dreamtrial::stats::sequential::Spending;
use dreamtrial::stats::verdict;
use dreamtrial::stats::verdict::Claim;
use serde_json::Value;
use serde_json::json;

/// An analytic call of the golden file; `None` if it is not covered.
pub(crate) fn call(function: &str, args: &Value) -> Option<Value> {
    let float = |name: &str| match args[name].as_str() {
        Some("inf") => f64::INFINITY,
        Some(_) | None => args[name].as_f64().unwrap(),
    };
    let whole = |name: &str| args[name].as_u64().unwrap();
    let size = |name: &str| usize::try_from(whole(name)).unwrap();
    let interval = || {
        let given = !args["lo"].is_null();
        given.then(|| Interval::new(float("lo"), float("hi"), LEVEL, Method::Cv3T).unwrap())
    };
    let judged = |claim| {
        let verdict = verdict::judge(claim, interval().as_ref(), size("streams"));
        json!({"v": verdict.as_str()})
    };
    let of_limits = |interval: Interval| json!({"lo": number(interval.lower()), "hi": number(interval.upper())});
    Some(match function {
        "wilson" => of_limits(proportion::wilson(float("x"), float("n"), LEVEL).unwrap()),
        "tango" => {
            let (b, c, n) = (float("b"), float("c"), float("n"));
            of_limits(difference::tango(b, c, n, LEVEL).unwrap())
        }
        "norm_quantile" => json!({"v": distribution::normal_quantile(float("p")).unwrap()}),
        "t_quantile" => {
            json!({"v": distribution::t_quantile(float("p"), float("df")).unwrap()})
        }
        "beta_quantile" => {
            let (p, a, b) = (float("p"), float("a"), float("b"));
            json!({"v": distribution::beta_quantile(p, a, b).unwrap()})
        }
        "splitmix64" => {
            let mut generator = SplitMix::new(whole("seed"));
            let draws = (0..whole("k")).map(|k| {
                (
                    k.to_string(),
                    json!(format!("{:#018x}", generator.next_bits())),
                )
            });
            Value::Object(draws.collect())
        }
        "bootstrap_indices" => {
            let mut generator = SplitMix::for_replicate(whole("seed"), whole("replicate"));
            let draws = (0..whole("m")).map(|_| generator.next_index(size("n")));
            json!({"idx": draws.collect::<Vec<_>>()})
        }
        "verdict" if args["direction"] == ">=" => judged(Claim::AtLeast(float("claim"))),
        "verdict" => judged(Claim::AtMost(float("claim"))),
        "verdict_about" => judged(Claim::About {
            value: float("claim"),
            factor: float("factor"),
        }),
        "direction" => judged(Claim::Increase),
        "streams_needed" => {
            let (estimate, se, claim) = (float("est"), float("se"), float("claim"));
            let power = float("power");
            let needed =
                verdict::streams_needed(estimate, se, size("G"), claim, LEVEL, power).unwrap();
            json!({"v": number(needed.map(verdict::StreamsNeeded::as_f64))})
        }
        "fieller" => {
            let set = ratio::fieller(&FiellerInput {
                numerator: float("num"),
                denominator: float("den"),
                variance_numerator: float("vNN"),
                variance_denominator: float("vDD"),
                covariance: float("vND"),
                critical: float("t"),
            });
            let (lower, upper) = set.limits().unzip();
            json!({"kind": set.kind(), "lo": number(lower), "hi": number(upper)})
        }
        _ => return sequential_or_tested(function, args),
    })
}

/// Calls on spending, planning, break-even and graders' errors.
fn sequential_or_tested(function: &str, args: &Value) -> Option<Value> {
    let float = |name: &str| args[name].as_f64().unwrap();
    let whole = |name: &str| args[name].as_u64().unwrap();
    let size = |name: &str| usize::try_from(whole(name)).unwrap();
    Some(match function {
        "ldpoc_bounds" | "ldof_bounds" => {
            let spending = spending_of(function);
            let looks = size("K");
            let bounds = sequential::equal_bounds(spending, looks, float("alpha_one_sided"));
            let bounds = (1..).zip(bounds.unwrap());
            let bounds = bounds.map(|(look, z): (u32, _)| (format!("z{look}"), number(z)));
            Value::Object(bounds.collect())
        }
        "ldof_spend" => {
            let spent = Spending::ObrienFleming.spent(float("t"), float("alpha_one_sided"));
            json!({"v": number(spent.unwrap())})
        }
        "connor_n"
        | "ratio_n_pairs"
        | "ni_n_pairs"
        | "mcnemar_exact_power"
        | "miller_n"
        | "miller_mde" => planned(function, &float),
        "breakeven_periodic" => {
            let saving = float("c_base") - float("c_dream");
            let every = u32::try_from(whole("every")).unwrap();
            let units = break_even::periodic(float("dream_cost"), saving, every).unwrap();
            json!({"n": number(units)})
        }
        "misclassified_ratio" => {
            let of = |rate| calibration::tested_share(rate, float("se"), float("sp"));
            let (base, treat) = (of(float("p_base")), of(float("p_treat")));
            json!({"q_base": base, "q_treat": treat, "ratio": treat / base})
        }
        "rogan_gladen" => {
            let result = calibration::rogan_gladen(
                &TestedCounts {
                    positive: float("x"),
                    tested: float("n"),
                    true_positive: float("tp"),
                    positives: float("npos"),
                    true_negative: float("tn"),
                    negatives: float("nneg"),
                },
                LEVEL,
            );
            let result = result.unwrap().unwrap();
            json!({
                "se": result.sensitivity, "sp": result.specificity, "apparent": result.apparent,
                "est_raw": result.raw, "est": result.estimate, "se_delta": result.se,
                "lo_delta": result.delta.lower(), "hi_delta": result.delta.upper(),
                "lo_lr": result.interval.lower(), "hi_lr": result.interval.upper(),
            })
        }
        _ => return of_pairs(function, args),
    })
}

fn spending_of(function: &str) -> Spending {
    if function == "ldpoc_bounds" {
        Spending::Pocock
    } else {
        Spending::ObrienFleming
    }
}

/// Sizes and powers for independent rows and pairs.
fn planned(function: &str, float: &dyn Fn(&str) -> f64) -> Value {
    let rates = |both: f64| PairRates {
        both,
        treat_only: float("p10"),
        base_only: float("p01"),
    };
    let questions = || QuestionVariance {
        between: float("omega2"),
        within_a: float("s2a"),
        answers_a: float("ka"),
        within_b: float("s2b"),
        answers_b: float("kb"),
    };
    let level = |alpha: f64| Level::new(1.0 - alpha).unwrap();
    let two_sided = || level(float("alpha"));
    match function {
        "connor_n" => {
            let pairs = planning_pairs::connor_pairs(rates(0.0), two_sided(), float("power"));
            json!({"n": number(pairs.unwrap())})
        }
        "ratio_n_pairs" => {
            let (rates, claimed) = (rates(float("p11")), float("rr0"));
            let pairs = planning_pairs::ratio_pairs(rates, claimed, two_sided(), float("power"));
            json!({"n": number(pairs.unwrap())})
        }
        "ni_n_pairs" => {
            let (psi, truth, margin) = (float("psi"), float("true_diff"), float("margin"));
            let (level, power) = (level(2.0 * float("alpha")), float("power"));
            let pairs = planning_pairs::non_inferiority_pairs(psi, truth, margin, level, power);
            json!({"n": number(pairs.unwrap())})
        }
        "mcnemar_exact_power" => {
            let pairs = float("n").to_string().parse().unwrap();
            let power = planning_pairs::mcnemar_power(rates(0.0), pairs, two_sided()).unwrap();
            json!({"exact": number(power.exact), "midp": number(power.mid_p)})
        }
        "miller_n" => {
            let (level, power) = (two_sided(), float("power"));
            let n = planning_pairs::miller_questions(questions(), float("delta"), level, power);
            json!({"n": number(n.unwrap())})
        }
        _ => {
            let (level, power) = (two_sided(), float("power"));
            let mde = planning_pairs::miller_detectable(questions(), float("n"), level, power);
            json!({"mde": number(mde.unwrap())})
        }
    }
}

/// Calls on a table of independent pairs; what a call does not give is zero or the rest of `n`.
fn of_pairs(function: &str, args: &Value) -> Option<Value> {
    let count = |name: &str| args[name].as_f64();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| count(name).unwrap_or(0.0));
    let d = count("n").map_or(d, |n| n - a - b - c);
    // Two counts without a total: any number of pairs that agree will do.
    let d = if a + b + c + d > 0.0 { d } else { 1.0 };
    let table = PairTable::new(a, b, c, d).unwrap();
    let interval = match function {
        "newcombe_paired" => independent::newcombe(&table, LEVEL),
        "bonett_price_rd" => independent::bonett_price_difference(&table, LEVEL),
        "tang_score" => independent::tang_score(&table, LEVEL),
        "bonett_price_ratio" => independent::bonett_price_ratio(&table, LEVEL),
        "mover_wilson_ratio" => independent::mover_wilson(&table, LEVEL),
        "wald_log_rr" => independent::log_wald(&table, LEVEL),
        "mcnemar" => {
            let test = independent::mcnemar(&table).unwrap();
            return Some(json!({
                "exact": test.exact, "midp": test.mid_p,
                "chi2": test.chi_squared, "asym": test.asymptotic,
            }));
        }
        "or_cond" => {
            let odds = independent::conditional_odds(&table, LEVEL).unwrap();
            return Some(json!({
                "est": number(odds.estimate),
                "cp_lo": number(odds.exact.lower()), "cp_hi": number(odds.exact.upper()),
                "midp_lo": number(odds.mid_p.lower()), "midp_hi": number(odds.mid_p.upper()),
            }));
        }
        "evalue_beta_mix" => return Some(json!({"e": independent::e_value(&table).unwrap()})),
        _ => return None,
    };
    let interval = interval.unwrap();
    Some(json!({"lo": number(interval.lower()), "hi": number(interval.upper())}))
}
