//! Single calls with published or hand-checked answers.

use super::LEVEL;
use super::number;

use dreamtrial::stats::Interval;
use dreamtrial::stats::difference;
use dreamtrial::stats::distribution;
use dreamtrial::stats::interval::Method;
use dreamtrial::stats::proportion;
use dreamtrial::stats::random::SplitMix;
use dreamtrial::stats::ratio;
use dreamtrial::stats::ratio::FiellerInput;
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
        _ => return None,
    })
}
