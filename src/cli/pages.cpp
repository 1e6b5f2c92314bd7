#include "cli/pages.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>
#include <string>

#include "cli/document.h"

namespace tocsin::cli {
namespace {
namespace json = boost::json;
constexpr std::size_t kPageMax = 1'000;  // What the API grants at once.
}  // namespace

std::expected<json::value, Problem> all_pages(const Remote& remote, std::string_view path,
                                              std::string_view member, Remote::Query query,
                                              std::size_t limit) {
  json::array elements;
  std::string cursor;
  json::value next;
  const std::size_t filters = query.size();
  do {
    query.resize(filters);
    query.emplace_back("limit", std::to_string(std::min(kPageMax, limit - elements.size())));
    if (!cursor.empty()) query.emplace_back("cursor", cursor);
    auto page = remote.get(path, query);
    if (!page) return page;
    const auto* found = member_at(*page, member).if_array();
    if (found == nullptr) {
      return std::unexpected(Problem{"the answer has no list \"" + std::string(member) + "\"",
                                     "is it Tocsin that listens there?"});
    }
    elements.insert(elements.end(), found->begin(), found->end());
    next = member_at(*page, "next");
    cursor = text_at(*page, "next");
    if (found->empty()) break;  // A cursor that leads nowhere must not go on for ever.
  } while (!cursor.empty() && elements.size() < limit);
  return json::object{{member, std::move(elements)}, {"next", std::move(next)}};
}

int print_document(const json::value& document, Format format, Terminal& terminal) {
  terminal.out << (format == Format::yaml ? yaml(document) : pretty_json(document));
  return 0;
}

}  // namespace tocsin::cli
