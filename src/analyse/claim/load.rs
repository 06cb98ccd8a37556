//! From a claims file to checked claims.

use std::{path::Path, sync::Arc};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Claim, Claims, Contrast, Form, On};
use crate::{
    analyse::{Group, Metric},
    ident::{ArmId, Digest},
    scenario::{Construct, Domain},
    source::{Each, Located, MAX_FILE_BYTES, Problem, Problems, closest, parse, read_text},
};

/// The factor of `about` where the file gives none.
const FACTOR: f64 = 1.5;

/// A claims file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dreamtrial claims")]
struct WireClaims {
    /// The claims.
    claims: Each<Located<WireClaim>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WireClaim {
    /// Its name.
    name: Located<String>,
    /// What is claimed, in words.
    says: String,
    /// Who claims it, and where.
    #[serde(default)]
    source: Option<String>,
    /// What the metric stands for here.
    #[serde(default)]
    note: Option<String>,
    /// The metric, by its name in summary.csv.
    metric: Located<String>,
    /// Over the scenarios of this domain.
    #[serde(default)]
    domain: Option<Domain>,
    /// Over the scenarios of this construct.
    #[serde(default)]
    construct: Option<Construct>,
    /// The arm compared with.
    #[serde(default)]
    base: Option<Located<String>>,
    /// The arm compared.
    #[serde(default)]
    treat: Option<Located<String>>,
    /// Instead of two arms: the main effect over the 2×2 of dreaming and outcomes.
    #[serde(default)]
    effect: Option<WireEffect>,
    /// Ratio: treated over base. Difference: treated minus base, of shares in percentage points.
    #[serde(default)]
    scale: WireScale,
    /// The value is at least this.
    #[serde(default)]
    at_least: Option<f64>,
    /// The value is at most this.
    #[serde(default)]
    at_most: Option<f64>,
    /// The value is this, up to `factor`.
    #[serde(default)]
    about: Option<f64>,
    /// For `about`.
    #[serde(default)]
    factor: Option<f64>,
    /// Only that there is a difference, and on which side.
    #[serde(default)]
    direction: Option<WireDirection>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WireEffect {
    Dreaming,
    Outcomes,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WireScale {
    #[default]
    Ratio,
    Difference,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WireDirection {
    More,
    Less,
}

/// The JSON Schema of a claims file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(WireClaims).to_value()
}

/// The claims that are shipped: published figures.
pub fn shipped() -> (Option<Claims>, Problems) {
    let mut problems = Problems::default();
    let text = include_str!("../../../claims/published.yaml");
    let claims = parse_text(Path::new("claims/published.yaml"), text, &mut problems);
    (claims, problems)
}

/// Reads and checks a claims file. All its problems go into `problems`.
pub fn load(file: &Path, problems: &mut Problems) -> Option<(Claims, String)> {
    match read_text(file, MAX_FILE_BYTES) {
        Ok(text) => parse_text(file, &text, problems).map(|claims| (claims, text)),
        Err(problem) => {
            problems.push(
                problem.hint("name a claims file, as claims/published.yaml"),
                None,
            );
            None
        }
    }
}

/// Checks the text of a claims file.
pub fn parse_text(file: &Path, text: &str, problems: &mut Problems) -> Option<Claims> {
    let text: Arc<str> = text.into();
    let mut own = Problems::default();
    let wire: Option<WireClaims> = parse(file, &text, 0..text.len(), &mut own);
    let claims = wire.map(|wire| {
        let mut builder = Builder {
            file,
            text: &text,
            problems: &mut own,
        };
        builder.build(&wire)
    });
    let claims = claims.filter(|_| !own.has_errors());
    problems.extend(own);
    claims.map(|claims| Claims {
        claims,
        digest: Digest::of(text.as_bytes()).to_string(),
    })
}

struct Builder<'b> {
    file: &'b Path,
    text: &'b Arc<str>,
    problems: &'b mut Problems,
}

impl Builder<'_> {
    fn error(&mut self, span: &std::ops::Range<usize>, message: String, hint: &str) {
        let problem = Problem::error(self.file, message)
            .at(span.clone())
            .hint(hint.to_owned());
        self.problems.push(problem, Some(self.text));
    }

    fn build(&mut self, wire: &WireClaims) -> Vec<Claim> {
        let mut claims: Vec<Claim> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for located in &wire.claims {
            let name = &located.value.name;
            if names.contains(&name.value.as_str()) {
                self.error(
                    &name.span,
                    format!("claim `{}` stands here twice", name.value),
                    "give each claim a name of its own",
                );
            }
            names.push(&name.value);
            claims.extend(self.claim(located));
        }
        if wire.claims.iter().next().is_none() && !self.problems.has_errors() {
            let whole = 0..self.text.lines().next().map_or(0, str::len);
            self.error(&whole, "no claim".to_owned(), "add one below `claims:`");
        }
        claims
    }

    fn claim(&mut self, located: &Located<WireClaim>) -> Option<Claim> {
        let (wire, name) = (&located.value, &located.value.name);
        let metric = self.metric(&wire.metric);
        let group = match (wire.domain, wire.construct) {
            (None, None) => Some(Group::All),
            (Some(domain), None) => Some(Group::Domain(domain)),
            (None, Some(construct)) => Some(Group::Construct(construct)),
            (Some(_), Some(_)) => {
                self.error(
                    &name.span,
                    format!("claim `{}` has a domain and a construct", name.value),
                    "keep one of them: a domain has one scenario of each construct",
                );
                None
            }
        };
        let contrast = self.contrast(wire);
        let on = match wire.scale {
            WireScale::Ratio => On::Ratio,
            WireScale::Difference => On::Difference,
        };
        let form = self.form(wire);
        // A direction is decided on the difference scale, so everything about it is.
        let on = if wire.direction.is_some() {
            On::Difference
        } else {
            on
        };
        Some(Claim {
            name: name.value.clone(),
            says: wire.says.clone(),
            source: wire.source.clone(),
            note: wire.note.clone(),
            metric: metric?,
            group: group?,
            contrast: contrast?,
            on,
            form: form?,
        })
    }

    fn metric(&mut self, name: &Located<String>) -> Option<Metric> {
        let found = Metric::ALL
            .into_iter()
            .find(|metric| metric.as_str() == name.value);
        if found.is_none() {
            let known = Metric::ALL.map(Metric::as_str);
            let hint = closest(&name.value, known).map_or_else(
                || format!("the metrics are `{}`", known.join("`, `")),
                |like| format!("did you mean `{like}`?"),
            );
            self.error(&name.span, format!("no metric `{}`", name.value), &hint);
        }
        found
    }

    fn contrast(&mut self, wire: &WireClaim) -> Option<Contrast> {
        match (&wire.base, &wire.treat, wire.effect) {
            (None, None, Some(WireEffect::Dreaming)) => Some(Contrast::Dreaming),
            (None, None, Some(WireEffect::Outcomes)) => Some(Contrast::Outcomes),
            (Some(base), Some(treat), None) => {
                if base.value == treat.value {
                    self.error(
                        &treat.span,
                        format!("arm `{}` is compared with itself", treat.value),
                        "name two arms",
                    );
                }
                let arms = (self.arm(base), self.arm(treat));
                Some(Contrast::Arms {
                    base: arms.0?,
                    treat: arms.1?,
                })
            }
            (_, _, Some(_)) | (None, _, None) | (_, None, None) => {
                self.error(
                    &wire.name.span,
                    format!("claim `{}` does not say what is compared", wire.name.value),
                    "give `base` and `treat`, or `effect: dreaming` or `effect: outcomes`",
                );
                None
            }
        }
    }

    fn arm(&mut self, name: &Located<String>) -> Option<ArmId> {
        match name.value.parse() {
            Ok(arm) => Some(arm),
            Err(error) => {
                let error: crate::ident::NameError = error;
                self.error(
                    &name.span,
                    error.to_string(),
                    "name an arm of the experiment",
                );
                None
            }
        }
    }

    fn form(&mut self, wire: &WireClaim) -> Option<Form> {
        let name = &wire.name;
        let direction = wire.direction.map(|direction| match direction {
            WireDirection::More => Form::More,
            WireDirection::Less => Form::Less,
        });
        let factor = wire.factor.unwrap_or(FACTOR);
        let about = wire.about.map(|value| Form::About { value, factor });
        let given: Vec<Form> = [
            wire.at_least.map(Form::AtLeast),
            wire.at_most.map(Form::AtMost),
            about,
            direction,
        ]
        .into_iter()
        .flatten()
        .collect();
        let [form] = given.as_slice() else {
            self.error(
                &name.span,
                format!("claim `{}` has {} forms", name.value, given.len()),
                "give one of `at_least`, `at_most`, `about`, `direction`",
            );
            return None;
        };
        let ratio = wire.scale == WireScale::Ratio;
        let value = match *form {
            Form::AtLeast(value) | Form::AtMost(value) | Form::About { value, .. } => Some(value),
            Form::More | Form::Less => None,
        };
        if value.is_some_and(|value| !value.is_finite() || (ratio && value <= 0.0)) {
            self.error(
                &name.span,
                format!("claim `{}` has a ratio that is not above 0", name.value),
                "3.1 times fewer is `at_most: 0.3226`",
            );
            return None;
        }
        let is_about = matches!(form, Form::About { .. });
        if (wire.factor.is_some() && !is_about)
            || (is_about && (!ratio || !factor.is_finite() || factor <= 1.0))
        {
            self.error(
                &name.span,
                format!("claim `{}` has no use for this `factor`", name.value),
                "`about` goes with `scale: ratio`, and its `factor` is above 1",
            );
            return None;
        }
        Some(*form)
    }
}
