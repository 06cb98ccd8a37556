//! The tools of a scenario and their quirks.

use super::{
    super::{
        Quirk, SERIAL, Tool,
        wire::{WireQuirk, WireTool},
    },
    Builder, attributes,
};
use crate::{
    brief::{ToolDeclaration, ToolOption},
    ident::FieldName,
    source::Values,
};

impl Builder<'_, '_> {
    pub(super) fn tools(&mut self) -> Vec<Tool> {
        let mut tools = Vec::new();
        for tool in &self.wire.tools {
            let fills: Option<FieldName> = tool
                .fills
                .as_ref()
                .and_then(|fills| self.checker.name(fills));
            let label = fills.as_ref().and_then(|name| {
                self.wire
                    .forms
                    .values()
                    .flat_map(|fields| &fields.0)
                    .find(|field| field.field.value == name.as_str())
            });
            if let (Some(fills), None) = (&tool.fills, label) {
                let known = self
                    .wire
                    .forms
                    .values()
                    .flat_map(|fields| &fields.0)
                    .map(|field| field.field.value.as_str());
                self.checker.unknown(fills, "field", known);
            }
            let mut values = Values::default();
            values.set("serial", SERIAL);
            let returns = tool
                .returns
                .as_ref()
                .map_or_else(String::new, |returns| self.render(returns, &values));
            let quirks = tool
                .quirks
                .into_iter()
                .filter_map(|quirk| self.quirk(tool, quirk))
                .collect();
            tools.push(Tool {
                declaration: ToolDeclaration {
                    name: tool.name.value.clone(),
                    does: tool.does.clone(),
                    returns: label.map(|field| field.label.value.clone()),
                    options: tool
                        .options
                        .iter()
                        .map(|(name, values)| ToolOption {
                            name: name.clone(),
                            values: values.clone(),
                        })
                        .collect(),
                },
                fills,
                returns,
                quirks,
            });
        }
        tools
    }

    fn quirk(&mut self, tool: &WireTool, quirk: &WireQuirk) -> Option<Quirk> {
        for (option, value) in &quirk.works {
            if !tool
                .options
                .get(option)
                .is_some_and(|values| values.contains(value))
            {
                let message = format!(
                    "`{}` has no option `{option}` with the value `{value}`",
                    tool.name.value
                );
                self.checker.error(
                    &quirk.id.span,
                    message,
                    "name an option and a value that the tool declares",
                );
            }
        }
        if let Some(first) = &quirk.first {
            self.checker.known(
                first,
                "tool",
                self.wire
                    .tools
                    .into_iter()
                    .map(|tool| tool.name.value.as_str()),
            );
        }
        Some(Quirk {
            id: self.checker.name(&quirk.id)?,
            when: attributes(&quirk.when),
            error: quirk.error.clone(),
            works: quirk.works.clone().into_iter().collect(),
            first: quirk.first.as_ref().map(|first| first.value.clone()),
            when_asked: quirk.when_asked,
            says: quirk
                .says
                .into_iter()
                .map(|say| say.value.clone())
                .collect(),
        })
    }
}
