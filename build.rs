//! Tells the binaries and tests where their libraries lie when they run: first beside an installed
//! program, then where this checkout has them.

use std::env;
use std::path::PathBuf;

fn main() {
    let torch = folder("LIBTORCH").join("lib");
    let mujoco = folder("MUJOCO_DYNAMIC_LINK_DIR");
    println!("cargo::rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib/curl-rl");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", torch.display());
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", mujoco.display());

    println!("cargo::rerun-if-changed={}", torch.display());
    if torch.join("libtorch_cuda.so").exists() {
        // No symbol of it is called from here: it registers its kernels when it is loaded. So the
        // linker would leave it out as unneeded.
        println!("cargo::rustc-link-arg=-L{}", torch.display());
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,-ltorch_cuda,--as-needed");
    }
}

/// A folder that `.cargo/config.toml` names.
fn folder(variable: &str) -> PathBuf {
    println!("cargo::rerun-if-env-changed={variable}");
    env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run cargo inside the checkout"))
        .into()
}
