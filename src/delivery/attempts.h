#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/last_good.h"
#include "delivery/mail.h"
#include "delivery/mail_link.h"
#include "delivery/request.h"
#include "delivery/smtp_dialogue.h"
#include "delivery/transfer.h"
#include "tocsin/delivery/delivery.h"

/// What the courier holds. courier.cpp has its queues and HTTP, courier_mail.cpp its mail.
namespace tocsin::delivery {

using Steady = std::chrono::steady_clock;

struct Job {
  Message message;
  Done done;
  std::size_t bytes = 0;
  bool overflow = false;  ///< Its destination's queue was full: refused without being attempted.
};

/// A mail connection that waits for the next page.
struct IdleLink {
  std::unique_ptr<MailLink> link;
  Steady::time_point until;
};

struct Destination {
  config::Channel channel;
  std::uint64_t version = 0;     ///< Of its settings.
  std::vector<IdleLink> idle{};  ///< At most as many as attempts at once.
  HostAndPort target;
  std::deque<Job> waiting;
  std::size_t running = 0;
  bool configured = true;
  LastGood last_good;
};

struct Attempt {
  Job job;
  Destination* destination = nullptr;
  HostAndPort target;
  Instant began{};
  bool used_last_good = false;
  Request request;
  std::unique_ptr<Transfer> transfer;
  // Of a mail, instead of the two above.
  std::uint64_t version = 0;  ///< Of the destination's settings it began with.
  Mail mail;
  std::unique_ptr<MailLink> link;
  bool link_was_kept = false;
  std::optional<SmtpDialogue> dialogue;  ///< Once the connection is made.
  Steady::time_point connect_by;
  Steady::time_point end_by;

  const Transfer& connection() const { return link ? link->transfer() : *transfer; }
};
using Attempts = std::map<CURL*, std::unique_ptr<Attempt>>;

/// What a reload brings.
struct Configuration {
  std::vector<config::Channel> channels;
  std::string external_url;
};

/// What waits for one destination, counted when it arrives: on any thread.
struct Load {
  std::size_t messages = 0;
  std::size_t bytes = 0;
};

struct Courier::Impl {
  explicit Impl(Options given);
  ~Impl();

  void take_inbox();
  void take_channels(const std::vector<config::Channel>&);
  void route(Job);
  void start_waiting();
  void begin(Destination&, Job);
  void launch(std::unique_ptr<Attempt>, const std::string& resolve, Duration total);
  bool collect_finished();
  void finish(std::unique_ptr<Attempt>, CURLcode);
  bool try_last_good(std::unique_ptr<Attempt>&, const triage::PageAttempted&);
  void forget_unused();
  void remember_address(Attempt&);
  void begin_mail(std::unique_ptr<Attempt>);
  void connect_mail(std::unique_ptr<Attempt>);
  void talk(CURL*, std::unique_ptr<Attempt>);
  bool pump_talks();
  void finish_talk(std::unique_ptr<Attempt>);
  bool end_slow_connections();
  void close_idle(Destination&, Steady::time_point until);
  void close_idle_ones();
  int sleep_ms() const;
  void sleep();
  void abort_all(Attempts&);
  void drop_all();
  void discount(const Job&);
  void tell(const Done& done, triage::PageAttempted outcome) {
    done(std::move(outcome));
    --in_flight;
  }

  const Options options;
  const bool behind_proxy;
  CURLM* multi = nullptr;
  std::atomic<bool> stopping = false;
  std::atomic<bool> runs = false;
  std::atomic<std::size_t> in_flight = 0;

  std::mutex mutex;  ///< Guards the next three, which other threads fill.
  std::vector<Job> inbox;
  std::optional<Configuration> new_configuration;
  std::map<std::string, Load, std::less<>> loads;

  // Of the courier's thread.
  std::string external_url;
  std::map<std::string, Destination, std::less<>> destinations;
  Attempts running;  ///< libcurl's.
  Attempts talking;  ///< Mail connections that are made.
};

}  // namespace tocsin::delivery
