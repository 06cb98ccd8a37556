//! Rates by position, pooled over streams.
//!
//! *What it is for.* "Does the rate rise with the index?" — one rate per index
//! and the contrast of two curves. *What it is not.* A model: no curve is
//! fitted. Streams of different length make late indices a different set of
//! streams, so a change of rate there need not be a change within streams;
//! every point carries its number of rows and streams. *What always holds.*
//! Contrasts use only indices with data in both arms, recomputed for every
//! leave-one-out sample.

use super::error::StatsError;
use super::interval::Level;
use super::jackknife;
use super::jackknife::Contrast;
use super::proportion;
use super::proportion::ClusterProportion;
use super::sample::Arm;
use super::sample::StreamSums;

use std::collections::BTreeMap;

/// Successes of one stream at one index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveCell {
    /// Position of the stream, from zero.
    pub stream: usize,
    /// Position on the curve.
    pub index: u32,
    /// Number of successes.
    pub sum: f64,
    /// Number of rows.
    pub count: f64,
}

/// The rates of one arm by stream and index.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    streams: usize,
    columns: BTreeMap<u32, Arm>,
}

/// One index of a curve.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CurvePoint {
    /// Position on the curve.
    pub index: u32,
    /// Pooled rate with its interval, rows and streams at this index.
    pub rate: ClusterProportion,
}

impl Curve {
    /// Collects cells; repeated cells add up, missing ones have no data.
    pub fn new(
        streams: usize,
        cells: impl IntoIterator<Item = CurveCell>,
    ) -> Result<Self, StatsError> {
        if streams == 0 {
            return Err(StatsError::Empty);
        }
        let mut sums: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
        for cell in cells {
            let CurveCell { stream, index, .. } = cell;
            StreamSums::new(cell.sum, cell.count)?;
            let column = sums
                .entry(index)
                .or_insert_with(|| vec![(0.0, 0.0); streams]);
            let Some(slot) = column.get_mut(stream) else {
                return Err(StatsError::UnknownStream { stream, streams });
            };
            slot.0 += cell.sum;
            slot.1 += cell.count;
        }
        let columns = sums
            .into_iter()
            .map(|(index, column)| {
                let arm = Arm::from_pairs(column)?;
                arm.require_proportion()?;
                Ok((index, arm))
            })
            .collect::<Result<_, StatsError>>()?;
        Ok(Self { streams, columns })
    }

    /// Number of streams.
    pub fn stream_count(&self) -> usize {
        self.streams
    }

    /// One point per index with data, in order of index, with a
    /// [`proportion::cluster_wilson`] interval over the streams present there.
    /// The intervals are pointwise, not a band.
    pub fn points(&self, level: Level) -> Result<Vec<CurvePoint>, StatsError> {
        self.columns
            .iter()
            .filter(|(_, arm)| arm.total_count() > 0.0)
            .map(|(&index, arm)| {
                let rate = proportion::cluster_wilson(arm, level)?;
                Ok(CurvePoint { index, rate })
            })
            .collect()
    }

    /// Successes and rows at an index, without one stream if asked.
    fn totals(&self, index: u32, without: Option<usize>) -> Option<(f64, f64)> {
        let arm = self.columns.get(&index)?;
        let left_out = without.and_then(|stream| arm.streams().get(stream));
        let (sum, count) = left_out.map_or((0.0, 0.0), |s| (s.sum(), s.count()));
        let count = arm.total_count() - count;
        (count > 0.0).then(|| (arm.total_sum() - sum, count))
    }
}

/// Area and slope of one curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Trapezoid area over the index range: the mean rate along the curve.
    pub area: f64,
    /// Least-squares slope of the rate per index over all rows.
    pub slope: f64,
}

/// Two curves compared on the indices they share.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// The shared indices.
    pub indices: Vec<u32>,
    /// Shape of the base curve.
    pub base: Shape,
    /// Shape of the treated curve.
    pub treat: Shape,
    /// Difference of areas.
    pub area: Contrast,
    /// Difference of slopes.
    pub slope: Contrast,
}

/// Compares two curves over the same streams. `Ok(None)` if they share fewer
/// than two indices.
///
/// Assumes independent streams; the standard errors are delete-one-stream
/// jackknife (CV3), with the shared indices recomputed each time. With one
/// stream there are estimates only. Source: `MacKinnon`, Nielsen and Webb 2023.
pub fn compare(
    base: &Curve,
    treat: &Curve,
    level: Level,
) -> Result<Option<Comparison>, StatsError> {
    let streams = base.streams;
    if streams != treat.streams {
        return Err(StatsError::LengthMismatch {
            base: streams,
            treat: treat.streams,
        });
    }
    let Some((base_shape, treat_shape)) = shapes(base, treat, None) else {
        return Ok(None);
    };
    let without = (0..streams)
        .map(|stream| shapes(base, treat, Some(stream)))
        .collect::<Vec<_>>();
    let contrast = |part: fn(&Shape) -> f64| {
        let estimate = part(&treat_shape) - part(&base_shape);
        let rest = without
            .iter()
            .map(|pair| pair.as_ref().map(|(base, treat)| part(treat) - part(base)));
        Contrast::new(
            estimate,
            jackknife::cv3_se(estimate, rest, 1.0),
            streams,
            level,
        )
    };
    Ok(Some(Comparison {
        indices: shared(base, treat, None),
        base: base_shape,
        treat: treat_shape,
        area: contrast(|shape| shape.area)?,
        slope: contrast(|shape| shape.slope)?,
    }))
}

/// Indices with data in both curves.
fn shared(base: &Curve, treat: &Curve, without: Option<usize>) -> Vec<u32> {
    let has = |curve: &Curve, index| curve.totals(index, without).is_some();
    let indices = base.columns.keys().copied();
    indices
        .filter(|&index| has(base, index) && has(treat, index))
        .collect()
}

/// Both shapes on the shared indices; `None` if there are fewer than two.
fn shapes(base: &Curve, treat: &Curve, without: Option<usize>) -> Option<(Shape, Shape)> {
    let indices = shared(base, treat, without);
    Some((
        shape(base, &indices, without)?,
        shape(treat, &indices, without)?,
    ))
}

/// Area and slope of one curve on given indices.
fn shape(curve: &Curve, indices: &[u32], without: Option<usize>) -> Option<Shape> {
    let points = indices
        .iter()
        .map(|&index| {
            let (sum, count) = curve.totals(index, without)?;
            Some((f64::from(index), sum, count))
        })
        .collect::<Option<Vec<_>>>()?;
    if points.len() < 2 {
        return None;
    }
    let range = points[points.len() - 1].0 - points[0].0;
    let trapezoids = points
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0) * f64::midpoint(rate(pair[0]), rate(pair[1])))
        .sum::<f64>();
    let rows = points.iter().map(|p| p.2).sum::<f64>();
    let centre = points.iter().map(|p| p.0 * p.2).sum::<f64>() / rows;
    let level = points.iter().map(|p| p.1).sum::<f64>() / rows;
    let joint = points
        .iter()
        .map(|p| (p.0 - centre) * (p.1 - level * p.2))
        .sum::<f64>();
    let spread = points
        .iter()
        .map(|p| p.2 * (p.0 - centre).powi(2))
        .sum::<f64>();
    Some(Shape {
        area: trapezoids / range,
        slope: joint / spread,
    })
}

/// Rate of an `(index, sum, count)` point.
fn rate(point: (f64, f64, f64)) -> f64 {
    point.1 / point.2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(stream: usize, index: u32, sum: f64, count: f64) -> CurveCell {
        CurveCell {
            stream,
            index,
            sum,
            count,
        }
    }

    #[test]
    fn counts_streams_at_each_index() {
        let cells = [
            cell(0, 1, 1.0, 2.0),
            cell(1, 1, 0.0, 2.0),
            cell(0, 2, 2.0, 2.0),
        ];
        let curve = Curve::new(2, cells).unwrap();
        let points = curve.points(Level::NINETY_FIVE).unwrap();
        let seen = points
            .iter()
            .map(|p| (p.index, p.rate.count, p.rate.streams));
        assert_eq!(seen.collect::<Vec<_>>(), [(1, 4.0, 2), (2, 2.0, 1)]);
        assert!(points[1].rate.interval.is_none());
    }

    #[test]
    fn refuses_unknown_streams_and_impossible_rates() {
        assert!(Curve::new(0, []).is_err());
        assert!(Curve::new(1, [cell(1, 1, 0.0, 1.0)]).is_err());
        assert!(Curve::new(1, [cell(0, 1, 2.0, 1.0)]).is_err());
        let one = Curve::new(1, [cell(0, 1, 1.0, 1.0)]).unwrap();
        assert_eq!(compare(&one, &one, Level::NINETY_FIVE), Ok(None));
    }
}
