//! stub
pub mod chart;
use crate::{analyse::Analysis, record::Record};
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct ReportError;
pub struct Report {
    pub terminal: String,
}
impl Report {
    pub fn of(a: &Analysis) -> Result<Self, ReportError> {
        let mut t = String::new();
        for arm in 0..a.manifest.arms.len() {
            let s = a
                .summary(
                    crate::analyse::Group::All,
                    arm,
                    crate::analyse::Metric::Completion,
                )
                .unwrap();
            let c = a
                .summary(
                    crate::analyse::Group::All,
                    arm,
                    crate::analyse::Metric::CostPerSession,
                )
                .unwrap();
            let d = a
                .summary(
                    crate::analyse::Group::All,
                    arm,
                    crate::analyse::Metric::CostPerCompletedTask,
                )
                .unwrap();
            t += &format!(
                "{} {:?} {:?} {:?} {:?}\n",
                a.manifest.arms[arm].id,
                s.estimate,
                c.estimate.value,
                d.estimate.value,
                a.counts[arm]
            );
        }
        Ok(Self { terminal: t })
    }
    pub fn write(&self, _: &Record, _: &std::path::Path) -> Result<(), ReportError> {
        Ok(())
    }
}
