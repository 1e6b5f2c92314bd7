#include "config/message_template.h"
#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

void read_text(const Value& value) {
  const auto text = value.lines();
  if (!text) return;
  for (const TemplateMistake& mistake : check_message_template(*text)) {
    value.error(mistake.problem, mistake.cure, mistake.offset);
  }
}

void read_template(const Value::Named& entry, PolicyDraft& draft) {
  draft.templates.define("template", entry.name, entry.at, draft.report);
  Section section(entry.value);
  const auto title = section.find("title");
  const auto text = section.find("text");
  if (title) read_text(*title);
  if (text) read_text(*text);
  if (entry.value.is_mapping() && entry.value.node().entries.empty())
    entry.value.error("says nothing", "write title, text or both");
}

}  // namespace

void read_templates(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) read_template(entry, draft);
}

}  // namespace tocsin::config
