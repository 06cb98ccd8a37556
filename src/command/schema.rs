//! `dreamtrial schema`: the JSON Schema of a file format.

use super::{Exit, Failure, print};
use crate::cli::{Format, SchemaArguments};

pub(super) fn schema(arguments: &SchemaArguments) -> Result<Exit, Failure> {
    let schema = match arguments.format {
        Format::Scenario => crate::scenario::schema(),
        Format::Rubric => crate::rubric::schema(),
        Format::Experiment => crate::experiment::schema(),
        Format::Claims => crate::analyse::claim::schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(Failure::new)?;
    print(&text)?;
    print("\n")?;
    Ok(Exit::Done)
}
