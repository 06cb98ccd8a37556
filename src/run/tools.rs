//! The tools of a deployment, with their quirks.

use std::sync::Arc;

use crate::{agent::Tools, plan::Prepared, scenario::SERIAL};

/// The tools in one session. A quirk under whose condition the session falls makes every call fail but
/// those made its way.
pub(super) struct Workshop {
    plan: Arc<crate::plan::Plan>,
    scenario: usize,
    session: usize,
    serial: String,
    called: Vec<String>,
}

impl Workshop {
    pub(super) fn new(
        plan: Arc<crate::plan::Plan>,
        scenario: usize,
        session: usize,
        serial: String,
    ) -> Self {
        Self {
            plan,
            scenario,
            session,
            serial,
            called: Vec::new(),
        }
    }

    fn prepared(&self) -> &Prepared {
        &self.plan.scenarios[self.scenario]
    }
}

impl Tools for Workshop {
    fn call(&mut self, tool: &str, options: &[(String, String)]) -> Result<String, String> {
        let scenario = &self.prepared().scenario;
        let Some(number) = scenario
            .tools
            .iter()
            .position(|known| known.declaration.name == tool)
        else {
            return Err(format!("no such tool: {tool}"));
        };
        let declared = &scenario.tools[number].declaration.options;
        for (name, value) in options {
            if !declared
                .iter()
                .any(|option| option.name == *name && option.values.contains(value))
            {
                return Err(format!(
                    "{tool} has no option {name} with the value {value}"
                ));
            }
        }
        let about = &scenario.sessions[self.session].brief.about;
        if let Some(quirk) = scenario.quirk_of(number, about) {
            let given = |name: &str| {
                options
                    .iter()
                    .find(|(option, _)| option == name)
                    .map(|(_, value)| value.as_str())
                    .or_else(|| {
                        let option = declared.iter().find(|option| option.name == name)?;
                        option.values.first().map(String::as_str)
                    })
            };
            let right = quirk
                .works
                .iter()
                .all(|(name, value)| given(name) == Some(value.as_str()));
            let prepared = quirk
                .first
                .as_ref()
                .is_none_or(|first| self.called.contains(first));
            if !right || !prepared {
                return Err(quirk.error.clone());
            }
        }
        let answer = scenario.tools[number].returns.replace(SERIAL, &self.serial);
        self.called.push(tool.to_owned());
        Ok(if answer.is_empty() {
            "done".to_owned()
        } else {
            answer
        })
    }
}
