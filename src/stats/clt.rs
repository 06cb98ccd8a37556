//! Standard errors of a mean from the central limit theorem.
//!
//! *What it is for.* Comparison with evaluations that report them. *What it is
//! not.* The standard error to judge by: with tens of streams it is too small
//! ([`super::jackknife`]). *What always holds.* Fewer than two rows give
//! `None`.

use super::error::StatsError;
use super::sample::as_float;

/// Result of [`standard_errors`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StandardErrors {
    /// As if all rows were independent.
    pub plain: f64,
    /// With the covariances of rows inside a stream.
    pub clustered: f64,
}

/// Both standard errors of the mean of all rows.
///
/// `plain^2 = sum (s - m)^2 / (n (n-1))`;
/// `clustered^2 = plain^2 + n^-2 sum over streams of (s_i - m)(s_j - m)`,
/// `i != j`. Source: Miller 2024, arXiv 2411.00640.
pub fn standard_errors(streams: &[Vec<f64>]) -> Result<Option<StandardErrors>, StatsError> {
    let rows = streams.iter().flatten().copied().collect::<Vec<_>>();
    if let Some(index) = rows.iter().position(|value| !value.is_finite()) {
        let value = rows[index];
        return Err(StatsError::NotFinite { index, value });
    }
    if rows.len() < 2 {
        return Ok(None);
    }
    let size = as_float(rows.len());
    let mean = rows.iter().sum::<f64>() / size;
    let squares = rows.iter().map(|s| (s - mean).powi(2)).sum::<f64>();
    let together = streams
        .iter()
        .map(|stream| stream.iter().map(|s| s - mean).sum::<f64>().powi(2))
        .sum::<f64>();
    let plain = squares / (size * (size - 1.0));
    let clustered = plain + (together - squares) / (size * size);
    Ok(Some(StandardErrors {
        plain: plain.sqrt(),
        clustered: clustered.max(0.0).sqrt(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_row_are_independent_rows() {
        let rows = [vec![1.0], vec![2.0], vec![4.0], vec![], vec![9.0]];
        let result = standard_errors(&rows).unwrap().unwrap();
        assert!((result.plain - result.clustered).abs() < 1e-15);
        assert_eq!(standard_errors(&[vec![1.0]]), Ok(None));
        assert!(standard_errors(&[vec![f64::NAN, 1.0]]).is_err());
    }
}
