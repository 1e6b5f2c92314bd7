#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tocsin/alert/labels.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// Which list a predicate stands in; the predicates of a list are numbered from 0 in order.
enum class Stage : std::uint8_t { triage, criteria, correlation };
inline constexpr std::size_t kStages = 3;

struct IndexTables;
struct Memory;

/// Many predicates, compiled so that an alert meets only those it may fulfil. Each predicate waits
/// at its *witness*: things (a value, a pattern, a label's presence) of which at least one is there
/// whenever it holds. Immutable, shared by threads. What it says equals `holds` for every
/// predicate and subject.
class Index {
 public:
  struct Limits {
    std::int64_t set_memory = 64 * 1024 * 1024;          ///< Of one RE2::Set while it matches,
    std::int64_t sets_memory = std::int64_t{256} << 20;  ///< and of all.
    /// Of one set. Larger ones make a state of the automaton dearer, smaller ones cost a pass over
    /// the text each.
    std::size_t set_patterns = 1000;
    std::size_t set_pattern_bytes = 64 * 1024;
    /// Labels that guards know, at most 65,535; rules that ask for others run their programs.
    std::uint32_t guard_labels = 0xffff;
  };
  using Predicates = std::array<std::vector<const Predicate*>, kStages>;

  /// The predicates need not outlive the construction.
  explicit Index(const Predicates& predicates) : Index(predicates, Limits{}) {}
  Index(const Predicates&, Limits);
  ~Index();
  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;

  /// Predicates that every alert must be tested against, ascending: they have no witness.
  std::span<const std::uint32_t> without_witness(Stage) const;
  /// Memory of its tables, without RE2's.
  std::size_t bytes() const;
  const IndexTables& tables() const { return *tables_; }

 private:
  std::unique_ptr<const IndexTables> tables_;
};

/// The working memory of one thread: which predicates hold for one alert after the other. Adapts
/// itself when another index is begun; allocates nothing once warm, except within RE2 for values
/// that it has not met.
class Matching {
 public:
  static constexpr std::size_t kMemoBytes = 32 * 1024 * 1024;
  struct Counters {
    std::uint64_t candidates = 0;     ///< Postings read.
    std::uint64_t verified = 0;       ///< Of these, programs run.
    std::uint64_t memo_misses = 0;    ///< Values of labels with patterns that were not remembered.
    std::uint64_t out_of_memory = 0;  ///< RE2::Set gave up and patterns were asked one by one.
  };

  /// `memo_bytes`: what it may remember about values, at most.
  explicit Matching(std::size_t memo_bytes = kMemoBytes);
  ~Matching();
  Matching(Matching&&) noexcept;
  Matching& operator=(Matching&&) noexcept;

  /// Starts with an alert. Index and bytes must outlive the last `match` of it.
  void begin(const Index&, LabelsView labels, LabelsView annotations, std::string_view source);
  /// The label has this value from now on; "": it is absent.
  void set_label(std::string_view name, std::string_view value);
  /// Replaces `out` by the numbers of the predicates that hold, ascending.
  void match(Stage, std::vector<std::uint32_t>& out);
  const Counters& counters() const;

 private:
  std::unique_ptr<Memory> memory_;
};

}  // namespace tocsin::rules
