//! Rates in a table of coloured cells.

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
use super::palette;
use super::scale::RATES;
use super::scale::Scale;
use super::scale::number;
use super::text;

/// Rates by row and series; every cell has its number printed in it, and its
/// interval under the number if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// The title.
    pub title: String,
    /// What the chart shows and for how many cases.
    pub subtitle: String,
    /// A line under the chart; may be empty.
    pub note: String,
    /// What the colours measure, such as "Sessions completed".
    pub value_label: String,
    /// What the small numbers are, such as "95% interval"; not printed if no
    /// cell has an interval.
    pub interval_label: String,
    /// The columns.
    pub series: Vec<Series>,
    /// The rows, from top to bottom.
    pub rows: Vec<HeatRow>,
}

/// One row of a [`HeatMap`].
#[derive(Clone, Debug, PartialEq)]
pub struct HeatRow {
    /// The name of the row.
    pub name: String,
    /// A rate between 0 and 1 for each column.
    pub values: Vec<Estimate>,
}

const LABELS: f64 = 140.0;
const CELL: f64 = 46.0;
const WIDEST_CELL: f64 = 120.0;
const GAP: f64 = 2.0;
const BAR: f64 = 300.0;

struct Layout {
    columns: Vec<Vec<String>>,
    labels: Vec<Vec<String>>,
    left: f64,
    cell: f64,
    size: f64,
    top: f64,
    bottom: f64,
}

impl HeatMap {
    /// Draws the chart as SVG.
    pub fn draw(&self) -> Result<String, ChartError> {
        self.check()?;
        let mut frame = Frame::new(&self.title, &self.subtitle, &self.note);
        for row in &self.rows {
            let values: Vec<String> = self
                .series
                .iter()
                .zip(&row.values)
                .map(|(series, value)| {
                    format!("{} {}", series.name, text::percent_estimate(*value))
                })
                .collect();
            frame.tell(&format!("{}: {}", row.name, values.join("; ")));
        }
        let layout = self.layout(&frame);
        frame.render(layout.bottom + 74.0, |canvas| {
            self.headings(canvas, &layout)?;
            let label = Type::new(BODY, palette::INK, Anchor::End);
            let mut y = layout.top;
            for (row, lines) in self.rows.iter().zip(&layout.labels) {
                canvas.lines(lines, (layout.left - 12.0, y + CELL / 2.0), label)?;
                let mut x = layout.left;
                for value in &row.values {
                    layout.cell(canvas, *value, (x, y))?;
                    x += layout.cell;
                }
                y += CELL;
            }
            self.key(canvas, &layout)
        })
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.series.is_empty() || self.rows.is_empty() {
            return Err(ChartError::Empty {
                title: self.title.clone(),
            });
        }
        for row in &self.rows {
            check_length(&row.name, row.values.len(), self.series.len())?;
            for (series, value) in self.series.iter().zip(&row.values) {
                value.check(&format!("{}, {}", row.name, series.name), 1.0)?;
            }
        }
        Ok(())
    }

    fn layout(&self, frame: &Frame) -> Layout {
        let labels: Vec<_> = self
            .rows
            .iter()
            .map(|row| text::wrap(&row.name, BODY, LABELS, 2))
            .collect();
        let used = labels
            .iter()
            .map(|lines| text::widest(lines, BODY))
            .fold(60.0, f64::max);
        let left = MARGIN + used + 12.0;
        let cell = ((WIDTH - MARGIN - left) / number(self.series.len())).min(WIDEST_CELL);
        // Down to 13 pixels where a word would be broken or a range cut.
        let words = self
            .series
            .iter()
            .map(|series| text::longest_piece(&series.name, SMALL));
        let tight = cell < 66.0 || words.fold(0.0, f64::max) > cell - 1.0;
        let size = if tight { 13.1 } else { SMALL };
        let columns: Vec<_> = self
            .series
            .iter()
            .map(|series| text::wrap(&series.name, size, cell - 1.0, 3))
            .collect();
        let heading = columns.iter().map(Vec::len).max().unwrap_or(1);
        let top = frame.top() + 28.0 + line_height(SMALL) * number(heading);
        Layout {
            columns,
            labels,
            left,
            cell,
            size,
            top,
            bottom: top + CELL * number(self.rows.len()),
        }
    }

    fn headings(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<(), ChartError> {
        let style = Type::new(layout.size, palette::INK, Anchor::Middle);
        let mut x = layout.left + layout.cell / 2.0;
        for (series, lines) in self.series.iter().zip(&layout.columns) {
            let height = line_height(SMALL) * number(lines.len());
            let y = layout.top - 6.0 - height / 2.0;
            canvas.lines(lines, (x, y), style)?;
            canvas.marker((x, y - height / 2.0 - 9.0), 5.0, series.palette)?;
            x += layout.cell;
        }
        Ok(())
    }

    /// The colour bar.
    fn key(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<(), ChartError> {
        let top = layout.bottom + 18.0;
        let axis = Scale::new(1.0, MARGIN + 6.0, MARGIN + 6.0 + BAR);
        // Each step is painted to the end and covered by the next: no seams.
        for step in 0..60 {
            let (from, to) = (f64::from(step) / 60.0, (f64::from(step) + 1.0) / 60.0);
            let colour = palette::cividis(f64::midpoint(from, to));
            canvas.rect(
                (axis.at(from), top),
                (axis.at(1.0), top + 14.0),
                colour,
                1.0,
            )?;
        }
        let style = Type::new(SMALL, palette::MUTED, Anchor::Middle);
        for mark in RATES {
            canvas.text(&text::percent(mark), (axis.at(mark), top + 26.0), style)?;
        }
        let intervals = self
            .rows
            .iter()
            .flat_map(|row| &row.values)
            .any(|value| value.interval().is_some());
        let small = if intervals {
            format!(" Small numbers: {}.", self.interval_label)
        } else {
            String::new()
        };
        let label = format!("{}.{small}", self.value_label);
        let left = MARGIN + BAR + 44.0;
        let label = text::wrap(&label, SMALL, WIDTH - MARGIN - left, 3);
        let style = Type::new(SMALL, palette::MUTED, Anchor::Start);
        canvas.lines(&label, (left, top + 18.0), style)
    }
}

impl Layout {
    fn cell(&self, canvas: &Canvas<'_>, value: Estimate, (x, y): Point) -> Result<(), ChartError> {
        let (from, to) = ((x, y), (x + self.cell - GAP, y + CELL - GAP));
        let middle = (f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1));
        let Some(rate) = value.value else {
            canvas.outline(from, to, palette::AXIS)?;
            let style = Type::new(SMALL, palette::MUTED, Anchor::Middle);
            return canvas.text("n/a", middle, style);
        };
        let colour = palette::cividis(rate);
        canvas.rect(from, to, colour, 1.0)?;
        let ink = palette::text_on(colour);
        let style = Type::new(BODY + 1.0, ink, Anchor::Middle);
        let range = value.interval().map(text::percent_range);
        match range.filter(|range| text::width(range, self.size) <= self.cell - GAP) {
            None => canvas.text(&text::percent(rate), middle, style),
            Some(range) => {
                canvas.text(&text::percent(rate), (middle.0, middle.1 - 9.0), style)?;
                let style = Type::new(self.size, ink, Anchor::Middle);
                canvas.text(&range, (middle.0, middle.1 + 11.0), style)
            }
        }
    }
}
