#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "flowers.h"

namespace synthserve {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A folder that programs are run in.
class Programs : public testing::Test {
 protected:
  Programs() { std::filesystem::create_directories(folder_); }
  ~Programs() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path& folder() const { return folder_; }
  std::string complaint() const { return content(folder_ / "complaint"); }

  /// Runs a program in the folder by a shell, with its standard error in a file.
  ///
  /// @param redirection The shell's redirection of the standard streams.
  /// @param output The descriptor that is its standard output before the redirection; -1: ours.
  /// @return Its exit status; if a signal ended it, the status that a shell gives.
  int run(const std::string& program, const std::string& argument, const std::string& redirection,
          int output = -1) const {
    const std::string command =
        "cd '" + folder_.string() + "' && exec '" + program + "' '" + argument + "' 2>complaint " + redirection;
    std::array<std::string, 3> words = {"sh", "-c", command};
    std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    // An ignored signal stays ignored in child processes, and this process may have inherited that.
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    if (output >= 0) {
      posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    }
    pid_t child = 0;
    const int failure = posix_spawnp(&child, "sh", &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) {
      ADD_FAILURE() << "cannot run " << command;
      return -1;
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  int run_example(const std::string& redirection, int output = -1) const {
    return run(EXAMPLE, server_.target(), redirection, output);
  }

  int run_runner(const std::string& redirection, int output = -1) const {
    std::ofstream(folder_ / "play.json")
        << R"({"connections": {"main": {"target": ")" << server_.target()
        << R"("}}, "cases": [{"name": "all", "connection": "main", "call": "models"}]})";
    return run(RUNNER, "play.json", redirection, output);
  }

  void expect_whole_files() const {
    EXPECT_EQ(content(folder_ / "iris.csv"), "petal_width,species\n0.5,setosa\n");
    for (int image = 0; image < 16; ++image) {
      const auto name = (image < 10 ? "000" : "00") + std::to_string(image) + ".png";
      EXPECT_EQ(content(folder_ / "digits" / name), "image " + std::to_string(image));
    }
  }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("programs-") + testing::UnitTest::GetInstance()->current_test_info()->name());
  const Flowers server_;
};

/// The write end of a pipe whose reader has closed it.
class BrokenPipe {
 public:
  BrokenPipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    close(ends[0]);
    writer_ = ends[1];
  }
  ~BrokenPipe() { close(writer_); }
  BrokenPipe(const BrokenPipe&) = delete;
  BrokenPipe& operator=(const BrokenPipe&) = delete;

  int writer() const { return writer_; }

 private:
  int writer_ = -1;
};

TEST_F(Programs, TheExampleWritesFiles) {
  EXPECT_EQ(run_example(">output"), 0) << complaint();
  expect_whole_files();
  EXPECT_NE(content(folder() / "output").find("iris.csv: 1000 rows of models/iris-vae/versions/1"), std::string::npos);
}

TEST_F(Programs, OutputThatIsLostIsAFailureAndTheFilesAreWhole) {
  for (const auto* redirection : {">&-", ">/dev/full", "<&- >&-"}) {
    EXPECT_EQ(run_example(redirection), 1);
    EXPECT_EQ(complaint(), "example: cannot write to standard output\n");
    expect_whole_files();
  }
  EXPECT_EQ(run_example(">output 2>&-"), 0);
  expect_whole_files();
}

TEST_F(Programs, AReaderThatHasGoneEndsThem) {
  const BrokenPipe gone;
  EXPECT_EQ(run_example("", gone.writer()), 128 + SIGPIPE);
  EXPECT_EQ(run_runner("", gone.writer()), 128 + SIGPIPE);
  // Where SIGPIPE is ignored, writing to the pipe fails with EPIPE.
  EXPECT_EQ(run("/bin/sh", "-c", "\"trap '' PIPE; exec '" RUNNER "' play.json\"", gone.writer()), 1);
  EXPECT_EQ(complaint(), "conformance_runner: cannot write to standard output\n");
}

TEST_F(Programs, AFileThatCannotBeWrittenIsNamed) {
  std::filesystem::create_symlink("/dev/full", folder() / "iris.csv");
  EXPECT_EQ(run_example(">output"), 1);
  EXPECT_EQ(complaint(), "example: cannot write iris.csv\n");
  std::filesystem::remove(folder() / "iris.csv");
  std::filesystem::create_directories(folder() / "digits");
  std::filesystem::create_symlink("/dev/full", folder() / "digits" / "0003.png");
  EXPECT_EQ(run_example(">output"), 1);
  EXPECT_EQ(complaint(), "example: cannot write digits/0003.png\n");
}

TEST_F(Programs, TheRunnerSaysWhatItPlayed) {
  EXPECT_EQ(run_runner(">output"), 0) << complaint();
  EXPECT_NE(content(folder() / "output").find(R"("models":["models/iris-vae/versions/1"])"), std::string::npos);
}

TEST_F(Programs, WhatTheRunnerCannotSayIsAFailure) {
  for (const auto* redirection : {">&-", ">/dev/full"}) {
    EXPECT_EQ(run_runner(redirection), 1);
    EXPECT_EQ(complaint(), "conformance_runner: cannot write to standard output\n");
  }
  EXPECT_EQ(run(RUNNER, "nothing.json", ">output"), 1);
  EXPECT_EQ(complaint(), "conformance_runner: cannot read nothing.json\n");
}

}  // namespace
}  // namespace synthserve
