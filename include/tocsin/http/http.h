#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/config/config.h"
#include "tocsin/store/store.h"
#include "tocsin/telemetry/telemetry.h"
#include "tocsin/triage/explain.h"
#include "tocsin/triage/triage.h"

/// Listener, limits, authorisation, the route table, compatibility and native APIs.
namespace tocsin::http {

enum class Submitted : std::uint8_t { accepted, lane_full, stopping };

/// The last end of an alert's leases, and when one was last renewed.
struct LiveLease {
  Instant ends = triage::kNever;
  Instant renewed{};
};

/// What became of a reload: PRODUCT.md section 3.
struct Reloaded {
  bool taken_over = false;  ///< Something was; else all is as it was before.
  Diagnostics diagnostics;  ///< Every mistake and warning.
  std::vector<std::string> kept;        ///< Fragments that stay at their last good version.
  std::vector<std::string> at_restart;  ///< Keys of tocsin.yaml whose new value waits for a restart.
  std::string problem;                  ///< What else went wrong; "" mostly.
  /// Everything that lies in the files is in force, or will be at a restart.
  bool ok() const { return taken_over && kept.empty() && problem.empty(); }
};

/// What the daemon gives the server. Every function is thread-safe unless said.
struct Doors {
  /// Takes the delivery if accepted. Its answer comes back through Server::answer with its reply_to.
  /// With lane_full the caller keeps it, stops reading that socket and tries again.
  std::function<Submitted(std::unique_ptr<triage::Delivery>&)> submit;
  /// Wakes whoever decides what was submitted: once for all that a thread had at hand, since a wake
  /// costs as much as reading a small request.
  std::function<void()> wake;
  /// The policy in force.
  std::function<std::shared_ptr<const triage::Policy>()> policy;
  /// A reader for the calling read thread (made once per thread).
  std::function<std::unique_ptr<store::Reader>()> make_reader;
  std::function<bool()> is_ready;
  /// Live leases for alerts shown in lists, asked on the core thread in slices ≤ 1 ms: calls back with
  /// one for each in the order asked; an unknown id yields kNever.
  std::function<void(std::vector<AlertId>, std::function<void(std::vector<LiveLease>)>)> leases;
  /// The incidents that alerts of these groups would join now, asked on the core thread like leases:
  /// one for each in the order asked; nothing where one would open.
  std::function<void(std::vector<triage::GroupAsked>,
                     std::function<void(std::vector<std::optional<IncidentId>>)>)>
      would_join;
  /// Reads all files again and puts them in force; `reapply`: active alerts are decided anew. Calls
  /// back on a thread of the daemon's.
  std::function<void(bool reapply, std::function<void(Reloaded)>)> reload;
  /// Whether a rejected body of this size finds room on its way to the store; if not, it is counted.
  std::function<bool(std::size_t bytes)> rejected_has_room;
  std::function<void(store::RejectedBody)> keep_rejected;
  /// While what it returns lives, what is freed goes back to the system at once; when it goes, what
  /// the calling thread has freed before, too, which may take milliseconds.
  std::function<std::shared_ptr<void>()> giving_memory_back;
  /// What to add to an instant of the core's timeline to show it by the wall clock; 0 mostly.
  std::function<Duration()> wall_offset;
};

struct Options {
  config::Settings settings;
  KeySecret secret;
  unsigned net_threads = 2;
  unsigned read_threads = 2;
  telemetry::Metrics* metrics = nullptr;
  telemetry::Log* log = nullptr;
  Doors doors;
  Instant started{};
  std::string version;
  /// A listening TCP socket that whoever started the process made, such as systemd: taken instead of
  /// binding `listen`, whose address it should have. Connections that come while nobody accepts wait
  /// in it for the next process. -1: none.
  int inherited_socket = -1;
};

/// Threads: `net_threads` that accept, parse, decode, match and answer; `read_threads` that serve
/// lists, /metrics and health from read-only connections.
class Server {
 public:
  /// Binds at once, or takes the inherited socket; throws std::runtime_error naming address and cure
  /// if it cannot.
  explicit Server(Options);
  ~Server();  ///< stop()s.
  void start();
  /// Thread-safe: access, limits and the external URL of requests, and the certificates of
  /// connections, that begin from now on. The address to listen on stays. Returns "", or why the
  /// certificates cannot be used: then the former ones stay.
  std::string configure(const config::Settings&);
  /// Thread-safe: the answers of a batch, handed to their net threads in one go each.
  void answer(std::vector<std::unique_ptr<triage::Delivery>>);
  /// Stops accepting; open requests go on, and who has connected may still ask once; other idle
  /// connections close. For draining. Returns when it is so: open_requests() then only falls.
  /// REQUIRES: start()ed.
  void stop_accepting();
  /// Ends all threads and connections.
  void stop();
  std::uint16_t port() const;   ///< The one bound, for `listen: 127.0.0.1:0`.
  std::string address() const;  ///< "127.0.0.1:9911", "[::1]:9911": the one bound.
  /// Requests being served, and connections whose first one has not come.
  std::size_t open_requests() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One route of the table, as the route table test reads it: none may lack a scope.
struct RouteView {
  std::string_view method, path, scope;
  std::size_t body_max;
  std::string_view lane;
};
std::vector<RouteView> route_table();

}  // namespace tocsin::http
