#include "config/secret.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <expected>
#include <filesystem>
#include <vector>

#include "config/text_file.h"
#include "config/utf8.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kSecretBytesMax = 64 << 10;
constexpr std::size_t kUrlBytesMax = 8 << 10;

bool is_own_group(gid_t group) {
  if (group == ::getegid()) return true;
  const int count = ::getgroups(0, nullptr);
  if (count <= 0) return false;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  const int got = ::getgroups(count, groups.data());
  return got > 0 &&
         std::ranges::find(groups.begin(), groups.begin() + got, group) != groups.begin() + got;
}

bool is_group_of_folder(const std::string& path, gid_t group) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct stat status {};
  return ::stat(folder.empty() ? "." : folder.c_str(), &status) == 0 && status.st_gid == group;
}

/// `from_systemd`: credentials carry an ACL whose mask shows as group bits; their folder is the
/// service's alone, so only "others" count there. Root, who is in no group of the daemon's, knows
/// it as the one that the folder was given to.
bool is_private(const std::string& path, const struct stat& status, bool from_systemd) {
  if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) return false;
  if (from_systemd || (status.st_mode & (S_IRGRP | S_IWGRP)) == 0) return true;
  if ((status.st_mode & S_IWGRP) != 0) return false;
  return is_own_group(status.st_gid) ||
         (::geteuid() == 0 && is_group_of_folder(path, status.st_gid));
}

struct Found {
  std::string path;
  std::expected<TextFile, FileProblem> file;
  bool from_systemd = false;
};

Found find_secret(const std::string& name, const std::string& folder) {
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (credentials != nullptr && *credentials != '\0' && name.find('/') == name.npos) {
    const std::string path = beside(credentials, name);
    auto file = read_text_file(path, kSecretBytesMax);
    if (file || !file.error().is_missing) return {path, std::move(file), true};
  }
  const std::string path = beside(folder, name);
  return {path, read_text_file(path, kSecretBytesMax), false};
}

/// `cure`, and where else the daemon would look: whoever runs `check` in a shell sees no
/// credentials.
std::string with_credentials(const std::string& cure, const std::string& name) {
  if (name.find('/') != name.npos || std::getenv("CREDENTIALS_DIRECTORY") != nullptr) return cure;
  return cure +
         "; under systemd it is looked for among the unit's credentials first "
         "(LoadCredential=), which are not seen here";
}

bool is_control(char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }

bool check_line(const Value& value, const std::string& path, const std::string& text) {
  if (text.empty()) {
    value.error("the secret file " + in_quotes(path) + " is empty", "write the secret into it");
  } else if (first_bad_utf8(text) < text.size() || std::ranges::any_of(text, is_control)) {
    value.error("the secret file " + in_quotes(path) +
                    " holds more than one line, a control character or no UTF-8",
                "write the secret alone, on one line");
  } else {
    return true;
  }
  return false;
}

/// Scheme, a host, and nothing that cannot stand in a URL.
bool is_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return false;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    const auto is_fine = [](char c) {
      return c > 0x20 && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\';
    };
    return !rest.empty() && rest[0] != '/' && rest[0] != '?' && rest[0] != '#' && rest[0] != ':' &&
           rest[0] != '@' && std::ranges::all_of(rest, is_fine);
  }
  return false;
}

/// The file's text without its last line ends, and where it was found.
struct SecretText {
  std::string path;
  std::string text;
};

std::optional<SecretText> read_secret_text(const Value& value, const std::string& folder) {
  const auto name = value.text();
  if (!name) return std::nullopt;
  if (name->find("://") != name->npos) {
    // Whoever wrote it there meant a secret: it is not repeated.
    value.error("a URL where the name of a file belongs",
                "write the URL into a file of its own, mode 0600, and name that");
    return std::nullopt;
  }
  Found found = find_secret(*name, folder);
  if (!found.file) {
    value.error(
        "the secret file " + in_quotes(found.path) + " cannot be read: " + found.file.error().what,
        with_credentials("create it with mode 0600, owned by the user the daemon runs as", *name));
    return std::nullopt;
  }
  if (!is_private(found.path, found.file->status, found.from_systemd)) {
    value.error("others may read the secret file " + in_quotes(found.path),
                "give it mode 0600, or 0640 with the daemon's group");
    return std::nullopt;
  }
  std::string& text = found.file->text;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return SecretText{std::move(found.path), std::move(text)};
}

}  // namespace

std::optional<std::string> read_secret(const Value& value, const std::string& folder) {
  auto secret = read_secret_text(value, folder);
  if (!secret || !check_line(value, secret->path, secret->text)) return std::nullopt;
  return std::move(secret->text);
}

std::vector<std::string> read_secret_lines(const Value& value, const std::string& folder,
                                           std::size_t lines_max) {
  std::vector<std::string> lines;
  const auto secret = read_secret_text(value, folder);
  if (!secret) return lines;
  std::string_view rest = secret->text;
  for (bool more = true; more;) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    more = end < rest.size();
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    if (!check_line(value, secret->path, lines.back())) return {};
  }
  if (lines.size() <= lines_max) return lines;
  value.error("the secret file " + in_quotes(secret->path) + " holds more than " +
                  std::to_string(lines_max) + " lines",
              "leave the current secret and, while it is replaced, the former one");
  return {};
}

std::optional<std::string> read_secret_block(const Value& value, const std::string& folder) {
  auto secret = read_secret_text(value, folder);
  if (!secret) return std::nullopt;
  return std::move(secret->text);
}

std::optional<std::string> read_public_block(const Value& value, const std::string& folder) {
  const auto name = value.text();
  if (!name) return std::nullopt;
  Found found = find_secret(*name, folder);
  if (found.file) return std::move(found.file->text);
  value.error("the file " + in_quotes(found.path) + " cannot be read: " + found.file.error().what,
              with_credentials("correct the name, or create the file", *name));
  return std::nullopt;
}

std::optional<std::string> read_secret_url(const Value& value, const std::string& folder) {
  auto text = read_secret(value, folder);
  if (!text || is_url(*text)) return text;
  value.error("the secret file it names holds no URL",
              "write one line into it that begins with https:// or http://");
  return std::nullopt;
}

}  // namespace tocsin::config
