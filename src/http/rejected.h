#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "http/routes.h"
#include "tocsin/ingest/ingest.h"
#include "tocsin/store/store.h"

namespace tocsin::http {

/// Offers a body that could not be read to the store, its secrets masked.
void keep_rejected(Site&, std::string_view source, std::string_view body, const ingest::BodyError&);
/// The same for one in which `count` alerts were refused; the first of them are described.
void keep_rejected(Site&, std::string_view source, std::string_view body, std::size_t count,
                   const std::vector<ingest::RefusedAlert>& described);

/// The body to show or to replay, if the caller may see it. On a read thread.
std::expected<store::RejectedBody, Response> find_rejected(Site&, store::Reader*, const Request&);

/// The indexes of the alerts that were refused; empty for a body that could not be read as a whole.
/// Nothing if there were more than are known one by one.
std::optional<std::vector<std::size_t>> refused_in(const store::RejectedBody&);

}  // namespace tocsin::http
