//! Two rates per row and the way from one to the other.

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
use super::check_number;
use super::frame::Frame;
use super::frame::rates_across;
use super::palette;
use super::scale::Scale;
use super::scale::number;
use super::text;

/// Pairs of rates, one row each: a ring for the base, a filled marker for the
/// treatment and an arrow between them. Higher is better.
///
/// Single pairs carry no interval here: their number is small, and what the
/// chart is about is how many of them move and in which direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Dumbbell {
    /// The title.
    pub title: String,
    /// What the chart shows and for how many cases.
    pub subtitle: String,
    /// A line under the chart; may be empty.
    pub note: String,
    /// What the axis measures, such as "Sessions completed".
    pub value_label: String,
    /// The series that is compared against.
    pub base: Series,
    /// The series that is compared.
    pub treat: Series,
    /// The pairs, from top to bottom; a heading is written where the group changes.
    pub rows: Vec<DumbbellRow>,
}

/// One pair of a [`Dumbbell`] chart.
#[derive(Clone, Debug, PartialEq)]
pub struct DumbbellRow {
    /// The group (domain or construct); empty for no heading.
    pub group: String,
    /// The name of the row.
    pub label: String,
    /// The rate of the base, between 0 and 1.
    pub base: Option<f64>,
    /// The rate of the treatment, between 0 and 1.
    pub treat: Option<f64>,
}

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Better,
    Worse,
    Equal,
    Unknown,
}

impl DumbbellRow {
    fn change(&self) -> Change {
        match self.base.zip(self.treat) {
            None => Change::Unknown,
            Some((base, treat)) if (treat - base).abs() < 1e-9 => Change::Equal,
            Some((base, treat)) if treat > base => Change::Better,
            Some(_) => Change::Worse,
        }
    }

    /// The difference in percentage points, signed.
    fn difference(&self) -> String {
        let Some((base, treat)) = self.base.zip(self.treat) else {
            return "n/a".to_owned();
        };
        let points = (treat - base) * 100.0;
        let sign = match self.change() {
            Change::Better => "+",
            Change::Worse => "−",
            Change::Equal | Change::Unknown => "",
        };
        if points.abs() >= 0.95 || self.change() == Change::Equal {
            format!("{sign}{}", text::whole(points.abs()))
        } else {
            format!("{sign}{:.1}", points.abs().max(0.1))
        }
    }
}

const LABELS: f64 = 260.0;
const VALUES: f64 = 78.0;
const HEADING: f64 = 28.0;
const KEY: f64 = 30.0;
const RADIUS: f64 = 5.0;
const RING: f64 = 10.0;

struct Layout {
    labels: Vec<Vec<String>>,
    key: f64,
    top: f64,
    bottom: f64,
    axis: Scale,
}

impl Dumbbell {
    /// Draws the chart as SVG.
    pub fn draw(&self) -> Result<String, ChartError> {
        self.check()?;
        let mut frame = Frame::new(&self.title, &self.subtitle, &self.note);
        frame.tell(&format!(
            "{} against {}: better {}, worse {}, equal {}, n/a {}",
            self.treat.name,
            self.base.name,
            self.count(Change::Better),
            self.count(Change::Worse),
            self.count(Change::Equal),
            self.count(Change::Unknown),
        ));
        for (index, row) in self.rows.iter().enumerate() {
            let group = if self.opens_group(index) {
                format!("{}: ", row.group)
            } else {
                String::new()
            };
            frame.tell(&format!(
                "{group}{}: {} {}, {} {}, difference {}",
                row.label,
                self.base.name,
                text::percent_or_na(row.base),
                self.treat.name,
                text::percent_or_na(row.treat),
                row.difference(),
            ));
        }
        let layout = self.layout(&frame);
        frame.render(layout.bottom + 56.0, |canvas| {
            self.key(canvas, layout.key)?;
            self.axis(canvas, &layout)?;
            let mut y = layout.top;
            for (index, (row, label)) in self.rows.iter().zip(&layout.labels).enumerate() {
                if self.opens_group(index) {
                    canvas.line((MARGIN, y), (WIDTH - MARGIN, y), palette::AXIS, 1)?;
                    let style = Type::new(BODY, palette::INK, Anchor::Start);
                    let heading = text::wrap(&row.group, BODY, WIDTH - 2.0 * MARGIN, 1);
                    canvas.lines(&heading, (MARGIN, y + HEADING / 2.0 + 1.0), style)?;
                    y += HEADING;
                }
                y += self.row(canvas, layout.axis, row, label, y)?;
            }
            Ok(())
        })
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.rows.is_empty() {
            return Err(ChartError::Empty {
                title: self.title.clone(),
            });
        }
        for row in &self.rows {
            for rate in [row.base, row.treat].into_iter().flatten() {
                check_number(rate, &format!("{}, {}", row.group, row.label), 1.0)?;
            }
        }
        Ok(())
    }

    fn count(&self, change: Change) -> usize {
        self.rows
            .iter()
            .filter(|row| row.change() == change)
            .count()
    }

    fn opens_group(&self, index: usize) -> bool {
        let Some(row) = self.rows.get(index) else {
            return false;
        };
        let before = index.checked_sub(1).and_then(|index| self.rows.get(index));
        !row.group.is_empty() && before.is_none_or(|before| before.group != row.group)
    }

    fn layout(&self, frame: &Frame) -> Layout {
        let labels: Vec<_> = self
            .rows
            .iter()
            .map(|row| text::wrap(&row.label, BODY, LABELS, 2))
            .collect();
        let used = labels
            .iter()
            .map(|lines| text::widest(lines, BODY))
            .fold(60.0, f64::max);
        let headings = (0..self.rows.len()).filter(|index| self.opens_group(*index));
        let top = frame.top() + 2.0 * KEY + 26.0;
        let height = labels.iter().map(|lines| row_height(lines)).sum::<f64>()
            + HEADING * number(headings.count());
        Layout {
            labels,
            key: frame.top(),
            top,
            bottom: top + height + 4.0,
            axis: Scale::new(1.0, MARGIN + used + 20.0, WIDTH - MARGIN - VALUES - 16.0),
        }
    }

    /// Which marker is which, and how many rows went which way.
    fn key(&self, canvas: &Canvas<'_>, top: f64) -> Result<(), ChartError> {
        let style = Type::new(BODY, palette::INK, Anchor::Start);
        let y = top + KEY / 2.0;
        let mut x = MARGIN + 8.0;
        for (series, ring) in [(&self.base, true), (&self.treat, false)] {
            if ring {
                canvas.hollow((x, y), RING, series.palette)?;
            } else {
                canvas.solid((x, y), RADIUS, series.palette)?;
            }
            let name = text::wrap(&series.name, BODY, WIDTH / 2.0 - 100.0, 1);
            canvas.lines(&name, (x + 16.0, y), style)?;
            x += 16.0 + text::widest(&name, BODY) + 24.0;
            if ring {
                canvas.arrow(
                    ((x - 12.0, y), (x + 22.0, y)),
                    RADIUS + 3.0,
                    palette::INK,
                    false,
                )?;
                x += 46.0;
            }
        }
        let y = y + KEY;
        let mut x = MARGIN + 8.0;
        let treat = &self.treat.name;
        for (change, word) in [
            (Change::Better, "better"),
            (Change::Worse, "worse"),
            (Change::Equal, "equal"),
            (Change::Unknown, "n/a"),
        ] {
            glyph(canvas, (x, y), change)?;
            let count = self.count(change);
            let entry = if change == Change::Better {
                let name = text::wrap(treat, BODY, 240.0, 1).join(" ");
                format!("{name} {word} in {count}")
            } else {
                format!("{word} in {count}")
            };
            let offset = if change == Change::Unknown {
                -8.0
            } else {
                14.0
            };
            canvas.text(&entry, (x + offset, y), style)?;
            x += offset + text::width(&entry, BODY) + 32.0;
        }
        Ok(())
    }

    fn axis(&self, canvas: &Canvas<'_>, layout: &Layout) -> Result<(), ChartError> {
        rates_across(canvas, layout.axis, (layout.top, layout.bottom))?;
        let right = Type::new(SMALL, palette::MUTED, Anchor::End);
        canvas.text("points", (WIDTH - MARGIN, layout.top - 12.0), right)?;
        let label = format!(
            "{}; at the right the difference in percentage points.",
            self.value_label
        );
        let label = text::wrap(&label, SMALL, WIDTH - 2.0 * MARGIN, 1);
        let left = Type::new(SMALL, palette::MUTED, Anchor::Start);
        canvas.lines(&label, (MARGIN, layout.bottom + 40.0), left)
    }

    /// Paints a row and returns its height.
    fn row(
        &self,
        canvas: &Canvas<'_>,
        axis: Scale,
        row: &DumbbellRow,
        label: &[String],
        top: f64,
    ) -> Result<f64, ChartError> {
        let height = row_height(label);
        let y = top + height / 2.0;
        let change = row.change();
        let style = Type::new(BODY, palette::INK, Anchor::End);
        canvas.lines(label, (axis.at(0.0) - 14.0, y), style)?;
        if let Some((base, treat)) = row.base.zip(row.treat)
            && change != Change::Equal
        {
            let colour = colour(change);
            canvas.arrow(
                ((axis.at(base), y), (axis.at(treat), y)),
                RADIUS + 3.0,
                colour,
                change == Change::Worse,
            )?;
        }
        if let Some(rate) = row.base {
            canvas.hollow((axis.at(rate), y), RING, self.base.palette)?;
        }
        if let Some(rate) = row.treat {
            canvas.solid((axis.at(rate), y), RADIUS, self.treat.palette)?;
        }
        glyph(canvas, (WIDTH - MARGIN - VALUES + 14.0, y), change)?;
        canvas.text(&row.difference(), (WIDTH - MARGIN, y), style)?;
        Ok(height)
    }
}

fn colour(change: Change) -> plotters::style::RGBColor {
    match change {
        Change::Better => palette::BETTER,
        Change::Worse => palette::WORSE,
        Change::Equal | Change::Unknown => palette::MUTED,
    }
}

/// Up, down or equal, told by shape.
fn glyph(canvas: &Canvas<'_>, (x, y): Point, change: Change) -> Result<(), ChartError> {
    let colour = colour(change);
    match change {
        Change::Better => canvas.polygon(
            &[(x, y - 6.0), (x + 7.0, y + 5.0), (x - 7.0, y + 5.0)],
            colour,
            1.0,
        ),
        Change::Worse => canvas.polygon(
            &[(x, y + 6.0), (x + 7.0, y - 5.0), (x - 7.0, y - 5.0)],
            colour,
            1.0,
        ),
        Change::Equal => {
            canvas.line((x - 6.0, y - 3.0), (x + 6.0, y - 3.0), colour, 2)?;
            canvas.line((x - 6.0, y + 3.0), (x + 6.0, y + 3.0), colour, 2)
        }
        Change::Unknown => Ok(()),
    }
}

fn row_height(lines: &[String]) -> f64 {
    line_height(BODY) * number(lines.len()) + 5.0
}
