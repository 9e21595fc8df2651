//! Gives the addon the link arguments that Node needs.

fn main() {
    napi_build::setup();
}
