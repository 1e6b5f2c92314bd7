// Request targets and queries: authorisation and routing see one spelling of a path, which is a
// path that means the same when it is read again.
#include "fuzz/input.h"
#include "http/list_query.h"
#include "http/target.h"

namespace tocsin::fuzz {
namespace {

std::string percent_encoded(std::string_view text, std::string_view as_they_are) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (as_they_are.find(c) != as_they_are.npos) {
      out += c;
    } else {
      out += {'%', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return out;
}

void check_path(const http::Target& target) {
  const std::string& path = target.path;
  CHECK(path.starts_with('/'));
  CHECK(path == "/" || !path.ends_with('/'));
  CHECK(path.find("//") == path.npos);
  CHECK(path.find('\\') == path.npos);
  CHECK((path + "/").find("/../") == path.npos);
  CHECK((path + "/").find("/./") == path.npos);
  for (const char c : path) CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  const auto again = http::parse_target(percent_encoded(path, "/"));
  CHECK(again.has_value());
  CHECK(again->path == path);
}

void check_query(std::string_view text) {
  const auto query = http::Query::parse(text);
  if (!query) {
    CHECK(!query.error().empty());
    return;
  }
  CHECK(query->pairs().size() <= http::Query::kPairsMax);
  std::string spelled;
  for (const auto& [name, value] : query->pairs()) {
    CHECK(query->has(name));
    spelled +=
        (spelled.empty() ? "" : "&") + percent_encoded(name, "") + "=" + percent_encoded(value, "");
  }
  const auto again = http::Query::parse(spelled);
  CHECK(again.has_value());
  CHECK(again->pairs() == query->pairs());
  const Instant now{Duration(1'764'000'000'000)};
  if (const auto asked = http::read_incident_query(*query, now)) {
    CHECK(asked->limit >= 1 && asked->limit <= 1'000);
  }
  if (const auto asked = http::read_alert_query(*query)) {
    CHECK(asked->limit >= 1 && asked->limit <= 1'000);
  }
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  const std::string_view text = fuzz::Input(bytes, size).rest();
  const auto target = http::parse_target(text);
  if (!target) {
    CHECK(!target.error().empty());
    fuzz::check_query(text);
    return 0;
  }
  fuzz::check_path(*target);
  fuzz::check_query(target->query);
  return 0;
}
