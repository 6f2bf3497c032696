//! Generates the stubs from the protos, without `protoc`.

use std::error::Error;
use std::path::Path;

/// The folder of the protos: beside this file in a published crate, else the one that all languages share.
const ROOTS: [&str; 2] = ["proto", "../../proto"];

const FILES: [&str; 3] = [
    "synthserve/v1/generation.proto",
    "synthserve/v1/model.proto",
    "synthserve/v1/schema.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = ROOTS
        .into_iter()
        .find(|root| Path::new(root).join(FILES[0]).is_file())
        .ok_or("no folder proto/synthserve/v1/, neither here nor two folders up")?;
    for file in FILES {
        println!("cargo::rerun-if-changed={root}/{file}");
    }
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        // Only the tests need a server.
        .server_mod_attribute(".", "#[cfg(test)]")
        .compile_fds(protox::compile(FILES, [root])?)?;
    Ok(())
}
