#include "ingest/listed_alerts.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tocsin::ingest {
namespace {

using Set = std::map<std::string, std::string>;

constexpr std::string_view kItem = " - ";
constexpr std::string_view kIs = " = ";
constexpr std::string_view kSource = "Source: ";

/// What the alerts read so far have in common.
class Intersection {
 public:
  /// An alert's set is complete.
  void meet(Set&& one) {
    if (std::exchange(any_, true)) {
      std::erase_if(set_, [&](const auto& pair) {
        const auto other = one.find(pair.first);
        return other == one.end() || other->second != pair.second;
      });
    } else {
      set_ = std::move(one);
    }
  }
  Set take() { return std::move(set_); }

 private:
  Set set_;
  bool any_ = false;
};

void add_item(std::string_view line, Set& to) {
  line.remove_prefix(kItem.size());
  const std::size_t is = line.find(kIs);
  if (is == line.npos || is == 0) return;
  to.emplace(line.substr(0, is), line.substr(is + kIs.size()));
}

}  // namespace

ListedAlerts read_listed_alerts(std::string_view text) {
  ListedAlerts out;
  Intersection labels;
  Intersection annotations;
  Set these_labels;
  Set these_annotations;
  Set* section = nullptr;
  bool any = false;
  const auto end_alert = [&] {
    if (!any) return;
    labels.meet(std::exchange(these_labels, {}));
    annotations.meet(std::exchange(these_annotations, {}));
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line == "Labels:") {
      end_alert();
      any = true;
      section = &these_labels;
    } else if (line == "Annotations:") {
      section = any ? &these_annotations : nullptr;
    } else if (line.starts_with(kItem)) {
      if (section != nullptr) add_item(line, *section);
    } else {
      section = nullptr;
      if (line.starts_with(kSource) && out.source.empty()) out.source = line.substr(kSource.size());
    }
  }
  end_alert();
  out.labels = labels.take();
  out.annotations = annotations.take();
  return out;
}

}  // namespace tocsin::ingest
