//! Holds every thread of a process still, and reads its registers.

use std::io;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// The largest state of the vector registers, with room to spare.
const LARGEST_STATE: usize = 1 << 16;
/// The general registers, and the vector registers with all their extensions.
#[cfg(target_arch = "x86_64")]
const SETS: [libc::c_int; 2] = [libc::NT_PRSTATUS, 0x202];
#[cfg(not(target_arch = "x86_64"))]
const SETS: [libc::c_int; 2] = [libc::NT_PRSTATUS, libc::NT_PRFPREG];

/// All threads of a process, stopped until this is dropped.
pub(crate) struct Stopped(Vec<Pid>);

impl Stopped {
    /// Fails where ptrace is forbidden: nothing is proved then.
    pub(crate) fn all(pid: u32) -> io::Result<Self> {
        let mut stopped = Self(Vec::new());
        loop {
            // A thread that still runs may start another.
            let new: Vec<Pid> = threads(pid)?.into_iter().filter(|thread| !stopped.0.contains(thread)).collect();
            if new.is_empty() {
                return Ok(stopped);
            }
            for thread in new {
                match stop(thread) {
                    Ok(()) => stopped.0.push(thread),
                    Err(Errno::ESRCH) => {} // it has ended meanwhile
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Each thread's name, and the bytes of its registers.
    pub(crate) fn registers(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let sets = self.0.iter().flat_map(|&thread| SETS.map(|set| (thread, set)));
        sets.map(|(thread, set)| Ok((name(thread), register_set(thread, set)?))).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for &thread in &self.0 {
            let _ = ptrace::detach(thread, None); // one that was killed is gone already
        }
    }
}

fn threads(pid: u32) -> io::Result<Vec<Pid>> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/task"))?;
    entries
        .map(|entry| entry?.file_name().to_string_lossy().parse().map(Pid::from_raw).map_err(io::Error::other))
        .collect()
}

fn stop(thread: Pid) -> nix::Result<()> {
    ptrace::seize(thread, ptrace::Options::empty())?;
    ptrace::interrupt(thread)?;
    match waitpid(thread, Some(WaitPidFlag::__WALL))? {
        WaitStatus::Exited(..) | WaitStatus::Signaled(..) => Err(Errno::ESRCH),
        _ => Ok(()),
    }
}

fn name(thread: Pid) -> String {
    std::fs::read_to_string(format!("/proc/{thread}/comm"))
        .map_or_else(|_| "?".to_owned(), |name| name.trim().to_owned())
}

#[expect(unsafe_code, reason = "nix knows neither the set of the vector registers nor its length")]
fn register_set(thread: Pid, set: libc::c_int) -> nix::Result<Vec<u8>> {
    let mut bytes = vec![0_u8; LARGEST_STATE];
    let mut place = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: the kernel writes at most `iov_len` bytes into `bytes`, and then the number of them into `place`.
    let answer = unsafe { libc::ptrace(libc::PTRACE_GETREGSET, thread.as_raw(), set, &raw mut place) };
    Errno::result(answer)?;
    bytes.truncate(place.iov_len);
    Ok(bytes)
}
