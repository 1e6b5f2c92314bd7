#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/delivery/delivery.h"

namespace tocsin::delivery {

/// One HTTP POST, ready to be sent.
struct Request {
  std::string url;                   ///< A secret.
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
};

/// What the `webhook` channel sends for a message at `unix_seconds`.
Request webhook_request(const Message&, const config::Channel&, std::string_view external_url,
                        std::int64_t unix_seconds);

}  // namespace tocsin::delivery
