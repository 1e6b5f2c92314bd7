#pragma once

#include <utility>
#include <vector>

#include "tocsin/delivery/delivery.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// The `log` channel: a page is one line of the daemon's log, so that it cannot be overlooked
/// there.
inline void write_page(telemetry::Log& log, std::vector<delivery::LogField> fields) {
  std::vector<telemetry::Log::Field> written;
  written.reserve(fields.size());
  for (delivery::LogField& field : fields) written.push_back({field.key, std::move(field.value)});
  log.write(telemetry::Log::Level::warning, "page", written);
}

}  // namespace tocsin::daemon
