#pragma once

namespace synthserve::detail {

/// Refuses the use of gRPC in a process that was forked from the one that began to use it: the threads that move its
/// bytes and keep its deadlines are in the parent, so that calls would hang, and the connections are the parent's.
///
/// The process that calls it first is the one that uses gRPC.
///
/// @throws Error (`failed_precondition`) This is such a process.
void check_process();

/// Whether this is such a process. What gRPC holds in it is abandoned: to close a connection here would break the
/// parent's.
bool is_forked() noexcept;

}  // namespace synthserve::detail
