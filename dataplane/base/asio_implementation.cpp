// Asio's own functions, compiled once (BOOST_ASIO_SEPARATE_COMPILATION is set for every target).
#include <utility>  // before Asio: Boost 1.74's awaitable.hpp needs std::exchange

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
