#pragma once

namespace synthserve::detail {

/// Refuses to use gRPC in a forked child of the process that began to use it. gRPC's threads run in the parent only, so
/// calls would hang, and the connections are the parent's.
///
/// The first process that calls this function is the one that may use gRPC.
///
/// @throws Error (`failed_precondition`) This is a forked child.
void check_process();

/// Whether this is a forked child. It abandons gRPC's objects: closing a connection here would break the parent's.
bool is_forked() noexcept;

}  // namespace synthserve::detail
