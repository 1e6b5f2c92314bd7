#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tocsin::cli {

/// A server on a free loopback port that gives the answers it was made with, one a connection, and
/// keeps what it was asked. It ends with its last answer or when it goes away.
class Loopback {
 public:
  struct Answer {
    int status = 200;
    std::string body;
  };
  explicit Loopback(std::vector<Answer> answers);
  ~Loopback();
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  std::string url() const;
  /// Whole requests, headers and body, as they came.
  std::vector<std::string> requests();

 private:
  void run();

  std::vector<Answer> answers_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex lock_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace tocsin::cli
