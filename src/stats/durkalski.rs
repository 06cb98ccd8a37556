//! Durkalski's clustered `McNemar` test.
//!
//! *What it is for.* A second opinion on "any effect?" for clustered pairs.
//! *What it is not.* Exact: with few streams prefer
//! [`super::exact::sign_flip`]. *What always holds.* Every stream counts once,
//! whatever its size.

use super::distribution;
use super::error::StatsError;

/// Result of [`durkalski`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Durkalski {
    /// The statistic, `(sum d)^2 / sum d^2`.
    pub chi_squared: f64,
    /// Its p-value, chi-squared with one degree of freedom.
    pub p: f64,
}

/// The test on the mean differences of the streams; `Ok(None)` if all are 0.
///
/// Source: Durkalski, Palesch, Lipsitz and Rust 2003, Stat Med 22:2417.
pub fn durkalski(differences: &[f64]) -> Result<Option<Durkalski>, StatsError> {
    if let Some(index) = differences.iter().position(|d| !d.is_finite()) {
        let value = differences[index];
        return Err(StatsError::NotFinite { index, value });
    }
    let squares = differences.iter().map(|d| d * d).sum::<f64>();
    Ok((squares > 0.0).then(|| {
        let chi_squared = differences.iter().sum::<f64>().powi(2) / squares;
        Durkalski {
            chi_squared,
            p: distribution::chi_squared_one_tail(chi_squared),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_to_a_stream_is_mcnemar() {
        let result = durkalski(&[1.0, 1.0, 1.0, -1.0, 0.0]).unwrap().unwrap();
        assert!((result.chi_squared - 1.0).abs() < 1e-15);
        assert_eq!(durkalski(&[0.0, 0.0]), Ok(None));
        assert!(durkalski(&[f64::NAN]).is_err());
    }
}
