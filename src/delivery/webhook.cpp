#include <string>

#include "delivery/request.h"
#include "tocsin/view/view.h"

namespace tocsin::delivery {
namespace {

/// Nothing in a value may end the header or begin another.
std::string header(std::string_view name, std::string_view value) {
  std::string out(name);
  out += ": ";
  for (const char c : value) out += c >= 0x20 && c < 0x7F ? c : '_';
  return out;
}

}  // namespace

Request webhook_request(const Message& message, const config::Channel& channel,
                        std::string_view external_url, std::int64_t unix_seconds) {
  Request request;
  request.url = channel.url;
  const auto body = channel.format == config::Channel::Format::alertmanager
                        ? view::alertmanager_json
                        : view::page_json;
  request.body = body(message.page, message.incident, message.alerts, external_url);
  request.headers = {header("Content-Type", "application/json"),
                     header("Idempotency-Key", message.page.key)};
  if (!channel.secret.empty()) {
    request.headers.push_back(
        header("X-Tocsin-Signature", signature(channel.secret, unix_seconds, request.body)));
  }
  return request;
}

}  // namespace tocsin::delivery
