//! Starts a host program and, when told to, looks for secrets in its memory and in the registers of its threads.
//!
//! `residue_scan SOCKET COMMAND…`: the host has our standard streams, we are its parent (all that Yama asks for). Every line
//! on the socket is a question, `{"canaries": ["hex", …]}`, and gets one line as its answer: where something was found, in which
//! form and how much of it, never the bytes. The secrets come by the socket alone: no argument, environment or file has them.
//! `"file": PATH` asks about a dump instead. `"explain": true` adds what stands around each find, with every find blanked.

#![warn(unsafe_code)]

#[cfg(target_os = "linux")]
mod forms;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod search;
#[cfg(target_os = "linux")]
mod threads;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixStream;

    let args: Vec<String> = std::env::args().skip(1).collect();
    let [socket, program, rest @ ..] = args.as_slice() else {
        return Err(std::io::Error::other("give a socket and the command that starts the host"));
    };
    let mut answers = UnixStream::connect(socket)?;
    let questions = BufReader::new(answers.try_clone()?);
    let mut host = std::process::Command::new(program).args(rest).spawn()?;
    // The host's alone from now on, so that its end is seen at the other end.
    for stream in 0..=1 {
        nix::unistd::close(stream)?;
    }
    for line in questions.lines() {
        let answer = report::answer(host.id(), &line?);
        writeln!(answers, "{answer}")?;
    }
    // Nobody asks any more: a host that does not end by itself is stuck.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while std::time::Instant::now() < deadline {
        if let Some(status) = host.try_wait()? {
            std::process::exit(status.code().unwrap_or(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    host.kill()?;
    host.wait()?;
    Err(std::io::Error::other("the host did not end"))
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::io::Result<()> {
    Err(std::io::Error::other("memory of other processes is read on Linux only"))
}
