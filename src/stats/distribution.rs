//! The few quantiles and tail probabilities the intervals need.
//!
//! *What it is for.* One place where the numerical library is called, with
//! checked arguments. *What it is not.* A distribution library. *What always
//! holds.* No argument makes these functions panic or loop forever.

use super::error::StatsError;

use statrs::distribution::Continuous;
use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;
use statrs::distribution::StudentsT;
use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::ln_gamma;

/// A tail below this is far out.
const FAR_TAIL: f64 = 1e-6;

/// Halvings of the logarithm of a quantile far out.
const FAR_STEPS: usize = 70;

/// Steps after which bisection of the unit interval has exhausted a float.
const BISECTION_STEPS: usize = 1100;

/// Refuses anything but a probability strictly inside the unit interval.
pub(super) fn require_probability(name: &'static str, value: f64) -> Result<(), StatsError> {
    if value > 0.0 && value < 1.0 {
        Ok(())
    } else {
        Err(StatsError::OutOfRange {
            name,
            value,
            expected: "a number strictly between 0 and 1",
        })
    }
}

/// Refuses anything but a finite number above zero.
pub(super) fn require_positive(name: &'static str, value: f64) -> Result<(), StatsError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(StatsError::OutOfRange {
            name,
            value,
            expected: "a finite number above 0",
        })
    }
}

/// The standard normal quantile.
pub fn normal_quantile(probability: f64) -> Result<f64, StatsError> {
    require_probability("probability", probability)?;
    Ok(Normal::standard().inverse_cdf(probability))
}

/// The standard normal distribution function.
pub fn normal_cdf(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

/// The upper tail of chi-squared with one degree of freedom.
pub fn chi_squared_one_tail(value: f64) -> f64 {
    (2.0 * normal_cdf(-value.max(0.0).sqrt())).min(1.0)
}

/// The distribution function of the beta distribution.
pub fn beta_cdf(value: f64, a: f64, b: f64) -> Result<f64, StatsError> {
    require_positive("a", a)?;
    require_positive("b", b)?;
    checked_beta_reg(a, b, value.clamp(0.0, 1.0)).map_err(|_| StatsError::OutOfRange {
        name: "a",
        value: a,
        expected: "parameters the incomplete beta function accepts",
    })
}

/// The logarithm of the beta function of two numbers above zero.
pub fn ln_beta(a: f64, b: f64) -> Result<f64, StatsError> {
    require_positive("a", a)?;
    require_positive("b", b)?;
    Ok(ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b))
}

/// The quantile of Student's t with `freedom` degrees of freedom.
///
/// The library's value loses digits as `freedom` grows (1e-9 at 1,000), so it
/// is refined by two Newton steps on the upper tail.
pub fn t_quantile(probability: f64, freedom: f64) -> Result<f64, StatsError> {
    require_probability("probability", probability)?;
    let distribution = student(freedom)?;
    let (tail, sign) = if probability < 0.5 {
        (probability, -1.0)
    } else {
        (1.0 - probability, 1.0)
    };
    if tail < FAR_TAIL {
        return Ok(sign * far_quantile(&distribution, tail));
    }
    let mut value = sign * distribution.inverse_cdf(probability);
    for _ in 0..2 {
        let step = (distribution.sf(value) - tail) / distribution.pdf(value);
        if step.abs() <= 1e-3 * value.abs().max(1.0) {
            value += step;
        }
    }
    Ok(sign * value)
}

/// The quantile of a small upper tail, by bisection of its logarithm. The
/// library's inverse is wrong there (at 1e-13 with one degree of freedom) and
/// panics further out. Its tail is 0 beyond 1e154, where this stops.
fn far_quantile(distribution: &StudentsT, tail: f64) -> f64 {
    let (mut lower, mut upper) = (0.0, f64::MAX.ln());
    for _ in 0..FAR_STEPS {
        let middle = f64::midpoint(lower, upper);
        if distribution.sf(middle.exp()) > tail {
            lower = middle;
        } else {
            upper = middle;
        }
    }
    f64::midpoint(lower, upper).exp()
}

/// The upper tail of Student's t, `P(T >= value)`, accurate far out.
pub fn t_upper_tail(value: f64, freedom: f64) -> Result<f64, StatsError> {
    let distribution = student(freedom)?;
    if value.is_nan() {
        return Err(StatsError::NotFinite { index: 0, value });
    }
    Ok(distribution.sf(value).clamp(0.0, 1.0))
}

/// Student's t with checked degrees of freedom.
fn student(freedom: f64) -> Result<StudentsT, StatsError> {
    require_positive("freedom", freedom)?;
    StudentsT::new(0.0, 1.0, freedom).map_err(|_| StatsError::OutOfRange {
        name: "freedom",
        value: freedom,
        expected: "a finite number above 0",
    })
}

/// The quantile of the beta distribution, by bisection of the regularised
/// incomplete beta function down to neighbouring floats.
///
/// Slower than Newton's method but it cannot leave the unit interval nor
/// cycle, whatever the (real-valued) parameters are.
pub fn beta_quantile(probability: f64, a: f64, b: f64) -> Result<f64, StatsError> {
    require_probability("probability", probability)?;
    require_positive("a", a)?;
    require_positive("b", b)?;
    let (mut lower, mut upper) = (0.0_f64, 1.0_f64);
    for _ in 0..BISECTION_STEPS {
        let middle = f64::midpoint(lower, upper);
        if middle <= lower || middle >= upper {
            break;
        }
        if beta_cdf(middle, a, b)? < probability {
            lower = middle;
        } else {
            upper = middle;
        }
    }
    Ok(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_quantile_inverts_the_tail() {
        for freedom in [1.0, 2.0, 3.0, 5.0, 19.0, 47.0, 199.0, 999.0] {
            for p in [0.51, 0.6, 0.8, 0.9, 0.975, 0.9875, 0.995, 0.9999, 0.999_999] {
                let tail = t_upper_tail(t_quantile(p, freedom).unwrap(), freedom).unwrap();
                assert!((tail - (1.0 - p)).abs() < 1e-12, "{freedom} {p} {tail}");
            }
        }
    }

    #[test]
    fn t_quantile_far_out() {
        for freedom in [1.0, 5.0, 100.0] {
            for p in [1e-4, 1e-5, 2e-6, 1e-7, 1e-13, 1e-40, 1e-100] {
                let back = t_upper_tail(-t_quantile(p, freedom).unwrap(), freedom).unwrap();
                assert!((back / p - 1.0).abs() < 1e-9, "{freedom} {p} {back}");
            }
        }
        assert!(t_quantile(f64::MIN_POSITIVE, 1.0).unwrap().is_finite());
    }

    #[test]
    fn beta_quantile_inverts_the_distribution_function() {
        for a in [0.2, 1.0, 3.7, 40.0, 400.0] {
            for b in [0.3, 1.0, 2.0, 90.0] {
                for p in [1e-6, 0.0125, 0.025, 0.5, 0.975, 0.9875] {
                    let x = beta_quantile(p, a, b).unwrap();
                    if x > 1e-12 && x < 1.0 - 1e-12 {
                        let back = checked_beta_reg(a, b, x).unwrap();
                        assert!((back - p).abs() < 1e-9, "{a} {b} {p} {x} {back}");
                    }
                }
            }
        }
    }

    #[test]
    fn refuses_arguments_out_of_range() {
        assert!(normal_quantile(0.0).is_err());
        assert!(t_quantile(0.975, 0.0).is_err());
        assert!(t_upper_tail(f64::NAN, 3.0).is_err());
        assert!(beta_quantile(0.5, 0.0, 1.0).is_err());
        assert!(beta_quantile(1.0, 1.0, 1.0).is_err());
    }
}
