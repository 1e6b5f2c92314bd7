#pragma once

#include <boost/json/array.hpp>
#include <cstddef>
#include <string>

#include "cli/remote.h"
#include "cli/table.h"
#include "cli/terminal.h"

/// `tocsin alert …`
namespace tocsin::cli {

struct AlertFilter {
  std::string state;   ///< "firing", "resolved", "" = both.
  std::string source;  ///< "" = any.
  std::size_t limit = 100;
};

int list_alerts(const RemoteOptions&, const AlertFilter&, Format, Terminal&);

/// Alerts as the API shows them.
Table alert_table(const boost::json::array& alerts, const Terminal&);

}  // namespace tocsin::cli
