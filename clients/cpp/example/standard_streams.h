#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <iostream>
#include <stdexcept>

/// Opens /dev/null for each standard stream that is closed (`>&-`). Otherwise the next file or socket that is opened
/// would become the standard output, and receive the printed text.
inline void fill_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // `open` returns the lowest free descriptor. The access modes are swapped, so that reading and writing still fail.
    if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) {
      throw std::runtime_error("cannot open /dev/null");
    }
  }
}

/// @throws std::runtime_error The output could not be written: standard output is closed, or the device is full.
inline void require_printed() {
  if (!std::cout.flush()) {
    throw std::runtime_error("cannot write to standard output");
  }
}
