//! Templates: briefs, documents, phrasings and rubrics with values filled in.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, Value};

/// The values that a template may use.
#[derive(Debug, Clone, Default)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// Adds a text under a name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), Value::from(value));
    }

    /// Adds texts under `name.key`.
    pub fn set_all<'a>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        let map: BTreeMap<String, Value> = values
            .into_iter()
            .map(|(key, value)| (key.to_owned(), Value::from(value)))
            .collect();
        self.0.insert(name.to_owned(), Value::from(map));
    }

    /// The names that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// What is wrong with a template: a fragment for a message, and the bytes at fault where known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// The line within the template, from 1.
    pub line: Option<usize>,
    /// The bytes within the template.
    pub span: Option<std::ops::Range<usize>>,
}

/// Renders templates; an undefined variable is an error, and so is a template that runs away.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Default for Templates {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_recursion_limit(16);
        environment.set_debug(true);
        Self { environment }
    }
}

impl Templates {
    /// The template with these values filled in.
    pub fn render(&self, template: &str, values: &Values) -> Result<String, TemplateError> {
        if !template.contains('{') {
            return Ok(template.to_owned());
        }
        self.environment
            .render_str(template, Value::from(values.0.clone()))
            .map_err(|error| {
                let span = error.range();
                let culprit = span
                    .clone()
                    .and_then(|span| template.get(span))
                    .map(str::trim)
                    .unwrap_or_default();
                let message = match (error.kind(), culprit) {
                    (minijinja::ErrorKind::UndefinedError, "") => {
                        "undefined variable in template".to_owned()
                    }
                    (minijinja::ErrorKind::UndefinedError, name) => {
                        format!("undefined variable `{name}` in template")
                    }
                    (_, _) => format!(
                        "broken template: {}",
                        error
                            .detail()
                            .map_or_else(|| error.to_string(), str::to_owned)
                    ),
                };
                TemplateError {
                    message,
                    line: error.line(),
                    span,
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in_and_an_undefined_one_is_named() {
        let mut values = Values::default();
        values.set("law", "Delaware");
        values.set_all("about", [("client", "Northwind")]);
        let templates = Templates::default();
        assert_eq!(
            templates
                .render("{{ about.client }}: {{ law }}", &values)
                .unwrap(),
            "Northwind: Delaware"
        );
        let error = templates.render("x\n{{ lwa }}", &values).unwrap_err();
        assert_eq!(error.line, Some(2));
        assert!(error.message.contains("`lwa`"), "{}", error.message);
        assert!(templates.render("{{ about.ward }}", &values).is_err());
        assert!(templates.render("{% for %}", &values).is_err());
    }
}
