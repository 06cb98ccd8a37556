//! The one error type of the module.
//!
//! It reports malformed *input*. A quantity that cannot be estimated from
//! well-formed input is not an error; the result then holds `None`.

/// Why an input was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// There is nothing to work on.
    #[error("no streams given")]
    Empty,
    /// The two arms do not describe the same streams.
    #[error("the arms differ in their number of streams: base has {base}, treat has {treat}")]
    LengthMismatch {
        /// Streams in the base arm.
        base: usize,
        /// Streams in the treated arm.
        treat: usize,
    },
    /// A value is `NaN` or infinite where only finite values make sense.
    #[error("value {value} at position {index} is not finite")]
    NotFinite {
        /// Position in the input, from zero.
        index: usize,
        /// The offending value.
        value: f64,
    },
    /// A count (or weight) is below zero.
    #[error("count {value} at position {index} is negative")]
    NegativeCount {
        /// Position in the input, from zero.
        index: usize,
        /// The offending value.
        value: f64,
    },
    /// A proportion was asked for, but a sum lies outside `0..=count`.
    #[error("sum {sum} at position {index} is not between 0 and its count {count}")]
    NotAProportion {
        /// Position in the input, from zero.
        index: usize,
        /// Sum of the stream.
        sum: f64,
        /// Count of the stream.
        count: f64,
    },
    /// A parameter lies outside its range.
    #[error("`{name}` is {value}, expected {expected}")]
    OutOfRange {
        /// Name of the parameter.
        name: &'static str,
        /// The offending value.
        value: f64,
        /// The range in words.
        expected: &'static str,
    },
    /// The limits of an interval are `NaN` or in the wrong order.
    #[error("limits {lower} and {upper} do not form an interval")]
    InvalidInterval {
        /// Lower limit.
        lower: f64,
        /// Upper limit.
        upper: f64,
    },
    /// An interval was labelled with a tag that means "no interval".
    #[error("method `{method}` does not yield an interval")]
    MethodWithoutInterval {
        /// The tag.
        method: &'static str,
    },
    /// A stream index is not below the number of streams.
    #[error("stream {stream} does not exist, there are {streams}")]
    UnknownStream {
        /// The offending index.
        stream: usize,
        /// Number of streams.
        streams: usize,
    },
}
