#include "cli/backup.h"

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <ostream>

#include "cli/check.h"
#include "cli/document.h"
#include "cli/pages.h"
#include "tocsin/config/config.h"
#include "tocsin/store/store.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

std::string in_hex(std::uint64_t number) {
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[number >> shift & 0xF];
  return out;
}

/// "12.3 MiB"
std::string shown_size(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const std::uint64_t tenths = bytes * 10 / kMiB;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

/// One line on a terminal, written over; nothing elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(Terminal& terminal) : terminal_(terminal) {}
  void show(std::uint64_t done, std::uint64_t all) {
    const std::uint64_t percent = all == 0 ? 100 : done * 100 / all;
    if (!terminal_.progress || percent == shown_) return;
    shown_ = percent;
    terminal_.err << "\rcopying: " << percent << " %" << std::flush;
  }
  void end() {
    if (shown_ != kNothing) terminal_.err << "\r\x1b[K" << std::flush;
    shown_ = kNothing;
  }

 private:
  static constexpr std::uint64_t kNothing = ~0ULL;
  Terminal& terminal_;
  std::uint64_t shown_ = kNothing;
};

std::expected<store::StoreOptions, int> store_of(const BackupOptions& options, Terminal& terminal) {
  const config::SettingsResult read = config::read_storage_settings(options.config);
  if (!has_errors(read.diagnostics)) {
    return store::StoreOptions{.folder = read.settings.storage_path, .vfs = {}};
  }
  CheckOptions shown;
  shown.config = options.config;
  Terminal to_err{terminal.err, terminal.err, terminal.colour, terminal.now};
  return std::unexpected(print_diagnostics(read.diagnostics, 0, shown, Format::table, to_err));
}

using Copy = std::expected<store::BackupReport, store::StoreError> (*)(const store::StoreOptions&,
                                                                       const std::string& file,
                                                                       const store::CopyProgress&);

/// Runs the copy and prints what it made.
int run_copy(const BackupOptions& options, Format format, Terminal& terminal, Copy copy_between,
             const char* verb_done) {
  const auto store = store_of(options, terminal);
  if (!store) return store.error();
  ProgressLine progress(terminal);
  const auto report_of =
      copy_between(*store, options.file,
                   [&](std::uint64_t done, std::uint64_t all) { progress.show(done, all); });
  progress.end();
  if (!report_of) return report(terminal, {report_of.error().problem, report_of.error().cure});
  if (format != Format::table) {
    return print_document(json::object{{"file", options.file},
                                       {"storage", store->folder},
                                       {"bytes", report_of->bytes},
                                       {"seq", report_of->seq},
                                       {"digest", in_hex(report_of->digest)}},
                          format, terminal);
  }
  terminal.out << printable(std::filesystem::absolute(store->folder).string()) << ' ' << verb_done
               << ' ' << printable(options.file) << ": " << shown_size(report_of->bytes)
               << ", batch " << report_of->seq << ", digest " << in_hex(report_of->digest) << '\n';
  return 0;
}

}  // namespace

int backup(const BackupOptions& options, Format format, Terminal& terminal) {
  return run_copy(options, format, terminal, store::back_up, "is kept in");
}

int restore(const BackupOptions& options, Format format, Terminal& terminal) {
  const auto turned = [](const store::StoreOptions& store, const std::string& file,
                         const store::CopyProgress& progress) {
    return store::restore(file, store, progress);
  };
  return run_copy(options, format, terminal, turned, "is restored from");
}

}  // namespace tocsin::cli
