#pragma once

#include <string>
#include <string_view>

#include "tocsin/store/store.h"
#include "tocsin/triage/rows.h"

namespace tocsin::view {

/// Append what the functions of the front door return.
void append_incident(const triage::Incident&, std::string_view external_url, std::string& out);
void append_alert(const store::AlertRow&, std::string& out);

}  // namespace tocsin::view
