// The settings in force, as YAML that reads as the same settings. The file's own tree is laid over
// one of defaults, so that a key is shown the way it was written and a new one needs no code here.
#include <algorithm>
#include <utility>

#include "config/yaml.h"
#include "tocsin/base/text.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

/// Every key that has a default, with it; external_url is computed. A test compares.
constexpr const char* kDefaults = R"yaml(
listen: 127.0.0.1:9911
external_url: computed
insecure: false
auth: {anonymous: loopback, tokens: []}
storage:
  kind: sqlite
  path: var
  min_free: 512MiB
  retention: {events: 30d, incidents: 400d}
rules: [../rules]
fragments: {}
sources: []
channels: []
fallback: [channel:log]
limits:
  body: 32MiB
  bodies_in_flight: 256MiB
  labels: 128
  label_value: 16KiB
  active_alerts: 2000000
)yaml";

/// A value that can be changed, unlike a Node.
struct Tree {
  Node::Kind kind = Node::Kind::empty;
  std::string key;  ///< Of an entry of a mapping.
  std::string text;
  std::vector<Tree> items;
  std::vector<Tree> entries;

  Tree* find(std::string_view name) {
    const auto found = std::ranges::find(entries, name, &Tree::key);
    return found == entries.end() ? nullptr : &*found;
  }
  void set_default(std::string_view name, std::string value) {
    set_default(name, Tree{Node::Kind::text, "", std::move(value), {}, {}});
  }
  void set_default(std::string_view name, Tree value) {
    if (find(name) != nullptr) return;
    value.key = name;
    entries.push_back(std::move(value));
  }
};

void lay_over(Tree& below, const Node& above) {
  if (above.kind == Node::Kind::empty) return;  // An empty value leaves the default.
  if (below.kind != above.kind || above.kind != Node::Kind::mapping) {
    below = Tree{above.kind, std::move(below.key), above.text, {}, {}};
  }
  for (const Node* item : above.items) lay_over(below.items.emplace_back(), *item);
  for (const Node::Entry& entry : above.entries) {
    Tree* known = below.find(entry.key->text);
    if (known == nullptr) {
      known = &below.entries.emplace_back();
      known->key = entry.key->text;
    }
    lay_over(*known, *entry.value);
  }
}

/// What an element's kind says where the element says nothing.
void fill_in(Tree& top, const Settings& settings) {
  const Tree no_list{Node::Kind::list, "", "", {}, {}};
  top.find("external_url")->text = settings.external_url;
  for (Tree& source : top.find("sources")->items) {
    const Tree* name = source.find("name");
    const auto found = std::ranges::find(settings.sources, name == nullptr ? "" : name->text,
                                         &triage::Source::name);
    if (found == settings.sources.end()) continue;
    source.set_default("resolve_timeout",
                       found->resolve_timeout ? format_duration(*found->resolve_timeout) : "never");
    source.set_default("identity_ignore", no_list);
    const Sender* sender = find_sender(settings.senders, found->name);
    Tree* hmac = source.find("hmac");
    if (sender != nullptr && hmac != nullptr) hmac->set_default("header", sender->hmac_header);
  }
  for (Tree& channel : top.find("channels")->items) {
    const Tree* kind = channel.find("kind");
    if (kind == nullptr) continue;
    if (kind->text == "webhook") channel.set_default("format", "tocsin");
    if (kind->text != "email" || channel.find("smtp") == nullptr) continue;
    channel.set_default("require_tls", "true");
  }
}

bool is_bare(std::string_view text) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./:-@+").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, is_fine) && text.front() != '-' &&
         text.front() != ':' && text.front() != '@' && text.back() != ':';
}

void append_text(std::string_view text, std::string& out) {
  if (is_bare(text)) {
    out += text;
  } else {
    append_json_string(text, out);
  }
}

bool is_short(const Tree& tree) {
  return std::ranges::all_of(tree.items,
                             [](const Tree& item) { return item.kind == Node::Kind::text; });
}

void append_entries(const Tree&, std::size_t depth, std::string& out);

/// What comes after "key:" or "-", up to the line's end and the lines below.
void append_value(const Tree& tree, std::size_t depth, std::string& out) {
  const std::string indent(2 * depth, ' ');
  switch (tree.kind) {
    case Node::Kind::empty:
      out += '\n';
      return;
    case Node::Kind::text:
      out += ' ';
      append_text(tree.text, out);
      out += '\n';
      return;
    case Node::Kind::mapping:
      out += tree.entries.empty() ? " {}\n" : "\n";
      return append_entries(tree, depth, out);
    case Node::Kind::list:
      break;
  }
  if (!is_short(tree)) {
    out += '\n';
    for (const Tree& item : tree.items) {
      out += indent + "-";
      append_value(item, depth + 1, out);
    }
    return;
  }
  out += " [";
  for (const Tree& item : tree.items) {
    if (&item != &tree.items.front()) out += ", ";
    append_text(item.text, out);
  }
  out += "]\n";
}

void append_entries(const Tree& tree, std::size_t depth, std::string& out) {
  for (const Tree& entry : tree.entries) {
    out.append(2 * depth, ' ');
    append_text(entry.key, out);
    out += ':';
    append_value(entry, depth + 1, out);
  }
}

}  // namespace

std::string dump_settings(std::string_view text, const Settings& settings) {
  Report ignored;  // Whoever read `settings` from the same text has told its mistakes.
  const Document defaults("", kDefaults, ignored);
  const Document document(settings.path, std::string(text), ignored);
  Tree top;
  for (const Document* layer : {&defaults, &document}) {
    if (layer->root() != nullptr) lay_over(top, *layer->root());
  }
  fill_in(top, settings);
  std::string out;
  append_entries(top, 0, out);
  return out;
}

}  // namespace tocsin::config
