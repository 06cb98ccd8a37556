//! An amount against a load, one straight line per series.

use super::ChartError;
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
use super::frame::Frame;
use super::palette;
use super::scale::Scale;
use super::scale::number;
use super::scale::spread;
use super::scale::tick_labels;
use super::scale::ticks;
use super::text;

/// One line per series from no load to the largest one. Each line has its name
/// and last amount at its end; the band between `lower` and `upper` is shaded
/// where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct AmountLines {
    /// The title.
    pub title: String,
    /// What the chart shows.
    pub subtitle: String,
    /// A line under the chart; may be empty.
    pub note: String,
    /// What the horizontal axis measures.
    pub load_label: String,
    /// What the vertical axis measures.
    pub amount_label: String,
    /// What stands before amounts: "$" or nothing.
    pub prefix: String,
    /// The largest load, above zero.
    pub most: f64,
    /// The lines.
    pub lines: Vec<AmountLine>,
}

/// One line of an [`AmountLines`] chart: amounts at no load and at the largest.
#[derive(Clone, Debug, PartialEq)]
pub struct AmountLine {
    /// Name and colour.
    pub series: Series,
    /// The amounts; `None` is drawn as no line, and said.
    pub amounts: Option<(f64, f64)>,
    /// The interval at the largest load.
    pub interval: Option<(f64, f64)>,
}

const PLOT: f64 = 380.0;
const LABELS: f64 = 210.0;
const AXIS: f64 = 64.0;

impl AmountLines {
    /// Draws the chart as SVG.
    pub fn draw(&self) -> Result<String, ChartError> {
        self.check()?;
        let mut frame = Frame::new(&self.title, &self.subtitle, &self.note);
        frame.tell(&format!(
            "{} against {}",
            self.amount_label, self.load_label
        ));
        for line in &self.lines {
            frame.tell(&format!("{}: {}", line.series.name, self.words(line)));
        }
        let top = frame.top() + line_height(SMALL) + 12.0;
        let missing: Vec<&AmountLine> = self
            .lines
            .iter()
            .filter(|line| line.amounts.is_none())
            .collect();
        let list = line_height(SMALL) * number(missing.len());
        let bottom = top + PLOT;
        frame.render(bottom + 66.0 + list, |canvas| {
            self.paint(canvas, top, bottom)?;
            let style = Type::new(SMALL, palette::INK, Anchor::Start);
            for (row, line) in missing.iter().enumerate() {
                let y = bottom + 62.0 + line_height(SMALL) * number(row);
                let words = format!("{}: n/a", line.series.name);
                canvas.text(&words, (MARGIN, y), style)?;
            }
            Ok(())
        })
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.lines.iter().all(|line| line.amounts.is_none()) || self.most <= 0.0 {
            return Err(ChartError::Empty {
                title: self.title.clone(),
            });
        }
        for line in &self.lines {
            let ends = line.amounts.into_iter().chain(line.interval);
            for value in ends.flat_map(|(one, other)| [one, other]) {
                super::Estimate {
                    value: Some(value),
                    ..super::Estimate::default()
                }
                .check(&line.series.name, f64::INFINITY)?;
            }
        }
        Ok(())
    }

    fn words(&self, line: &AmountLine) -> String {
        let amount = |value: f64| text::amount(&self.prefix, value);
        match line.amounts {
            None => "n/a".to_owned(),
            Some((least, most)) => format!(
                "{} without load, {} at the largest",
                amount(least),
                amount(most)
            ),
        }
    }

    fn paint(&self, canvas: &Canvas<'_>, top: f64, bottom: f64) -> Result<(), ChartError> {
        let highest = self
            .lines
            .iter()
            .flat_map(|line| [line.amounts, line.interval])
            .flatten()
            .map(|(one, other)| one.max(other))
            .fold(0.0, f64::max);
        let (loads, amounts) = (ticks(self.most, 6.0), ticks(highest, 6.0));
        let end = |ticks: &[f64]| ticks.last().copied().unwrap_or(1.0);
        let (left, right) = (MARGIN + AXIS, WIDTH - MARGIN - LABELS);
        let x = Scale::new(end(&loads).max(self.most), left, right);
        let y = Scale::new(end(&amounts), bottom, top);
        let muted = |anchor: Anchor| Type::new(SMALL, palette::MUTED, anchor);
        let label = text::wrap(&self.amount_label, SMALL, WIDTH - 2.0 * MARGIN, 1);
        canvas.lines(&label, (MARGIN, top - 22.0), muted(Anchor::Start))?;
        for (mark, label) in amounts.iter().zip(tick_labels(&self.prefix, &amounts)) {
            let at = y.at(*mark);
            canvas.line((left, at), (right, at), palette::GRID, 1)?;
            canvas.text(&label, (left - 8.0, at), muted(Anchor::End))?;
        }
        for (mark, label) in loads.iter().zip(tick_labels("", &loads)) {
            let at = x.at(*mark);
            canvas.line((at, bottom), (at, bottom + 5.0), palette::AXIS, 1)?;
            canvas.text(&label, (at, bottom + 16.0), muted(Anchor::Middle))?;
        }
        canvas.line((left, bottom), (right, bottom), palette::AXIS, 1)?;
        let label = text::wrap(&self.load_label, SMALL, right - left, 1);
        canvas.lines(
            &label,
            (f64::midpoint(left, right), bottom + 38.0),
            Type::new(SMALL, palette::INK, Anchor::Middle),
        )?;
        let shown: Vec<(&AmountLine, Point, Point)> = self
            .lines
            .iter()
            .filter_map(|line| {
                let (least, most) = line.amounts?;
                let to = (x.at(self.most), y.at(most));
                Some((line, (x.at(0.0), y.at(least)), to))
            })
            .collect();
        for (line, from, to) in &shown {
            if let Some((lower, upper)) = line.interval {
                let edge = [*from, (to.0, y.at(upper)), (to.0, y.at(lower))];
                canvas.polygon(&edge, palette::colour(line.series.palette), 0.12)?;
            }
        }
        for (line, from, to) in &shown {
            let colour = palette::colour(line.series.palette);
            canvas.line(*from, *to, colour, 2)?;
            canvas.marker(*to, 5.0, line.series.palette)?;
        }
        self.names(canvas, &shown, (top, bottom))
    }

    /// The names at the ends of the lines, moved apart where they would collide.
    fn names(
        &self,
        canvas: &Canvas<'_>,
        shown: &[(&AmountLine, Point, Point)],
        (top, bottom): (f64, f64),
    ) -> Result<(), ChartError> {
        let mut ends: Vec<(&AmountLine, Point)> =
            shown.iter().map(|(line, _, to)| (*line, *to)).collect();
        ends.sort_by(|one, other| {
            let name = |end: &(&AmountLine, Point)| end.0.series.name.clone();
            one.1
                .1
                .total_cmp(&other.1.1)
                .then_with(|| name(one).cmp(&name(other)))
        });
        let labels: Vec<Vec<String>> = ends
            .iter()
            .map(|(line, _)| {
                let most = line.amounts.map_or(0.0, |amounts| amounts.1);
                let words = format!("{} {}", line.series.name, text::amount(&self.prefix, most));
                text::wrap(&words, BODY, LABELS - 50.0, 2)
            })
            .collect();
        let height = |lines: &Vec<String>| line_height(BODY) * number(lines.len()) + 2.0;
        let wanted: Vec<f64> = ends.iter().map(|end| end.1.1).collect();
        let heights: Vec<f64> = labels.iter().map(height).collect();
        let placed = spread(&wanted, &heights, top - 8.0, bottom + 8.0);
        for (((_, at), lines), y) in ends.iter().zip(&labels).zip(placed) {
            canvas.line((at.0 + 8.0, at.1), (at.0 + 26.0, y), palette::AXIS, 1)?;
            let style = Type::new(BODY, palette::INK, Anchor::Start);
            canvas.lines(lines, (at.0 + 30.0, y), style)?;
        }
        Ok(())
    }
}
