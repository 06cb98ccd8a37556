//! A rate against an amount, in one or two panels.

use super::ChartError;
use super::Estimate;
use super::Series;
use super::canvas::Anchor;
use super::canvas::Canvas;
use super::canvas::MARGIN;
use super::canvas::Point;
use super::canvas::SMALL;
use super::canvas::Type;
use super::canvas::WIDTH;
use super::canvas::line_height;
use super::frame::Frame;
use super::frame::rates_up;
use super::palette;
use super::place::Area;
use super::place::MARKER;
use super::place::Obstacle;
use super::place::place;
use super::place::whisker;
use super::scale::Scale;
use super::scale::number;
use super::scale::tick_labels;
use super::scale::ticks;
use super::text;

/// One labelled point per series with both intervals: up is better, and an
/// amount (tokens, cost) grows to the right from zero. Panels stand side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// The title.
    pub title: String,
    /// What the chart shows and for how many cases.
    pub subtitle: String,
    /// A line under the chart; may be empty.
    pub note: String,
    /// What the vertical axes measure, such as "Sessions completed".
    pub value_label: String,
    /// What the whiskers are, such as "95% interval".
    pub interval_label: String,
    /// The panels, from left to right.
    pub panels: Vec<ScatterPanel>,
}

/// One panel of a [`Scatter`] chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterPanel {
    /// What the horizontal axis measures, such as "Tokens per session".
    pub amount_label: String,
    /// What stands before the numbers of that axis: "$" or nothing.
    pub prefix: String,
    /// The points.
    pub points: Vec<ScatterPoint>,
}

/// One point of a [`ScatterPanel`].
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterPoint {
    /// Name and colour.
    pub series: Series,
    /// The amount, zero or more.
    pub amount: Estimate,
    /// The rate, between 0 and 1.
    pub rate: Estimate,
}

const PLOT: f64 = 400.0;
const GAP: f64 = 26.0;
const AXIS: f64 = 50.0;

/// Where one panel is.
struct Layout {
    x: Scale,
    y: Scale,
    ticks: Vec<f64>,
    bounds: Area,
    missing: Vec<String>,
}

impl ScatterPoint {
    fn missing(&self) -> bool {
        self.amount.value.is_none() || self.rate.value.is_none()
    }
}

impl Scatter {
    /// Draws the chart as SVG.
    pub fn draw(&self) -> Result<String, ChartError> {
        self.check()?;
        let mut frame = Frame::new(&self.title, &self.subtitle, &self.note);
        for panel in &self.panels {
            frame.tell(&format!(
                "{} against {}",
                self.value_label, panel.amount_label
            ));
            for point in &panel.points {
                frame.tell(&panel.words(point));
            }
        }
        let top = frame.top() + line_height(SMALL) + 12.0;
        let layouts = self.layouts(top);
        let missing = layouts
            .iter()
            .map(|layout| layout.missing.len())
            .max()
            .unwrap_or(0);
        let list = line_height(SMALL) * number(missing);
        let key = text::wrap(
            &format!(
                "Marker: estimate; lines: {}. Further up and to the left is better.",
                self.interval_label
            ),
            SMALL,
            WIDTH - 2.0 * MARGIN,
            2,
        );
        let key_height = line_height(SMALL) * number(key.len());
        frame.render(top + PLOT + 66.0 + list + key_height, |canvas| {
            let style = Type::new(SMALL, palette::MUTED, Anchor::Start);
            let label = text::wrap(&self.value_label, SMALL, WIDTH - 2.0 * MARGIN, 1);
            canvas.lines(&label, (MARGIN, top - 22.0), style)?;
            for (panel, layout) in self.panels.iter().zip(&layouts) {
                layout.axes(canvas, panel)?;
                layout.points(canvas, panel)?;
            }
            canvas.lines(
                &key,
                (MARGIN, top + PLOT + 62.0 + list + key_height / 2.0),
                style,
            )
        })
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.panels.iter().all(|panel| panel.points.is_empty()) {
            return Err(ChartError::Empty {
                title: self.title.clone(),
            });
        }
        for panel in &self.panels {
            for point in &panel.points {
                let name = &point.series.name;
                point
                    .rate
                    .check(&format!("{name}, {}", self.value_label), 1.0)?;
                let place = format!("{name}, {}", panel.amount_label);
                point.amount.check(&place, f64::INFINITY)?;
            }
        }
        Ok(())
    }

    fn layouts(&self, top: f64) -> Vec<Layout> {
        let count = number(self.panels.len());
        let width = (WIDTH - 2.0 * MARGIN - GAP * (count - 1.0)) / count;
        let layout = |(index, panel): (usize, &ScatterPanel)| {
            let outer = MARGIN + (width + GAP) * number(index);
            let left = outer + AXIS;
            let (ticks, inset) = panel.ticks(width - AXIS);
            let right = outer + width - inset;
            let missing = panel.points.iter().filter(|point| point.missing());
            let missing =
                missing.flat_map(|point| text::wrap(&self.gap(panel, point), SMALL, width, 2));
            Layout {
                x: Scale::new(ticks.last().copied().unwrap_or(1.0), left, right),
                y: Scale::new(1.0, top + PLOT, top),
                ticks,
                bounds: Area {
                    left: left + 2.0,
                    top,
                    right: right + inset + 6.0,
                    bottom: top + PLOT - 2.0,
                },
                missing: missing.collect(),
            }
        };
        self.panels.iter().enumerate().map(layout).collect()
    }

    /// Says which number of a point is not there.
    fn gap(&self, panel: &ScatterPanel, point: &ScatterPoint) -> String {
        let both = point.amount.value.is_none() && point.rate.value.is_none();
        let which = match point.amount.value {
            _ if both => return format!("{}: n/a", point.series.name),
            None => &panel.amount_label,
            Some(_) => &self.value_label,
        };
        format!("{}, {which}: n/a", point.series.name)
    }
}

impl ScatterPanel {
    /// As many marks as have room in `width`, and the room that half of the
    /// last label needs.
    fn ticks(&self, width: f64) -> (Vec<f64>, f64) {
        let fit = |count: f64| {
            let ticks = ticks(self.most(), count);
            let labels = tick_labels(&self.prefix, &ticks);
            let widest = text::widest(&labels, SMALL);
            let inset = (widest / 2.0 - 12.0).max(14.0);
            let step = (width - inset) / (number(ticks.len()) - 1.0);
            (ticks, inset, widest + 12.0 <= step)
        };
        let tried = [7.0, 5.0, 4.0, 3.0, 2.0, 1.0].map(fit);
        let [.., last] = &tried;
        let (ticks, inset, _) = tried.iter().find(|tried| tried.2).unwrap_or(last);
        (ticks.clone(), *inset)
    }

    /// The largest number on the horizontal axis.
    fn most(&self) -> f64 {
        self.points
            .iter()
            .filter(|point| !point.missing())
            .flat_map(|point| {
                [
                    point.amount.value,
                    point.amount.interval().map(|range| range.1),
                ]
            })
            .flatten()
            .fold(0.0, f64::max)
    }

    /// The numbers of a point in words.
    fn words(&self, point: &ScatterPoint) -> String {
        let amount = |number: f64| text::amount(&self.prefix, number);
        let printed = match (point.amount.value, point.amount.interval()) {
            (None, _) => "n/a".to_owned(),
            (Some(value), None) => format!("{} (no interval)", amount(value)),
            (Some(value), Some((lower, upper))) => {
                format!("{} ({}–{})", amount(value), amount(lower), amount(upper))
            }
        };
        format!(
            "{}: {printed}, {}",
            point.series.name,
            text::percent_estimate(point.rate)
        )
    }
}

impl Layout {
    fn axes(&self, canvas: &Canvas<'_>, panel: &ScatterPanel) -> Result<(), ChartError> {
        let middle = Type::new(SMALL, palette::MUTED, Anchor::Middle);
        let (left, right) = (self.x.at(0.0), self.x.at(self.x.max()));
        let (top, bottom) = (self.y.at(1.0), self.y.at(0.0));
        rates_up(canvas, self.y, (left, right))?;
        for (mark, label) in self
            .ticks
            .iter()
            .zip(tick_labels(&panel.prefix, &self.ticks))
        {
            let x = self.x.at(*mark);
            canvas.line((x, top), (x, bottom), palette::GRID, 1)?;
            canvas.text(&label, (x, bottom + 15.0), middle)?;
        }
        canvas.line((left, top), (left, bottom), palette::AXIS, 1)?;
        let label = text::wrap(&panel.amount_label, SMALL, right - left + AXIS, 1);
        let style = Type::new(SMALL, palette::INK, Anchor::Middle);
        canvas.lines(&label, (f64::midpoint(left, right), bottom + 38.0), style)?;
        let style = Type::new(SMALL, palette::INK, Anchor::Start);
        let height = line_height(SMALL) * number(self.missing.len());
        canvas.lines(
            &self.missing,
            (left - AXIS, bottom + 56.0 + height / 2.0),
            style,
        )
    }

    fn points(&self, canvas: &Canvas<'_>, panel: &ScatterPanel) -> Result<(), ChartError> {
        let shown: Vec<(&ScatterPoint, Point)> = panel
            .points
            .iter()
            .filter_map(|point| Some((point, self.at(point)?)))
            .collect();
        let mut obstacles = Vec::new();
        for (point, (x, y)) in &shown {
            let colour = palette::colour(point.series.palette);
            if let Some((lower, upper)) = point.amount.interval() {
                let ends = (self.x.at(lower), self.x.at(upper));
                canvas.whisker(ends, *y, colour)?;
                obstacles.extend(whisker((ends.0, *y), (ends.1, *y)));
            }
            if let Some((lower, upper)) = point.rate.interval() {
                let ends = (self.y.at(upper), self.y.at(lower));
                canvas.upright(*x, ends, colour)?;
                obstacles.extend(whisker((*x, ends.0), (*x, ends.1)));
            }
        }
        let (positions, labels) = self.labels(&shown);
        let around = |at: &Point| Area::around(*at, 18.0, 18.0);
        obstacles.extend(positions.iter().map(|at| Obstacle {
            area: around(at),
            weight: MARKER,
        }));
        let size = |lines: &Vec<String>| {
            let height = line_height(SMALL) * number(lines.len());
            (text::widest(lines, SMALL) + 4.0, height)
        };
        let sizes: Vec<(f64, f64)> = labels.iter().map(size).collect();
        let areas = place(&positions, &sizes, &obstacles, self.bounds);
        for (area, at) in areas.iter().zip(&positions) {
            let from = area.nearest(*at);
            if (from.0 - at.0).hypot(from.1 - at.1) > 13.0 {
                canvas.line(from, *at, palette::MUTED, 1)?;
            }
        }
        for (point, at) in &shown {
            canvas.marker(*at, 6.0, point.series.palette)?;
        }
        let style = Type::new(SMALL, palette::INK, Anchor::Middle);
        for (area, lines) in areas.iter().zip(&labels) {
            let (from, to) = ((area.left, area.top + 2.0), (area.right, area.bottom - 2.0));
            canvas.rect(from, to, palette::PAPER, 0.8)?;
            canvas.lines(lines, area.centre(), style)?;
        }
        Ok(())
    }

    /// The labels and their points; points that hide each other share a label.
    fn labels(&self, shown: &[(&ScatterPoint, Point)]) -> (Vec<Point>, Vec<Vec<String>>) {
        let limit = (self.bounds.right - self.bounds.left) * 0.32;
        let (mut positions, mut labels): (Vec<Point>, Vec<Vec<String>>) = (Vec::new(), Vec::new());
        for (point, at) in shown {
            let lines = text::wrap(&point.series.name, SMALL, limit, 3);
            let near = |other: &Point| (other.0 - at.0).hypot(other.1 - at.1) < 5.0;
            let label = positions
                .iter()
                .position(near)
                .and_then(|index| labels.get_mut(index));
            if let Some(label) = label {
                label.extend(lines);
            } else {
                positions.push(*at);
                labels.push(lines);
            }
        }
        (positions, labels)
    }

    fn at(&self, point: &ScatterPoint) -> Option<Point> {
        Some((self.x.at(point.amount.value?), self.y.at(point.rate.value?)))
    }
}
