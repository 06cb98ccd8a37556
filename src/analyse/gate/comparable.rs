//! Whether two sides may be compared at all.

use super::{GateError, Lock, compare::find};

/// Refuses sides that differ in something that is not the policy.
pub(super) fn comparable(baseline: &Lock, candidate: &Lock) -> Result<(), GateError> {
    let differ = |what: &'static str, one: String, other: String| {
        if one == other {
            Ok(())
        } else {
            Err(GateError::Incomparable {
                what,
                baseline: format!("`{one}`"),
                candidate: format!("`{other}`"),
            })
        }
    };
    differ(
        "the backend",
        baseline.backend.clone(),
        candidate.backend.clone(),
    )?;
    let observers = |lock: &Lock| {
        lock.observers
            .clone()
            .unwrap_or_else(|| "embedded".to_owned())
    };
    differ(
        "the grader or the user",
        observers(baseline),
        observers(candidate),
    )?;
    differ(
        "the prices",
        baseline.priced_as.0.clone(),
        candidate.priced_as.0.clone(),
    )?;
    differ(
        "the limits",
        format!("{:?}", baseline.limits),
        format!("{:?}", candidate.limits),
    )?;
    differ(
        "the reference agent",
        format!("{:?}", baseline.reference),
        format!("{:?}", candidate.reference),
    )?;
    for scenario in &candidate.scenarios {
        if let Some(other) = find(baseline, &scenario.id)
            && other.digest != scenario.digest
        {
            return Err(GateError::Incomparable {
                what: "the text of a scenario",
                baseline: format!(
                    "`{}` {}",
                    other.id,
                    &other.digest[..12.min(other.digest.len())]
                ),
                candidate: scenario.digest[..12.min(scenario.digest.len())].to_owned(),
            });
        }
    }
    Ok(())
}
