//! Tells the fuzz targets where the program's libraries lie when they run.

use std::env;

fn main() {
    for (variable, folder) in [("LIBTORCH", "/lib"), ("MUJOCO_DYNAMIC_LINK_DIR", "")] {
        println!("cargo::rerun-if-env-changed={variable}");
        let place = env::var(variable).expect("it is set in .cargo/config.toml of the checkout");
        println!("cargo::rustc-link-arg=-Wl,-rpath,{place}{folder}");
    }
}
