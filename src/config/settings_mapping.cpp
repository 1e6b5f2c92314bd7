#include <algorithm>
#include <utility>
#include <vector>

#include "config/settings_reader.h"

namespace tocsin::config {
namespace {

using ingest::Mapping;
using ingest::Origin;
using ingest::Pointer;

std::optional<Pointer> pointer_of(const Value& value, const std::string& text,
                                  bool may_be_literal) {
  auto pointer = ingest::parse_pointer(text);
  if (pointer) return *std::move(pointer);
  const std::string& wrong = pointer.error();
  const std::size_t end = std::min(wrong.find("; "), wrong.size());
  std::string cure = wrong.substr(std::min(end + 2, wrong.size()));
  if (may_be_literal && !text.starts_with('/'))
    cure += ", or \"=" + text + "\" for the word itself";
  value.error(in_quotes(text) + ": " + wrong.substr(0, end), std::move(cure));
  return std::nullopt;
}

/// A pointer, or a literal behind =.
std::optional<Origin> read_origin(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  Origin origin;
  if (text->starts_with('=')) {
    origin.literal = text->substr(1);
    if (!origin.literal.empty()) return origin;
    value.error("a literal without a text", "write it like \"=jenkins\", or remove it");
    return std::nullopt;
  }
  origin.pointer = pointer_of(value, *text, true);
  if (!origin.pointer) return std::nullopt;
  return origin;
}

std::optional<Pointer> read_pointer(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  if (!text->starts_with('=')) return pointer_of(value, *text, false);
  value.error("a literal where a place in the body is needed",
              "write a JSON Pointer such as /status");
  return std::nullopt;
}

Mapping::Status read_status(const Value& value) {
  Mapping::Status status;
  Section section(value);
  if (const auto from = section.require("from", "point it at what says so: from: /status")) {
    if (auto pointer = read_pointer(*from)) status.from = *std::move(pointer);
  }
  const auto firing = section.require("firing", "list the words for it: firing: [FAILURE]");
  if (firing) {
    status.firing = firing->texts();
    if (firing->is(Node::Kind::list) && status.firing.empty()) {
      firing->error("no word means that an alert fires", "list the words for it: [FAILURE]");
    }
  }
  if (const auto resolved = section.find("resolved")) {
    status.resolved = resolved->texts();
    for (const std::string& word : status.resolved) {
      if (std::ranges::find(status.firing, word) == status.firing.end()) continue;
      resolved->error(in_quotes(word) + " means both firing and resolved",
                      "remove it from one of the two");
    }
  }
  return status;
}

Mapping::Named read_named(const std::vector<Value::Named>& entries) {
  Mapping::Named out;
  for (const Value::Named& one : entries) {
    if (auto origin = read_origin(one.value)) out.emplace_back(one.name, *std::move(origin));
  }
  return out;
}

std::vector<Origin> read_identity(const Value& value) {
  std::vector<Origin> out;
  for (const Value& element : value.list()) {
    if (auto origin = read_origin(element)) out.push_back(*std::move(origin));
  }
  const bool literal_only = !out.empty() && std::ranges::none_of(out, [](const Origin& origin) {
    return origin.pointer.has_value();
  });
  if (literal_only) {
    value.error("an identity of literals only makes all alerts one alert",
                "point at what tells them apart, or leave identity out: then the labels do");
  }
  return out;
}

}  // namespace

Mapping read_mapping(const Value& value) {
  Mapping map;
  Section section(value);
  if (const auto each = section.find("each")) map.each = read_pointer(*each);
  if (const auto identity = section.find("identity")) map.identity = read_identity(*identity);
  if (const auto status = section.find("status")) map.status = read_status(*status);
  const auto labels =
      section.require("labels", "every alert needs one: labels: {alertname: /name}");
  if (labels) {
    const auto entries = labels->named();
    map.labels = read_named(entries);
    const bool has_name = std::ranges::any_of(
        entries, [](const Value::Named& one) { return one.name == "alertname"; });
    if (!has_name && (labels->is(Node::Kind::mapping) || labels->is(Node::Kind::empty))) {
      labels->error("the label \"alertname\" is missing",
                    "point it at the alert's name, or write a literal: alertname: \"=Build\"");
    }
  }
  if (const auto annotations = section.find("annotations")) {
    map.annotations = read_named(annotations->named());
  }
  const auto maybe = [&](std::string_view key, std::optional<Origin>& out) {
    if (const auto found = section.find(key)) out = read_origin(*found);
  };
  maybe("starts_at", map.starts_at);
  maybe("ends_at", map.ends_at);
  maybe("generator_url", map.generator_url);
  return map;
}

}  // namespace tocsin::config
