//! What `examples/` shows still works. Cargo builds it for a test of the whole package.

use std::path::Path;
use std::process::Command;

#[test]
fn an_environment_of_ones_own_can_be_trained_in() {
    let folder = crate::program::folder();
    let program = Path::new(env!("CARGO_BIN_EXE_curl")).with_file_name("examples/catch");
    assert!(program.exists(), "`cargo build --release --examples` makes {}", program.display());
    let run = folder.path().join("run");
    let mut command = Command::new(program);
    command.args(["--env-steps", "540", "--folder"]).arg(&run);
    let output = crate::program::succeed(command);
    let text = crate::program::text(&output.stdout);
    assert!(text.contains("of 100 balls"), "{text}");
    assert!(run.join("checkpoints").is_dir());
}
