//! The statistics against golden numbers, properties and simulation. Fixtures: `tests/fixtures/stats/`,
//! checked against R, `SciPy` and statsmodels.

mod coverage;
mod golden;
mod properties;
mod support;
