//! An interval that carries its confidence level and the method it came from.
//!
//! *What it is for.* No limit leaves the module without saying how it was
//! obtained. *What it is not.* It is not a point estimate; results that have
//! one keep it beside the interval. *What always holds.* `lower <= upper`,
//! neither is `NaN`, and the method is one that yields intervals.

use super::error::StatsError;

use std::fmt;

/// A two-sided confidence level strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Level(f64);

impl Level {
    /// The conventional 95 % level.
    pub const NINETY_FIVE: Self = Self(0.95);

    /// Checks a level, such as `0.95`.
    pub fn new(level: f64) -> Result<Self, StatsError> {
        if level > 0.0 && level < 1.0 {
            Ok(Self(level))
        } else {
            Err(StatsError::OutOfRange {
                name: "level",
                value: level,
                expected: "a number strictly between 0 and 1",
            })
        }
    }

    /// The level as a number, such as `0.95`.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The probability left outside, `1 - level`.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// The probability below the upper limit of an equal-tailed interval,
    /// `0.975` at the 95 % level.
    pub fn upper_probability(self) -> f64 {
        f64::midpoint(self.0, 1.0)
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::NINETY_FIVE
    }
}

/// How a result was obtained, or why there is none.
///
/// The tag of [`Method::as_str`] is part of every record and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Method {
    /// Wilson score interval on independent rows.
    Wilson,
    /// Clopper-Pearson exact interval on independent rows.
    ClopperPearson,
    /// Jeffreys equal-tailed interval on independent rows.
    Jeffreys,
    /// Wilson score interval on the effective sample size of clustered rows.
    ClusterWilson,
    /// Delete-one-stream jackknife standard error with Student's t.
    Cv3T,
    /// The same on the logarithm, transformed back.
    Cv3LogT,
    /// Tango score interval on independent pairs.
    Tango,
    /// Tango score interval on the signs of the stream differences.
    TangoOnStreamSigns,
    /// Newcombe's square-and-add interval on independent pairs.
    Newcombe,
    /// Bonett and Price's closed form on independent pairs.
    BonettPrice,
    /// Score interval of a ratio on independent pairs.
    TangScore,
    /// Variance estimates recovered from two Wilson intervals.
    MoverWilson,
    /// Wald interval on the logarithm, independent pairs.
    WaldLog,
    /// Clopper-Pearson on discordant pairs, as odds.
    ConditionalCp,
    /// The same with half of the observed count's probability.
    ConditionalMidP,
    /// Mean of stream log differences with Student's t, transformed back.
    GeometricT,
    /// Normal approximation with the standard error of the method's source.
    NormalZ,
    /// Lang and Reiczigel's interval of a prevalence behind a test.
    LangReiczigel,
    /// Variance estimates recovered from two of these.
    MoverLangReiczigel,
    /// Ratio of Bonferroni-adjusted Clopper-Pearson limits.
    BonferroniCp,
    /// Percentile bootstrap over streams.
    BootstrapPercentile,
    /// Bias-corrected and accelerated bootstrap over streams.
    BootstrapBca,
    /// No interval: the data do not determine one.
    NotEstimable,
    /// No interval: there are fewer than two streams or nothing was counted.
    Undefined,
}

impl Method {
    /// The stable tag of the method.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::ClopperPearson => "clopper_pearson",
            Self::Jeffreys => "jeffreys",
            Self::ClusterWilson => "cluster_wilson",
            Self::Cv3T => "cv3_t",
            Self::Cv3LogT => "cv3_log_t",
            Self::Tango => "tango",
            Self::TangoOnStreamSigns => "tango_on_stream_signs",
            Self::Newcombe => "newcombe",
            Self::BonettPrice => "bonett_price",
            Self::TangScore => "tang_score",
            Self::MoverWilson => "mover_wilson",
            Self::WaldLog => "wald_log",
            Self::ConditionalCp => "conditional_cp",
            Self::ConditionalMidP => "conditional_midp",
            Self::GeometricT => "geometric_t",
            Self::NormalZ => "normal_z",
            Self::LangReiczigel => "lang_reiczigel",
            Self::MoverLangReiczigel => "mover_lang_reiczigel",
            Self::BonferroniCp => "bonferroni_cp",
            Self::BootstrapPercentile => "bootstrap_percentile",
            Self::BootstrapBca => "bootstrap_bca",
            Self::NotEstimable => "not_estimable",
            Self::Undefined => "undefined",
        }
    }

    /// Whether results of this method come with limits.
    pub const fn yields_interval(self) -> bool {
        !matches!(self, Self::NotEstimable | Self::Undefined)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A closed interval with its level and method.
///
/// Limits may be infinite: an unbounded limit is a statement, not a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    lower: f64,
    upper: f64,
    level: Level,
    method: Method,
}

impl Interval {
    /// Checks the limits and the method.
    pub fn new(lower: f64, upper: f64, level: Level, method: Method) -> Result<Self, StatsError> {
        if lower.is_nan() || upper.is_nan() || lower > upper {
            return Err(StatsError::InvalidInterval { lower, upper });
        }
        if !method.yields_interval() {
            return Err(StatsError::MethodWithoutInterval {
                method: method.as_str(),
            });
        }
        Ok(Self {
            lower,
            upper,
            level,
            method,
        })
    }

    /// The lower limit, possibly negative infinity.
    pub fn lower(&self) -> f64 {
        self.lower
    }

    /// The upper limit, possibly infinity.
    pub fn upper(&self) -> f64 {
        self.upper
    }

    /// The confidence level.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The method the limits came from.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Whether the value lies in the closed interval.
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// Upper minus lower limit; infinite if a limit is, zero if both are equal.
    pub fn width(&self) -> f64 {
        if self.lower < self.upper {
            self.upper - self.lower
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_an_interval() {
        let level = Level::NINETY_FIVE;
        assert!(Interval::new(1.0, 0.0, level, Method::Wilson).is_err());
        assert!(Interval::new(f64::NAN, 0.0, level, Method::Wilson).is_err());
        assert!(Interval::new(0.0, 1.0, level, Method::NotEstimable).is_err());
        assert!(Interval::new(0.0, 1.0, level, Method::Undefined).is_err());
        let point = Interval::new(f64::INFINITY, f64::INFINITY, level, Method::Wilson).unwrap();
        assert!(point.width().abs() < f64::EPSILON);
    }

    #[test]
    fn level_is_open_at_both_ends() {
        for bad in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(Level::new(bad).is_err());
        }
        assert!((Level::NINETY_FIVE.upper_probability() - 0.975).abs() < 1e-15);
    }
}
