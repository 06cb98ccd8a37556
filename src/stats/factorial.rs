//! Two factors crossed on the same streams (2 x 2).
//!
//! *What it is for.* What each factor adds, alone and beside the other, on the
//! difference scale and on the log scale. *What it is not.* A ratio of two
//! experiments run apart: every stream must have all four cells. *What always
//! holds.* The Shapley value of a factor is its main effect, and both sum to
//! the total; an interaction depends on the scale, so results carry theirs.

use super::error::StatsError;
use super::interval::Level;
use super::jackknife;
use super::jackknife::Contrast;
use super::sample::Arm;

/// A contrast of the four cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The first factor where the second is off.
    FirstWithoutSecond,
    /// The first factor where the second is on.
    FirstWithSecond,
    /// The second factor where the first is off.
    SecondWithoutFirst,
    /// The second factor where the first is on.
    SecondWithFirst,
    /// The mean of both effects of the first factor; its Shapley value.
    FirstMain,
    /// The mean of both effects of the second factor; its Shapley value.
    SecondMain,
    /// What the first factor adds more where the second is on.
    Interaction,
    /// Both on against both off.
    Total,
}

impl Effect {
    /// All contrasts, simple effects first.
    pub const ALL: [Self; 8] = [
        Self::FirstWithoutSecond,
        Self::FirstWithSecond,
        Self::SecondWithoutFirst,
        Self::SecondWithFirst,
        Self::FirstMain,
        Self::SecondMain,
        Self::Interaction,
        Self::Total,
    ];

    /// Weights of the cells: both off, first on, second on, both on.
    pub const fn weights(self) -> [f64; 4] {
        match self {
            Self::FirstWithoutSecond => [-1.0, 1.0, 0.0, 0.0],
            Self::FirstWithSecond => [0.0, 0.0, -1.0, 1.0],
            Self::SecondWithoutFirst => [-1.0, 0.0, 1.0, 0.0],
            Self::SecondWithFirst => [0.0, -1.0, 0.0, 1.0],
            Self::FirstMain => [-0.5, 0.5, -0.5, 0.5],
            Self::SecondMain => [-0.5, -0.5, 0.5, 0.5],
            Self::Interaction => [1.0, -1.0, -1.0, 1.0],
            Self::Total => [-1.0, 0.0, 0.0, 1.0],
        }
    }

    /// The contrast of four values.
    pub fn of(self, cells: [f64; 4]) -> f64 {
        let terms = self.weights().into_iter().zip(cells);
        // A cell without weight may be infinite on the log scale.
        terms
            .filter(|(weight, _)| weight.abs() > 0.0)
            .map(|(weight, value)| weight * value)
            .sum()
    }
}

/// Successes and rows of four cells, stream by stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Factorial {
    cells: [Arm; 4],
}

impl Factorial {
    /// Checks that all cells have the same streams and hold proportions. Order:
    /// both off, first on, second on, both on.
    pub fn new(cells: [Arm; 4]) -> Result<Self, StatsError> {
        for cell in &cells {
            cell.require_proportion()?;
        }
        Self::of_means(cells)
    }

    /// The same for means of any amounts, where the cells' sums are not counts
    /// of successes.
    pub fn of_means(cells: [Arm; 4]) -> Result<Self, StatsError> {
        for cell in &cells {
            if cell.stream_count() != cells[0].stream_count() {
                return Err(StatsError::LengthMismatch {
                    base: cells[0].stream_count(),
                    treat: cell.stream_count(),
                });
            }
        }
        Ok(Self { cells })
    }

    /// The cells.
    pub fn cells(&self) -> &[Arm; 4] {
        &self.cells
    }

    /// Number of streams.
    pub fn stream_count(&self) -> usize {
        self.cells[0].stream_count()
    }

    /// The rates of all cells; `None` if one counted nothing.
    fn rates(&self) -> Option<[f64; 4]> {
        let rates = self.cells.iter().map(Arm::mean).collect::<Option<Vec<_>>>();
        rates?.try_into().ok()
    }

    /// The rates without each stream in turn.
    fn rates_without(&self) -> Vec<Option<[f64; 4]>> {
        let cells = self
            .cells
            .iter()
            .map(|cell| cell.leave_one_out().collect::<Vec<_>>())
            .collect::<Vec<_>>();
        (0..self.stream_count())
            .map(|at| {
                let rates = cells
                    .iter()
                    .map(|cell| cell[at])
                    .collect::<Option<Vec<_>>>();
                rates?.try_into().ok()
            })
            .collect()
    }

    /// A contrast of rates with its CV3 t interval; `Ok(None)` if a cell
    /// counted nothing.
    pub fn difference(&self, effect: Effect, level: Level) -> Result<Option<Contrast>, StatsError> {
        self.contrast(level, |rates| effect.of(rates))
    }

    /// A contrast of log rates with its CV3 t interval, on the log scale;
    /// `Ok(None)` if a cell has no success.
    pub fn log_ratio(&self, effect: Effect, level: Level) -> Result<Option<Contrast>, StatsError> {
        if self.cells.iter().any(|cell| cell.total_sum() <= 0.0) {
            return Ok(None);
        }
        self.contrast(level, |rates| effect.of(rates.map(f64::ln)))
    }

    /// A function of the rates with its jackknife.
    fn contrast(
        &self,
        level: Level,
        of: impl Fn([f64; 4]) -> f64,
    ) -> Result<Option<Contrast>, StatsError> {
        let Some(estimate) = self.rates().map(&of) else {
            return Ok(None);
        };
        let without = self.rates_without().into_iter().map(|rates| rates.map(&of));
        let se = jackknife::cv3_se(estimate, without, 1.0);
        Contrast::new(estimate, se, self.stream_count(), level).map(Some)
    }

    /// The first factor's share of the total on the difference scale: its
    /// Shapley value over the total; `None` if the total is zero.
    pub fn share_of_first(&self) -> Option<f64> {
        let rates = self.rates()?;
        let total = Effect::Total.of(rates);
        (total.abs() > 0.0).then(|| Effect::FirstMain.of(rates) / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factorial(rates: [f64; 4]) -> Factorial {
        let cells = rates.map(|rate| {
            Arm::from_pairs([(10.0 * rate, 10.0), (9.0 * rate, 10.0), (rate, 1.0)]).unwrap()
        });
        Factorial::new(cells).unwrap()
    }

    #[test]
    fn main_effects_sum_to_the_total() {
        let data = factorial([0.1, 0.5, 0.3, 0.9]);
        let of = |effect| {
            data.difference(effect, Level::NINETY_FIVE)
                .unwrap()
                .unwrap()
                .estimate
        };
        let sum = of(Effect::FirstMain) + of(Effect::SecondMain);
        assert!((sum - of(Effect::Total)).abs() < 1e-12);
        assert!((data.share_of_first().unwrap() - of(Effect::FirstMain) / sum).abs() < 1e-12);
    }

    #[test]
    fn a_zero_cell_has_no_logarithm() {
        let data = factorial([0.0, 0.5, 0.3, 0.9]);
        assert_eq!(
            data.log_ratio(Effect::FirstWithSecond, Level::NINETY_FIVE),
            Ok(None)
        );
        assert_eq!(factorial([0.5; 4]).share_of_first(), None);
    }
}
