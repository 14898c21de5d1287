//! The `flowlayer` binary.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    flowlayer::main()
}
