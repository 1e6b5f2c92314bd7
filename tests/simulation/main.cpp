// simulate: runs seeds, in processes of their own so that a broken CHECK costs one seed and not the
// run, and says how often everything occurred.
#include <malloc.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/simulation.h"

namespace tocsin::simulation {
namespace {

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t seeds = 1000;
  std::optional<std::uint64_t> only;
  int steps = 200;
  int jobs = 2;
  std::uint64_t require_coverage = 0;
  bool check_determinism = false;
  bool quiet = false;
};

constexpr const char* kUsage =
    "simulate [--seeds N] [--first S] [--steps M] [--jobs J] [--require-coverage N]\n"
    "         [--check-determinism] [--quiet]\n"
    "simulate --seed S [--steps M]      one seed, with its whole trace\n"
    "Saved seeds of tests/simulation/seeds.txt run first.\n";

bool to_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Arguments> read_arguments(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--check-determinism") {
      arguments.check_determinism = true;
      continue;
    }
    if (word == "--quiet") {
      arguments.quiet = true;
      continue;
    }
    std::uint64_t value = 0;
    if (i + 1 >= count || !to_number(words[++i], value)) return std::nullopt;
    if (word == "--seeds") {
      arguments.seeds = value;
    } else if (word == "--first") {
      arguments.first = value;
    } else if (word == "--seed") {
      arguments.only = value;
    } else if (word == "--steps" && value > 0 && value <= 1'000'000) {
      arguments.steps = static_cast<int>(value);
    } else if (word == "--jobs" && value > 0 && value <= 256) {
      arguments.jobs = static_cast<int>(value);
    } else if (word == "--require-coverage") {
      arguments.require_coverage = value;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

std::vector<std::uint64_t> saved_seeds() {
  std::vector<std::uint64_t> seeds;
  std::ifstream file(TOCSIN_SOURCE_DIR "/tests/simulation/seeds.txt");
  for (std::string line; std::getline(file, line);) {
    std::uint64_t seed = 0;
    if (to_number(line.substr(0, line.find(' ')), seed)) seeds.push_back(seed);
  }
  return seeds;
}

std::string command_for(std::uint64_t seed, const Arguments& arguments) {
  return "simulate --seed " + std::to_string(seed) + " --steps " + std::to_string(arguments.steps);
}

void print_failure(const Verdict& verdict, const Arguments& arguments) {
  std::printf("\nseed %llu FAILED: %s\n", static_cast<unsigned long long>(verdict.seed),
              verdict.violation.c_str());
  for (const std::string& line : verdict.last_events) std::printf("  %s\n", line.c_str());
  std::printf("repeat with: %s\n", command_for(verdict.seed, arguments).c_str());
}

void print_log(void*, int code, const char* text) { std::printf("  sqlite %d: %s\n", code, text); }

int run_one(const Arguments& arguments) {
  sqlite3_config(SQLITE_CONFIG_LOG, print_log, nullptr);
  const Verdict verdict =
      simulate({.seed = *arguments.only, .steps = arguments.steps, .verbose = true});
  std::printf("seed %llu: %d steps, %d crashes, digest %016llx: %s\n",
              static_cast<unsigned long long>(verdict.seed), verdict.steps, verdict.crashes,
              static_cast<unsigned long long>(verdict.digest),
              verdict.passed ? "passed" : "FAILED");
  if (!verdict.passed) std::printf("%s\n", verdict.violation.c_str());
  return verdict.passed ? 0 : 1;
}

// ---- Workers ----

std::uint64_t seed_in_hand = 0;

/// A broken CHECK aborts: say at least with which seed.
extern "C" void on_abort(int) {
  char text[64] = "\naborted by seed ";
  char* end = std::to_chars(text + std::strlen(text), text + sizeof text - 1, seed_in_hand).ptr;
  *end++ = '\n';
  const auto written = write(STDERR_FILENO, text, static_cast<std::size_t>(end - text));
  static_cast<void>(written);
}

Verdict run_seed(std::uint64_t seed, const Arguments& arguments) {
  seed_in_hand = seed;
  Verdict verdict = simulate({.seed = seed, .steps = arguments.steps});
  if (!arguments.check_determinism || !verdict.passed) return verdict;
  const Verdict again = simulate({.seed = seed, .steps = arguments.steps});
  if (again.digest == verdict.digest) return verdict;
  verdict.passed = false;
  verdict.violation = "the same seed went two ways: something outside the seed decides";
  return verdict;
}

/// Lines to the parent: "seed 17", then when it passed "ok 201 2"; at the end "count 5 step tick".
[[noreturn]] void work(const std::vector<std::uint64_t>& seeds, int out,
                       const Arguments& arguments) {
  std::FILE* to = fdopen(out, "w");
  std::signal(SIGABRT, on_abort);
  Coverage coverage;
  int failed = 0;
  for (const std::uint64_t seed : seeds) {
    std::fprintf(to, "seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(to);
    const Verdict verdict = run_seed(seed, arguments);
    coverage.add(verdict.coverage);
    std::fprintf(to, "%s %d %d\n", verdict.passed ? "ok" : "failed", verdict.steps,
                 verdict.crashes);
    std::fflush(to);
    if (verdict.passed) continue;
    print_failure(verdict, arguments);
    std::fflush(stdout);
    if (++failed >= 3) break;  // Enough to work on.
  }
  for (const auto& [key, times] : coverage.counts()) {
    std::fprintf(to, "count %llu %s\n", static_cast<unsigned long long>(times), key.c_str());
  }
  std::fprintf(to, "end\n");
  std::fflush(to);
  std::_Exit(failed == 0 ? 0 : 1);
}

struct Worker {
  pid_t process = 0;
  int in = -1;
  std::string unread;
  std::uint64_t seed = 0;
  bool ended = false;
};

class Run {
 public:
  explicit Run(const Arguments& arguments) : arguments_(arguments) {}

  int run() {
    std::vector<std::uint64_t> seeds = saved_seeds();
    for (std::uint64_t i = 0; i < arguments_.seeds; ++i) seeds.push_back(arguments_.first + i);
    total_ = seeds.size();
    for (int job = 0; job < arguments_.jobs; ++job) {
      std::vector<std::uint64_t> share;
      for (std::size_t i = static_cast<std::size_t>(job); i < seeds.size();
           i += static_cast<std::size_t>(arguments_.jobs)) {
        share.push_back(seeds[i]);
      }
      spawn(share);
    }
    while (read_some()) {
    }
    return conclude();
  }

 private:
  void spawn(const std::vector<std::uint64_t>& seeds) {
    int ends[2];
    if (pipe(ends) != 0) std::exit(2);
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) std::exit(2);
    if (child == 0) {
      close(ends[0]);
      work(seeds, ends[1], arguments_);
    }
    close(ends[1]);
    workers_.push_back({.process = child, .in = ends[0], .unread = {}});
  }

  bool read_some() {
    std::vector<pollfd> waiting;
    for (const Worker& worker : workers_) {
      if (worker.in >= 0) waiting.push_back({worker.in, POLLIN, 0});
    }
    if (waiting.empty()) return false;
    if (poll(waiting.data(), waiting.size(), -1) < 0) return errno == EINTR;
    for (const pollfd& ready : waiting) {
      if (ready.revents == 0) continue;
      read_from(*std::ranges::find(workers_, ready.fd, &Worker::in));
    }
    return true;
  }

  void read_from(Worker& worker) {
    char bytes[4096];
    const ssize_t size = read(worker.in, bytes, sizeof bytes);
    if (size <= 0) {
      close(worker.in);
      worker.in = -1;
      waitpid(worker.process, nullptr, 0);
      if (worker.ended) return;
      ++failed_;
      std::printf("\nseed %llu ended the program\nrepeat with: %s\n",
                  static_cast<unsigned long long>(worker.seed),
                  command_for(worker.seed, arguments_).c_str());
      return;
    }
    worker.unread.append(bytes, static_cast<std::size_t>(size));
    for (std::size_t end; (end = worker.unread.find('\n')) != std::string::npos;) {
      take(worker, worker.unread.substr(0, end));
      worker.unread.erase(0, end + 1);
    }
  }

  void take(Worker& worker, const std::string& line) {
    const std::size_t blank = line.find(' ');
    const std::string word = line.substr(0, blank);
    const char* rest = blank == std::string::npos ? "" : line.c_str() + blank + 1;
    if (word == "seed") {
      to_number(rest, worker.seed);
    } else if (word == "count") {
      char* key = nullptr;
      const std::uint64_t times = std::strtoull(rest, &key, 10);
      const std::string text = key + 1;
      const std::size_t split = text.find(' ');
      coverage_.count(text.substr(0, split), text.substr(split + 1), times);
    } else if (word == "end") {
      worker.ended = true;
    } else {
      char* next = nullptr;
      steps_ += std::strtoull(rest, &next, 10);
      crashes_ += std::strtoull(next, nullptr, 10);
      ++(word == "ok" ? passed_ : failed_);
      progress();
    }
  }

  void progress() const {
    if (arguments_.quiet || isatty(STDOUT_FILENO) == 0) return;
    std::printf("\r%zu of %zu seeds", passed_ + failed_, total_);
    std::fflush(stdout);
  }

  int conclude() const {
    if (!arguments_.quiet) std::printf("\n%s", coverage_.table().c_str());
    const std::vector<std::string> rare = coverage_.below(arguments_.require_coverage);
    for (const std::string& one : rare) {
      std::printf("occurred less than %llu times: %s\n",
                  static_cast<unsigned long long>(arguments_.require_coverage), one.c_str());
    }
    std::printf("simulation: %llu steps, %llu crashes, %zu seeds failed, %zu seeds passed\n",
                static_cast<unsigned long long>(steps_), static_cast<unsigned long long>(crashes_),
                failed_, passed_);
    return failed_ == 0 && rare.empty() && passed_ == total_ ? 0 : 1;
  }

  const Arguments& arguments_;
  std::vector<Worker> workers_;
  Coverage coverage_;
  std::size_t total_ = 0;
  std::size_t passed_ = 0;
  std::size_t failed_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t crashes_ = 0;
};

}  // namespace
}  // namespace tocsin::simulation

int main(int count, char** words) {
  using namespace tocsin::simulation;
  const auto arguments = read_arguments(count, words);
  if (!arguments) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  // Every seed grows and frees the same megabytes: giving them back each time costs a third of the
  // run.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  if (arguments->only) return run_one(*arguments);
  return Run(*arguments).run();
}
