// Feeds a target every file of its corpus and fails if one takes too long. A broken property, a
// crash or an exception that escapes ends the program; what it was fed is then in a file.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/input.h"

namespace {

namespace fs = std::filesystem;

/// Processor time of one input, all threads: what else runs here does not count. By TOCSIN_SLOW a
/// slower machine has so many times as much.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kSecondsHere = 1.0;
#elif defined(__OPTIMIZE__)
constexpr double kSecondsHere = 0.1;
#else
constexpr double kSecondsHere = 0.5;
#endif
const double kSecondsMax = [] {
  const char* const slow = std::getenv("TOCSIN_SLOW");
  return kSecondsHere * (slow == nullptr ? 1 : std::atof(slow));
}();
constexpr int kTries = 3;
constexpr std::size_t kInputMax = 65536;

std::string current;
std::string finding;  // Where `current` is kept if it is one.

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void keep_current() {
  const int file = ::open(finding.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const char* at = current.data();
  const char* const end = at + current.size();
  while (file >= 0 && at < end) {
    const ssize_t written = ::write(file, at, static_cast<std::size_t>(end - at));
    if (written <= 0) break;
    at += written;
  }
  if (file >= 0) ::close(file);
}

extern "C" void on_fatal_signal(int number) {
  keep_current();
  constexpr char kText[] = "fuzz_replay: a finding; the input is in ";
  (void)!::write(STDERR_FILENO, kText, sizeof kText - 1);
  (void)!::write(STDERR_FILENO, finding.data(), finding.size());
  (void)!::write(STDERR_FILENO, "\n", 1);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

double time_of_one_run() {
  const double before = processor_seconds();
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
  return processor_seconds() - before;
}

/// The best of a few: the first run makes what stays, and others disturb the caches.
double run(std::string bytes) {
  current = std::move(bytes);
  double best = time_of_one_run();
  for (int i = 1; i < kTries && best > kSecondsMax; ++i) best = std::min(best, time_of_one_run());
  return best;
}

struct Seed {
  std::string name, bytes;
};

std::vector<Seed> read_corpus(const fs::path& folder) {
  std::vector<Seed> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    out.push_back({entry.path().filename().string(), {std::istreambuf_iterator<char>(in), {}}});
  }
  std::ranges::sort(out, {}, &Seed::name);
  return out;
}

/// A piece of it again and again, until the input is as long as one may be.
void repeat(std::string& bytes, std::size_t at, std::size_t size) {
  const std::string piece = bytes.substr(at, size);
  if (piece.empty()) return;
  std::string much;
  while (bytes.size() + much.size() < kInputMax) much += piece;
  bytes.insert(at, much);
}

/// One to eight small damages; now and then a piece of another seed, or very much of the same.
std::string damaged(std::string bytes, const std::vector<Seed>& seeds, std::mt19937_64& random) {
  const auto below = [&random](std::size_t end) {
    return static_cast<std::size_t>(random() % std::max<std::size_t>(end, 1));
  };
  for (std::size_t edits = 1 + below(8); edits > 0; --edits) {
    const std::size_t at = below(bytes.size() + 1);
    const std::string& other = seeds[below(seeds.size())].bytes;
    switch (below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, 1 + below(16));
        break;
      case 2:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(64)));
        break;
      case 3:
        bytes.insert(at, 1 + below(32), static_cast<char>(random()));
        break;
      case 4:
        bytes.insert(at, other.substr(below(other.size()), below(200)));
        break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
    }
  }
  if (below(20) == 0) repeat(bytes, below(bytes.size()), 1 + below(60));
  if (bytes.size() > kInputMax) bytes.resize(kInputMax);
  return bytes;
}

int report_slow(const std::string& name, double seconds) {
  keep_current();
  std::fprintf(stderr, "%s: %.0f ms of processor time; at most %.0f ms. The input is in %s\n",
               name.c_str(), seconds * 1000, kSecondsMax * 1000, finding.c_str());
  return EXIT_FAILURE;
}

int replay(const std::vector<Seed>& seeds, double seconds) {
  double slowest = 0;
  std::size_t inputs = 0;
  for (const Seed& seed : seeds) {
    const double took = run(seed.bytes);
    if (took > kSecondsMax) return report_slow(seed.name, took);
    slowest = std::max(slowest, took);
    ++inputs;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  const std::uint64_t first = seconds > 0 ? std::random_device{}() : 0;
  if (seconds > 0) std::printf("random seed %llu\n", static_cast<unsigned long long>(first));
  std::mt19937_64 random(first);
  while (std::chrono::steady_clock::now() < end) {
    for (const Seed& seed : seeds) {
      const double took = run(damaged(seed.bytes, seeds, random));
      if (took > kSecondsMax) return report_slow("damaged " + seed.name, took);
      slowest = std::max(slowest, took);
      ++inputs;
    }
  }
  std::printf("%zu inputs, the slowest took %.1f ms\n", inputs, slowest * 1000);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 0;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      seconds = std::strtod(argv[++i], nullptr);
    } else {
      paths.emplace_back(argv[i]);
    }
  }
  if (paths.size() != 1 || paths.front().starts_with('-')) {
    std::fprintf(stderr,
                 "usage: %s [--seconds N] FOLDER|FILE\n"
                 "Runs each file once, and damaged copies of them for N seconds.\n",
                 argv[0]);
    return 2;
  }
  finding = std::string(argv[0]) + "-finding-" + std::to_string(::getpid());
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(number, on_fatal_signal);
  }
  std::vector<Seed> seeds;
  if (fs::is_directory(paths.front())) {
    seeds = read_corpus(paths.front());
  } else {
    std::ifstream in(paths.front(), std::ios::binary);
    seeds.push_back({paths.front(), {std::istreambuf_iterator<char>(in), {}}});
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "%s holds no input\n", paths.front().c_str());
    return EXIT_FAILURE;
  }
  return replay(seeds, seconds);
}
