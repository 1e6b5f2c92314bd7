#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <expected>
#include <string>

namespace tocsin::config {

/// A file as it was read, with what the file system says of it.
struct TextFile {
  std::string text;
  struct stat status {};
};

/// Reads a regular file of at most `bytes_max`. Never waits: a pipe or a device is refused. The
/// error says why, without the file's content, e.g. "No such file or directory".
struct FileProblem {
  std::string what;
  bool is_missing = false;
};
std::expected<TextFile, FileProblem> read_text_file(const std::string& path, std::size_t bytes_max);

/// `name` as seen from `folder`: itself when it is absolute.
std::string beside(const std::string& folder, const std::string& name);

}  // namespace tocsin::config
