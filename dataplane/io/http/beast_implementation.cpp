// Beast's own functions, compiled once (BOOST_BEAST_SEPARATE_COMPILATION is set for every target).
#include <boost/beast/src.hpp>
