// month: weeks of a small company's alerts in virtual time, through the real core, pipeline and
// store: a base that is refreshed, alerts that come and go, storms, people who acknowledge, a
// reload each hour, a restart each day. Says once a virtual day what there is in memory and on the
// disk, and fails if something goes on growing once as many days have passed as rows are kept.
//
//   month [--days N] [--keep-days N] [--base N] [--folder DIR] [--json]
//
// DIR: where the store's folder is made; default is the system's temporary folder.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "soak/one_thread.h"
#include "tocsin/base/check.h"
#include "tocsin/config/config.h"

namespace tocsin::soak {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Instant kStart{Duration(1'790'000'000'000)};  // Some day in 2026.
constexpr int kMinutesADay = 24 * 60;
constexpr int kRefreshEvery = 4;     // Minutes; a lease is 5.
constexpr int kStormEvery = 6 * 60;  // Minutes.
constexpr int kStormLasts = 20;      // Minutes.
constexpr std::size_t kStormAlerts = 2'000;
constexpr int kAllIsWell = 2 * 60;  // Minutes after midnight.
constexpr int kComesAndGoes = 30;   // Minutes each of these alerts fires; one begins each minute.

struct Arguments {
  int days = 30;
  int keep_days = 5;
  std::size_t base = 2'000;
  std::string folder;
  bool json = false;
};

std::optional<Arguments> read_arguments(int count, char** words) {
  Arguments arguments;
  arguments.folder = std::filesystem::temp_directory_path();
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--json") {
      arguments.json = true;
      continue;
    }
    if (++i >= count) return std::nullopt;
    const std::string_view value = words[i];
    std::size_t number = 0;
    const bool is_number =
        std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc();
    if (word == "--folder") {
      arguments.folder = value;
    } else if (is_number && word == "--days" && number > 0 && number < 10'000) {
      arguments.days = static_cast<int>(number);
    } else if (is_number && word == "--keep-days" && number > 0 && number < 10'000) {
      arguments.keep_days = static_cast<int>(number);
    } else if (is_number && word == "--base" && number > 0) {
      arguments.base = number;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

std::shared_ptr<const triage::Policy> read_policy() {
  config::Loaded loaded = config::load(TOCSIN_SOURCE_DIR "/config/tocsin.yaml");
  CHECK(loaded.policy != nullptr);
  return std::move(loaded.policy);
}

/// An alert as a Prometheus with many hosts would send it. What comes once has a number of its own.
std::string report(std::string_view name, std::size_t number, std::optional<Instant> ends) {
  constexpr const char* kServices[] = {"checkout", "search", "database", "shop", "billing"};
  const std::string text = std::to_string(number);
  std::string out = R"({"labels":{"alertname":")" + std::string(name) + R"(","instance":"host-)" +
                    text + R"(.example.net:9100","service":")" + kServices[number % 5] +
                    R"(","severity":")" + (number % 7 == 0 ? "critical" : "warning") +
                    R"("},"annotations":{"summary":"number )" + text + R"("})";
  if (ends) out += R"(,"endsAt":")" + format_rfc3339(*ends) + "\"";
  return out + "}";
}

std::string body_of(std::string_view name, std::size_t first, std::size_t count,
                    std::optional<Instant> ends) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) {
    body += i == 0 ? '[' : ',';
    body += report(name, first + i, ends);
  }
  return body + "]";
}

std::uint64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

std::uint64_t rows_in(const std::string& database) {
  constexpr const char* kTables[] = {"alert",          "alert_state", "alert_display", "alert_span",
                                     "alert_event",    "incident",    "timeline",      "page",
                                     "incident_chain", "past_answer"};
  sqlite3* db = nullptr;
  CHECK(sqlite3_open_v2(database.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  std::uint64_t rows = 0;
  for (const char* table : kTables) {
    const std::string sql = "SELECT count(*) FROM " + std::string(table);
    sqlite3_stmt* count = nullptr;
    CHECK(sqlite3_prepare_v2(db, sql.c_str(), -1, &count, nullptr) == SQLITE_OK);
    CHECK(sqlite3_step(count) == SQLITE_ROW);
    rows += static_cast<std::uint64_t>(sqlite3_column_int64(count, 0));
    sqlite3_finalize(count);
  }
  sqlite3_close(db);
  return rows;
}

/// One line of the table.
struct Day {
  int day = 0;
  std::uint64_t resident = 0;  ///< KiB.
  std::uint64_t alerts = 0;    ///< In memory.
  std::uint64_t firing = 0;
  std::uint64_t incidents = 0;  ///< In memory.
  std::uint64_t rows = 0;
  std::uint64_t store = 0;  ///< KiB of the database's file.
  std::uint64_t log = 0;    ///< KiB of the WAL's file.
  std::uint64_t commits = 0;
  std::uint64_t pages = 0;
  std::uint64_t digest = 0;
};

class Month {
 public:
  explicit Month(Arguments arguments) : arguments_(std::move(arguments)) {
    folder_ = arguments_.folder + "/tocsin-month-XXXXXX";
    CHECK(::mkdtemp(folder_.data()) != nullptr);
    store::StoreOptions options;
    options.folder = folder_;
    options.lock_and_reserve = false;
    daemon_ = std::make_unique<OneThread>(read_policy(), options, kStart);
    for (std::size_t part = 0; part < kRefreshEvery; ++part) {
      base_.push_back(body_of("DiskFillsUp", part * share(), share(), {}));
    }
  }
  ~Month() {
    daemon_.reset();
    std::filesystem::remove_all(folder_);
  }
  Month(const Month&) = delete;
  Month& operator=(const Month&) = delete;

  int run() {
    if (!arguments_.json) print_heading();
    for (int day = 1; day <= arguments_.days; ++day) {
      for (int minute = 0; minute < kMinutesADay; ++minute) live_a_minute(minute);
      restart();
      days_.push_back(look(day));
      if (!arguments_.json) print(days_.back());
    }
    if (arguments_.json) print_json();
    return judge();
  }

 private:
  void live_a_minute(int minute) {
    fire_base(minute);
    come_and_go(minute);
    storm(minute % kStormEvery);
    if (minute % 60 == 30) daemon_->set_policy(read_policy(), minute % 120 == 30);
    if (minute % 10 == 0) act();
    daemon_->advance(minutes(1));
    daemon_->maintain(hours(24 * arguments_.keep_days), hours(24 * arguments_.keep_days));
  }

  std::size_t share() const { return arguments_.base / kRefreshEvery; }

  /// Once a day all is well for a while, or some incident would be open for a month and its
  /// timeline grow with good reason.
  void fire_base(int minute) {
    const auto part = static_cast<std::size_t>(minute % kRefreshEvery);
    if (minute < kRefreshEvery) {
      daemon_->post(body_of("DiskFillsUp", part * share(), share(), daemon_->now()));
    } else if (minute >= kAllIsWell) {
      daemon_->post(base_[part]);
    }
  }

  /// Each of these alerts is a new one, and none fires over midnight.
  void come_and_go(int minute) {
    const bool is_late = minute >= kMinutesADay - kComesAndGoes;
    if (minute >= kAllIsWell && !is_late) {
      daemon_->post(body_of("PodRestarts", ++came_, 1, {}));
    }
    if (came_ - gone_ > kComesAndGoes || (is_late && came_ > gone_)) {
      daemon_->post(body_of("PodRestarts", ++gone_, 1, daemon_->now()));
    }
    if (minute % kRefreshEvery == 0 && came_ > gone_) {
      daemon_->post(body_of("PodRestarts", gone_ + 1, came_ - gone_, {}));
    }
  }

  void storm(int minute) {
    if (minute < kStormLasts && minute % kRefreshEvery == 0) {
      daemon_->post(body_of("HostDown", storm_, kStormAlerts, {}));
    } else if (minute == kStormLasts) {
      daemon_->post(body_of("HostDown", storm_, kStormAlerts, daemon_->now()));
      storm_ += kStormAlerts;
    }
  }

  void act() {
    const auto& incidents = daemon_->state().incidents.in_order();
    if (incidents.empty()) return;
    auto chosen = incidents.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(random_() % incidents.size()));
    const IncidentId id = chosen->first;
    switch (random_() % 4) {
      case 0:
        daemon_->act(triage::Acknowledge{id, "looking"});
        break;
      case 1:
        daemon_->act(triage::AddNote{id, "it is the switch"});
        break;
      case 2:
        daemon_->act(triage::Unacknowledge{id, ""});
        break;
      default:
        daemon_->act(triage::Resolve{id, "over"});
    }
  }

  void restart() {
    const OneThread::Digests digests = daemon_->restart();
    if (digests.before == digests.after) return;
    std::printf("a restart changed the state\n");
    restarts_are_good_ = false;
  }

  Day look(int day) {
    Day out;
    const triage::State& state = daemon_->state();
    const std::string database = folder_ + "/tocsin.db";
    out.day = day;
    out.resident = resident_kib();
    out.alerts = state.alert_count();
    out.firing = state.firing_count();
    out.incidents = state.incidents.size();
    out.rows = rows_in(database);
    out.store = std::filesystem::file_size(database) >> 10U;
    out.log = std::filesystem::file_size(database + "-wal") >> 10U;
    out.commits = daemon_->commits();
    out.pages = daemon_->pages_delivered();
    out.digest = triage::durable_digest(state);
    return out;
  }

  static void print_heading() {
    std::printf("%4s %8s %8s %7s %9s %9s %9s %8s %9s %8s  %s\n", "day", "RSS MiB", "alerts",
                "firing", "incidents", "rows", "store MiB", "WAL MiB", "commits", "pages", "state");
  }
  static double mib(std::uint64_t kib) { return static_cast<double>(kib) / 1024; }
  static void print(const Day& day) {
    std::printf("%4d %8.1f %8llu %7llu %9llu %9llu %9.1f %8.1f %9llu %8llu  %016llx\n", day.day,
                mib(day.resident), ull(day.alerts), ull(day.firing), ull(day.incidents),
                ull(day.rows), mib(day.store), mib(day.log), ull(day.commits), ull(day.pages),
                ull(day.digest));
    std::fflush(stdout);
  }
  static unsigned long long ull(std::uint64_t number) { return number; }

  void print_json() const {
    for (const Day& day : days_) {
      std::printf(
          "%s{\"day\":%d,\"rss_kib\":%llu,\"alerts\":%llu,\"firing\":%llu,\"incidents\":%llu,"
          "\"rows\":%llu,\"store_kib\":%llu,\"wal_kib\":%llu,\"commits\":%llu,\"pages\":%llu}",
          day.day == 1 ? "[" : ",\n ", day.day, ull(day.resident), ull(day.alerts), ull(day.firing),
          ull(day.incidents), ull(day.rows), ull(day.store), ull(day.log), ull(day.commits),
          ull(day.pages));
    }
    std::printf("]\n");
  }

  /// Growth of a figure's highest value from the first half of the days that count to the second:
  /// memory comes and goes with the allocator's mood, its peak does not.
  double growth(std::uint64_t Day::*figure, std::size_t from) const {
    const std::size_t half = (days_.size() - from) / 2;
    std::uint64_t first = 1;
    std::uint64_t second = 0;
    for (std::size_t i = 0; i < half; ++i) {
      first = std::max(first, days_[from + i].*figure);
      second = std::max(second, days_[days_.size() - half + i].*figure);
    }
    return static_cast<double>(second) / static_cast<double>(first) - 1;
  }

  int judge() const {
    // Resolved alerts stay in memory for a day, closed incidents too; rows for keep_days.
    const auto from = static_cast<std::size_t>(arguments_.keep_days) + 3;
    if (days_.size() < from + 2) {
      std::fprintf(stderr, "month: no verdict before day %zu\n", from + 2);
      return 2;
    }
    struct Figure {
      const char* name;
      std::uint64_t Day::*figure;
      double most;
    };
    // Between the halves of a month 100,000 alerts come and go: 20 bytes lost with each are 5 % of
    // memory. Incidents are a few, and people decide how long each stays open.
    constexpr Figure kFigures[] = {{"RSS", &Day::resident, 0.05},
                                   {"alerts", &Day::alerts, 0.01},
                                   {"incidents", &Day::incidents, 1},
                                   {"rows", &Day::rows, 0.01},
                                   {"store", &Day::store, 0.01}};
    bool good = restarts_are_good_;
    std::string text;
    for (const auto& [name, figure, most] : kFigures) {
      const double by = growth(figure, from);
      char shown[64];
      std::snprintf(shown, sizeof shown, "%s%s %+.2f %%", text.empty() ? "" : ", ", name, by * 100);
      text += shown;
      good = good && by <= most;
    }
    std::fprintf(arguments_.json ? stderr : stdout, "month: %s; from day %zu on %s\n",
                 good ? "nothing goes on growing" : "FAILED", from + 1, text.c_str());
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  Arguments arguments_;
  std::string folder_;
  std::unique_ptr<OneThread> daemon_;
  std::vector<std::string> base_;
  std::vector<Day> days_;
  std::mt19937_64 random_{42};  // NOLINT: the same month every time.
  std::size_t came_ = 0;        ///< The last number that began, and the last that ended.
  std::size_t gone_ = 0;
  std::size_t storm_ = 1'000'000;
  bool restarts_are_good_ = true;
};

}  // namespace
}  // namespace tocsin::soak

int main(int count, char** words) {
  auto arguments = tocsin::soak::read_arguments(count, words);
  if (!arguments) {
    std::fputs("usage: month [--days N] [--keep-days N] [--base N] [--folder DIR] [--json]\n",
               stderr);
    return 2;
  }
  return tocsin::soak::Month(*std::move(arguments)).run();
}
