#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/store/store.h"
#include "tocsin/triage/rows.h"
#include "tocsin/view/view.h"

namespace tocsin::view {

/// Append what the functions of the front door return.
void append_incident(const triage::Incident&, std::string_view external_url, std::string& out);
void append_alert(const store::AlertRow&, std::string& out);

/// As people see them: what triage rules set stands over what was sent.
Labels labels_shown(const store::AlertRow&);
Labels annotations_shown(const store::AlertRow&);

/// Appends an array of as many alerts as fit into a page, in order, each by `append_one(alert)`.
/// How many.
template <class AppendOne>
std::size_t append_alerts_that_fit(const std::vector<store::AlertRow>& alerts, std::string& out,
                                   AppendOne append_one) {
  std::size_t shown = 0;
  out += '[';
  for (const store::AlertRow& alert : alerts) {
    const std::size_t before = out.size();
    if (shown > 0) out += ',';
    append_one(alert);
    if (out.size() > kPageBytesMax) {
      out.resize(before);
      break;
    }
    ++shown;
  }
  out += ']';
  return shown;
}

}  // namespace tocsin::view
