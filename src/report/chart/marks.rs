//! The marks of a chart: markers, intervals, arrows.

use super::ChartError;
use super::canvas::Canvas;
use super::canvas::Point;
use super::palette;
use super::palette::Shape;
use plotters::style::RGBColor;

impl Canvas<'_> {
    /// A horizontal interval with end caps.
    pub(super) fn whisker(
        &self,
        (from, to): (f64, f64),
        y: f64,
        colour: RGBColor,
    ) -> Result<(), ChartError> {
        self.line((from, y), (to, y), colour, 2)?;
        for x in [from, to] {
            self.line((x, y - 4.0), (x, y + 4.0), colour, 2)?;
        }
        Ok(())
    }

    /// A vertical interval with end caps.
    pub(super) fn upright(
        &self,
        x: f64,
        (from, to): (f64, f64),
        colour: RGBColor,
    ) -> Result<(), ChartError> {
        self.line((x, from), (x, to), colour, 2)?;
        for y in [from, to] {
            self.line((x - 4.0, y), (x + 4.0, y), colour, 2)?;
        }
        Ok(())
    }

    /// The marker of a series, with a white edge that keeps it apart.
    pub(super) fn marker(&self, at: Point, radius: f64, palette: usize) -> Result<(), ChartError> {
        let shape = palette::shape(palette);
        self.blot(shape, at, radius + 2.0, palette::PAPER)?;
        self.blot(shape, at, radius, palette::colour(palette))
    }

    /// The marker of a series without an edge.
    pub(super) fn solid(&self, at: Point, radius: f64, palette: usize) -> Result<(), ChartError> {
        self.blot(
            palette::shape(palette),
            at,
            radius,
            palette::colour(palette),
        )
    }

    /// The marker of a series as an outline.
    pub(super) fn hollow(&self, at: Point, radius: f64, palette: usize) -> Result<(), ChartError> {
        let shape = palette::shape(palette);
        self.blot(shape, at, radius, palette::colour(palette))?;
        self.blot(shape, at, radius - 2.5, palette::PAPER)
    }

    fn blot(
        &self,
        shape: Shape,
        (x, y): Point,
        radius: f64,
        colour: RGBColor,
    ) -> Result<(), ChartError> {
        let corners = |offsets: &[Point], factor: f64| -> Vec<Point> {
            let radius = radius * factor;
            let corner = |(dx, dy): &Point| (x + dx * radius, y + dy * radius);
            offsets.iter().map(corner).collect()
        };
        let points = match shape {
            Shape::Circle => {
                return self.disc((x, y), radius, colour);
            }
            Shape::Square => corners(&[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)], 0.9),
            Shape::TriangleUp => corners(&[(0.0, -1.0), (1.0, 0.8), (-1.0, 0.8)], 1.15),
            Shape::TriangleDown => corners(&[(0.0, 1.0), (1.0, -0.8), (-1.0, -0.8)], 1.15),
            Shape::Diamond => corners(&[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)], 1.25),
            Shape::Hexagon => corners(
                &[
                    (0.0, -1.0),
                    (0.87, -0.5),
                    (0.87, 0.5),
                    (0.0, 1.0),
                    (-0.87, 0.5),
                    (-0.87, -0.5),
                ],
                1.15,
            ),
            Shape::Plus => {
                let (long, thin) = (1.1, 0.45);
                let quarter = [(thin, -long), (thin, -thin), (long, -thin)];
                let mut plus = Vec::new();
                for (cos, sin) in [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)] {
                    let turn = |(dx, dy): &Point| (dx * cos - dy * sin, dx * sin + dy * cos);
                    plus.extend(quarter.iter().map(turn));
                }
                corners(&plus, 1.0)
            }
        };
        self.polygon(&points, colour, 1.0)
    }

    /// A line with an arrow head that ends `gap` before the far end; without
    /// the head if the line is too short for one.
    pub(super) fn arrow(
        &self,
        (from, to): (Point, Point),
        gap: f64,
        colour: RGBColor,
        dashed: bool,
    ) -> Result<(), ChartError> {
        if dashed {
            self.dashes(from, to, colour, 3)?;
        } else {
            self.line(from, to, colour, 3)?;
        }
        if (to.0 - from.0).abs() < 30.0 {
            return Ok(());
        }
        let ahead = if to.0 < from.0 { -1.0 } else { 1.0 };
        let tip = to.0 - ahead * gap;
        let base = tip - ahead * 10.0;
        let head = [(tip, to.1), (base, to.1 - 6.0), (base, to.1 + 6.0)];
        self.polygon(&head, colour, 1.0)
    }
}
