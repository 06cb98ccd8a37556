//! The charts of a report, drawn as SVG text from plain numbers.
//!
//! Nothing here knows what an arm or a scenario is: a chart receives names,
//! numbers and the order to draw them in. What the module promises:
//!
//! - equal input gives byte-identical SVG, and the SVG has no ids, scripts,
//!   fonts or links, so that several charts can be inlined in one page;
//! - a missing value is drawn as a gap with the word "n/a", never as zero;
//! - an axis of rates runs from 0 to 100 %, an axis of amounts starts at zero;
//! - a series has one colour and one marker shape in every chart
//!   ([`Series::palette`]), and nothing is told by colour alone;
//! - every number that is drawn is also in the `<desc>`, for screen readers.
//!
//! Rates are fractions (0 to 1) on the way in and percent on the picture.
//! The SVG is as wide as its container; to keep the text legible on a phone,
//! wrap it in an element that scrolls sideways and give it a `min-width`.
//! [`png`] (feature `png`) renders the same SVG with an embedded font.

mod amount_lines;
mod canvas;
mod dumbbell;
mod frame;
mod heat_map;
mod interval_bars;
mod learning_curve;
mod marks;
mod palette;
mod place;
#[cfg(feature = "png")]
mod png;
mod scale;
mod scatter;
#[cfg(test)]
mod tests;
mod text;

pub use self::amount_lines::AmountLine;
pub use self::amount_lines::AmountLines;
pub use self::dumbbell::Dumbbell;
pub use self::dumbbell::DumbbellRow;
pub use self::heat_map::HeatMap;
pub use self::heat_map::HeatRow;
pub use self::interval_bars::BarGroup;
pub use self::interval_bars::IntervalBars;
pub use self::learning_curve::Curve;
pub use self::learning_curve::LearningCurve;
#[cfg(feature = "png")]
pub use self::png::png;
pub use self::scatter::Scatter;
pub use self::scatter::ScatterPanel;
pub use self::scatter::ScatterPoint;

use plotters::drawing::DrawingAreaErrorKind;

/// A number with its interval; `None` means that it cannot be estimated.
///
/// A value without both bounds is drawn as a bare dot; bounds without a value
/// are not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The point estimate.
    pub value: Option<f64>,
    /// The lower end of the interval.
    pub lower: Option<f64>,
    /// The upper end of the interval.
    pub upper: Option<f64>,
}

impl Estimate {
    /// A number with an interval.
    pub const fn new(value: f64, lower: f64, upper: f64) -> Self {
        Self {
            value: Some(value),
            lower: Some(lower),
            upper: Some(upper),
        }
    }

    /// A number that cannot be estimated.
    pub const fn missing() -> Self {
        Self {
            value: None,
            lower: None,
            upper: None,
        }
    }

    /// Both ends of the interval, if the value and both ends are there.
    fn interval(self) -> Option<(f64, f64)> {
        self.value.and(self.lower).zip(self.upper)
    }

    /// Rejects numbers that cannot be drawn between zero and `max`.
    fn check(self, place: &str, max: f64) -> Result<(), ChartError> {
        for number in [self.value, self.lower, self.upper].into_iter().flatten() {
            check_number(number, place, max)?;
        }
        match self.lower.zip(self.upper) {
            Some((lower, upper)) if lower > upper => Err(ChartError::InvertedInterval {
                place: place.to_owned(),
                lower,
                upper,
            }),
            _ => Ok(()),
        }
    }
}

/// The name of a series (an arm) and its place in the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The name, as printed.
    pub name: String,
    /// Index of colour and marker shape; the same arm has the same index in
    /// every chart. Colours repeat after 8, pairs of colour and shape after 56.
    pub palette: usize,
}

impl Series {
    /// A series with a name and its place in the palette.
    pub fn new(name: impl Into<String>, palette: usize) -> Self {
        Self {
            name: name.into(),
            palette,
        }
    }
}

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// There is nothing to draw.
    #[error("the chart `{title}` has no data to draw")]
    Empty {
        /// The title of the chart.
        title: String,
    },
    /// A number is infinite or not a number.
    #[error("`{place}` is not a finite number")]
    NotFinite {
        /// The row, series or point with the number.
        place: String,
    },
    /// A number is outside of the axis.
    #[error("`{place}` is {number}, outside of 0 to {max}")]
    OutOfRange {
        /// The row, series or point with the number.
        place: String,
        /// The number.
        number: f64,
        /// The end of the axis.
        max: f64,
    },
    /// The lower end of an interval is above its upper end.
    #[error("the interval of `{place}` is upside down: {lower} to {upper}")]
    InvertedInterval {
        /// The row, series or point with the interval.
        place: String,
        /// The lower end.
        lower: f64,
        /// The upper end.
        upper: f64,
    },
    /// A row does not have one value for each column.
    #[error("`{place}` has {found} values, expected {expected}")]
    WrongLength {
        /// The row or series.
        place: String,
        /// The number of values it has.
        found: usize,
        /// The number of values it should have.
        expected: usize,
    },
    /// The drawing library failed.
    #[error("the chart could not be written as SVG")]
    Draw(#[from] DrawingAreaErrorKind<std::io::Error>),
    /// The text given to [`png`] is not an SVG that can be rendered.
    #[cfg(feature = "png")]
    #[error("the SVG could not be read")]
    Svg(#[from] resvg::usvg::Error),
    /// The picture has no pixels or too many of them.
    #[cfg(feature = "png")]
    #[error("a picture of {width} x {height} pixels cannot be made (at most {limit} a side)")]
    Size {
        /// Width in pixels.
        width: f32,
        /// Height in pixels.
        height: f32,
        /// The most pixels a side.
        limit: u16,
    },
    /// The picture could not be encoded as PNG.
    #[cfg(feature = "png")]
    #[error("the picture could not be encoded as PNG: {message}")]
    Png {
        /// What the encoder said.
        message: String,
    },
}

/// Rejects a number that cannot be drawn between zero and `max`.
fn check_number(number: f64, place: &str, max: f64) -> Result<(), ChartError> {
    if !number.is_finite() {
        return Err(ChartError::NotFinite {
            place: place.to_owned(),
        });
    }
    if !(0.0..=max).contains(&number) {
        return Err(ChartError::OutOfRange {
            place: place.to_owned(),
            number,
            max,
        });
    }
    Ok(())
}

/// Rejects a row that does not have one value for each column.
fn check_length(place: &str, found: usize, expected: usize) -> Result<(), ChartError> {
    if found == expected {
        Ok(())
    } else {
        Err(ChartError::WrongLength {
            place: place.to_owned(),
            found,
            expected,
        })
    }
}
