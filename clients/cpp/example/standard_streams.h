#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <iostream>
#include <stdexcept>

/// Gives the standard streams that are closed (`>&-`) a file that neither takes nor gives anything. Else the next file
/// or socket that is opened would be the standard output, and get what is printed.
inline void fill_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // What is opened gets the lowest number that is free. The wrong way round, so that reading and writing fail as
    // before.
    if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) {
      throw std::runtime_error("cannot open /dev/null");
    }
  }
}

/// @throws std::runtime_error What was printed did not get to the standard output: it is closed, or the device is full.
inline void require_printed() {
  if (!std::cout.flush()) {
    throw std::runtime_error("cannot write to standard output");
  }
}
