//! Gives the shared library its SONAME and keeps the symbols of the C code inside it (SQLite, ring) to itself.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // The number is that of the ABI: it changes only if a function goes or changes.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libkeylatch.so.0");
        println!("cargo:rustc-cdylib-link-arg=-Wl,--exclude-libs,ALL");
    }
}
