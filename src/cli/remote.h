#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.h"

namespace tocsin::cli {

/// Which daemon a verb talks to, as the flags say.
struct RemoteOptions {
  std::string url;
  std::string token_file;  ///< "" = no token.
  std::string ca_file;     ///< Who signed the daemon's certificate; "" = one the system trusts.
};

/// The daemon's native API. One request at a time; connect 3 s, total 30 s, answers up to 64 MiB.
/// Redirects are not followed, and a loopback address is never asked for through a proxy.
class Remote {
 public:
  /// Reads the token file. Refuses a URL that is not http(s) or that holds credentials, and a token
  /// file that others may read.
  static std::expected<Remote, Problem> open(const RemoteOptions&);

  using Query = std::vector<std::pair<std::string, std::string>>;
  std::expected<boost::json::value, Problem> get(std::string_view path, const Query&) const;
  /// Sends `body` as JSON.
  std::expected<boost::json::value, Problem> post(std::string_view path,
                                                  const boost::json::value& body) const;
  /// Sends `body`, which is JSON already.
  std::expected<boost::json::value, Problem> post_text(std::string_view path, const Query&,
                                                       const std::string& body) const;
  /// The same, where a refusal says more than its sentence: anything but JSON is still a problem.
  struct Reply {
    bool good = false;  ///< A 2xx.
    boost::json::value document;
    Problem refusal;  ///< Unless good.
  };
  std::expected<Reply, Problem> try_post(std::string_view path,
                                         const boost::json::value& body) const;

 private:
  std::expected<Reply, Problem> ask(std::string_view path_and_query, const std::string* body) const;

  std::string ca_file_;
  std::string url_;    ///< Without a trailing slash.
  std::string token_;  ///< A secret: only ever in the Authorization header.
};

}  // namespace tocsin::cli
