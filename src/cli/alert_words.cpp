#include "cli/alert_words.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "tocsin/rules/matcher.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;
using rules::Field;
using rules::Matcher;

constexpr std::string_view kAnnotations = "annotations.";
constexpr const char* kAsLabels = "labels are written like alertname=HostDown service=checkout";

std::string quoted(const std::string& word) { return "\"" + word + "\""; }

/// One that says what a label is, and not what it may be.
bool is_equality(const Matcher& matcher) { return matcher.op == rules::Op::equal; }

class AlertWords {
 public:
  std::optional<Problem> read(const std::string& word) {
    const std::size_t equals = word.find('=');
    if (equals == word.npos && !word.starts_with('{')) return read_bare(word);
    const std::string name = word.substr(0, equals);
    const std::string value = equals == word.npos ? "" : word.substr(equals + 1);
    const bool is_selector =
        word.starts_with('{') || word.starts_with('"') || value.starts_with('"');
    if (is_selector) return read_selector(word);
    const bool is_test =
        value.starts_with('~') || name.ends_with('!') || name.ends_with('<') || name.ends_with('>');
    if (is_test) return no_label(word);
    return add(word, name, value);
  }

  std::string body() {
    json::object alert{{"labels", std::move(labels_)}};
    if (!annotations_.empty()) alert["annotations"] = std::move(annotations_);
    return json::serialize(json::array{std::move(alert)});
  }

 private:
  static Problem no_label(const std::string& word) {
    return {
        quoted(word) + " tests a label; an alert has labels with values",
        std::string(kAsLabels) + "; a value that begins with ~ stands in quotes: 'path=\"~/x\"'"};
  }

  /// The alert's name, which may be anything but a test such as `cpu > 5`.
  std::optional<Problem> read_bare(const std::string& word) {
    const auto matcher = rules::parse_matcher(word, rules::Grammar::extended);
    if (matcher && matcher->op != rules::Op::present) return no_label(word);
    return add_to(labels_, word, "alertname", word);
  }

  std::optional<Problem> read_selector(const std::string& word) {
    const auto matchers = rules::parse_selector(word, rules::Grammar::extended);
    if (!matchers) {
      return Problem{quoted(word) + ": " + matchers.error().problem,
                     matchers.error().cure.empty() ? kAsLabels : matchers.error().cure};
    }
    for (const Matcher& matcher : *matchers) {
      if (!is_equality(matcher)) return no_label(rules::to_string(matcher));
      if (matcher.field == Field::source) {
        return Problem{"meta.source is no label", "name the source with --source"};
      }
      auto& into = matcher.field == Field::annotation ? annotations_ : labels_;
      if (auto problem = add_to(into, word, matcher.name, matcher.value)) return problem;
    }
    return std::nullopt;
  }

  std::optional<Problem> add(const std::string& word, const std::string& name,
                             const std::string& value) {
    if (!name.starts_with(kAnnotations)) return add_to(labels_, word, name, value);
    return add_to(annotations_, word, name.substr(kAnnotations.size()), value);
  }

  static std::optional<Problem> add_to(json::object& into, const std::string& word,
                                       const std::string& name, const std::string& value) {
    if (name.empty()) return Problem{quoted(word) + " has no label name", kAsLabels};
    if (value.empty()) {
      return Problem{quoted(word) + ": " + name + " has no value",
                     "leave it out: an empty label is none"};
    }
    if (into.contains(name)) return Problem{name + " is given twice", kAsLabels};
    into[name] = value;
    return std::nullopt;
  }

  json::object labels_, annotations_;
};

}  // namespace

std::expected<std::string, Problem> body_of(const std::vector<std::string>& words) {
  AlertWords alert;
  for (const std::string& word : words) {
    if (auto problem = alert.read(word)) return std::unexpected(*std::move(problem));
  }
  return alert.body();
}

}  // namespace tocsin::cli
