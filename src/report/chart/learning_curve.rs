//! Rates over the steps of a run, one line per series.

use super::ChartError;
use super::Estimate;
use super::Series;
use super::canvas::Anchor;
use super::canvas::BODY;
use super::canvas::Canvas;
use super::canvas::MARGIN;
use super::canvas::Point;
use super::canvas::SMALL;
use super::canvas::Type;
use super::canvas::WIDTH;
use super::canvas::line_height;
use super::check_length;
use super::frame::Frame;
use super::frame::rates_up;
use super::palette;
use super::scale::Scale;
use super::scale::number;
use super::scale::spread;
use super::text;

/// One line per series over steps 1, 2, 3 and so on. Each line has its name at
/// its end, and the number of cases behind each step is printed under the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct LearningCurve {
    /// The title.
    pub title: String,
    /// What the chart shows and for how many cases.
    pub subtitle: String,
    /// A line under the chart; may be empty.
    pub note: String,
    /// What the steps are, such as "Session".
    pub step_label: String,
    /// What the vertical axis measures, such as "Sessions completed".
    pub value_label: String,
    /// What the shaded bands are, such as "95% interval".
    pub interval_label: String,
    /// What `n` counts, such as "scenarios that have this session".
    pub case_label: String,
    /// The number of cases at each step; its length is the number of steps.
    pub cases: Vec<usize>,
    /// The lines.
    pub curves: Vec<Curve>,
}

/// One line of a [`LearningCurve`].
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Name and colour.
    pub series: Series,
    /// Whether the interval is drawn as a shaded band. More than two or three
    /// bands hide each other.
    pub band: bool,
    /// A rate between 0 and 1 for each step.
    pub values: Vec<Estimate>,
}

const LABELS: f64 = 212.0;
const PLOT: f64 = 380.0;

struct Layout {
    left: f64,
    right: f64,
    x: Scale,
    y: Scale,
    top: f64,
    bottom: f64,
    labels: Vec<Vec<String>>,
    missing: Vec<Vec<usize>>,
    rows: f64,
    key: Vec<String>,
}

impl LearningCurve {
    /// Draws the chart as SVG.
    pub fn draw(&self) -> Result<String, ChartError> {
        self.check()?;
        let mut frame = Frame::new(&self.title, &self.subtitle, &self.note);
        let cases: Vec<String> = self.cases.iter().map(ToString::to_string).collect();
        frame.tell(&format!(
            "n ({}) by {}: {}",
            self.case_label,
            self.step_label,
            cases.join(", ")
        ));
        for curve in &self.curves {
            let values: Vec<String> = curve
                .values
                .iter()
                .map(|value| text::percent_estimate(*value))
                .collect();
            frame.tell(&format!("{}: {}", curve.series.name, values.join(", ")));
        }
        let layout = self.layout(&frame);
        let end =
            layout.bottom + 60.0 + layout.rows + line_height(SMALL) * number(layout.key.len());
        frame.render(end, |canvas| {
            self.axes(canvas, &layout)?;
            for curve in self.curves.iter().filter(|curve| curve.band) {
                layout.band(canvas, curve)?;
            }
            for curve in &self.curves {
                layout.curve(canvas, curve)?;
            }
            self.labels(canvas, &layout)
        })
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.curves.is_empty() || self.cases.is_empty() {
            return Err(ChartError::Empty {
                title: self.title.clone(),
            });
        }
        for curve in &self.curves {
            check_length(&curve.series.name, curve.values.len(), self.cases.len())?;
            for (index, value) in curve.values.iter().enumerate() {
                value.check(&format!("{}, step {}", curve.series.name, index + 1), 1.0)?;
            }
        }
        Ok(())
    }

    fn layout(&self, frame: &Frame) -> Layout {
        let labels: Vec<_> = self.curves.iter().map(end_label).collect();
        let used = labels
            .iter()
            .map(|lines| text::widest(lines, BODY))
            .fold(60.0, f64::max);
        let needed = labels.iter().map(|lines| label_height(lines)).sum::<f64>();
        let top = frame.top() + line_height(SMALL) + 14.0;
        let bottom = top + PLOT.max(needed);
        let missing: Vec<Vec<usize>> = (0..self.cases.len())
            .map(|step| {
                let gap =
                    |curve: &&Curve| curve.values.get(step).is_none_or(|at| at.value.is_none());
                self.curves
                    .iter()
                    .filter(gap)
                    .map(|curve| curve.series.palette)
                    .collect()
            })
            .collect();
        let most = missing.iter().map(Vec::len).max().unwrap_or(0);
        let banded: Vec<&str> = self
            .curves
            .iter()
            .filter(|curve| curve.band)
            .map(|curve| curve.series.name.as_str())
            .collect();
        let key = match (banded.len(), self.curves.len()) {
            (0, _) => "Intervals are not drawn.".to_owned(),
            (some, all) if some == all => format!("Shaded: {}.", self.interval_label),
            _ => format!(
                "Shaded: {} of {}; the intervals of the others are not drawn.",
                self.interval_label,
                banded.join(" and ")
            ),
        };
        let key = format!("n: {}. {key}", self.case_label);
        let left = MARGIN + text::width(&self.step_label, SMALL).clamp(46.0, 110.0);
        let right = WIDTH - MARGIN - used - 46.0;
        // Half a step of air at both ends.
        let half = (right - left) / number(self.cases.len()) / 2.0;
        let last = (number(self.cases.len()) - 1.0).max(1.0);
        Layout {
            left,
            right,
            x: Scale::new(last, left + half, (right - half).max(left + half + 1.0)),
            y: Scale::new(1.0, bottom, top),
            top,
            bottom,
            labels,
            rows: if most == 0 {
                0.0
            } else {
                line_height(SMALL) + 13.0 * number(most)
            },
            missing,
            key: text::wrap(&key, SMALL, WIDTH - 2.0 * MARGIN, 3),
        }
    }

    fn axes(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<(), ChartError> {
        let start = Type::new(SMALL, palette::MUTED, Anchor::Start);
        let middle = Type::new(SMALL, palette::MUTED, Anchor::Middle);
        let (left, right) = (layout.left, layout.right);
        let label = text::wrap(&self.value_label, SMALL, WIDTH - 2.0 * MARGIN, 1);
        canvas.lines(&label, (MARGIN, layout.top - 22.0), start)?;
        rates_up(canvas, layout.y, (left, right))?;
        let y = layout.bottom + 15.0;
        let names = [(self.step_label.as_str(), y), ("n =", y + 21.0)];
        for (name, y) in names {
            let name = text::wrap(name, SMALL, layout.x.at(0.0) - MARGIN - 12.0, 1);
            canvas.lines(&name, (MARGIN, y), start)?;
        }
        for (step, cases) in self.cases.iter().enumerate() {
            let x = layout.x.at(number(step));
            canvas.line(
                (x, layout.bottom),
                (x, layout.bottom + 5.0),
                palette::AXIS,
                1,
            )?;
            canvas.text(
                &(step + 1).to_string(),
                (x, y),
                Type {
                    colour: palette::INK,
                    ..middle
                },
            )?;
            canvas.text(&cases.to_string(), (x, y + 21.0), middle)?;
            let missing = layout.missing.get(step).map_or(&[][..], Vec::as_slice);
            if !missing.is_empty() {
                canvas.text("n/a", (x, y + 42.0), middle)?;
            }
            for (row, series) in missing.iter().enumerate() {
                canvas.marker((x, y + 58.0 + 13.0 * number(row)), 4.0, *series)?;
            }
        }
        let y = layout.bottom
            + 52.0
            + layout.rows
            + line_height(SMALL) * number(layout.key.len()) / 2.0;
        canvas.lines(&layout.key, (MARGIN, y), start)
    }

    /// The names at the ends of the lines, moved apart where they would collide.
    fn labels(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<(), ChartError> {
        let mut ends: Vec<(f64, usize, Option<Point>)> = self
            .curves
            .iter()
            .enumerate()
            .map(|(index, curve)| {
                let end = layout
                    .points(curve, |at| at.value)
                    .into_iter()
                    .flatten()
                    .next_back();
                (end.map_or(layout.bottom, |end| end.1), index, end)
            })
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let lines = |index: usize| layout.labels.get(index).map_or(&[][..], Vec::as_slice);
        let wanted: Vec<f64> = ends.iter().map(|end| end.0).collect();
        let heights: Vec<f64> = ends.iter().map(|end| label_height(lines(end.1))).collect();
        let placed = spread(&wanted, &heights, layout.top - 8.0, layout.bottom + 8.0);
        let left = layout.x.at(layout.x.max()) + 14.0;
        for ((_, index, end), y) in ends.into_iter().zip(placed) {
            let Some(curve) = self.curves.get(index) else {
                continue;
            };
            if let Some(end) = end {
                let from = (end.0 + 8.0, end.1);
                if from.0 + 30.0 < left {
                    canvas.dashes(from, (left, end.1), palette::AXIS, 1)?;
                } else {
                    canvas.line(from, (left, end.1), palette::AXIS, 1)?;
                }
                canvas.line((left, end.1), (left + 22.0, y), palette::AXIS, 1)?;
            }
            canvas.marker((left + 30.0, y), 5.0, curve.series.palette)?;
            let style = Type::new(BODY, palette::INK, Anchor::Start);
            canvas.lines(lines(index), (left + 42.0, y), style)?;
        }
        Ok(())
    }
}

impl Layout {
    /// Where the values of a curve are; `None` for a gap.
    fn points(&self, curve: &Curve, pick: impl Fn(&Estimate) -> Option<f64>) -> Vec<Option<Point>> {
        let place =
            |(step, value)| pick(value).map(|rate| (self.x.at(number(step)), self.y.at(rate)));
        curve.values.iter().enumerate().map(place).collect()
    }

    fn band(&self, canvas: &Canvas<'_>, curve: &Curve) -> Result<(), ChartError> {
        let lower = self.points(curve, |at| at.interval().map(|range| range.0));
        let upper = self.points(curve, |at| at.interval().map(|range| range.1));
        let colour = palette::colour(curve.series.palette);
        for (lower, upper) in runs(&lower).into_iter().zip(runs(&upper)) {
            // A band of one step has no width: a whisker instead.
            if let ([low], [high]) = (lower.as_slice(), upper.as_slice()) {
                canvas.upright(low.0, (low.1, high.1), colour)?;
                continue;
            }
            let back = upper.iter().rev().copied();
            let edge: Vec<Point> = lower.iter().copied().chain(back).collect();
            canvas.polygon(&edge, colour, 0.16)?;
        }
        Ok(())
    }

    fn curve(&self, canvas: &Canvas<'_>, curve: &Curve) -> Result<(), ChartError> {
        let points = self.points(curve, |at| at.value);
        for run in runs(&points) {
            canvas.path(&run, palette::colour(curve.series.palette), 2)?;
        }
        for point in points.into_iter().flatten() {
            canvas.marker(point, 4.0, curve.series.palette)?;
        }
        Ok(())
    }
}

/// The stretches without a gap.
fn runs(points: &[Option<Point>]) -> Vec<Vec<Point>> {
    points
        .split(Option::is_none)
        .filter(|run| !run.is_empty())
        .map(|run| run.iter().copied().flatten().collect())
        .collect()
}

/// The name of a line and its last value, with the step if that is not the last.
fn end_label(curve: &Curve) -> Vec<String> {
    let last = curve.values.iter().rposition(|value| value.value.is_some());
    let value = last
        .and_then(|step| curve.values.get(step))
        .and_then(|value| value.value);
    let printed = match last {
        Some(step) if step + 1 < curve.values.len() => {
            format!("{} at {}", text::percent_or_na(value), step + 1)
        }
        _ => text::percent_or_na(value),
    };
    let lines = text::wrap(&format!("{} {printed}", curve.series.name), BODY, LABELS, 2);
    if lines.last().is_some_and(|line| line.ends_with(&printed)) {
        return lines;
    }
    let mut lines = text::wrap(&curve.series.name, BODY, LABELS, 2);
    lines.push(printed);
    lines
}

fn label_height(lines: &[String]) -> f64 {
    line_height(BODY) * number(lines.len()) + 2.0
}
