#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "config/report.h"
#include "config/rules_root.h"
#include "tocsin/base/check.h"
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

/// Which fragments have a mistake.
class Faults {
 public:
  explicit Faults(const std::vector<std::string>& folders) : roots_(name_roots(folders)) {}

  /// Files that could not be read, under their real paths.
  void add_unread(const Diagnostics& diagnostics) {
    for (const Diagnostic& diagnostic : diagnostics) {
      if (diagnostic.level == Diagnostic::Level::error) add_real(diagnostic.at.file);
    }
  }
  /// Mistakes in files, under the roots' shown names. False if all of them were known.
  bool add(const Diagnostics& diagnostics) {
    const std::size_t before = fragments_.size();
    for (const Diagnostic& diagnostic : diagnostics) {
      if (diagnostic.level != Diagnostic::Level::error) continue;
      fragments_.insert(place_of(diagnostic.at.file, roots_).fragment);
    }
    return fragments_.size() > before;
  }
  void add_fragment(const std::string& fragment) { fragments_.insert(fragment); }
  /// Fragments without a fault whose files are not as they were.
  std::set<std::string> changed(const std::vector<triage::PolicyFile>& now,
                                const std::vector<triage::PolicyFile>& before) const {
    std::map<std::string, std::string> texts_now, texts_before;
    const auto gather = [&](const auto& files, auto& texts) {
      for (const triage::PolicyFile& file : files) {
        if (contains(file)) continue;
        texts[place(file).fragment].append(file.path).append(1, '\0').append(file.text).append(
            1, '\0');
      }
    };
    gather(now, texts_now);
    gather(before, texts_before);
    std::set<std::string> out;
    for (const auto& [fragment, text] : texts_now) {
      if (texts_before[fragment] != text) out.insert(fragment);
    }
    for (const auto& [fragment, text] : texts_before) {
      if (!texts_now.contains(fragment)) out.insert(fragment);
    }
    return out;
  }
  bool everything() const { return everything_; }
  void add_everything() { everything_ = true; }
  bool contains(const triage::PolicyFile& file) const {
    return everything_ || fragments_.contains(place_of(file.path, roots_).fragment);
  }
  const std::set<std::string>& fragments() const { return fragments_; }
  Place place(const triage::PolicyFile& file) const { return place_of(file.path, roots_); }

 private:
  void add_real(const std::string& path) {
    for (const RulesRoot& root : roots_) {
      if (!path.starts_with(root.folder + "/")) continue;
      const std::string below = path.substr(root.folder.size() + 1);
      // What cannot be entered is a fragment, what cannot be read a file of one or of the root.
      const bool is_file = below.ends_with(".yaml") || below.ends_with(".yml");
      const auto end = below.find('/');
      fragments_.insert(end == std::string::npos && is_file ? "" : below.substr(0, end));
      return;
    }
    everything_ = true;  // A whole root, or too many files.
  }

  std::vector<RulesRoot> roots_;
  std::set<std::string> fragments_;
  bool everything_ = false;
};

/// The files of faulty fragments as they were, all others as they are, in the order of reading.
std::vector<triage::PolicyFile> mix(const Faults& faults,
                                    const std::vector<triage::PolicyFile>& now,
                                    const std::vector<triage::PolicyFile>& before) {
  std::vector<triage::PolicyFile> out;
  for (const auto& file : now) {
    if (!faults.contains(file)) out.push_back(file);
  }
  for (const auto& file : before) {
    if (faults.contains(file)) out.push_back(file);
  }
  std::ranges::stable_sort(out, {}, [&](const auto& file) { return faults.place(file); });
  return out;
}

/// Finds the one changed fragment without whose change the rest goes together, if there is one, and
/// faults it; else everything.
void blame_a_change(const Loaded& loaded, const std::vector<triage::PolicyFile>& last_good,
                    Faults& faults) {
  constexpr std::size_t kTriesMax = 100;
  const std::set<std::string> changed = faults.changed(loaded.files.files, last_good);
  if (changed.size() <= kTriesMax) {
    for (const std::string& fragment : changed) {
      Faults with_it = faults;
      with_it.add_fragment(fragment);
      const auto files = mix(with_it, loaded.files.files, last_good);
      if (compile_policy(loaded.settings, files).policy == nullptr) continue;
      faults = with_it;
      return;
    }
  }
  faults.add_everything();
}

/// One folder of several need not hold every team's.
void drop_other_fragments(Loaded& loaded) {
  const std::vector<RulesRoot> roots = name_roots(loaded.settings.rules);
  std::set<std::string> there;
  for (const triage::PolicyFile& file : loaded.files.files) {
    there.insert(place_of(file.path, roots).fragment);
  }
  std::erase_if(loaded.settings.fragments, [&](const Fragment& fragment) {  //
    return !there.contains(fragment.name);
  });
}

}  // namespace

Loaded load(const std::string& settings_path, Lint lint, const std::string& rules_folder) {
  Loaded out;
  SettingsResult settings = read_settings(settings_path);
  out.settings_are_good = !has_errors(settings.diagnostics);
  out.settings = std::move(settings.settings);
  out.diagnostics = std::move(settings.diagnostics);
  if (!settings.is_whole) return out;
  if (!rules_folder.empty()) {
    out.settings.rules = {rules_folder};
    out.settings.rules_at.clear();
  }
  out.files = read_rules_files(out.settings.rules);
  if (!rules_folder.empty()) drop_other_fragments(out);
  const bool files_are_good = !has_errors(out.files.diagnostics);
  PolicyResult policy = compile_policy(out.settings, out.files.files, lint);
  show_real_paths(name_roots(out.settings.rules), policy.diagnostics);
  Diagnostics unread = out.files.diagnostics;
  show_where_named(out.settings, unread);
  append(std::move(unread), out.diagnostics);
  append(std::move(policy.diagnostics), out.diagnostics);
  if (out.settings_are_good && files_are_good) out.policy = std::move(policy.policy);
  sort(out.diagnostics);
  return out;
}

void fall_back(Loaded& loaded, const std::vector<triage::PolicyFile>& last_good) {
  CHECK(loaded.settings_are_good);
  if (loaded.policy != nullptr || last_good.empty()) return;
  Faults faults(loaded.settings.rules);
  faults.add_unread(loaded.files.diagnostics);
  while (loaded.policy == nullptr) {
    PolicyResult result =
        compile_policy(loaded.settings, mix(faults, loaded.files.files, last_good));
    const bool nothing_left = faults.everything();
    if (result.policy == nullptr && !faults.add(result.diagnostics)) {
      // A mistake in what was good once: something that changed does not go with it.
      blame_a_change(loaded, last_good, faults);
    }
    loaded.policy = std::move(result.policy);
    show_real_paths(name_roots(loaded.settings.rules), result.diagnostics);
    append(std::move(result.diagnostics), loaded.diagnostics);
    if (nothing_left) break;
  }
  sort(loaded.diagnostics);
  std::set<std::string> kept = faults.fragments();
  if (faults.everything()) {
    for (const auto& file : last_good) kept.insert(faults.place(file).fragment);
  }
  loaded.kept.assign(kept.begin(), kept.end());
}

}  // namespace tocsin::config
