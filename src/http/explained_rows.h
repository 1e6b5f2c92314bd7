#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/site.h"
#include "http/target.h"
#include "tocsin/store/store.h"

namespace tocsin::http {

/// The stored alerts that a query asks to explain.
struct ExplainedRows {
  std::vector<store::AlertRow> rows;
  std::size_t alerts = 1;  ///< How many there are; `rows` may be the first of them.
};

/// Those of `incident`, the one that opened it first; the one with this `fingerprint`; or the
/// `alert` of an id. A refusal names the next step.
std::expected<ExplainedRows, Response> find_explained(Site&, store::Reader&, const Query&);

/// Why something is not explained.
inline std::unexpected<Response> refused(int status, const std::string& detail) {
  return std::unexpected(error_response(Dialect::native, status, detail));
}

}  // namespace tocsin::http
