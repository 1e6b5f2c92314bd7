#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "config/report.h"
#include "config/rules_root.h"
#include "config/text_file.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kFilesMax = 10'000;
constexpr std::size_t kEntriesMax = 100'000;  // Of all folders, whatever their names.
constexpr std::size_t kBytesMax = 64 << 20;
constexpr int kDepthMax = 16;

/// Names in a folder, files and folders apart, sorted by bytes so that every machine agrees.
struct Listing {
  std::vector<std::string> files;
  std::vector<std::string> folders;
};

bool is_rules_file(const std::string& name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

/// Walks the folders of one or more roots. Symbolic links are followed, as mounted configuration
/// often consists of them; a folder that is reached twice is an error, so that no loop is walked.
class Walk {
 public:
  explicit Walk(FilesResult& out) : out_(out) {}

  void root(const std::string& folder, const std::string& shown) {
    const std::size_t before = out_.files.size();
    const bool good = enter(folder, shown, 0);
    if (good && out_.files.size() == before) {
      report(Diagnostic::Level::warning, folder, "the folder holds no rules file",
             "rules are read from *.yaml and *.yml");
    }
  }

 private:
  bool enter(const std::string& folder, const std::string& shown, int depth) {
    if (full_) return false;
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return refuse(folder, errno);
    if (depth > kDepthMax)
      return fail(folder, "folders nested deeper than 16 levels", "flatten them");
    if (!seen_.insert({status.st_dev, status.st_ino}).second) {
      return fail(folder, "the folder is reached a second time", "remove the link to it");
    }
    auto listing = list(folder);
    if (!listing) return false;
    for (const std::string& name : listing->files) read(folder, shown, name);
    for (const std::string& name : listing->folders) {
      enter(beside(folder, name), shown + "/" + name, depth + 1);
    }
    return true;
  }

  std::optional<Listing> list(const std::string& folder) {
    DIR* stream = ::opendir(folder.c_str());
    if (stream == nullptr) {
      refuse(folder, errno);
      return std::nullopt;
    }
    Listing out;
    while (const dirent* entry = ::readdir(stream)) {
      if (++entries_ > kEntriesMax) {
        overflow(folder, "more than 100,000 names in the folders of rules");
        break;
      }
      sort_in(folder, entry->d_name, out);
    }
    ::closedir(stream);
    std::ranges::sort(out.files);
    std::ranges::sort(out.folders);
    if (std::erase(out.folders, "tests") > 0) out_.tests.push_back(beside(folder, "tests"));
    return out;
  }

  void sort_in(const std::string& folder, const std::string& name, Listing& out) {
    if (name.starts_with('.')) return;
    struct stat status {};
    // A link that leads nowhere: a rules file that cannot be read is an error, anything else is not
    // ours.
    const bool exists = ::stat(beside(folder, name).c_str(), &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
      out.folders.push_back(name);
    } else if (is_rules_file(name)) {
      out.files.push_back(name);
    }
  }

  void read(const std::string& folder, const std::string& shown, const std::string& name) {
    if (full_) return;
    const std::string path = beside(folder, name);
    if (out_.files.size() >= kFilesMax) return overflow(folder, "more than 10,000 rules files");
    auto file = read_text_file(path, kBytesMax);
    if (!file) {
      fail(path, "the rules file cannot be read: " + file.error().what,
           "make it readable or remove it");
      return;
    }
    bytes_ += file->text.size();
    if (bytes_ > kBytesMax) return overflow(folder, "more than 64 MiB of rules files");
    out_.files.push_back({shown + "/" + name, std::move(file->text)});
  }

  void overflow(const std::string& folder, std::string problem) {
    if (!full_) fail(folder, std::move(problem), "move what is no rules file elsewhere");
    full_ = true;
  }

  bool refuse(const std::string& folder, int code) {
    return fail(folder,
                "the folder of rules cannot be read: " + std::generic_category().message(code),
                "correct the key \"rules\" in tocsin.yaml, or create the folder");
  }

  bool fail(const std::string& path, std::string problem, std::string cure) {
    report(Diagnostic::Level::error, path, std::move(problem), std::move(cure));
    return false;
  }

  void report(Diagnostic::Level level, const std::string& path, std::string problem,
              std::string cure) {
    if (out_.diagnostics.size() >= Report::kShownMax) return;
    out_.diagnostics.push_back({level, {path, 0, 0}, std::move(problem), std::move(cure)});
  }

  FilesResult& out_;
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

}  // namespace

std::vector<RulesRoot> name_roots(const std::vector<std::string>& folders) {
  std::vector<RulesRoot> out;
  for (const std::string& folder : folders) {
    std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    std::string shown = path.filename().string();
    const bool is_taken = std::ranges::find(out, shown, &RulesRoot::shown) != out.end();
    if (shown.empty() || shown == "." || shown == ".." || is_taken) shown = path.string();
    out.push_back({path.string(), std::move(shown)});
  }
  return out;
}

Place place_of(std::string_view path, const std::vector<RulesRoot>& roots) {
  Place place{roots.size(), ""};
  for (std::size_t i = 0; i < roots.size() && place.root == roots.size(); ++i) {
    if (path.starts_with(roots[i].shown + "/")) place.root = i;
  }
  // A file of a root that is no longer named keeps the fragment it had.
  const std::size_t start =
      place.root < roots.size() ? roots[place.root].shown.size() + 1 : path.find('/') + 1;
  const std::string_view below = path.substr(start);
  const std::size_t end = below.find('/');
  if (end != std::string_view::npos) place.fragment = below.substr(0, end);
  return place;
}

FilesResult read_rules_files(const std::vector<std::string>& folders) {
  FilesResult out;
  Walk walk(out);
  for (const RulesRoot& root : name_roots(folders)) walk.root(root.folder, root.shown);
  return out;
}

}  // namespace tocsin::config
