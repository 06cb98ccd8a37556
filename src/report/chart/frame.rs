//! What all charts share: title, subtitle, note, the text for those who do
//! not see the picture, and the axis of rates.

use super::ChartError;
use super::canvas;
use super::canvas::Anchor;
use super::canvas::BODY;
use super::canvas::Canvas;
use super::canvas::MARGIN;
use super::canvas::SMALL;
use super::canvas::TITLE;
use super::canvas::Type;
use super::canvas::WIDTH;
use super::canvas::line_height;
use super::palette;
use super::scale::RATES;
use super::scale::Scale;
use super::scale::number;
use super::text;

/// The parts of a chart around its plot.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    title: String,
    title_lines: Vec<String>,
    subtitle_lines: Vec<String>,
    note_lines: Vec<String>,
    alt: String,
}

impl Frame {
    pub(super) fn new(title: &str, subtitle: &str, note: &str) -> Self {
        let lines = |text: &str, size: f64| {
            if text::clean(text).is_empty() {
                Vec::new()
            } else {
                text::wrap(text, size, WIDTH - 2.0 * MARGIN, 6)
            }
        };
        let mut frame = Self {
            title: text::clean(title),
            title_lines: lines(title, TITLE),
            subtitle_lines: lines(subtitle, BODY),
            note_lines: lines(note, SMALL),
            alt: String::new(),
        };
        for sentence in [subtitle, note] {
            frame.tell(sentence);
        }
        frame
    }

    /// Adds a sentence to the text for those who do not see the picture.
    pub(super) fn tell(&mut self, sentence: &str) {
        let sentence = text::clean(sentence);
        if sentence.is_empty() {
            return;
        }
        self.alt.push_str(&sentence);
        self.alt
            .push_str(if sentence.ends_with(['.', ':', '!', '?']) {
                " "
            } else {
                ". "
            });
    }

    /// Where the plot may begin.
    pub(super) fn top(&self) -> f64 {
        MARGIN
            + line_height(TITLE) * number(self.title_lines.len())
            + line_height(BODY) * number(self.subtitle_lines.len())
            + 12.0
    }

    /// Paints a chart whose plot ends at `bottom`.
    pub(super) fn render(
        &self,
        bottom: f64,
        paint: impl FnOnce(&Canvas<'_>) -> Result<(), ChartError>,
    ) -> Result<String, ChartError> {
        let note_height = if self.note_lines.is_empty() {
            0.0
        } else {
            10.0 + line_height(SMALL) * number(self.note_lines.len())
        };
        let height = (bottom + note_height + MARGIN - 4.0).round();
        let body = canvas::paint((WIDTH, height), |canvas| {
            let y = canvas.block(&self.title_lines, MARGIN, TITLE, palette::INK)?;
            canvas.block(&self.subtitle_lines, y, BODY, palette::MUTED)?;
            paint(canvas)?;
            canvas.block(&self.note_lines, bottom + 10.0, SMALL, palette::INK)?;
            Ok(())
        })?;
        let title = text::escape(&self.title);
        let alt = text::escape(self.alt.trim_end());
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" \
             aria-label=\"{title}\" width=\"100%\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\">\n<title>{title}</title>\n<desc>{alt}</desc>{body}"
        ))
    }
}

/// A horizontal axis of rates, labelled above and below the plot.
pub(super) fn rates_across(
    canvas: &Canvas<'_>,
    axis: Scale,
    (top, bottom): (f64, f64),
) -> Result<(), ChartError> {
    let style = Type::new(SMALL, palette::MUTED, Anchor::Middle);
    for mark in RATES {
        let x = axis.at(mark);
        canvas.line((x, top), (x, bottom), palette::GRID, 1)?;
        canvas.text(&text::percent(mark), (x, top - 12.0), style)?;
        canvas.text(&text::percent(mark), (x, bottom + 14.0), style)?;
    }
    Ok(())
}

/// A vertical axis of rates, labelled at the left of the plot.
pub(super) fn rates_up(
    canvas: &Canvas<'_>,
    axis: Scale,
    (left, right): (f64, f64),
) -> Result<(), ChartError> {
    let style = Type::new(SMALL, palette::MUTED, Anchor::End);
    for mark in RATES {
        let y = axis.at(mark);
        canvas.line((left, y), (right, y), palette::GRID, 1)?;
        canvas.text(&text::percent(mark), (left - 8.0, y), style)?;
    }
    let y = axis.at(0.0);
    canvas.line((left, y), (right, y), palette::AXIS, 1)
}
