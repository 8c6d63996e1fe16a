//! Disks that refuse what the real program writes.

use std::process::Command;

use crate::program::{RUN, fail, folder, succeed, text, train};
use crate::remains::Remains;

/// Files may not grow beyond a limit, as on a disk that is nearly full.
#[test]
fn a_refused_write_ends_the_run_and_loses_nothing() {
    let folder = folder();
    let raw = [
        "--set",
        "replay.codec=raw",
        "--set",
        "env.render_size=48",
        "--set",
        "train.env_steps=3200",
    ];
    succeed(train(folder.path(), "whole", &raw));
    let binary = env!("CARGO_BIN_EXE_curl");
    let limited = format!("trap '' XFSZ; ulimit -f 400; exec {binary} \"$@\"");
    let mut command = Command::new("bash");
    let args = [&["-c", &limited, "curl", "train"], &RUN[..], &["run"], &raw[..]].concat();
    command.args(args).current_dir(folder.path());
    let message = fail(command, 1);
    assert!(message.contains("cannot write") && message.contains(".frames"), "{message}");
    succeed(train(folder.path(), "run", &raw));
    let run = folder.path().join("run");
    Remains::of(&folder.path().join("whole")).check_same(&run, "after the limit");
}

/// A file system of its own, which is filled, emptied, made read-only and writable again. Where the
/// system lets nobody mount one, the test above stands for it.
#[test]
fn a_full_disk_ends_the_run_and_an_emptied_one_lets_it_go_on() {
    let may_mount = Command::new("unshare").args(["-rm", "true"]).output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        return;
    }
    let folder = folder();
    succeed(train(folder.path(), "whole", &["--set", "train.env_steps=3200"]));
    let script = "
        set -e
        mkdir disk && mount -t tmpfs -o size=3m none disk
        dd if=/dev/zero of=disk/ballast bs=1k count=2400 status=none
        if \"$@\"; then echo 'the disk was not full' >&2; exit 3; fi
        rm disk/ballast
        mount -o remount,ro disk
        if \"$@\"; then echo 'the disk was not read-only' >&2; exit 4; fi
        mount -o remount,rw disk
        \"$@\"
        cp -a disk/run run";
    let mut command = Command::new("unshare");
    let binary = env!("CARGO_BIN_EXE_curl");
    let more = ["disk/run", "--set", "train.env_steps=3200"];
    let args = [&["-rm", "bash", "-c", script, "bash", binary, "train"], &RUN[..], &more].concat();
    command.args(args).current_dir(folder.path());
    let output = succeed(command);
    let told = text(&output.stderr);
    assert_eq!(told.matches("error: cannot").count(), 2, "{told}");
    assert!(told.contains("No space left on device") && told.contains("Read-only"), "{told}");
    let run = folder.path().join("run");
    Remains::of(&folder.path().join("whole")).check_same(&run, "after the full disk");
}
