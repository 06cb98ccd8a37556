//! The statistics against golden numbers, properties and simulation. Fixtures: `tests/fixtures/stats/`,
//! checked against R, `SciPy` and statsmodels.

mod arbitrary;
mod coverage;
mod gate;
mod golden;
mod operating;
mod planning;
mod properties;
mod simulate;
mod support;
