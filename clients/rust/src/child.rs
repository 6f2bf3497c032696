//! Tests that need different environment variables, and so a process of their own.

use std::process::Command;

/// The variable that is set in the child process of a test.
const MARK: &str = "SYNTHSERVE_TEST_CHILD";

/// Whether this is the child process with these variables. If not, runs the test in one, and requires that it passes.
pub(crate) fn is_child(test: &str, variables: &[(&str, &str)]) -> bool {
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(MARK, "1");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}
