//! Finds room for the labels of points.

use super::canvas::Point;

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    /// A rectangle around a point.
    pub(super) fn around((x, y): Point, width: f64, height: f64) -> Self {
        Self {
            left: x - width / 2.0,
            top: y - height / 2.0,
            right: x + width / 2.0,
            bottom: y + height / 2.0,
        }
    }

    pub(super) fn centre(self) -> Point {
        (
            f64::midpoint(self.left, self.right),
            f64::midpoint(self.top, self.bottom),
        )
    }

    /// The nearest point of this area to another point.
    pub(super) fn nearest(self, (x, y): Point) -> Point {
        (
            x.clamp(self.left, self.right),
            y.clamp(self.top, self.bottom),
        )
    }

    /// This area with a little air around it.
    fn grown(self) -> Self {
        Self {
            left: self.left - 4.0,
            top: self.top - 4.0,
            right: self.right + 4.0,
            bottom: self.bottom + 4.0,
        }
    }

    /// The area that two rectangles share.
    pub(super) fn overlap(self, other: Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }

    /// This area, moved by the least amount that brings it inside of `bounds`.
    fn within(self, bounds: Self) -> Self {
        let dx = (bounds.left - self.left).max(0.0) - (self.right - bounds.right).max(0.0);
        let dy = (bounds.top - self.top).max(0.0) - (self.bottom - bounds.bottom).max(0.0);
        Self {
            left: self.left + dx,
            top: self.top + dy,
            right: self.right + dx,
            bottom: self.bottom + dy,
        }
    }
}

/// The weight of an obstacle that must stay visible.
pub(super) const MARKER: f64 = 40.0;

/// What a label must keep off, and how much it matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Obstacle {
    pub(super) area: Area,
    pub(super) weight: f64,
}

/// A whisker as obstacles: its line may be covered, its ends better not.
pub(super) fn whisker(from: Point, to: Point) -> [Obstacle; 3] {
    let cap = |at| Obstacle {
        area: Area::around(at, 12.0, 8.0),
        weight: 8.0,
    };
    let line = Obstacle {
        area: Area {
            left: from.0 - 3.0,
            top: from.1 - 3.0,
            right: to.0 + 3.0,
            bottom: to.1 + 3.0,
        },
        weight: 2.5,
    };
    [line, cap(from), cap(to)]
}

/// Places a label of each size near its point: first one after the other, then
/// every label is looked at again with all others in place.
pub(super) fn place(
    points: &[Point],
    sizes: &[(f64, f64)],
    obstacles: &[Obstacle],
    bounds: Area,
) -> Vec<Area> {
    let mut placed: Vec<Area> = Vec::new();
    for round in 0..4 {
        for (index, (point, size)) in points.iter().zip(sizes).enumerate() {
            let others: Vec<(Point, Area)> = points
                .iter()
                .copied()
                .zip(placed.iter().copied())
                .enumerate()
                .filter(|(other, _)| *other != index)
                .map(|(_, other)| other)
                .collect();
            let best = candidates(*point, *size, bounds)
                .into_iter()
                .map(|area| (cost(area, *point, &others, points, obstacles), area))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .map_or_else(|| Area::around(*point, size.0, size.1), |best| best.1);
            if round == 0 {
                placed.push(best);
            } else if let Some(slot) = placed.get_mut(index) {
                *slot = best;
            }
        }
    }
    placed
}

/// Places around a point, the usual ones first, then a coarse grid of `bounds`.
fn candidates((x, y): Point, (width, height): (f64, f64), bounds: Area) -> Vec<Area> {
    let mut areas = Vec::new();
    for distance in [11.0, 15.0, 20.0, 26.0, 34.0] {
        let (dx, dy) = (width / 2.0 + distance, height / 2.0 + distance);
        for (ax, ay) in [
            (dx, 0.0),
            (-dx, 0.0),
            (0.0, -dy),
            (0.0, dy),
            (dx, -dy),
            (-dx, -dy),
            (dx, dy),
            (-dx, dy),
        ] {
            areas.push(Area::around((x + ax, y + ay), width, height).within(bounds));
        }
    }
    for column in 0..=12 {
        for row in 0..=40 {
            let part = |index: i32, count: f64, from: f64, to: f64| {
                from + (to - from) * f64::from(index) / count
            };
            let centre = (
                part(
                    column,
                    12.0,
                    bounds.left + width / 2.0,
                    bounds.right - width / 2.0,
                ),
                part(
                    row,
                    40.0,
                    bounds.top + height / 2.0,
                    bounds.bottom - height / 2.0,
                ),
            );
            areas.push(Area::around(centre, width, height));
        }
    }
    areas
}

/// How bad a place is.
fn cost(
    area: Area,
    point: Point,
    others: &[(Point, Area)],
    points: &[Point],
    obstacles: &[Obstacle],
) -> f64 {
    let leader = (area.nearest(point), point);
    let length = distance(leader.0, point);
    let mut cost = 0.0;
    for obstacle in obstacles {
        cost += obstacle.weight * area.overlap(obstacle.area);
        // A leader over the end of a whisker looks like part of it.
        if obstacle.weight < MARKER && length > 13.0 && enters(leader, obstacle.area) {
            cost += obstacle.weight * 60.0;
        }
    }
    for (other, label) in others {
        cost += 60.0 * area.overlap(*label);
        if crosses(leader, (label.nearest(*other), *other)) {
            cost += 400.0;
        }
        if enters(leader, label.grown()) {
            cost += 900.0;
        }
        if enters((label.nearest(*other), *other), area.grown()) {
            cost += 900.0;
        }
    }
    for other in points {
        let away = distance(*other, point) > 1.0;
        if away && enters(leader, Area::around(*other, 14.0, 14.0)) {
            cost += 300.0;
        }
        // A label that is nearer to another point than to its own misleads.
        if away && length > 9.0 && distance(area.nearest(*other), *other) < length {
            cost += 60.0;
        }
    }
    cost + 2.5 * length
}

fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// Whether two lines cross.
fn crosses((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let side = |p: Point, q: Point, r: Point| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

/// Whether a line goes through an area, judged at 20 points of the line.
fn enters((from, to): (Point, Point), area: Area) -> bool {
    (0..=20).any(|step| {
        let part = f64::from(step) / 20.0;
        let (x, y) = (
            from.0 + (to.0 - from.0) * part,
            from.1 + (to.1 - from.1) * part,
        );
        x > area.left && x < area.right && y > area.top && y < area.bottom
    })
}
