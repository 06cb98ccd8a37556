//! The sheet a chart is drawn on: plotters' SVG backend in pixel coordinates.

use super::ChartError;
use super::palette;
use super::text;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::drawing::IntoDrawingArea;
use plotters::element::Circle;
use plotters::element::PathElement;
use plotters::element::Polygon;
use plotters::element::Rectangle;
use plotters::prelude::SVGBackend;
use plotters::style::Color;
use plotters::style::IntoFont;
use plotters::style::RGBColor;
use plotters::style::ShapeStyle;
use plotters::style::TextStyle;
use plotters::style::text_anchor::HPos;
use plotters::style::text_anchor::Pos;
use plotters::style::text_anchor::VPos;

/// Width of every chart, in pixels of the design.
pub(super) const WIDTH: f64 = 800.0;
/// Empty space at the edges.
pub(super) const MARGIN: f64 = 20.0;
/// Font size of the title.
pub(super) const TITLE: f64 = 21.0;
/// Font size of labels; 15 would be written as 15.000000000000002.
pub(super) const BODY: f64 = 15.2;
/// Font size of everything else: the smallest.
pub(super) const SMALL: f64 = 14.0;

/// A position in pixels from the top left corner.
pub(super) type Point = (f64, f64);

/// Which part of a text stands at its position.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) colour: RGBColor,
    pub(super) anchor: Anchor,
}

impl Type {
    pub(super) const fn new(size: f64, colour: RGBColor, anchor: Anchor) -> Self {
        Self {
            size,
            colour,
            anchor,
        }
    }
}

/// The distance between two lines of text.
pub(super) fn line_height(size: f64) -> f64 {
    (size * 1.3).round()
}

/// A drawing area in pixels.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Paints a sheet of a size; returns its elements and the closing tag, without
/// the opening tag of the backend.
pub(super) fn paint(
    (width, height): Point,
    paint: impl FnOnce(&Canvas<'_>) -> Result<(), ChartError>,
) -> Result<String, ChartError> {
    let mut svg = String::new();
    let size = (px(width).unsigned_abs(), px(height).unsigned_abs());
    let canvas = Canvas {
        area: SVGBackend::with_string(&mut svg, size).into_drawing_area(),
    };
    canvas.area.fill(&palette::PAPER)?;
    paint(&canvas)?;
    canvas.area.present()?;
    drop(canvas);
    Ok(svg
        .split_once('>')
        .map_or_else(String::new, |(_, body)| body.to_owned()))
}

impl Canvas<'_> {
    /// Lines of text from the left margin; returns where the next line goes.
    pub(super) fn block(
        &self,
        lines: &[String],
        top: f64,
        size: f64,
        colour: RGBColor,
    ) -> Result<f64, ChartError> {
        let mut y = top;
        for line in lines {
            let style = Type::new(size, colour, Anchor::Start);
            self.text(line, (MARGIN, y + line_height(size) / 2.0), style)?;
            y += line_height(size);
        }
        Ok(y)
    }

    /// Text whose middle is at the height of `at`.
    pub(super) fn text(&self, text: &str, at: Point, style: Type) -> Result<(), ChartError> {
        let horizontal = match style.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        // The backend divides font sizes by 1.24.
        let font = ("sans-serif", style.size * 1.24).into_font();
        let style = TextStyle::from(font)
            .color(&style.colour)
            .pos(Pos::new(horizontal, VPos::Center));
        self.area.draw_text(&text::clean(text), &style, pixel(at))?;
        Ok(())
    }

    /// Lines of text centred on the height of `at`.
    pub(super) fn lines(&self, lines: &[String], at: Point, style: Type) -> Result<(), ChartError> {
        let height = line_height(style.size);
        let mut y = at.1 - height * (super::scale::number(lines.len()) - 1.0) / 2.0;
        for line in lines {
            self.text(line, (at.0, y), style)?;
            y += height;
        }
        Ok(())
    }

    pub(super) fn line(
        &self,
        from: Point,
        to: Point,
        colour: RGBColor,
        width: u32,
    ) -> Result<(), ChartError> {
        self.path(&[from, to], colour, width)
    }

    pub(super) fn path(
        &self,
        points: &[Point],
        colour: RGBColor,
        width: u32,
    ) -> Result<(), ChartError> {
        let points: Vec<_> = points.iter().copied().map(pixel).collect();
        self.area
            .draw(&PathElement::new(points, colour.stroke_width(width)))?;
        Ok(())
    }

    /// A straight line in dashes of 7 pixels with gaps of 4.
    pub(super) fn dashes(
        &self,
        from: Point,
        to: Point,
        colour: RGBColor,
        width: u32,
    ) -> Result<(), ChartError> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let mut done = 0.0;
        while done < length {
            let at = |part: f64| (from.0 + dx * part / length, from.1 + dy * part / length);
            self.line(at(done), at((done + 7.0).min(length)), colour, width)?;
            done += 11.0;
        }
        Ok(())
    }

    pub(super) fn polygon(
        &self,
        points: &[Point],
        colour: RGBColor,
        alpha: f64,
    ) -> Result<(), ChartError> {
        let points: Vec<_> = points.iter().copied().map(pixel).collect();
        self.area.draw(&Polygon::new(points, colour.mix(alpha)))?;
        Ok(())
    }

    pub(super) fn rect(
        &self,
        from: Point,
        to: Point,
        colour: RGBColor,
        alpha: f64,
    ) -> Result<(), ChartError> {
        let style: ShapeStyle = colour.mix(alpha).filled();
        self.area
            .draw(&Rectangle::new([pixel(from), pixel(to)], style))?;
        Ok(())
    }

    pub(super) fn outline(
        &self,
        from: Point,
        to: Point,
        colour: RGBColor,
    ) -> Result<(), ChartError> {
        let style: ShapeStyle = colour.stroke_width(1);
        self.area
            .draw(&Rectangle::new([pixel(from), pixel(to)], style))?;
        Ok(())
    }

    /// A filled circle.
    pub(super) fn disc(&self, at: Point, radius: f64, colour: RGBColor) -> Result<(), ChartError> {
        let circle = Circle::new(pixel(at), px(radius), colour.filled());
        self.area.draw(&circle)?;
        Ok(())
    }
}

fn pixel((x, y): Point) -> (i32, i32) {
    (px(x), px(y))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "positions on a sheet of a few thousand pixels; `as` saturates"
)]
fn px(position: f64) -> i32 {
    position.round() as i32
}
