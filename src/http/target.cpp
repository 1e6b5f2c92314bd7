#include "http/target.h"

#include <algorithm>
#include <optional>

namespace tocsin::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte of "%41" at the start of `text`, or -1.
int percent_byte(std::string_view text) {
  if (text.size() < 3) return -1;
  const int high = hex_digit(text[1]);
  const int low = hex_digit(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_control(int byte) { return byte < 0x20 || byte == 0x7F; }

bool starts_with_scheme(std::string_view target, std::string_view scheme) {
  return std::ranges::equal(target.substr(0, scheme.size()), scheme, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

/// Takes scheme and authority away, which only a proxy's client sends (RFC 9112 section 3.2.2).
/// Then the path may be missing. Returns the authority.
std::string_view take_authority(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_scheme(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::string_view authority = target.substr(0, target.find_first_of("/?#"));
    target.remove_prefix(authority.size());
    if (target.empty()) target = "/";
    return authority;
  }
  return {};
}

/// Appends one segment, decoded.
std::optional<std::string> append_segment(std::string_view segment, std::string& path) {
  const std::size_t start = path.size();
  for (std::size_t at = 0; at < segment.size(); ++at) {
    int byte = static_cast<unsigned char>(segment[at]);
    if (segment[at] == '%') {
      byte = percent_byte(segment.substr(at));
      if (byte < 0) return "a percent sign without two hex digits; write it as %25";
      if (byte == '/' || byte == '\\') return "an encoded slash in the path; ids hold none";
      at += 2;
    } else if (segment[at] == '\\') {
      return "a backslash in the path; write / between its parts";
    }
    if (is_control(byte)) return "a control character in the path";
    path += static_cast<char>(byte);
  }
  const std::string_view decoded = std::string_view(path).substr(start);
  if (decoded == "." || decoded == "..") return "a relative path; write it in full";
  return std::nullopt;
}

std::optional<std::string> decode_form(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      out += ' ';
    } else if (text[at] == '%') {
      const int byte = percent_byte(text.substr(at));
      if (byte < 0) return std::nullopt;
      out += static_cast<char>(byte);
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace

bool is_host(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view("-._~!$&'()*+;=%:[]").find(c) != std::string_view::npos;
  });
}

std::expected<Target, std::string> parse_target(std::string_view target) {
  if (target.starts_with('?')) return std::unexpected("the request target is not a path");
  Target parsed;
  parsed.authority = take_authority(target);
  if (!target.starts_with('/') && parsed.authority.empty()) {
    return std::unexpected("the request target is not a path");
  }
  if (const auto hash = target.find('#'); hash != std::string_view::npos) {
    target = target.substr(0, hash);
  }
  if (const auto mark = target.find('?'); mark != std::string_view::npos) {
    parsed.query = target.substr(mark + 1);
    target = target.substr(0, mark);
  }
  parsed.path.reserve(target.size());
  while (!target.empty()) {
    target.remove_prefix(1);
    const std::string_view segment = target.substr(0, target.find('/'));
    target.remove_prefix(segment.size());
    if (segment.empty()) continue;
    parsed.path += '/';
    if (auto problem = append_segment(segment, parsed.path)) {
      return std::unexpected(*std::move(problem));
    }
  }
  if (parsed.path.empty()) parsed.path = "/";
  return parsed;
}

std::expected<Query, std::string> Query::parse(std::string_view query) {
  Query parsed;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    if (pair.empty()) continue;
    if (parsed.pairs_.size() == kPairsMax) return std::unexpected("more than 100 parameters");
    const auto equals = pair.find('=');
    auto name = decode_form(pair.substr(0, equals));
    auto value = decode_form(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value) {
      return std::unexpected("a percent sign without two hex digits in the query; write it as %25");
    }
    parsed.pairs_.emplace_back(*std::move(name), *std::move(value));
  }
  return parsed;
}

std::string_view Query::get(std::string_view name) const {
  for (const auto& [known, value] : pairs_) {
    if (known == name) return value;
  }
  return {};
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [known, value] : pairs_) {
    if (known == name) found.push_back(value);
  }
  return found;
}

bool Query::has(std::string_view name) const {
  for (const auto& [known, value] : pairs_) {
    if (known == name) return true;
  }
  return false;
}

}  // namespace tocsin::http
