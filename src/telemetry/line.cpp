#include "telemetry/line.h"

#include <algorithm>
#include <string>

#include "tocsin/base/text.h"

namespace tocsin::telemetry {
namespace {

/// Longer values are cut: a label may be as long as its limit says, a line may not. Bytes.
constexpr std::size_t kValueMax = 2048;

std::string_view name_of(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "debug";
    case Log::Level::info:
      return "info";
    case Log::Level::warning:
      return "warning";
    case Log::Level::error:
      return "error";
  }
  return "error";
}

/// Five columns, so that events line up.
std::string_view column_of(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "debug ";
    case Log::Level::info:
      return "info  ";
    case Log::Level::warning:
      return "warn  ";
    case Log::Level::error:
      return "error ";
  }
  return "error ";
}

/// Cut at a character's beginning, with an ellipsis.
std::string shortened(std::string_view value) {
  if (value.size() <= kValueMax) return std::string(value);
  std::size_t end = kValueMax;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  return std::string(value.substr(0, end)) + "…";
}

std::string text_beginning(Instant at, Log::Level level) {
  std::string out = format_rfc3339(at);
  std::ranges::replace(out, 'T', ' ');
  out.pop_back();  // The Z.
  out += ' ';
  out += column_of(level);
  return out;
}

void append_member(std::string_view key, std::string_view value, std::string& out) {
  out += out.empty() ? '{' : ',';
  append_json_string(key, out);
  out += ':';
  append_json_string(value, out);
}

std::string json_beginning(Instant at, Log::Level level, std::string_view event) {
  std::string out;
  append_member("ts", format_rfc3339(at), out);
  append_member("level", name_of(level), out);
  append_member("event", event, out);
  return out;
}

/// syslog(3).
std::string_view priority_of(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "7";
    case Log::Level::info:
      return "6";
    case Log::Level::warning:
      return "4";
    case Log::Level::error:
      return "3";
  }
  return "3";
}

void append_words(std::string_view event, const std::vector<Log::Field>& fields, std::string& out) {
  out += event;
  for (const Log::Field& field : fields) {
    out += ' ';
    out += field.key;
    out += '=';
    append_log_value(shortened(field.value), out);
  }
}

void append_journal_field(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  if (value.find('\n') == value.npos) {
    out += '=';
  } else {
    out += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8) {
      out += static_cast<char>(std::uint64_t{value.size()} >> shift & 0xFFU);
    }
  }
  out += value;
  out += '\n';
}

std::string journal_name(std::string_view key) {
  std::string name = "TOCSIN_";
  for (const char c : key) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_fine = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_lower ? static_cast<char>(c - 'a' + 'A') : is_fine ? c : '_';
  }
  return name;
}

std::string journal_entry(Log::Level level, std::string_view event,
                          const std::vector<Log::Field>& fields) {
  std::string out(kJournalMessage);
  append_words(event, fields, out);
  out += '\n';
  append_journal_field("PRIORITY", priority_of(level), out);
  append_journal_field("SYSLOG_IDENTIFIER", "tocsin", out);
  append_journal_field("TOCSIN_EVENT", event, out);
  for (const Log::Field& field : fields) {
    append_journal_field(journal_name(field.key), shortened(field.value), out);
  }
  return out;
}

}  // namespace

std::string format_line(LogFormat format, Instant at, Log::Level level, std::string_view event,
                        const std::vector<Log::Field>& fields) {
  if (format == LogFormat::json) {
    std::string out = json_beginning(at, level, event);
    for (const Log::Field& field : fields) append_member(field.key, shortened(field.value), out);
    return out + '}';
  }
  if (format == LogFormat::journal) return journal_entry(level, event, fields);
  std::string out = text_beginning(at, level);
  append_words(event, fields, out);
  return out;
}

}  // namespace tocsin::telemetry
