#pragma once

#include <compare>
#include <cstdint>

namespace tocsin {

/// A number that names one thing of one kind; 0 names nothing. Never reused: the counters that
/// make ids are part of the committed state.
template <class Tag>
struct Id {
  std::uint64_t value = 0;
  friend auto operator<=>(Id, Id) = default;
  explicit operator bool() const { return value != 0; }
};

using AlertId = Id<struct AlertTag>;
using IncidentId = Id<struct IncidentTag>;  ///< Shown as INC-<value>.
using PageId = Id<struct PageTag>;

}  // namespace tocsin
