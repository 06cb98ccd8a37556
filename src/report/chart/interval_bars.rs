//! Rates with intervals, one row per series, in groups.

use super::ChartError;
use super::Estimate;
use super::Series;
use super::canvas::Anchor;
use super::canvas::BODY;
use super::canvas::Canvas;
use super::canvas::MARGIN;
use super::canvas::SMALL;
use super::canvas::Type;
use super::canvas::WIDTH;
use super::canvas::line_height;
use super::check_length;
use super::frame::Frame;
use super::frame::rates_across;
use super::palette;
use super::scale::Scale;
use super::scale::number;
use super::text;

/// Rates by series, grouped: a dot for the estimate, a whisker for the
/// interval and the same numbers as text.
#[derive(Clone, Debug, PartialEq)]
pub struct IntervalBars {
    /// The title.
    pub title: String,
    /// What the chart shows and for how many cases.
    pub subtitle: String,
    /// A line under the chart; may be empty.
    pub note: String,
    /// What the axis measures, such as "Sessions completed".
    pub value_label: String,
    /// What the whiskers are, such as "95% interval".
    pub interval_label: String,
    /// The series, in the order of the rows of each group.
    pub series: Vec<Series>,
    /// The groups, from top to bottom.
    pub groups: Vec<BarGroup>,
}

/// One group of an [`IntervalBars`] chart.
#[derive(Clone, Debug, PartialEq)]
pub struct BarGroup {
    /// The heading, such as "legal (8 scenarios)".
    pub name: String,
    /// A rate between 0 and 1 for each series.
    pub values: Vec<Estimate>,
}

const LABELS: f64 = 210.0;
const VALUES: f64 = 128.0;
const HEADING: f64 = 30.0;

/// The vertical measures of the chart.
struct Layout {
    labels: Vec<Vec<String>>,
    headings: Vec<Vec<String>>,
    top: f64,
    bottom: f64,
    axis: Scale,
}

impl IntervalBars {
    /// Draws the chart as SVG.
    pub fn draw(&self) -> Result<String, ChartError> {
        self.check()?;
        let mut frame = Frame::new(&self.title, &self.subtitle, &self.note);
        for group in &self.groups {
            let values: Vec<String> = self
                .series
                .iter()
                .zip(&group.values)
                .map(|(series, value)| {
                    format!("{} {}", series.name, text::percent_estimate(*value))
                })
                .collect();
            frame.tell(&format!("{}: {}", group.name, values.join("; ")));
        }
        let layout = self.layout(&frame);
        frame.render(layout.bottom + 60.0, |canvas| {
            self.axis(canvas, &layout)?;
            let mut y = layout.top;
            for (group, heading) in self.groups.iter().zip(&layout.headings) {
                let style = Type::new(BODY, palette::INK, Anchor::Start);
                let height = heading_height(heading);
                canvas.line((MARGIN, y), (WIDTH - MARGIN, y), palette::AXIS, 1)?;
                canvas.lines(heading, (MARGIN, y + height / 2.0), style)?;
                y += height;
                for (index, value) in group.values.iter().enumerate() {
                    y += self.row(canvas, &layout, index, *value, y)?;
                }
                y += 6.0;
            }
            Ok(())
        })
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.series.is_empty() || self.groups.is_empty() {
            return Err(ChartError::Empty {
                title: self.title.clone(),
            });
        }
        for group in &self.groups {
            check_length(&group.name, group.values.len(), self.series.len())?;
            for (series, value) in self.series.iter().zip(&group.values) {
                value.check(&format!("{}, {}", group.name, series.name), 1.0)?;
            }
        }
        Ok(())
    }

    fn layout(&self, frame: &Frame) -> Layout {
        let labels: Vec<_> = self
            .series
            .iter()
            .map(|series| text::wrap(&series.name, BODY, LABELS, 2))
            .collect();
        let headings: Vec<_> = self
            .groups
            .iter()
            .map(|group| text::wrap(&group.name, BODY, WIDTH - 2.0 * MARGIN, 2))
            .collect();
        let used = labels
            .iter()
            .map(|lines| text::widest(lines, BODY))
            .fold(60.0, f64::max);
        let top = frame.top() + 20.0;
        let rows: f64 = labels.iter().map(|lines| row_height(lines)).sum();
        let bottom = top
            + headings
                .iter()
                .map(|lines| heading_height(lines))
                .sum::<f64>()
            + (rows + 6.0) * number(self.groups.len());
        Layout {
            labels,
            headings,
            top,
            bottom,
            axis: Scale::new(1.0, MARGIN + used + 24.0, WIDTH - MARGIN - VALUES - 16.0),
        }
    }

    fn axis(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<(), ChartError> {
        rates_across(canvas, layout.axis, (layout.top, layout.bottom))?;
        let label = format!(
            "{}. Marker: estimate; line: {}.",
            self.value_label, self.interval_label
        );
        let label = text::wrap(&label, SMALL, WIDTH - 2.0 * MARGIN, 1);
        canvas.lines(
            &label,
            (MARGIN, layout.bottom + 42.0),
            Type::new(SMALL, palette::MUTED, Anchor::Start),
        )
    }

    /// Paints a row and returns its height.
    fn row(
        &self,
        canvas: &Canvas<'_>,
        layout: &Layout,
        index: usize,
        value: Estimate,
        top: f64,
    ) -> Result<f64, ChartError> {
        let (Some(series), Some(label)) = (self.series.get(index), layout.labels.get(index)) else {
            return Ok(0.0);
        };
        let height = row_height(label);
        let y = top + height / 2.0;
        let (start, end) = (layout.axis.at(0.0), layout.axis.at(1.0));
        let style = Type::new(BODY, palette::INK, Anchor::End);
        canvas.lines(label, (start - 18.0, y), style)?;
        if let Some((lower, upper)) = value.interval() {
            let ends = (layout.axis.at(lower), layout.axis.at(upper));
            canvas.whisker(ends, y, palette::colour(series.palette))?;
        }
        if let Some(rate) = value.value {
            canvas.marker((layout.axis.at(rate), y), 6.0, series.palette)?;
        }
        let printed = match (value.value, value.interval()) {
            (Some(rate), Some(range)) => {
                format!("{} ({})", text::percent(rate), text::percent_range(range))
            }
            (Some(rate), None) => format!("{} (n/a)", text::percent(rate)),
            (None, _) => text::percent_or_na(None),
        };
        let style = Type::new(BODY, palette::INK, Anchor::Start);
        canvas.text(&printed, (end + 16.0, y), style)?;
        Ok(height)
    }
}

fn row_height(lines: &[String]) -> f64 {
    line_height(BODY) * number(lines.len()) + 5.0
}

fn heading_height(lines: &[String]) -> f64 {
    HEADING + line_height(BODY) * (number(lines.len()) - 1.0)
}
