//! Tells this package's own tests where MuJoCo lies when they run.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=MUJOCO_DYNAMIC_LINK_DIR");
    let mujoco = env::var("MUJOCO_DYNAMIC_LINK_DIR").expect(
        "MUJOCO_DYNAMIC_LINK_DIR is set in .cargo/config.toml: run cargo inside the checkout",
    );
    println!("cargo::rustc-link-arg=-Wl,-rpath,{mujoco}");
}
