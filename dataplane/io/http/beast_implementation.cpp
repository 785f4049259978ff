// Beast's own functions, compiled once (BOOST_BEAST_SEPARATE_COMPILATION is set for every target).
//
// Without its assertions: basic_parser<>::parse_chunk_header of 1.74 asserts that five bytes are there where three or
// four are right ("0", CR, LF of an empty chunked body, the rest of which is under way), and goes on well without. With
// them any stranger ended a daemon by one request. The precompiled header would bring them in, so this file does
// without one.
#define BOOST_DISABLE_ASSERTS
#include <boost/beast/src.hpp>
