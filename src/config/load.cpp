#include <algorithm>
#include <iterator>
#include <utility>

#include "config/report.h"
#include "config/rules_root.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

/// Rules files are stored under names that do not depend on where they lie; whoever has to correct
/// one wants the path.
void show_real_paths(const std::vector<RulesRoot>& roots, Diagnostics& diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) {
    std::string& file = diagnostic.at.file;
    for (const RulesRoot& root : roots) {
      if (!file.starts_with(root.shown + "/")) continue;
      file = root.folder + file.substr(root.shown.size());
      break;
    }
  }
}

/// A folder that cannot be read is a mistake of the line that names it.
void show_where_named(const Settings& settings, Diagnostics& diagnostics) {
  if (settings.rules_at.size() != settings.rules.size()) return;  // One was named twice, or none.
  for (Diagnostic& diagnostic : diagnostics) {
    const auto folder = std::ranges::find(settings.rules, diagnostic.at.file);
    if (folder == settings.rules.end()) continue;
    diagnostic.problem = in_quotes(diagnostic.at.file) + ": " + diagnostic.problem;
    diagnostic.at = settings.rules_at[static_cast<std::size_t>(folder - settings.rules.begin())];
  }
}

void append(Diagnostics&& from, Diagnostics& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Loaded load(const std::string& settings_path) {
  Loaded out;
  SettingsResult settings = read_settings(settings_path);
  out.settings_are_good = !has_errors(settings.diagnostics);
  out.settings = std::move(settings.settings);
  out.diagnostics = std::move(settings.diagnostics);

  FilesResult files = read_rules_files(out.settings.rules);
  const bool files_are_good = !has_errors(files.diagnostics);
  show_where_named(out.settings, files.diagnostics);
  PolicyResult policy = compile_policy(out.settings, std::move(files.files));
  show_real_paths(name_roots(out.settings.rules), policy.diagnostics);
  append(std::move(files.diagnostics), out.diagnostics);
  append(std::move(policy.diagnostics), out.diagnostics);
  if (out.settings_are_good && files_are_good) out.policy = std::move(policy.policy);
  sort(out.diagnostics);
  return out;
}

}  // namespace tocsin::config
