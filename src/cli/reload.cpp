#include "cli/reload.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>

#include "cli/document.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "tocsin/base/diagnostic.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

int number_at(const json::value& object, std::string_view name) {
  const json::value& value = member_at(object, name);
  return value.is_int64() ? static_cast<int>(value.as_int64()) : 0;
}

Diagnostic diagnostic_of(const json::value& told) {
  return {text_at(told, "level") == "error" ? Diagnostic::Level::error : Diagnostic::Level::warning,
          {text_at(told, "file"), number_at(told, "line"), number_at(told, "column")},
          text_at(told, "problem"),
          text_at(told, "cure")};
}

void print(const json::value& reloaded, Terminal& terminal) {
  const auto* diagnostics = member_at(reloaded, "diagnostics").if_array();
  if (diagnostics == nullptr) return;
  for (const json::value& told : *diagnostics) {
    const Diagnostic diagnostic = diagnostic_of(told);
    const bool error = diagnostic.level == Diagnostic::Level::error;
    terminal.out << painted(printable(tocsin::format(diagnostic)),
                            error ? Tone::bad : Tone::warning, terminal.colour)
                 << '\n';
  }
  const auto* keys = member_at(reloaded, "at_restart").if_array();
  if (keys == nullptr) return;
  for (const json::value& key : *keys) {
    terminal.out << "tocsin.yaml: the new value of "
                 << printable(key.is_string() ? std::string(key.as_string()) : "")
                 << " waits for a restart\n";
  }
}

}  // namespace

int reload(const RemoteOptions& options, bool reapply, Format format, Terminal& terminal) {
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  const auto reply = remote->try_post(reapply ? "/-/reload?reapply=true" : "/-/reload", {});
  if (!reply) return report(terminal, reply.error());
  const bool told = member_at(reply->document, "diagnostics").is_array();
  if (format != Format::table && told) {
    print_document(reply->document, format, terminal);
    return reply->good ? 0 : 1;
  }
  print(reply->document, terminal);
  if (!reply->good) return report(terminal, reply->refusal);
  terminal.out << text_at(reply->document, "detail") << '\n';
  return 0;
}

}  // namespace tocsin::cli
