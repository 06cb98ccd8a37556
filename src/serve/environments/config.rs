//! Where an environment would be and what it would have: as it is given, as it is kept.
//!
//! What always holds: an update that says nothing of a part leaves that part as it was.

use serde::{Deserialize, Deserializer, Serialize};

use crate::serve::{ApiError, patch::Patch};

/// What a body says of a config.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum GivenConfig {
    Cloud(GivenCloud),
    SelfHosted(SelfHosted),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GivenCloud {
    networking: Patch<GivenNetworking>,
    packages: Patch<Packages>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum GivenNetworking {
    Unrestricted(Unrestricted),
    Limited(GivenLimited),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GivenLimited {
    allowed_hosts: Patch<Vec<String>>,
    allow_mcp_servers: Patch<bool>,
    allow_package_managers: Patch<bool>,
}

/// A config as it is kept and sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Config {
    Cloud(Cloud),
    SelfHosted(SelfHosted),
}

impl Default for Config {
    fn default() -> Self {
        Self::Cloud(Cloud::default())
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cloud {
    networking: Networking,
    packages: Packages,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SelfHosted {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Networking {
    Unrestricted(Unrestricted),
    Limited(Limited),
}

impl Default for Networking {
    fn default() -> Self {
        Self::Unrestricted(Unrestricted {})
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unrestricted {}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Limited {
    allowed_hosts: Vec<String>,
    allow_mcp_servers: bool,
    allow_package_managers: bool,
}

/// Packages are given and replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Packages {
    #[serde(rename = "type")]
    kind: PackagesKind,
    #[serde(deserialize_with = "names")]
    apt: Vec<String>,
    #[serde(deserialize_with = "names")]
    cargo: Vec<String>,
    #[serde(deserialize_with = "names")]
    gem: Vec<String>,
    #[serde(deserialize_with = "names")]
    go: Vec<String>,
    #[serde(deserialize_with = "names")]
    npm: Vec<String>,
    #[serde(deserialize_with = "names")]
    pip: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PackagesKind {
    #[default]
    Packages,
}

/// Names of packages; null says that there are none.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Packages {
    fn is_empty(&self) -> bool {
        [
            &self.apt,
            &self.cargo,
            &self.gem,
            &self.go,
            &self.npm,
            &self.pip,
        ]
        .into_iter()
        .all(Vec::is_empty)
    }
}

impl Config {
    /// Changes what a body names.
    pub(super) fn apply(&mut self, given: Patch<GivenConfig>) -> Result<(), ApiError> {
        match given {
            Patch::Keep => {}
            Patch::Clear => *self = Self::default(),
            Patch::Set(GivenConfig::SelfHosted(own)) => *self = Self::SelfHosted(own),
            Patch::Set(GivenConfig::Cloud(given)) => {
                let mut cloud = match std::mem::take(self) {
                    Self::Cloud(cloud) => cloud,
                    Self::SelfHosted(_) => Cloud::default(),
                };
                cloud.apply(given);
                *self = Self::Cloud(cloud);
            }
        }
        self.check()
    }

    /// Refuses packages that could not be fetched.
    fn check(&self) -> Result<(), ApiError> {
        let Self::Cloud(cloud) = self else {
            return Ok(());
        };
        match &cloud.networking {
            Networking::Limited(limited)
                if !limited.allow_package_managers && !cloud.packages.is_empty() =>
            {
                Err(ApiError::invalid(
                    "config.packages: under `limited` networking they need `allow_package_managers: true`",
                ))
            }
            Networking::Limited(_) | Networking::Unrestricted(_) => Ok(()),
        }
    }
}

impl Cloud {
    fn apply(&mut self, given: GivenCloud) {
        given.packages.apply_or_default(&mut self.packages);
        match given.networking {
            Patch::Keep => {}
            Patch::Clear => self.networking = Networking::default(),
            Patch::Set(GivenNetworking::Unrestricted(open)) => {
                self.networking = Networking::Unrestricted(open);
            }
            Patch::Set(GivenNetworking::Limited(given)) => {
                let mut limited = match std::mem::take(&mut self.networking) {
                    Networking::Limited(limited) => limited,
                    Networking::Unrestricted(_) => Limited::default(),
                };
                given
                    .allowed_hosts
                    .apply_or_default(&mut limited.allowed_hosts);
                given
                    .allow_mcp_servers
                    .apply_or_default(&mut limited.allow_mcp_servers);
                given
                    .allow_package_managers
                    .apply_or_default(&mut limited.allow_package_managers);
                self.networking = Networking::Limited(limited);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn apply(config: &mut Config, given: Value) -> Result<Value, String> {
        let given = serde_json::from_value(given).map_err(|error| error.to_string())?;
        config
            .apply(Patch::Set(given))
            .map_err(|error| error.message)?;
        Ok(serde_json::to_value(config).expect("JSON"))
    }

    #[test]
    fn an_update_keeps_what_it_does_not_name() {
        let mut config = Config::default();
        let limited =
            json!({"type": "limited", "allowed_hosts": ["a.b"], "allow_package_managers": true});
        let made = apply(
            &mut config,
            json!({"type": "cloud", "networking": limited, "packages": {"apt": ["git"], "pip": null}}),
        )
        .expect("a config");
        assert_eq!(made["packages"]["apt"], json!(["git"]));
        assert_eq!(apply(&mut config, json!({"type": "cloud"})), Ok(made));
        let mcp = json!({"type": "limited", "allow_mcp_servers": true});
        let changed = apply(&mut config, json!({"type": "cloud", "networking": mcp}));
        assert_eq!(
            changed.expect("an update")["networking"],
            json!({
                "type": "limited", "allowed_hosts": ["a.b"],
                "allow_mcp_servers": true, "allow_package_managers": true
            })
        );
        let replaced = apply(
            &mut config,
            json!({"type": "cloud", "networking": null, "packages": {"pip": ["x"]}}),
        )
        .expect("an update");
        assert_eq!(replaced["networking"], json!({"type": "unrestricted"}));
        assert_eq!(
            (&replaced["packages"]["apt"], &replaced["packages"]["pip"]),
            (&json!([]), &json!(["x"]))
        );
    }

    #[test]
    fn packages_behind_a_closed_door_are_refused() {
        let closed = json!({
            "type": "cloud", "networking": {"type": "limited"}, "packages": {"npm": ["x"]}
        });
        let error = apply(&mut Config::default(), closed).expect_err("a refusal");
        assert!(error.starts_with("config.packages: "), "{error}");
    }
}
