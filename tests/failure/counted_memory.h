#pragma once

#include <cstdint>

/// A program that links this has its `operator new` here: allocations can be counted and can fail.
namespace tocsin::failure {

/// While `counts`, calls are counted from 1, and the one with the number `failing` fails; with
/// `for_good` all after it, too.
struct Failing {
  bool counts = false;
  bool for_good = false;
  std::uint64_t calls = 0;
  std::uint64_t failing = 0;  ///< 0: none.
  std::uint64_t failed = 0;

  bool now() {
    if (!counts) return false;
    ++calls;
    if (failing == 0 || calls < failing || (calls > failing && !for_good)) return false;
    ++failed;
    return true;
  }
};
extern Failing ours;     ///< Of this program.
extern Failing sqlites;  ///< Of SQLite, once it is watched.

/// Before SQLite's first use in this program; true if it was.
bool watch_sqlite();

}  // namespace tocsin::failure
