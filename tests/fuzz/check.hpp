#pragma once
#include <cstdio>
#include <cstdlib>

// What a fuzz target promises of every input. Ends the process, which is how libFuzzer learns of it.
#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
