#include <chrono>

#include "config/calendar.h"
#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

/// A program and its arguments, started without a shell.
void read_command(const Value& value) {
  if (is_empty_list(value)) {
    value.error("nothing to run", "write the program and its arguments: [/usr/lib/tocsin/restart]");
  }
  const std::vector<Value> words = value.list();
  for (const Value& word : words) {
    const auto text = word.text();
    if (!text || &word != &words.front() || text->starts_with('/')) continue;
    word.error(in_quotes(*text) + " is no program's path",
               "begin it with /: it is looked for nowhere, and no shell reads it");
  }
}

void read_budget(const Value& value) {
  const auto text = value.text();
  if (!text || is_budget(*text)) return;
  value.error("expected how often it may run, found " + in_quotes(*text),
              "write a number per minute, hour, day or week, such as 3 per hour");
}

void read_response(const Value& value, PolicyDraft& draft) {
  Section section(value);
  define_element(section, "response", draft.responses, draft);
  if (const auto when = section.require("when", "say for which alerts it runs")) {
    check_scoped(*when, draft);
  }
  if (const auto run = section.require("run", "say what runs: run: [/usr/lib/tocsin/restart]")) {
    read_command(*run);
  }
  if (const auto budget =
          section.require("budget", "say how often it may run, such as 3 per hour")) {
    read_budget(*budget);
  }
  if (const auto level = section.find("approval")) read_level(*level);
  if (const auto time = section.find("verify")) time->duration(1s);
  warn_if_unscoped(value, "the response", draft);
}

}  // namespace

void read_responses(const Value& value, PolicyDraft& draft) {
  for (const Value& element : value.list()) read_response(element, draft);
}

}  // namespace tocsin::config
