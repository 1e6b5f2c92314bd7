#include "tocsin/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tocsin {

void check_failed(const char* expression, const char* file, int line) {
  // stderr is unbuffered: the sentence is out before abort() ends the process.
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expression);
  std::abort();
}

}  // namespace tocsin
