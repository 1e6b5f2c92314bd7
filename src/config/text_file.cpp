#include "config/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tocsin::config {
namespace {

/// Closes a descriptor when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<FileProblem> system_problem(int code) {
  return std::unexpected(
      FileProblem{std::generic_category().message(code), code == ENOENT || code == ENOTDIR});
}

}  // namespace

std::expected<TextFile, FileProblem> read_text_file(const std::string& path,
                                                    std::size_t bytes_max) {
  // Without O_NONBLOCK opening a named pipe would wait for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.number() < 0) return system_problem(errno);
  TextFile out;
  if (::fstat(file.number(), &out.status) != 0) return system_problem(errno);
  if (S_ISDIR(out.status.st_mode)) return std::unexpected(FileProblem{"it is a folder"});
  if (!S_ISREG(out.status.st_mode)) return std::unexpected(FileProblem{"it is no regular file"});
  char block[1 << 16];
  while (true) {
    const ssize_t got = ::read(file.number(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_problem(errno);
    if (got == 0) return out;
    out.text.append(block, static_cast<std::size_t>(got));
    if (out.text.size() > bytes_max) {
      return std::unexpected(
          FileProblem{"it is larger than " + std::to_string(bytes_max) + " bytes"});
    }
  }
}

std::string beside(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).lexically_normal().string();
}

}  // namespace tocsin::config
