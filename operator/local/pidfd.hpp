#pragma once

// glibc 2.36 does not say itself that these are C functions; included in the block, what it includes is protected.
#include <sys/types.h>

#include <csignal>

extern "C" {
#include <sys/pidfd.h>
}
