#include "cli/check.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <system_error>

#include "cli/annotations.h"
#include "cli/document.h"
#include "cli/pages.h"
#include "cli/table.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

std::size_t count(const Diagnostics& diagnostics, Diagnostic::Level level) {
  return static_cast<std::size_t>(
      std::count_if(diagnostics.begin(), diagnostics.end(),
                    [level](const Diagnostic& d) { return d.level == level; }));
}

json::value to_json(const Diagnostics& diagnostics) {
  json::array list;
  for (const Diagnostic& diagnostic : diagnostics) {
    list.push_back(json::object{{"level", to_string(diagnostic.level)},
                                {"file", diagnostic.at.file},
                                {"line", diagnostic.at.line},
                                {"column", diagnostic.at.column},
                                {"problem", diagnostic.problem},
                                {"cure", diagnostic.cure}});
  }
  return json::object{{"diagnostics", std::move(list)}};
}

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

Tone tone_of(Diagnostic::Level level) {
  switch (level) {
    case Diagnostic::Level::error:
      return Tone::bad;
    case Diagnostic::Level::warning:
      return Tone::warning;
    case Diagnostic::Level::note:
      break;
  }
  return Tone::faint;
}

/// `config/tocsin.yaml: 3 rules files, 1 error, 2 warnings, 4 notes`
void print_summary(const Diagnostics& diagnostics, std::size_t files, const CheckOptions& options,
                   Terminal& terminal) {
  const std::size_t errors = count(diagnostics, Diagnostic::Level::error);
  const std::size_t warnings = count(diagnostics, Diagnostic::Level::warning);
  const std::size_t notes = count(diagnostics, Diagnostic::Level::note);
  terminal.out << printable(options.config) << ": " << counted(files, "rules file") << ", ";
  if (errors + warnings == 0) {
    terminal.out << "no mistakes";
  } else {
    terminal.out << counted(errors, "error") << ", " << counted(warnings, "warning");
  }
  if (notes > 0) terminal.out << ", " << counted(notes, "note");
  if (options.strict && warnings > 0) {
    terminal.out << " (with --strict a warning is an error)";
  }
  terminal.out << '\n';
}

}  // namespace

int print_diagnostics(const Diagnostics& diagnostics, std::size_t files,
                      const CheckOptions& options, Format format, Terminal& terminal) {
  const bool has_warnings = count(diagnostics, Diagnostic::Level::warning) > 0;
  const int code = has_errors(diagnostics) || (options.strict && has_warnings) ? 1 : 0;
  std::error_code no_folder;  // It may be gone: paths then stay as they are.
  const std::filesystem::path folder = std::filesystem::current_path(no_folder);
  if (options.host == CodeHost::gitlab) {
    print_document(gitlab_report(diagnostics, folder), Format::json, terminal);
    return code;
  }
  if (options.host == CodeHost::none && format != Format::table) {
    print_document(to_json(diagnostics), format, terminal);
    return code;
  }
  if (options.host == CodeHost::github) {
    terminal.out << github_annotations(diagnostics, folder);
  } else {
    for (const Diagnostic& diagnostic : diagnostics) {
      terminal.out << painted(printable(tocsin::format(diagnostic)), tone_of(diagnostic.level),
                              terminal.colour)
                   << '\n';
    }
  }
  print_summary(diagnostics, files, options, terminal);
  return code;
}

int dump(const CheckOptions& options, Terminal& terminal) {
  const config::Loaded loaded = config::load(options.config, config::Lint::yes);
  Terminal to_err{terminal.err, terminal.err, terminal.colour, terminal.now};
  int code = 0;
  if (!loaded.diagnostics.empty()) {
    code = print_diagnostics(loaded.diagnostics, loaded.files.files.size(), options, Format::table,
                             to_err);
  }
  if (!loaded.settings_are_good) return code;
  std::ifstream file(options.config, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  terminal.out << "# " << printable(options.config) << " with every default, as it is in force.\n"
               << "# The store is in " << printable(loaded.settings.storage_path) << ".\n";
  if (loaded.policy != nullptr) {
    terminal.out << "# Rules: " << counted(loaded.policy->files.size(), "file") << ", "
                 << counted(loaded.policy->rules.services.size(), "service") << ", "
                 << counted(loaded.policy->escalations.size(), "escalation") << ".\n";
  }
  terminal.out << config::dump_settings(text, loaded.settings);
  return code;
}

int check(const CheckOptions& options, Format format, Terminal& terminal) {
  if (options.dump) return dump(options, terminal);
  const config::Loaded loaded = config::load(options.config, config::Lint::yes, options.rules);
  return print_diagnostics(loaded.diagnostics, loaded.files.files.size(), options, format,
                           terminal);
}

}  // namespace tocsin::cli
