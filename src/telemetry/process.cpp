#include "telemetry/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

namespace tocsin::telemetry {
namespace {

using prometheus::MetricType;

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Fields of /proc/self/stat from the third on: the second, the program's name, may hold blanks.
/// Source: proc(5).
std::vector<std::string> stat_fields() {
  const std::string stat = read_file("/proc/self/stat");
  const std::size_t end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream rest(stat.substr(end_of_name + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

/// When the machine booted, in seconds since the epoch. /proc/stat says so, too, but is hidden
/// where only processes are shown (ProcSubset=pid).
double boot_time() {
  const auto seconds_of = [](clockid_t clock) {
    timespec at{};
    ::clock_gettime(clock, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
  };
  return seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
}

void add(std::vector<prometheus::MetricFamily>& out, const char* name, const char* help,
         MetricType type, double value) {
  prometheus::ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  family.metric.push_back(std::move(metric));
  out.push_back(std::move(family));
}

void add_times_and_memory(std::vector<prometheus::MetricFamily>& out) {
  // Numbers of proc(5) minus three: the fields begin with the state.
  constexpr std::size_t kUserTime = 11, kSystemTime = 12, kStart = 19, kVirtual = 20,
                        kResident = 21;
  const std::vector<std::string> fields = stat_fields();
  if (fields.size() <= kResident) return;
  const auto field = [&](std::size_t i) { return std::strtod(fields[i].c_str(), nullptr); };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  add(out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
      MetricType::Counter, (field(kUserTime) + field(kSystemTime)) / ticks);
  add(out, "process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge,
      field(kResident) * page_bytes);
  add(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge,
      field(kVirtual));
  static const double booted = boot_time();
  add(out, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
      MetricType::Gauge, booted + field(kStart) / ticks);
}

void add_file_descriptors(std::vector<prometheus::MetricFamily>& out) {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return;
  // One of them is the descriptor the folder is read with.
  const auto open = std::distance(begin(entries), end(entries)) - 1;
  add(out, "process_open_fds", "Number of open file descriptors.", MetricType::Gauge,
      static_cast<double>(open));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  add(out, "process_max_fds", "Maximum number of open file descriptors.", MetricType::Gauge,
      static_cast<double>(limit.rlim_cur));
}

}  // namespace

std::vector<prometheus::MetricFamily> process_families() {
  std::vector<prometheus::MetricFamily> out;
  add_times_and_memory(out);
  add_file_descriptors(out);
  return out;
}

}  // namespace tocsin::telemetry
